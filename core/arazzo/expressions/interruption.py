"""A time limit for Python code that cannot be asked to stop: libraries that evaluate queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from arazzo.cpu_time import CpuTimeError, within_cpu_time
from arazzo.errors import GaveUpError
from arazzo.limits import current_limits

Result = TypeVar("Result")


def within_time(subject: str, evaluate: Callable[[], Result]) -> Result:
    """Return what a function returns, or interrupt it when its thread has spent ``condition_seconds`` on it.

    A single call of a function written in C is not interrupted; it must be bounded in another way. Nothing may be
    imported in it for the first time, since that would count.

    :param subject: what takes too long, to begin the message (``the XPath expression``).
    :param evaluate: the function; it runs in this thread.
    :raises GaveUpError: if it was interrupted.
    """
    seconds = current_limits().condition_seconds
    try:
        return within_cpu_time(seconds, evaluate)
    except CpuTimeError:
        limit = f"{subject} takes longer than {seconds:g} s of CPU time over this value (condition_seconds)"
        raise GaveUpError(limit) from None
