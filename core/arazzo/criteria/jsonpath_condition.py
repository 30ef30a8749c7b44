"""Conditions of type jsonpath (Arazzo 1.1.0, Criterion Object, JSONPath Conditions).

A condition is read as an RFC 9535 query (or of Goessner's draft, if the type says so), which holds when it selects
anything. In lenient, what is not a query is read as the boolean dialect. The text alone decides it, never the data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from arazzo.criteria.boolean import parse_boolean
from arazzo.criteria.condition_evaluation import Scope, truth_of
from arazzo.criteria.interpolation import fill, original_offset, placeholder, present
from arazzo.criteria.query import filters_root
from arazzo.criteria.reasons import observed, reason
from arazzo.criteria.syntax_tree import Condition
from arazzo.criteria.verdict import Truth, Verdict
from arazzo.errors import EvaluationError, ExpressionSyntaxError
from arazzo.expressions.context import Context, Dialect
from arazzo.expressions.evaluation import require_structure, to_literal, to_text
from arazzo.expressions.nodes import Expression
from arazzo.expressions.selectors import (
    RFC9535,
    branches,
    check_selector,
    jsonpath_goessner,
    jsonpath_rfc9535,
    skeleton,
)
from arazzo.expressions.templates import Template, parse_template
from arazzo.frozen import dataclass

_FUNCTION = re.compile(r"\b(length|count|match|search|value)\s*\(")
#: What no query has outside of its filters.
_OPERATOR = re.compile("[=<>!&|]")


@dataclass(frozen=True)
class Query:
    """A condition that is a query.

    :param template: its text, with the runtime expressions that it embeds.
    :param text: the text with meaningless values put in.
    :param version: ``rfc9535`` or ``draft-goessner-dispatch-jsonpath-00``.
    :param filters_root: whether it filters the root, and an object as root should pass the filter itself.
    """

    template: Template
    text: str
    version: str
    filters_root: bool


@lru_cache(maxsize=2048)
def read_jsonpath(condition: str, version: str, dialect: Dialect) -> Query | Condition:
    """Read a condition as a query or, in lenient, as the boolean dialect if it is not one.

    :param condition: as written.
    :param version: ``rfc9535`` or ``draft-goessner-dispatch-jsonpath-00``.
    :raises ExpressionSyntaxError: if it is neither; the error is that of the reading that got further.
    """
    if dialect == "lenient" and version == RFC9535 and _OPERATOR.search(skeleton(condition)):
        with suppress(ExpressionSyntaxError):
            return parse_boolean(condition)  # the library for queries need not even be loaded
    try:
        return _read_query(condition, version, dialect)
    except ExpressionSyntaxError as error:
        if dialect == "strict":
            raise
        try:
            return parse_boolean(condition)
        except ExpressionSyntaxError as other:
            raise _further(error, other) from None


def evaluate_jsonpath(
    condition: str, value: Any, version: str, context: Context, dialect: Dialect, where: str
) -> Verdict:
    """Evaluate a condition on a value that is there and not null.

    :param where: the criterion's context as written, for the reason.
    :raises ExpressionSyntaxError: if it cannot be read.
    :raises EvaluationError: if the data makes it fail.
    """
    reading = read_jsonpath(condition, version, dialect)
    value = dict(value) if isinstance(value, Mapping) and not isinstance(value, dict) else value
    if isinstance(reading, Query):
        if reading.text.strip() != "$":
            require_structure(value, condition)
        count = len(_run(reading, condition, value, context, dialect))
        found = f"selects {count} value{'s' * (count != 1)}" if count else "selects nothing"
        return Verdict(Truth.of(count > 0), f"{reason(condition, [], context.conceal)}: {found} in {where}")
    scope = Scope(context, loose=False, root=value)

    def judge() -> Verdict:
        seen = reason(condition, observed(reading, scope, where), context.conceal)
        return Verdict(truth_of(reading.node, scope), seen)

    if not branches(condition):
        return judge()
    from arazzo.expressions.interruption import within_time

    return within_time("the condition", judge)


def _run(query: Query, condition: str, value: Any, context: Context, dialect: Dialect) -> list[Any]:
    """Return what a query selects; in lenient, also an object as root that passes a filter on the root."""
    text = fill(query.template, lambda part, quote, before: _embedded(part, quote, before, context), escapes=True)
    find = jsonpath_rfc9535 if query.version == RFC9535 else jsonpath_goessner
    try:
        nodes = find(text, value)
        if not nodes and dialect == "lenient" and query.filters_root and isinstance(value, dict):
            nodes = find(text, [value])
    except ExpressionSyntaxError as error:
        raise EvaluationError("with the values put in, the condition is not a JSONPath query") from error
    except EvaluationError as error:
        raise EvaluationError(str(error).replace(text, condition)) from error
    return nodes


def _read_query(condition: str, version: str, dialect: Dialect) -> Query:
    template = parse_template(condition, dialect)
    text = fill(template, placeholder, escapes=True)
    if not text.lstrip().startswith("$"):
        raise ExpressionSyntaxError("a JSONPath query starts with '$'", condition)
    try:
        check_selector(text, "jsonpath", version)
    except ExpressionSyntaxError as error:
        offset = original_offset(template, placeholder, error.offset, escapes=True)
        raise ExpressionSyntaxError(error.message, condition, offset, error.hint) from error
    return Query(template, text, version, version == RFC9535 and filters_root(text))


def _further(query: ExpressionSyntaxError, boolean: ExpressionSyntaxError) -> ExpressionSyntaxError:
    """Return the error of the reading that was probably meant."""
    if _FUNCTION.search(query.text) and query.offset >= boolean.offset:
        return query
    return query if query.offset > boolean.offset else boolean


def _embedded(expression: Expression, quote: str, before: str, context: Context) -> str:
    """Write a value as a JSON literal, in quotes as escaped text, or unchanged where the name of a member is."""
    name = before.endswith(".") and not quote
    value = present(expression, context, text=name or bool(quote))
    return to_text(value) if name else to_literal(value, quote or None)
