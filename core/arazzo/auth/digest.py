"""HTTP Digest (RFC 7616): from a challenge to the header that answers it, without any I/O."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from arazzo.exchange import Request, Response

#: The algorithms that a challenge may ask for, the strongest first.
ALGORITHMS: Final[dict[str, Callable[[bytes], str]]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}
_MOST_KEPT = 256
_PART = re.compile(r"""([A-Za-z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))""")
_QUOTED = re.compile(r'["\\]')
_SCHEME = re.compile(r"""(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[A-Za-z*]+\s*=|\s*(?:,|$))""")


@dataclass
class Challenge:
    """A server's challenge, and how often it has been answered.

    :ivar count: how many requests its nonce has served.
    """

    realm: str
    nonce: str
    algorithm: str
    session: bool
    qop: str
    opaque: str | None
    stale: bool = False
    count: int = field(default=0, compare=False)


def challenge_of(response: Response) -> Challenge | None:
    """Return the strongest digest challenge of an answer that we can meet; None if there is none."""
    found = [
        challenge
        for name, value in response.headers
        if name.lower() == "www-authenticate"
        for challenge in map(_challenge, _digests(value))
        if challenge is not None
    ]
    order = list(ALGORITHMS)
    return min(found, key=lambda each: order.index(each.algorithm), default=None)


def _digests(header: str) -> list[str]:
    """Return the parameters of each digest challenge in a header, which may contain several challenges."""
    starts = [(found.start(1), found.end(1), found[1]) for found in _SCHEME.finditer(header)]
    ends = [start for start, _, _ in starts[1:]] + [len(header)]
    return [header[end:until] for (_, end, name), until in zip(starts, ends, strict=True) if name.lower() == "digest"]


def _challenge(text: str) -> Challenge | None:
    parts = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in _PART.findall(text)}
    algorithm = parts.get("algorithm", "MD5").upper()
    offered = [word.strip().lower() for word in parts.get("qop", "").split(",") if word.strip()]
    qop = next((word for word in ("auth", "auth-int") if word in offered), None)
    plain = algorithm.removesuffix("-SESS")
    if "nonce" not in parts or plain not in ALGORITHMS or (offered and qop is None):
        return None
    return Challenge(
        realm=parts.get("realm", ""),
        nonce=parts["nonce"],
        algorithm=plain,
        session=algorithm != plain,
        qop=qop or "",
        opaque=parts.get("opaque"),
        stale=parts.get("stale", "").lower() == "true",
    )


def answer_to(challenge: Challenge, request: Request, login: str, password: str, count: int, cnonce: str) -> str:
    """Return the value of ``Authorization``.

    :param count: how many requests the nonce has served, this one included.
    :param cnonce: the client's nonce, new for each request.
    """
    digest = ALGORITHMS[challenge.algorithm]
    parts = urlsplit(request.url)
    uri = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def hashed(*texts: str) -> str:
        return digest(":".join(texts).encode())

    who = hashed(login, challenge.realm, password)
    who = hashed(who, challenge.nonce, cnonce) if challenge.session else who
    body = (digest(request.body or b""),) if challenge.qop == "auth-int" else ()
    what, number = hashed(request.method, uri, *body), f"{count:08x}"
    middle = (challenge.nonce, number, cnonce, challenge.qop) if challenge.qop else (challenge.nonce,)
    quoted = {
        "username": login,
        "realm": challenge.realm,
        "nonce": challenge.nonce,
        "uri": uri,
        "response": hashed(who, *middle, what),
        **({"opaque": challenge.opaque} if challenge.opaque is not None else {}),
        **({"cnonce": cnonce} if challenge.qop or challenge.session else {}),
    }
    plain = {"algorithm": challenge.algorithm + ("-sess" if challenge.session else "")}
    plain |= {"qop": challenge.qop, "nc": number} if challenge.qop else {}
    escaped = (f'{name}="{_QUOTED.sub(_escaped, value)}"' for name, value in quoted.items())
    return "Digest " + ", ".join([*escaped, *(f"{name}={value}" for name, value in plain.items())])


def _escaped(found: re.Match[str]) -> str:
    return "\\" + found[0]


class Challenges:
    """The challenges of servers in this process, kept so that not every request is refused first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Challenge] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, origin: str, login: str, challenge: Challenge) -> None:
        """Keep the last challenge of a server."""
        with self._lock:
            self._kept[origin, login] = challenge
            self._kept.move_to_end((origin, login))
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)

    def next(self, origin: str, login: str) -> tuple[Challenge, int] | None:
        """Return the last challenge of a server, and how many requests its nonce has served with this one."""
        with self._lock:
            challenge = self._kept.get((origin, login))
            if challenge is None:
                return None
            challenge.count += 1
            return challenge, challenge.count


CHALLENGES: Final = Challenges()
