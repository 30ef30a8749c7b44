"""Regular expressions with bounds: on their size when they are compiled, on time when they search.

A pattern stands in a document, or comes from data, and must not stop whoever evaluates it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

from arazzo.cpu_time import cpu_time_left
from arazzo.errors import ExpressionSyntaxError, GaveUpError
from arazzo.limits import current_limits

#: Seconds that a search may take at least, also when the budget around it is spent and about to end it.
_SHORTEST_SEARCH = 0.001
Result = TypeVar("Result")
_PIECE = re.compile(
    r"""\\u\{[0-9A-Fa-f]+\} | \\.
      | (?P<group>\((?:\?[a-z]*(?:-[a-z]+)?:)?)
      | \[\^?\]?(?:\\.|[^\]\\])*\]
      | \{(?P<low>[0-9]*)(?:,(?P<high>[0-9]*))?\}
      | .""",
    re.DOTALL | re.VERBOSE,
)


def search_within_time(search: Callable[[float], Result]) -> Result:
    """Return what a search returns, if this thread spends no more than ``pattern_seconds`` of CPU time on it.

    The library counts CPU time of the whole process. If it ends a search early because others spent that time, the
    search starts again with more. In the end, only what this thread spends on one search counts. A budget around
    it ends it, too: no search is longer than what that leaves.

    :param search: takes the library's ``timeout``; it may be called several times.
    :raises GaveUpError: if it takes longer.
    """
    seconds = timeout = current_limits().pattern_seconds
    while True:
        begun = time.thread_time()
        found: list[Result] = []
        with suppress(TimeoutError):
            found.append(search(min(timeout, max(cpu_time_left(), _SHORTEST_SEARCH))))
        spent = time.thread_time() - begun
        if spent >= seconds:
            raise GaveUpError(
                f"a pattern takes longer than {seconds:g} s of CPU time over this value (pattern_seconds)"
            )
        if found:
            return found[0]
        timeout *= max(2.0, seconds / max(spent, seconds / 100))


def finds(pattern: Any, text: str) -> bool:
    """Return whether a compiled pattern matches anywhere in a text; raises as :func:`search_within_time`."""
    return search_within_time(lambda timeout: pattern.search(text, timeout=timeout) is not None)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str = "") -> Any:
    """Compile a pattern of the library ``regex``, whose methods take a ``timeout`` (:func:`search_within_time`).

    :param pattern: the pattern.
    :param flags: letters of inline flags (``i``, ``m``, ``s``). There is no ``x``: it changes a pattern down to the
        digits of a repetition, and so hides how large the pattern is.
    :raises ExpressionSyntaxError: if it is not a regular expression, or too large to be one.
    """
    import regex

    prefix = f"(?{flags})" if flags else ""
    require_bounded(pattern)
    try:
        return regex.compile(prefix + pattern)
    except regex.error as error:
        offset = max(error.pos - len(prefix), 0) if isinstance(error.pos, int) else 0
        raise ExpressionSyntaxError(f"no regular expression: {error.msg}", pattern, offset) from error
    except (RecursionError, OverflowError, MemoryError, ValueError) as error:
        raise ExpressionSyntaxError("no regular expression: nested too deeply or too large", pattern) from error


def require_bounded(pattern: str) -> None:
    """Refuse a pattern that is too large.

    :raises ExpressionSyntaxError: saying in which way.
    """
    limits = current_limits()
    if len(pattern) > limits.selector_characters:
        message = f"a pattern is at most {limits.selector_characters} characters long (selector_characters)"
        raise ExpressionSyntaxError(message, pattern)
    if _size(pattern) > limits.pattern_pieces:  # compiling ((a{999}){999}){999} takes gigabytes
        message = "the repetitions in the pattern multiply to too many (pattern_pieces)"
        raise ExpressionSyntaxError(message, pattern)


def _size(pattern: str) -> int:
    """Return roughly how many pieces a pattern has when its repetitions are written out."""
    groups, last = [0], 0
    for piece in _PIECE.finditer(pattern):
        if piece["group"]:
            groups.append(0)
            last = 0
        elif piece[0] == ")" and len(groups) > 1:
            last = groups.pop() + 1
            groups[-1] += last
        elif piece["low"] is not None:
            times = max(int(piece[name][:9] or 0) for name in ("low", "high") if piece[name] is not None)
            groups[-1] += last * (max(times, 1) - 1)
            last *= max(times, 1)
        else:
            last = 1
            groups[-1] += 1
    return sum(groups)
