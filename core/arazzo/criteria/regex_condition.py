"""Conditions of type regex (Arazzo 1.1.0, Criterion Object, Regex Conditions)."""

from __future__ import annotations

import re
from typing import Any

from arazzo.criteria.interpolation import braced, fill
from arazzo.criteria.syntax_tree import Remark
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.context import Context, Dialect
from arazzo.expressions.ecma_patterns import compile_ecma
from arazzo.expressions.evaluation import embed, to_text
from arazzo.expressions.regular_expressions import finds
from arazzo.expressions.templates import Template, parse_template

_DELIMITED = re.compile(r"/(?P<flagged>.+)/(?P<flags>[gimsuy]+)|/(?P<plain>\^.+|.+(?<!\\)\$)/", re.DOTALL)
_FLAGS = frozenset("ims")


def read_pattern(condition: str, dialect: Dialect) -> tuple[Template, str, tuple[Remark, ...]]:
    """Read a pattern as a template, flags and remarks; in lenient also ``/.../i`` as in JavaScript.

    :raises ExpressionSyntaxError: if an embedded expression cannot be read.
    """
    found = _DELIMITED.fullmatch(condition) if dialect == "lenient" else None
    if found is None:
        return parse_template(condition, dialect), "", ()
    body, letters = found["flagged"] or found["plain"], found["flags"] or ""
    inline = "".join(sorted(_FLAGS.intersection(letters)))
    portable = f"(?{inline}:{body})" if inline else body
    remark = Remark(0, "write a pattern without slashes around it and without flags after it", portable)
    return parse_template(body, dialect), inline, (remark,)


def check_pattern(condition: str, dialect: Dialect) -> tuple[Remark, ...]:
    """Compile a pattern, with a letter for each embedded expression.

    :raises ExpressionSyntaxError: if it is not a regular expression.
    """
    template, flags, remarks = read_pattern(condition, dialect)
    shift = condition.find(template.parts[0]) if template.parts and isinstance(template.parts[0], str) else 0
    try:
        compile_ecma(fill(template, lambda *_: "x"), flags)
    except ExpressionSyntaxError as error:
        raise ExpressionSyntaxError(error.message, condition, shift + error.offset, error.hint) from error
    remark = braced(template)
    return (*remarks, remark) if remark else remarks


def matches(condition: str, value: Any, context: Context, dialect: Dialect) -> bool:
    """Return whether the pattern matches anywhere in the text of a value that is present and not null.

    Embedded values are put in unchanged: they may be patterns themselves.

    :raises ExpressionSyntaxError: if the pattern cannot be read.
    :raises EvaluationError: if what it embeds is absent.
    :raises GaveUpError: if it takes too long.
    """
    template, flags, _ = read_pattern(condition, dialect)
    pattern = compile_ecma(embed(template.text, context, dialect), flags)
    text = bytes(value).decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else to_text(value)
    return finds(pattern, text)
