"""The value of what is not there: an input not given, a step that did not run, a missing member."""

from __future__ import annotations

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
