"""Conditions of type regex (Arazzo 1.1.0, Criterion Object, Regex Conditions)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from airflow_arazzo.core.criteria.filling import braced, fill
from airflow_arazzo.core.criteria.nodes import Remark
from airflow_arazzo.core.errors import EvaluationError, ExpressionSyntaxError
from airflow_arazzo.core.expressions import Context, Dialect, Template, embed, parse_template, to_text

#: Seconds that a pattern may search before it is given up: it must not stop whoever evaluates it.
TIMEOUT = 1.0
MAX_PATTERN = 8192
#: How large a pattern may be with its repetitions written out: compiling ``((a{999}){999}){999}`` takes gigabytes.
MAX_SIZE = 100_000
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<low>[0-9]*)(?P<range>,(?P<high>[0-9]*))?\}|.", re.DOTALL)
_DELIMITED = re.compile(r"/(?P<flagged>.+)/(?P<flags>[gimsuy]+)|/(?P<plain>\^.+|.+(?<!\\)\$)/", re.DOTALL)
_FLAGS = frozenset("ims")


def read_pattern(condition: str, dialect: Dialect) -> tuple[Template, str, tuple[Remark, ...]]:
    """Read a pattern as a template, flags and remarks; leniently ``/.../i`` as in JavaScript.

    :raises ExpressionSyntaxError: if an embedded expression cannot be read.
    """
    found = _DELIMITED.fullmatch(condition) if dialect == "lenient" else None
    if found is None:
        return parse_template(condition, dialect), "", ()
    body, letters = found["flagged"] or found["plain"], found["flags"] or ""
    inline = "".join(sorted(_FLAGS.intersection(letters)))
    portable = f"(?{inline}){body}" if inline else body
    remark = Remark(0, "a pattern has no slashes around it and no flags behind it", portable)
    return parse_template(body, dialect), inline, (remark,)


def check_pattern(condition: str, dialect: Dialect) -> tuple[Remark, ...]:
    """Compile a pattern, with a letter for each embedded expression.

    :raises ExpressionSyntaxError: if it is no regular expression.
    """
    template, flags, remarks = read_pattern(condition, dialect)
    shift = condition.find(template.parts[0]) if template.parts and isinstance(template.parts[0], str) else 0
    try:
        _compiled(fill(template, lambda *_: "x"), flags)
    except ExpressionSyntaxError as error:
        raise ExpressionSyntaxError(error.message, condition, shift + error.offset, error.hint) from error
    remark = braced(template)
    return (*remarks, remark) if remark else remarks


def matches(condition: str, value: Any, context: Context, dialect: Dialect) -> bool:
    """Return whether the pattern matches anywhere in the text of the value, which is there and not null.

    Embedded expressions are put in as they are: they may be patterns themselves.

    :raises ExpressionSyntaxError: if the pattern cannot be read.
    :raises EvaluationError: if what it embeds is absent, or if it takes longer than a second.
    """
    template, flags, _ = read_pattern(condition, dialect)
    pattern = _compiled(embed(template.text, context, dialect), flags)
    text = bytes(value).decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else to_text(value)
    try:
        return pattern.search(text, timeout=TIMEOUT) is not None
    except TimeoutError as error:
        raise EvaluationError(f"the pattern took longer than {TIMEOUT:g} s and was given up") from error


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: str) -> Any:
    import regex

    prefix = f"(?{flags})" if flags else ""
    if len(pattern) > MAX_PATTERN:
        raise ExpressionSyntaxError(f"a pattern is at most {MAX_PATTERN} characters long", pattern)
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
        if piece[0] == "(":
            groups.append(0)
            last = 0
        elif piece[0] == ")" and len(groups) > 1:
            last = groups.pop() + 1
            groups[-1] += last
        elif piece["low"] is not None:
            times = max(int(piece[name] or 0) for name in ("low", "high") if piece[name] is not None)
            groups[-1] += last * (max(times, 1) - 1)
            last *= max(times, 1)
        else:
            last = 1
            groups[-1] += 1
    return sum(groups)
