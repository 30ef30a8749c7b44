"""The results of a criterion: a verdict when it is evaluated, findings when it is read."""

from __future__ import annotations

from enum import Enum
from typing import Literal, NoReturn

from arazzo.errors import Severity
from arazzo.frozen import dataclass


class Truth(Enum):
    """Whether a criterion holds. Undecided is not false, and is never taken for it (docs/semantics.md, 1)."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"

    @classmethod
    def of(cls, holds: bool) -> Truth:
        """Return the truth of what has been decided."""
        return cls.HOLDS if holds else cls.FAILS

    def __bool__(self) -> NoReturn:
        raise TypeError("a truth is compared by 'is': it may be undecided")


@dataclass(frozen=True)
class Verdict:
    """Whether a criterion holds, and why.

    :param truth: whether it holds, does not, or is undecided.
    :param reason: for a log line: the condition and the values it saw, short scalars only, secrets as ``***``.
    :param error: why it could not be evaluated. It is then undecided; in ``strict``, and where an absent value is
        embedded, it does not hold (Arazzo 1.1.0, Evaluation Errors).
    """

    truth: Truth
    reason: str
    error: str | None = None

    @property
    def passed(self) -> bool:
        return self.truth is Truth.HOLDS

    @property
    def undecided(self) -> bool:
        return self.truth is Truth.UNDECIDED


@dataclass(frozen=True)
class Finding:
    """A message to the author about a criterion; a problem without a place in a file.

    :param severity: error (it can never be evaluated) or warning.
    :param rule: ``unreadable-condition``, ``unreadable-context``, ``missing-context``, ``unknown-criterion-type``
        (errors), ``non-portable-condition``, ``non-portable-expression``, ``misleading-jsonpath`` (warnings).
    :param message: one sentence.
    :param offset: where in the text of ``field``, in characters from 0.
    :param hint: what to write instead, or the portable spelling.
    :param field: the field of the criterion that it is about.
    """

    severity: Severity
    rule: str
    message: str
    offset: int = 0
    hint: str | None = None
    field: Literal["condition", "context", "type"] = "condition"
