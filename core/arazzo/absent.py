"""What is not known, as values of their own: *absent* and *unreadable* are neither ``null`` nor ``false``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from arazzo.frozen import dataclass


class Absent(Enum):
    """What is not there, and is not ``null``: an absent member is left out, a null one is sent.

    Requests and people do not tell its kinds apart; criteria do (docs/semantics.md, 1).
    """

    ABSENT = "absent"
    NOT_RUN = "not run"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self.name


ABSENT: Final = Absent.ABSENT
"""The value of what is known not to be there: an input not given, a member that an answer lacks."""
NOT_RUN: Final = Absent.NOT_RUN
"""The value of an output of a step or workflow that did not run: stored as an output or input only."""
UNKNOWN: Final = Absent.UNKNOWN
"""The value of an output of a step that failed or got no answer: stored as an output or input only."""


#: Why an output is unreadable where the document is at fault, and not an answer.
_MISWRITTEN = "nobody can read its expression: "


@dataclass(frozen=True)
class Unreadable:
    """The value of what leads into an answer that cannot be read (docs/semantics.md, 2). Using it is an error.

    An output whose expression nobody can read has this value too; a workflow with such an output still ends well.

    :param reason: why the answer cannot be read, one clause without secrets: ``the body is not JSON: line 1``.
    :param origin: where it came from, for whoever uses it later: ``output 'token' of step 'login'``; empty at first.
    """

    reason: str
    origin: str = ""

    @classmethod
    def miswritten(cls, message: str, origin: str) -> Unreadable:
        """Return the value of an output whose expression or selector nobody can read."""
        return cls(_MISWRITTEN + message, origin)

    @property
    def is_miswritten(self) -> bool:
        return self.reason.startswith(_MISWRITTEN)

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.origin} is unreadable: {self.reason}" if self.origin else f"unreadable: {self.reason}"


#: The only member of the JSON object that stands for a kind of nothing; a value that looks the same is wrapped in one.
_MARK = "$nothing"


def to_wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return named values as JSON that keeps the kinds of nothing apart: ``{"$nothing": "absent"}``."""
    return {name: _marked(value) for name, value in values.items()}


def from_wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the named values that :func:`to_wire` was given."""
    return {name: _unmarked(value) for name, value in values.items()}


def _marked(value: Any) -> Any:
    match value:
        case Absent():
            return {_MARK: value.value}
        case Unreadable():
            return {_MARK: [value.reason, value.origin]}
        case dict() if value.keys() == {_MARK}:
            return {_MARK: value}
    return value


def _unmarked(value: Any) -> Any:
    match value:
        case {"$nothing": found} if len(value) == 1:
            return Absent(found) if isinstance(found, str) else Unreadable(*found) if isinstance(found, list) else found
    return value


def with_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return named values as people see them: null for what is absent or unreadable."""
    return {name: None if isinstance(value, (Absent, Unreadable)) else value for name, value in values.items()}


def absent_names(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the values that are absent, in order."""
    return tuple(name for name, value in values.items() if isinstance(value, Absent))


def unreadable_names(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the values that are unreadable, in order."""
    return tuple(name for name, value in values.items() if isinstance(value, Unreadable))
