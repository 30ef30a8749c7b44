"""What comes of a criterion: a verdict when it is evaluated, findings when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arazzo.errors import Severity


@dataclass(frozen=True)
class Verdict:
    """Whether a criterion holds, and why.

    :param passed: whether it holds.
    :param reason: for a log line: the condition and the values it saw, short scalars only, secrets as ``***``.
    :param error: why it could not be evaluated; then ``passed`` is False (Arazzo 1.1.0, Evaluation Errors).
    """

    passed: bool
    reason: str
    error: str | None = None


@dataclass(frozen=True)
class Finding:
    """Something to tell an author about a criterion; a problem without a place in a file.

    :param severity: error (it cannot be evaluated, ever) or warning.
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
