"""What is not known, as values of their own: *absent* and *unreadable* are neither ``null`` nor ``false``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Absent(Enum):
    """The type of :data:`ABSENT`, which is not ``null``: an absent member is left out, a null one is sent."""

    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT
"""The value of what is not there: an input not given, a step that did not run, a missing member."""


@dataclass(frozen=True)
class Unreadable:
    """The value of what leads into an answer that cannot be read (docs/semantics.md, 2). Using it is an error.

    :param reason: why the answer cannot be read, one clause without secrets: ``the body is no JSON: line 1, column 9``.
    :param origin: where it came from, for whoever uses it later: ``output 'token' of step 'login'``; empty at first.
    """

    reason: str
    origin: str = ""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.origin} is unreadable: {self.reason}" if self.origin else f"unreadable: {self.reason}"
