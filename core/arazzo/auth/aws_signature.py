"""AWS Signature Version 4: a request with the headers that sign it, without I/O and without an AWS library."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timezone
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from arazzo.exchange import Headers, Request, header, origin_of
from arazzo.frozen import dataclass, field, replace

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_OWN: Final = frozenset({"authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"})


@dataclass(frozen=True)
class AwsKey:
    """Who signs, and for which service.

    :param token: the session token of temporary credentials.
    """

    access: str
    secret: str = field(repr=False)
    region: str = "us-east-1"
    service: str = "execute-api"
    token: str | None = field(default=None, repr=False)


def sign(request: Request, key: AwsKey, now: float) -> Request:
    """Return the request signed at a time (POSIX): date, token and ``Authorization`` are added or replaced."""
    moment = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    payload = hashlib.sha256(request.body or b"").hexdigest()
    own = [("X-Amz-Date", moment)]
    own += [("X-Amz-Security-Token", key.token)] if key.token else []
    own += [("X-Amz-Content-Sha256", payload)] if key.service == "s3" else []
    headers = (*(item for item in request.headers if item[0].lower() not in _OWN), *own)
    signed = _signed(request.url, headers)
    names = ";".join(signed)
    text = "\n".join(
        (
            request.method,
            _path(request.url, twice=key.service != "s3"),
            _query(request.url),
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            payload,
        )
    )
    scope = f"{moment[:8]}/{key.region}/{key.service}/aws4_request"
    what = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(text.encode()).hexdigest()))
    secret = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, what.encode(), hashlib.sha256).hexdigest()
    value = f"{_ALGORITHM} Credential={key.access}/{scope}, SignedHeaders={names}, Signature={signature}"
    return replace(request, headers=(*headers, ("Authorization", value)))


def _signed(url: str, headers: Headers) -> dict[str, str]:
    """Return the headers to sign, by name in lower case: those that nothing on the way changes."""
    host = header(headers, "Host") or origin_of(url).partition("//")[2]
    found: dict[str, list[str]] = {"host": [host]}
    for name, value in headers:
        lower = name.lower()
        if lower == "content-type" or lower.startswith("x-amz-"):
            found.setdefault(lower, []).append(" ".join(value.split()))
    return {name: ",".join(found[name]) for name in sorted(found)}


def _path(url: str, *, twice: bool) -> str:
    """Return the canonical path: everything encoded that may be, and once more for every service but S3.

    For these, slashes in a row count as one.
    """
    path = urlsplit(url).path or "/"
    return quote(re.sub("/+", "/", path), safe="/-_.~") if twice else "/".join(map(_encoded, path.split("/")))


def _query(url: str) -> str:
    parts = (part.partition("=") for part in urlsplit(url).query.split("&") if part)
    pairs = sorted((_encoded(name), _encoded(value)) for name, _, value in parts)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")
