"""Regular expressions that are bounded: in size when they are compiled, in time when they search.

A pattern stands in a document, or comes out of data: it must not stop whoever evaluates it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from arazzo.errors import ExpressionSyntaxError

#: Seconds that a pattern may search before it is given up; pass it as ``timeout``.
SECONDS = 1.0
MAX_PATTERN = 8192
#: How large a pattern may be with its repetitions written out: compiling ``((a{999}){999}){999}`` takes gigabytes.
MAX_SIZE = 100_000
_PIECE = re.compile(
    r"""\\.
      | (?P<comment>\(\?\#(?:\\.|[^)\\])*\))
      | \(\?(?P<flags>[A-Za-z0-9]*)(?:-[A-Za-z]*)?(?P<end>[:)])
      | \[\^?\]?(?:\\.|[^\]\\])*\]
      | \{(?P<low>[0-9]*)(?:,(?P<high>[0-9]*))?\}
      | .""",
    re.DOTALL | re.VERBOSE,
)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str, flags: str = "") -> Any:
    """Compile a pattern of the library ``regex``, whose methods take a ``timeout``.

    :param pattern: the pattern.
    :param flags: letters of inline flags (``i``, ``m``, ``s``). There is no ``x``: what it does to a pattern, down to
        the digits of a repetition, hides how large the pattern is.
    :raises ExpressionSyntaxError: if it is no regular expression, or too large to be one.
    """
    import regex

    prefix = f"(?{flags})" if flags else ""
    if len(pattern) > MAX_PATTERN:
        raise ExpressionSyntaxError(f"a pattern is at most {MAX_PATTERN} characters long", pattern)
    if any("x" in (piece["flags"] or "") for piece in _PIECE.finditer(pattern)):
        raise ExpressionSyntaxError("a pattern is written without flag x: spaces and comments in it count", pattern)
    if _size(pattern) > MAX_SIZE:
        raise ExpressionSyntaxError("the repetitions in the pattern multiply to too many", pattern)
    try:
        return regex.compile(prefix + pattern)
    except regex.error as error:
        offset = max(error.pos - len(prefix), 0) if isinstance(error.pos, int) else 0
        raise ExpressionSyntaxError(f"no regular expression: {error.msg}", pattern, offset) from error
    except (RecursionError, OverflowError, MemoryError, ValueError) as error:
        raise ExpressionSyntaxError("no regular expression: nested too deeply or too large", pattern) from error


def _size(pattern: str) -> int:
    """Return about how many pieces a pattern has with its repetitions written out."""
    groups, last = [0], 0
    for piece in _PIECE.finditer(pattern):
        if piece["comment"] or piece["end"] == ")":
            groups[-1] += 1  # a repetition after it is one of what stands before it
            last = max(last, 1)
        elif piece[0] == "(" or piece["end"]:
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
