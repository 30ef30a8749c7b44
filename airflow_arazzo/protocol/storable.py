"""What Airflow can store as an XCom: JSON, with a few exceptions that an API's answer need not respect."""

from __future__ import annotations

from typing import Any

from arazzo.exact_numbers import ExactNumber

#: What Airflow writes for itself into the objects that it stores; it refuses, or takes for its own, one that has it.
_RESERVED = frozenset({"__classname__", "__id__", "__type", "__var"})
_INSTEAD = "\ufffd"


def storable(value: Any) -> Any:
    """Return a JSON value as Airflow can store it, a replacement character (U+FFFD) where it cannot.

    That is for U+0000, which no text in Postgres may have, and ahead of the names that Airflow keeps to itself. A
    number that no float holds is the text that spells it.
    """
    match value:
        case ExactNumber():
            return value.text
        case str():
            return value.replace("\0", _INSTEAD)
        case dict():
            return {_name(str(name)): storable(member) for name, member in value.items()}
        case list() | tuple():
            return [storable(member) for member in value]
    return value


def _name(name: str) -> str:
    return _INSTEAD + name if name in _RESERVED else storable(name)
