"""Which values are secret, and how they are kept out of text and of JSON values.

A value is secret by its name (the names Airflow treats as sensitive), by ``format: password`` in the schema of the
inputs, or because the document or the factory marks its name (docs/semantics.md, 6). What is secret by its name is
hidden whatever it is. Inside other texts, and as a number or a member's name, it is hidden if it has at least five
characters, which is Airflow's own rule: a shorter one is in too much that is innocent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from arazzo.engine.unescaping import replace_escaped, unescaped
from arazzo.exact_numbers import Beyond
from arazzo.exchange import Exchange
from arazzo.flow import Plan, is_sensitive, names_credential
from arazzo.json_values import texts_in
from arazzo.openapi.encoding import QUERY_RESERVED, SEGMENT_RESERVED, percent_encode

CONCEALED = "***"
Conceal = Callable[[str], str]
"""Returns a text with the secrets in it replaced."""

_SHORTEST = 5
#: Texts of that length that say nothing: JSON's own word, and the login that Airflow comes with and does not mask.
_COMMON = frozenset({"false", "airflow"})
#: What is left as it is in URLs by requests of this package and ``quote``.
_UNENCODED = ("", "/", QUERY_RESERVED, SEGMENT_RESERVED)
_SCHEME = re.compile(r"[A-Za-z][\w-]*[ \t]+(\S+)")
_PAIR = re.compile(r"""([\w!#$%&'*+.^`|~-]+)=("?)([^\s",;\\]*)\2""", re.ASCII)
_FLAG = re.compile(r"(?i)HttpOnly|Secure|Partitioned")
_EXPIRES = re.compile(r"(?i)(?<=; )expires=[^;]*?(?:GMT|(?=;)|$)")
#: What stands in ``Set-Cookie`` next to the cookie.
_ATTRIBUTES = frozenset({"domain", "max-age", "path", "priority", "samesite", "version"})


@dataclass(frozen=True)
class Secrets:
    """What is known to be secret in a run; it travels with its state.

    :ivar texts: the secret texts, the oldest first, and by each whether it is only a connection's, its tokens included:
        a task that needs that one gets it by itself.
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
        """Return those that occur in a JSON value, however they are spelled."""
        text = "\n".join(texts_in(value)) if self.texts else ""
        return Secrets({secret: kind for secret, kind in self.texts.items() if conceal(text, (secret,)) != text})

    def of_connections(self) -> Secrets:
        """Return those that are only a connection's."""
        return Secrets({secret: True for secret, of_connection in self.texts.items() if of_connection})

    def conceal(self, text: str) -> str:
        """Return the text with every secret in it replaced, however it is spelled."""
        return conceal(text, self.texts) if self.texts else text


def credentials(text: str) -> Iterator[str]:
    """Yield what to hide of a secret text: the whole, and what is a credential by itself.

    That is what follows the scheme (``Bearer abc``), and the value of each cookie (``sid=abc; Path=/``).
    """
    yield text
    parts = [found[1]] if (found := _SCHEME.fullmatch(text.strip())) else list(_cookies(text))
    yield from (part for part in parts if len(part) >= _SHORTEST and part != text)


def _cookies(text: str) -> Iterator[str]:
    """Yield the values of cookies; nothing if the text is anything but ``Cookie`` or ``Set-Cookie`` (RFC 6265, 4)."""
    parts = [part for part in re.split(r"[;,](?: +|$)", _EXPIRES.sub("", text.strip())) if part]
    pairs = [_PAIR.fullmatch(part) for part in parts]
    if all(pair or _FLAG.fullmatch(part) for pair, part in zip(pairs, parts, strict=True)):
        yield from (pair[3] for pair in pairs if pair and pair[1].lower() not in _ATTRIBUTES)


def secrets_in(value: Any, is_secret: Callable[[str], bool], secret: bool = False) -> Iterator[str]:
    """Yield the secret texts in a JSON value, in order: what a name says is secret, and all that is below it.

    :param is_secret: tells by the name of a member.
    :param secret: whether the value as a whole is secret.
    """
    waiting = [(value, secret)]
    while waiting:
        item, secret = waiting.pop()
        match item:
            case Mapping():
                members = [(member, secret or is_secret(str(name))) for name, member in item.items()]
                waiting.extend(reversed(members))
            case list() | tuple():
                waiting.extend((member, secret) for member in reversed(item))
            case str() | int() | float() if secret and not isinstance(item, bool):
                yield from credentials(str(item))


def secret_values(plan: Plan, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secret texts among inputs and outputs of a workflow.

    :param outputs: of its steps or its own, at any depth.
    """
    if inputs:
        yield from secrets_in(inputs, _names({*plan.sensitive, *plan.secret_inputs}))
    if outputs:
        yield from secrets_in(outputs, _names(plan.sensitive))


def _names(marked: Iterable[str]) -> Callable[[str], bool]:
    marked = frozenset(marked)
    return lambda name: is_sensitive(name, marked)


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


def _hideable(text: str) -> bool:
    return len(text) >= _SHORTEST and text.lower() not in _COMMON


@lru_cache(maxsize=4096)
def spellings(secret: str) -> tuple[str, ...]:
    """Return a secret in the spellings that this package, Python and their logs give it, the plain one first."""
    encoded = [percent_encode(secret, unencoded) for unencoded in _UNENCODED]
    escaped = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]]
    return tuple(dict.fromkeys(text for text in (secret, *encoded, encoded[0].replace("%20", "+"), *escaped) if text))


def conceal(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret in it replaced, however it is spelled."""
    needles = _needles(frozenset(secrets))
    return replace_escaped(text, lambda plain: _occurrences(plain, needles), CONCEALED) if needles else text


@lru_cache(maxsize=64)
def _needles(secrets: frozenset[str]) -> tuple[str, ...]:
    """Return what is looked for: secrets as they are and, since they may look escaped, with that undone."""
    found = {form for secret in secrets if _hideable(secret) for form in (secret, unescaped(secret))}
    return tuple(sorted({_spaced(form) for form in found if _hideable(form)}))


def _occurrences(text: str, needles: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    text = _spaced(text)
    for needle in needles:
        at = text.find(needle)
        while at >= 0:
            yield at, at + len(needle)
            at = text.find(needle, at + 1)


def _spaced(text: str) -> str:
    """Return a text as forms may have it: in those ``+`` is a space."""
    return text.replace("+", " ")


def hide(value: Any, conceal: Conceal, is_secret: Callable[[str], bool], secret: bool = False) -> Any:
    """Return a JSON value with ``***`` for what is secret by its name, and for known secrets inside of the rest.

    :param conceal: hides known secrets in a text; a number is hidden if it is one as a whole.
    :param is_secret: tells by the name of a member.
    :param secret: whether the value as a whole is secret.
    """
    root: list[Any] = [value]
    waiting: list[tuple[Any, Any, bool]] = [(root, 0, secret)]
    while waiting:
        holder, place, secret = waiting.pop()
        match holder[place]:
            case str() as text:
                holder[place] = CONCEALED if secret else conceal(text)
            case dict() as item:
                names = {name: conceal(name) if isinstance(name, str) else name for name in item}
                holder[place] = shown = {names[name]: member for name, member in item.items()}
                waiting.extend((shown, names[name], secret or is_secret(str(name))) for name in item)
            case list() | tuple() as item:
                holder[place] = [*item]
                waiting.extend((holder[place], at, secret) for at in range(len(item)))
            case int() | float() as number if not isinstance(number, bool):
                holder[place] = CONCEALED if secret or conceal(str(number)) == CONCEALED else number
    return root[0]
