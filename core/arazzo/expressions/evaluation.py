"""Expressions to values.

Absent and null differ. What is absent is left out of objects, and is an error in arrays and inside a string; in
lenient, so is null inside a string. What is unreadable is an error wherever a value is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from arazzo.absent import ABSENT, NOT_RUN, UNKNOWN, Absent, Unreadable
from arazzo.errors import AbsentError, EvaluationError, ExpressionSyntaxError, GaveUpError, UnreadableError
from arazzo.expressions.context import Context, Dialect
from arazzo.expressions.header_values import header_value
from arazzo.expressions.navigation import apply_pointer, enter_by_name, follow, lookup
from arazzo.expressions.nodes import (
    RESPONSE_BODY,
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
    reads_all,
)
from arazzo.expressions.open_members import OpenMembers, all_members
from arazzo.expressions.selectors import branches, select
from arazzo.expressions.templates import (
    Template,
    find_expressions,
    is_selector,
    parse_selected,
    parse_template,
)
from arazzo.json_values import is_plain, write_json

Convert: TypeAlias = Callable[[Any, "str | None"], str]
"""Makes the text to embed, from a value and the quote around it."""

Gap: TypeAlias = Callable[[Any, "str | None"], "str | None"]
"""Makes the text to embed for what is absent or null, given the quote around it; None where that is an error."""

_NOTHING: Mapping[str, Any] = {}


def evaluate(expression: Expression, context: Context) -> Any:
    """Return the value of an expression with its type, ABSENT, or Unreadable.

    Header names are compared ignoring case.

    :param expression: a node from :func:`~arazzo.expressions.parser.parse_expression`.
    :param context: what the expression may name.
    :raises UnreadableError: only where a criterion is judged (:attr:`Context.judging`): if the value is unreadable, or
        would have come from a step that failed or got no answer.
    :raises EvaluationError: likewise, if the expression leads into a body that is neither object nor array.
    """
    value = _found(expression, context)
    if isinstance(value, OpenMembers) and not context.judging:
        value = value.known
    if context.judging and isinstance(value, Unreadable):
        raise _unreadable(value, expression.text or str(expression))
    if context.judging and value is UNKNOWN:
        raise UnreadableError(f"{expression.text or expression} is not known: what gives it failed or got no answer")
    return ABSENT if isinstance(value, Absent) else value


def kind_of_absent(expression: Expression, context: Context) -> Absent | None:
    """Return which kind of absent an expression is; None if it has a value."""
    value = _found(expression, context)
    if isinstance(value, OpenMembers):
        return value.kind
    return value if isinstance(value, Absent) else None


def known_kind(value: Any, found: Any, context: Context, dialect: Dialect = "lenient") -> Any:
    """Return the result of a JSON value, or which kind of absent it is: unknown as soon as a part of it is.

    :param value: as written.
    :param found: its result.
    """
    if found is not ABSENT and isinstance(value, str):
        return found
    kinds: set[Absent | None] = set()
    with suppress(ExpressionSyntaxError):
        kinds = {kind_of_absent(expression, context) for _, expression in find_expressions(value, dialect)}
    if UNKNOWN in kinds:
        return UNKNOWN
    several = context.newer and is_selector(value) and branches(value["selector"])  # more might have been found
    return NOT_RUN if (found is ABSENT or several) and NOT_RUN in kinds else found


def _found(expression: Expression, context: Context) -> Any:
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


def no_text(value: Any, quote: str | None = None) -> str | None:
    """Return no text: no string can embed what is absent or null."""
    return None


def null_literal(value: Any, quote: str | None = None) -> str | None:
    """Return ``null`` for a null outside of quotes, as a query spells it."""
    return "null" if value is None and quote is None else None


def evaluate_value(
    value: Any,
    context: Context,
    dialect: Dialect = "lenient",
    *,
    where: str = "",
    convert: Convert = to_text,
    gap: Gap = no_text,
) -> Any:
    """Return a JSON value with the expressions in its strings evaluated and its Selector Objects applied.

    Absent members are left out of objects; the result is ABSENT if the whole value is. An absent element of an array is
    an error; in strict it is null.

    :param value: any JSON value; it is not changed.
    :param where: what the value is for, for the start of an error message (``header 'Authorization'``).
    :param convert: how values are embedded in strings; :func:`to_json_text` for a string that is JSON text.
    :param gap: what is embedded for what is absent or null.
    :raises AbsentError: if a string embeds something absent (in lenient, or null), naming the expression.
    :raises UnreadableError: if something in it is unreadable, or a string embeds the cookies that an answer sets.
    :raises EvaluationError: if something absent stands in an array.
    :raises ExpressionSyntaxError: if a string begins like an expression but is not one, or a selector cannot be read.
    """

    def inside(item: Any) -> Any:
        return evaluate_value(item, context, dialect, where=where, convert=convert, gap=gap)

    match value:
        case str():
            return _readable(_string(value, context, dialect, where, convert, gap), value, where)
        case Mapping() if context.newer and is_selector(value):
            return _readable(_selector(value, context, dialect, where), f"selector {value['selector']!r}", where)
        case Mapping():
            items = ((name, inside(item)) for name, item in value.items())
            return {name: item for name, item in items if item is not ABSENT}
        case list() | tuple():
            return [_element(item, inside(item), dialect, where) for item in value]
        case _:
            return value


def _element(written: Any, value: Any, dialect: Dialect, where: str) -> Any:
    if value is not ABSENT:
        return value
    if dialect == "lenient":
        raise EvaluationError(f"{_subject(where)}{_spelled(written)} has no value, and is an element of an array")
    return None


def evaluate_output(value: Any, context: Context, dialect: Dialect = "lenient", *, origin: str = "") -> Any:
    """Return the value of an output, which may be a kind of absent or Unreadable, as no output fails a step.

    An output that embeds what is absent is absent; one whose expression nobody can read is unreadable.

    :param origin: what the output is, for whoever uses it later: ``output 'token' of step 'login'``.
    :raises GaveUpError: if a limit is met, or the value holds what is beyond one.
    """
    try:
        found = evaluate_value(value, context, dialect)
    except UnreadableError as error:
        return Unreadable(error.reason, error.origin or origin)
    except RecursionError:
        raise GaveUpError("the value of an output is nested too deep") from None
    except ExpressionSyntaxError as error:
        return Unreadable.miswritten(error.message, origin)
    except EvaluationError:
        found = ABSENT
    is_plain(found)
    return known_kind(value, found, context, dialect)


def to_literal(value: Any, quote: str | None = None) -> str:
    """Return a value as a query embeds it: as a JSON literal, or inside quotes as escaped text without the quotes.

    :param quote: the quote around the place, ``'`` or ``"``; None outside of quotes.
    """
    if quote is None:
        return _json(value)
    text = json.dumps(to_text(value), ensure_ascii=False)[1:-1]
    return text if quote == '"' else text.replace('\\"', '"').replace(quote, f"\\{quote}")


def to_json_text(value: Any, quote: str | None = None) -> str:
    """Return a value as JSON text embeds it: as a JSON value, or inside a JSON string as escaped text.

    To the letter the text goes in "without modification"; where that differs, the payload would not be JSON.
    """
    return to_literal(value, quote) if quote == '"' else to_literal(value) if isinstance(value, str) else to_text(value)


def to_xpath(value: Any, quote: str | None = None) -> str:
    """Return a value as an XPath expression embeds it: as its text, inside quotes with that quote doubled."""
    text = to_text(value)
    return text.replace(quote, quote * 2) if quote else text


def _xpath_text(value: Any, quote: str | None = None) -> str:
    """Return the text of a value for an XPath expression: null has none."""
    if value is None:
        raise AbsentError("null is embedded in an XPath expression")
    return to_xpath(value, quote)


def embed(
    text: str,
    context: Context,
    dialect: Dialect = "lenient",
    *,
    convert: Convert = to_text,
    gap: Gap = no_text,
    where: str = "",
) -> str:
    """Return a string with its embedded expressions replaced by the text of their values.

    :param convert: makes the text from the value and the quote that is open there (``'``, ``"`` or None).
    :param gap: as for :func:`evaluate_value`.
    :raises AbsentError: if an expression is absent (in lenient, or null), naming it.
    :raises UnreadableError: if one is unreadable.
    """
    template = parse_template(text, dialect)
    if template.whole is not None:
        value = _readable(evaluate(template.whole, context), template.whole, where)
        if value is None and dialect == "lenient":
            return _filled(template.whole, value, gap(value, None), where)
        if value is not ABSENT:
            return convert(value, None)
    return _join(template.split or template, context, dialect, where, convert, gap)


def _string(
    text: str, context: Context, dialect: Dialect, where: str, convert: Convert = to_text, gap: Gap = no_text
) -> Any:
    """Evaluate a string: return the value of the expression that it is, or the text that it makes."""
    template = parse_template(text, dialect)
    if not template.expressions:
        return text
    if template.whole is None:
        return _join(template, context, dialect, where, convert, gap)
    value = evaluate(template.whole, context)
    if value is not ABSENT or template.split is None:
        return value
    begins = template.split.expressions[0]
    if template.sole is not None and evaluate(begins, context) is ABSENT:
        return ABSENT
    return _join(template.split, context, dialect, where, convert, gap)


def _join(template: Template, context: Context, dialect: Dialect, where: str, convert: Convert, gap: Gap) -> str:
    """Put values into a text, keeping count of its quotes."""
    quote: str | None = None
    done = []
    for index, part in enumerate(template.parts):
        if isinstance(part, str):
            quote = _quote_after(part, quote)
            done.append(part)
            continue
        value = _readable(evaluate(part, context), part, where)
        if value is ABSENT and isinstance(part, Fixed) and index in template.unbraced:
            done.append(part.text)
        elif value is ABSENT or (value is None and dialect == "lenient"):
            done.append(_filled(part, value, gap(value, quote), where))
        else:
            done.append(convert(_one(part, value, where), quote))
    return "".join(done)


def _filled(part: Expression, value: Any, text: str | None, where: str) -> str:
    """Return the text to embed for what is absent or null; AbsentError if there is none."""
    if text is None:
        state = "has no value" if value is ABSENT else "is null"
        raise AbsentError(f"{_subject(where)}{part.text or part} {state}, and is embedded in a string")
    return text


def _one(part: Expression, value: Any, where: str) -> Any:
    """Return a value to embed, except the list of cookies that an answer sets, since no text holds several."""
    if isinstance(part, Message) and part.part == "header" and isinstance(value, list):
        reason = f"{part.text or part} is a list, and is embedded in a string"
        raise UnreadableError(f"{_subject(where)}{reason}", reason)
    return value


def _readable(value: Any, written: Any, where: str) -> Any:
    if isinstance(value, Unreadable):
        raise _unreadable(value, f"{_subject(where)}{_spelled(written)}")
    return value


def _unreadable(value: Unreadable, subject: str) -> UnreadableError:
    return UnreadableError(f"{subject}: {value}", value.reason, value.origin)


def _subject(where: str) -> str:
    return f"{where}: " if where else ""


def _spelled(written: Any) -> str:
    match written:
        case str():
            return written.strip()
        case Mapping():
            return f"selector {written.get('selector')!r}"
    return str(getattr(written, "text", "") or written)


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
    subject = _selected_from(value["context"], kind, context, dialect, where)
    if subject is ABSENT or isinstance(subject, Unreadable):
        return subject
    written = selector = value["selector"]
    if kind == "jsonpath":
        selector = embed(selector, context, dialect, convert=to_literal, gap=null_literal)
    elif kind == "xpath" and "{$" in selector:
        selector = embed(selector, context, "strict", convert=to_xpath if dialect == "strict" else _xpath_text)
    try:
        return select(subject, selector, kind, version)
    except ExpressionSyntaxError:
        if selector == written:
            raise
        return Unreadable(f"selector '{written}' cannot be read with the values embedded in it")
    except EvaluationError as error:
        return Unreadable(str(error))


def _selected_from(text: str, kind: str, context: Context, dialect: Dialect, where: str) -> Any:
    """Return what a selector is applied to; for a whole body, what paths into it look at."""
    whole = parse_selected(text, dialect).sole
    if whole is not None and reads_all(whole):
        return _readable(evaluate(whole, context), text, where)
    if whole == RESPONSE_BODY and kind != "xpath" and context.exchange is not None:
        return context.exchange.structure
    return _string(text, context, dialect, where)


def _fixed(expression: Fixed, context: Context) -> Any:
    exchange = context.exchange
    match expression.name:
        case "self" if not context.newer:
            return "$self"
        case "self":
            return ABSENT if context.self_uri is None else context.self_uri
        case "url":
            return exchange.request.url if exchange and not exchange.is_call else ABSENT
        case "method":
            return exchange.request.method.upper() if exchange and not exchange.is_call else ABSENT
        case _:
            return exchange.response.status if exchange and exchange.response else ABSENT


def require_structure(value: Any, name: str) -> None:
    """Refuse a path into a value without members or elements; what is empty is let through: absent, null, blank text.

    :param name: what leads into the value, for the message.
    :raises EvaluationError: if the value is text, a number, true or false.
    """
    if isinstance(value, (str, int, float)) and not (isinstance(value, str) and not value.strip()):
        kind = "text" if isinstance(value, str) else "true or false" if isinstance(value, bool) else "a number"
        raise EvaluationError(f"{name} leads into what is not a JSON object or array, but {kind}")


def _message(expression: Message, context: Context) -> Any:
    exchange = context.exchange
    if exchange is None:
        return ABSENT
    asked = expression.side == "request"
    match expression.part:
        case "header":
            return header_value(expression, exchange, context)
        case "query" | "path":
            given = (
                (exchange.request.query if expression.part == "query" else exchange.request.path) if asked else _NOTHING
            )
            return _look_up(given, expression.name, expression.loose)
        case _:
            inward = bool(expression.pointer or expression.trail)
            content = exchange.request.content if asked else exchange.structure if inward else exchange.content
            if context.judging and inward:
                require_structure(content, expression.text or str(expression))
            return _point(follow(content, expression.trail), expression.pointer, expression.loose)


def _named(expression: Named, context: Context) -> Any:
    values: Mapping[str, Any] | None
    match expression:
        case Input():
            values = context.inputs
        case Output():
            values = context.outputs
        case StepOutput():
            values = context.steps.get(expression.step)
        case WorkflowValue():
            completed = context.workflows.get(expression.workflow)
            values = None if completed is None else completed.get(expression.field) or _NOTHING
    if values is None:
        return NOT_RUN
    if not expression.name:
        return all_members(values, expression.text)
    found = _look_up(values, expression.name, expression.loose)
    if expression.pointer and isinstance(found, str) and found.strip() and _is_output(expression):
        return Unreadable("it is text, which has no members")
    return _point(found, expression.pointer, expression.loose)


def _is_output(expression: Named) -> bool:
    return isinstance(expression, (Output, StepOutput)) or getattr(expression, "field", "") == "outputs"


def require_structured_output(expression: Expression, context: Context) -> None:
    """Refuse a path into an output without members or elements, for readers that see only where the path leads.

    :raises EvaluationError: if that output is text, a number, true or false.
    """
    match expression:
        case StepOutput(step=step, name=name):
            values = context.steps.get(step, _NOTHING)
        case Output(name=name):
            values = context.outputs
        case WorkflowValue(workflow=workflow, field="outputs", name=name):
            values = context.workflows.get(workflow, _NOTHING).get("outputs") or _NOTHING
        case _:
            return
    found, trail = enter_by_name(values, name) if expression.loose else (values.get(name), "")
    if trail or expression.pointer:
        require_structure(found, expression.text or str(expression))


def _look_up(values: Mapping[str, Any], name: str, loose: bool) -> Any:
    return lookup(values, name) if loose else values.get(name, ABSENT)


def _point(value: Any, pointer: str | None, loose: bool) -> Any:
    return apply_pointer(value, pointer, decode=loose) if pointer and not isinstance(value, Absent) else value


def _json(value: Any) -> str:
    return write_json(value, default=str)
