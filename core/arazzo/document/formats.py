"""The string formats that are asserted: the same ones by the command and in a DAG, whatever libraries are installed.

JSON Schema 2020-12 leaves open which these are (Validation, 7.2); every other ``format`` only describes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.ecma_patterns import compile_ecma

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = (
    r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
)
_CLOCK = r"T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
_DAYS = r"(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
_DURATION = rf"P(?:{_DAYS}(?:{_CLOCK})?|{_CLOCK}|[0-9]+W)"
_EMAIL = r"[!-?A-~]+@[!-?A-~]+"
_IDN_EMAIL = r"[^\s@]+@[^\s@]+"
_HOST = r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*"
_URI_CHARS = r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-])*"
_URI = rf"[A-Za-z][A-Za-z0-9+.-]*:{_URI_CHARS}(?:#{_URI_CHARS})?"
_REFERENCE = rf"{_URI_CHARS}(?:#{_URI_CHARS})?"
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_POINTER = r"(?:/(?:[^/~]|~[01])*)*"


def _is_date(text: str) -> bool:
    try:
        return re.fullmatch(_DATE, text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    """Say whether text is a ``full-time`` of RFC 3339: with an offset; a leap second ends a day of UTC."""
    found = re.fullmatch(_TIME, text)
    if found is None or found["second"] != "60":
        return found is not None
    offset = int(f"{found['sign']}1") * (60 * int(found["hours"]) + int(found["minutes"])) if found["sign"] else 0
    return (60 * int(found["hour"]) + int(found["minute"]) - offset) % 1440 == 1439


def _is_moment(text: str) -> bool:
    return _is_date(text[:10]) and text[10:11] in ("T", "t") and _is_time(text[11:])


def _is_address(kind: type[IPv4Address | IPv6Address]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return "%" not in text and bool(kind(text).packed)
        except AddressValueError:
            return False

    return check


def _is_regex(text: str) -> bool:
    try:
        return compile_ecma(text) is not None
    except ExpressionSyntaxError:
        return False


def _whole(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None  # compiled when it is first needed


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_moment,
    "duration": _whole(_DURATION),
    "email": _whole(_EMAIL),
    "idn-email": _whole(_IDN_EMAIL),
    "hostname": _whole(_HOST),
    "ipv4": _is_address(IPv4Address),
    "ipv6": _is_address(IPv6Address),
    "uri": _whole(_URI),
    "uri-reference": _whole(_REFERENCE),
    "uuid": _whole(_UUID),
    "regex": _is_regex,
    "json-pointer": _whole(_POINTER),
}
"""By the name of a format, what tells whether text has it."""


def is_of_format(value: object, name: object) -> bool:
    """Say whether a value has a format; a value that is not text has every format, and all have an unlisted one."""
    check = FORMATS.get(name) if isinstance(value, str) and isinstance(name, str) else None
    return check is None or check(str(value))
