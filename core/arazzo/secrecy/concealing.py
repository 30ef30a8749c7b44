"""Taking secrets out of texts and JSON values, however they are spelled.

What is secret by its name is always hidden. Inside other texts, and as a number or a member's name, a secret is hidden
if it has at least five characters, as in Airflow: a shorter one occurs in too much that is innocent.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from arazzo.json_values import texts_in
from arazzo.openapi.encoding import QUERY_RESERVED, SEGMENT_RESERVED, percent_encode
from arazzo.secrecy.unescaping import replace_escaped, unescaped

CONCEALED = "***"
Conceal = Callable[[str], str]
"""Returns a text with the secrets in it replaced."""

SHORTEST = 5
#: Texts of that length that reveal nothing: a word of JSON, and Airflow's first login, which it does not mask.
_COMMON = frozenset({"false", "airflow"})
#: Characters that requests of this package and ``quote`` leave as they are in URLs.
_UNENCODED = ("", "/", QUERY_RESERVED, SEGMENT_RESERVED)
#: The two characters of base64 that are others in URLs (RFC 4648, 5).
_URL_SAFE = str.maketrans("+/", "-_")
_Needle = tuple[str, int, int]
"""What to look for, and how many characters before and after it belong to it."""


def _hideable(text: str) -> bool:
    return len(text) >= SHORTEST and text.lower() not in _COMMON


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
def _needles(secrets: frozenset[str]) -> tuple[_Needle, ...]:
    """Return what to look for: secrets as they are, unescaped, since they may look escaped, and in base64."""
    hidden = list(filter(_hideable, secrets))
    forms = {form for secret in hidden for form in (*_forms(secret), unescaped(secret)) if _hideable(form)}
    needles = [(form, 0, 0) for form in forms] + [needle for secret in hidden for needle in _in_base64(secret)]
    return tuple(sorted({(_plain(text), before, after) for text, before, after in needles}))


def _in_base64(secret: str) -> Iterator[_Needle]:
    """Yield how a text in base64 spells a secret in it: by how many bytes before it there are, there are three ways.

    The characters at the ends also depend on what is around it. They are left out, and hidden with the rest.
    """
    content = secret.encode(errors="surrogatepass")
    for before in range(3):
        after = -(before + len(content)) % 3
        spelled = base64.b64encode(bytes(before) + content + bytes(after)).decode()
        inner = spelled[before + (before > 0) : len(spelled) - after - (after > 0)]
        yield from ((text, int(before > 0), int(after > 0)) for text in {inner, inner.translate(_URL_SAFE)})


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret and, if it is not ASCII, other compositions of its letters and its bytes in another charset."""
    yield secret
    if not secret.isascii():
        yield from (unicodedata.normalize(form, secret) for form in ("NFC", "NFD"))
        yield secret.encode(errors="surrogatepass").decode("latin-1")
        with suppress(UnicodeEncodeError):
            yield secret.encode("latin-1").decode(errors="surrogateescape")


def _occurrences(text: str, needles: tuple[_Needle, ...]) -> Iterator[tuple[int, int]]:
    text = _plain(text)
    for needle, before, after in needles:
        at = text.find(needle)
        while at >= 0:
            yield max(at - before, 0), min(at + len(needle) + after, len(text))
            at = text.find(needle, at + 1)


def _plain(text: str) -> str:
    """Return a text as it is compared: forms have ``+`` for a space, and hosts and header names have no upper case."""
    encoded = text.replace("+", " ").encode(errors="surrogatepass")  # bytes know no other letters, and are quick
    return encoded.lower().decode(errors="surrogatepass")


def hide(value: Any, conceal: Conceal, is_secret: Callable[[str], bool], secret: bool = False) -> Any:
    """Return a JSON value with ``***`` for what is secret by its name, and for known secrets in the rest.

    :param conceal: hides known secrets in a text; a number is hidden if it is a whole secret.
    :param is_secret: decides by the name of a member.
    :param secret: whether the value as a whole is secret.
    """
    text = "\n".join(texts_in(value))
    if conceal(text) == text:  # one search, and not one for each member of a large answer
        conceal = str
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
