"""The secrets of a run: which texts they are, and which are in inputs, outputs and answers.

A value is secret by its name (the names Airflow treats as sensitive), by ``format: password`` in the schema of the
inputs, or because the document or the factory marks its name (docs/semantics.md, 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from arazzo.exact_numbers import Beyond
from arazzo.exchange import Exchange
from arazzo.frozen import dataclass, field
from arazzo.json_values import texts_in
from arazzo.secrecy.concealing import SHORTEST, conceal
from arazzo.secrecy.sensitive_names import names_credential

_SCHEME = re.compile(r"[A-Za-z][\w-]*[ \t]+(\S+)")
_PAIR = re.compile(r"""([\w!#$%&'*+.^`|~-]+)=("?)([^\s,;]*?)\2""", re.ASCII)
_FLAG = re.compile(r"(?i)HttpOnly|Secure|Partitioned")
_EXPIRES = re.compile(r"(?i)(?<=; )expires=[^;]*?(?:GMT|(?=;)|$)")
#: What ``Set-Cookie`` contains besides the cookie.
_ATTRIBUTES = frozenset({"domain", "max-age", "path", "priority", "samesite", "version"})


@dataclass(frozen=True)
class Secrets:
    """What is known to be secret in a run; it travels with the run's state.

    :ivar texts: the secret texts, the oldest first, each with whether it belongs only to a connection (as do tokens): a
        task that needs such a secret gets it from there.
    """

    texts: Mapping[str, bool] = field(default_factory=dict, repr=False)

    def add(self, texts: Iterable[str], *, of_connection: bool = False) -> Secrets:
        """Return these secrets and more."""
        found = dict.fromkeys(filter(None, texts), of_connection)
        return self | Secrets(found) if found else self

    def __or__(self, others: Secrets) -> Secrets:
        if not others.texts:
            return self
        new = {text: of_connection and self.texts.get(text, True) for text, of_connection in others.texts.items()}
        return Secrets({**self.texts, **new}) if new.items() - self.texts.items() else self

    def occurring(self, value: Any) -> Secrets:
        """Return those that occur in a JSON value, in whatever spelling."""
        text = "\n".join(texts_in(value)) if self.texts else ""
        return Secrets({secret: kind for secret, kind in self.texts.items() if conceal(text, (secret,)) != text})

    def of_connections(self) -> Secrets:
        """Return those that belong only to a connection."""
        return Secrets({secret: True for secret, of_connection in self.texts.items() if of_connection})

    def conceal(self, text: str) -> str:
        """Return the text with every secret in it replaced, however it is spelled."""
        return conceal(text, self.texts) if self.texts else text


def credentials(text: str) -> Iterator[str]:
    """Yield what to hide of a secret text: all of it, and the parts that are credentials by themselves.

    These are what follows the scheme (``Bearer abc``), and the value of each cookie (``sid=abc; Path=/``).
    """
    yield text
    parts = [found[1]] if (found := _SCHEME.fullmatch(text.strip())) else list(_cookies(text))
    yield from (part for part in parts if len(part) >= SHORTEST and part != text)


def _cookies(text: str) -> Iterator[str]:
    """Yield the values of cookies; nothing unless the text is a ``Cookie`` or ``Set-Cookie`` header (RFC 6265, 4)."""
    parts = [part for part in re.split(r"[;,](?: +|$)", _EXPIRES.sub("", text.strip())) if part]
    pairs = [_PAIR.fullmatch(part) for part in parts]
    if all(pair or _FLAG.fullmatch(part) for pair, part in zip(pairs, parts, strict=True)):
        yield from (pair[3] for pair in pairs if pair and pair[1].lower() not in _ATTRIBUTES)


def secrets_in(value: Any, is_secret: Callable[[str], bool]) -> Iterator[str]:
    """Yield the secret texts in a JSON value, in order: those whose name is secret, and all texts below it.

    :param is_secret: decides by the name of a member.
    """
    waiting = [(value, False)]
    while waiting:
        item, secret = waiting.pop()
        match item:
            case str() | int() | float():
                if secret and not isinstance(item, bool):
                    yield from credentials(str(item))
            case Mapping():
                members = [(member, secret or is_secret(str(name))) for name, member in item.items()]
                waiting.extend(reversed(members))
            case list() | tuple():
                waiting.extend((member, secret) for member in reversed(item))


def exposed_secrets(exchange: Exchange) -> list[str]:
    """Return the secret texts in an answer, by the names of headers and of members at any depth of its body."""
    found: list[str] = []
    if exchange.response is not None:
        found = [text for name, text in exchange.response.headers if names_credential(name)]
    queue = [exchange.content]
    while queue:
        match queue.pop():
            case Beyond():
                continue
            case dict() as members:
                queue += members.values()
                found += [text for name, text in members.items() if isinstance(text, str) and names_credential(name)]
            case list() as items:
                queue += items
    return [part for text in found for part in credentials(text)]
