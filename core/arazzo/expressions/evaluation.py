"""Expressions to values.

Absent and null differ: what is absent is left out of objects, is null in arrays, and is an error inside a string.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from arazzo.absent import ABSENT, Unreadable
from arazzo.errors import AbsentError, EvaluationError, ExpressionSyntaxError, GaveUpError, UnreadableError
from arazzo.exchange import Exchange, header
from arazzo.expressions.context import Context, Dialect
from arazzo.expressions.navigation import apply_pointer, follow, lookup
from arazzo.expressions.nodes import (
    ComponentReference,
    Expression,
    Fixed,
    Input,
    Message,
    Named,
    Output,
    SourceReference,
    StepOutput,
    WorkflowValue,
)
from arazzo.expressions.selectors import select
from arazzo.expressions.templates import Template, is_selector, parse_template
from arazzo.json_values import is_plain, write_json

Convert: TypeAlias = Callable[[Any, "str | None"], str]
"""From a value, and the quote it is embedded in, to the text to embed."""

_NOTHING: Mapping[str, Any] = {}


def evaluate(expression: Expression, context: Context) -> Any:
    """Return the value of an expression with its type, or ABSENT.

    Header names compare without case. A pointer into what is no JSON structure (text, XML) is absent.

    :param expression: a node from :func:`~arazzo.expressions.parse_expression`.
    :param context: what the expression may name.
    :raises EvaluationError: only where a criterion is judged (:attr:`Context.judging`), of a body that is not empty:
        if it cannot be read, or if the expression leads into it and it is neither object nor array.
    """
    match expression:
        case Fixed():
            return _fixed(expression, context)
        case Message():
            return _message(expression, context)
        case SourceReference():
            return context.sources.get(expression.source, _NOTHING).get(expression.reference, ABSENT)
        case ComponentReference():
            return context.components.get(expression.kind, _NOTHING).get(expression.name, ABSENT)
        case _:
            return _named(expression, context)


def to_text(value: Any, quote: str | None = None) -> str:
    """Return a value as it is embedded in a string: text as it is, ``true`` and ``null``, JSON for structures.

    :param quote: ignored: payloads and parameters embed text without modification (Runtime Expressions).
    """
    return value if isinstance(value, str) else _json(value)


def evaluate_value(
    value: Any, context: Context, dialect: Dialect = "lenient", *, where: str = "", convert: Convert = to_text
) -> Any:
    """Return a JSON value with the expressions in its strings evaluated and its Selector Objects applied.

    Absent members are left out of objects and are null in arrays; the result is ABSENT if the whole value is.

    :param value: any JSON value; it is not changed.
    :param where: what the value is for, to begin the message of an error (``header 'Authorization'``).
    :param convert: how values are embedded in strings; :func:`to_json_text` for a string that is JSON text.
    :raises EvaluationError: if something absent is embedded in a string, naming the expression; or a selector fails.
    :raises ExpressionSyntaxError: if a string begins like an expression and is none, or a selector cannot be read.
    """

    def inside(item: Any) -> Any:
        return evaluate_value(item, context, dialect, where=where, convert=convert)

    match value:
        case str():
            return _string(value, context, dialect, where, convert)
        case Mapping() if is_selector(value):
            return _selector(value, context, dialect, where)
        case Mapping():
            items = ((name, inside(item)) for name, item in value.items())
            return {name: item for name, item in items if item is not ABSENT}
        case list() | tuple():
            return [None if found is ABSENT else found for found in map(inside, value)]
        case _:
            return value


def evaluate_output(value: Any, context: Context, dialect: Dialect = "lenient") -> Any:
    """Return the value of an output; null if it is absent or cannot be read, which fails no step.

    :raises GaveUpError: if a limit is met, or the value holds what is beyond one.
    """
    try:
        found = evaluate_value(value, context, dialect)
    except (EvaluationError, ExpressionSyntaxError):
        return None
    except RecursionError:
        raise GaveUpError("the value of an output is nested too deep") from None
    is_plain(found)
    return None if found is ABSENT else found


def to_literal(value: Any, quote: str | None = None) -> str:
    """Return a value as it is embedded in a query: a JSON literal, or inside quotes escaped text without the quotes.

    :param quote: the quote that the place is inside of, ``'`` or ``"``; None outside.
    """
    if quote is None:
        return _json(value)
    text = json.dumps(to_text(value), ensure_ascii=False)[1:-1]
    return text if quote == '"' else text.replace('\\"', '"').replace(quote, f"\\{quote}")


def to_json_text(value: Any, quote: str | None = None) -> str:
    """Return a value as it is embedded in JSON text: like :func:`to_text`, but escaped inside a JSON string.

    To the letter the text goes in "without modification"; where that differs, the payload would be no JSON.
    """
    return to_literal(value, quote) if quote == '"' else to_text(value)


def to_xpath(value: Any, quote: str | None = None) -> str:
    """Return a value as it is embedded in an XPath expression: its text, inside quotes with that quote doubled."""
    text = to_text(value)
    return text.replace(quote, quote * 2) if quote else text


def embed(text: str, context: Context, dialect: Dialect = "lenient", *, convert: Convert = to_text) -> str:
    """Return a string with its embedded expressions replaced by the text of their values.

    :param convert: decides the text from the value and the quote that is open where it stands (``'``, ``"`` or None).
    :raises EvaluationError: if an expression is absent, naming it.
    """
    template = parse_template(text, dialect)
    if template.whole is not None:
        value = evaluate(template.whole, context)
        if value is not ABSENT:
            return convert(value, None)
    return _join(template.split or template, context, convert, "")


def _string(text: str, context: Context, dialect: Dialect, where: str, convert: Convert = to_text) -> Any:
    """Evaluate a string: the one expression it is, or the text that it makes."""
    template = parse_template(text, dialect)
    if not template.expressions:
        return text
    if template.whole is None:
        return _join(template, context, convert, where)
    value = evaluate(template.whole, context)
    if value is not ABSENT or template.split is None:
        return value
    begins = template.split.expressions[0]
    if template.sole is not None and evaluate(begins, context) is ABSENT:
        return ABSENT
    return _join(template.split, context, convert, where)


def _join(template: Template, context: Context, convert: Convert, where: str) -> str:
    """Put values into a text, keeping count of its quotes."""
    quote: str | None = None
    done = []
    for index, part in enumerate(template.parts):
        if isinstance(part, str):
            quote = _quote_after(part, quote)
            done.append(part)
            continue
        value = evaluate(part, context)
        if isinstance(value, Unreadable):
            raise UnreadableError(f"{part.text or part}: {value}")
        if value is not ABSENT:
            done.append(convert(value, quote))
        elif isinstance(part, Fixed) and index in template.unbraced:
            done.append(part.text)
        else:
            subject = f"{where}: " if where else ""
            raise AbsentError(f"{subject}{part.text or part} has no value, and is embedded in a string")
    return "".join(done)


def _quote_after(text: str, quote: str | None) -> str | None:
    """Return the quote that is open after a text, given the one open before; a backslash escapes."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote is None and char in "'\"":
            quote = char
        elif char == quote:
            quote = None
    return quote


def _selector(value: Mapping[str, Any], context: Context, dialect: Dialect, where: str) -> Any:
    """Apply a Selector Object; expressions embedded in its selector are evaluated first."""
    kind, version = value["type"], None
    if isinstance(kind, Mapping):
        kind, version = kind["type"], kind.get("version")
    subject = _string(value["context"], context, dialect, where)
    if subject is ABSENT:
        return ABSENT
    written = selector = value["selector"]
    if kind == "jsonpath":
        selector = embed(selector, context, dialect, convert=to_literal)
    elif kind == "xpath" and "{$" in selector:
        selector = embed(selector, context, "strict", convert=to_xpath)
    try:
        return select(subject, selector, kind, version)
    except ExpressionSyntaxError:
        if selector == written:
            raise
        raise EvaluationError(f"selector '{written}' cannot be read with the values embedded in it") from None


def _fixed(expression: Fixed, context: Context) -> Any:
    exchange = context.exchange
    match expression.name:
        case "self":
            return ABSENT if context.self_uri is None else context.self_uri
        case "url":
            return exchange.request.url if exchange else ABSENT
        case "method":
            return exchange.request.method.upper() if exchange else ABSENT
        case _:
            return exchange.response.status if exchange and exchange.response else ABSENT


def require_structure(value: Any, name: str) -> None:
    """Refuse a way into what has no members and no elements; what is empty is let through: absent, null, blank text.

    :param name: what leads into the value, for the message.
    :raises EvaluationError: if the value is text, a number, true or false.
    """
    if isinstance(value, (str, int, float)) and not (isinstance(value, str) and not value.strip()):
        kind = "text" if isinstance(value, str) else "true or false" if isinstance(value, bool) else "a number"
        raise EvaluationError(f"{name} leads into what is no JSON object or array, but {kind}")


def _message(expression: Message, context: Context) -> Any:
    exchange = context.exchange
    if exchange is None:
        return ABSENT
    asked = expression.side == "request"
    match expression.part:
        case "header":
            sender = exchange.request if asked else exchange.response
            found = header(sender.headers, expression.name) if sender else None
            return ABSENT if found is None else found
        case "query" | "path":
            given = (
                (exchange.request.query if expression.part == "query" else exchange.request.path) if asked else _NOTHING
            )
            return _look_up(given, expression.name, expression.loose)
        case _:
            content = exchange.request.content if asked else exchange.content
            if context.judging:
                _require_readable(expression, exchange, content)
            return _point(follow(content, expression.trail), expression.pointer, expression.loose)


def _require_readable(expression: Message, exchange: Exchange, content: Any) -> None:
    """Refuse a body that is there and cannot be read, and a way into one that is no structure."""
    message = exchange.request if expression.side == "request" else exchange.response
    if content is ABSENT and message is not None and (message.body or b"").strip():
        raise EvaluationError(f"{expression.text or expression} names a body that is there and cannot be read")
    if expression.pointer or expression.trail:
        require_structure(content, expression.text or str(expression))


def _named(expression: Named, context: Context) -> Any:
    values: Mapping[str, Any]
    match expression:
        case Input():
            values = context.inputs
        case Output():
            values = context.outputs
        case StepOutput():
            values = context.steps.get(expression.step, _NOTHING)
        case WorkflowValue():
            values = context.workflows.get(expression.workflow, _NOTHING).get(expression.field) or _NOTHING
    if not expression.name:
        return dict(values)
    found = _look_up(values, expression.name, expression.loose)
    return _point(found, expression.pointer, expression.loose)


def _look_up(values: Mapping[str, Any], name: str, loose: bool) -> Any:
    return lookup(values, name) if loose else values.get(name, ABSENT)


def _point(value: Any, pointer: str | None, loose: bool) -> Any:
    return apply_pointer(value, pointer, decode=loose) if pointer and value is not ABSENT else value


def _json(value: Any) -> str:
    return write_json(value, default=str)
