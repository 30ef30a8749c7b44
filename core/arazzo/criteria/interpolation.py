"""Putting values into the text of a condition that embeds runtime expressions (regex, jsonpath, xpath)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arazzo.absent import ABSENT, Unreadable
from arazzo.criteria.syntax_tree import Remark
from arazzo.errors import AbsentError, UnreadableError
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate
from arazzo.expressions.nodes import Expression
from arazzo.expressions.templates import Template

#: Writes the text for an expression, given the quote it is in (or "") and the text before it.
Render = Callable[[Expression, str, str], str]


def embeds(template: Template) -> bool:
    """Return whether a text embeds runtime expressions."""
    return any(not isinstance(part, str) for part in template.parts)


def fill(template: Template, render: Render, *, escapes: bool = False) -> str:
    """Return the text with its expressions replaced.

    :param template: the text.
    :param render: what to write for an expression.
    :param escapes: whether a backslash in a quoted string keeps the next character from ending it.
    """
    filled, quote = "", ""
    for part in template.parts:
        if isinstance(part, str):
            filled += part
            quote = _quote_after(part, quote, escapes)
        else:
            filled += render(part, quote, filled)
    return filled


def placeholder(_: Expression, quote: str, before: str) -> str:
    """Write something for an expression that has no value yet, so that a JSONPath query can be read."""
    return "x" if quote or before.endswith(".") else "0"


def braced(template: Template) -> Remark | None:
    """Return a remark with the text in braces, if it embeds runtime expressions without braces."""
    if not template.unbraced:
        return None
    text, written = "", 0
    for index in sorted(template.unbraced):
        part, start = template.parts[index], template.offsets[index]
        end = start + (len(part) if isinstance(part, str) else len(part.text))
        text += f"{template.text[written:start]}{{{template.text[start:end]}}}"
        written = end
    first = template.offsets[min(template.unbraced)]
    return Remark(first, "an embedded runtime expression needs braces", f"portable: {text}{template.text[written:]}")


def present(expression: Expression, context: Context, *, text: bool) -> Any:
    """Return the value of an embedded expression.

    :param text: whether it is embedded as text: then null is an error, except in strict.
    :raises AbsentError: if it is absent, or null where text is embedded, naming it.
    :raises UnreadableError: if it leads into an answer that cannot be read.
    """
    value = readable(evaluate(expression, context), expression.text)
    if value is ABSENT:
        raise AbsentError(f"{expression.text}, which the condition embeds, is absent")
    if value is None and text and context.dialect == "lenient":
        raise AbsentError(f"{expression.text}, which the condition embeds as text, is null")
    return value


def readable(value: Any, name: str) -> Any:
    """Return a value that a condition looks at.

    :raises UnreadableError: if it leads into an answer that cannot be read.
    """
    if isinstance(value, Unreadable):
        raise UnreadableError(f"{name}: {value}")
    return value


def original_offset(template: Template, render: Render, offset: int, *, escapes: bool = False) -> int:
    """Return the offset in the text as written for one in the filled text; for one in a value, its expression's offset.

    :param offset: characters from 0 in the filled text.
    """
    widths: list[int] = []

    def measured(expression: Expression, quote: str, before: str) -> str:
        rendered = render(expression, quote, before)
        widths.append(len(rendered))
        return rendered

    fill(template, measured, escapes=escapes)
    remaining = iter(widths)
    filled, written = 0, 0
    for part, start in zip(template.parts, template.offsets, strict=True):
        width = len(part) if isinstance(part, str) else next(remaining)
        written = start + (offset - filled if isinstance(part, str) else 0)
        if offset < filled + width:
            return written
        filled += width
    return min(written, len(template.text))


def _quote_after(text: str, quote: str, escapes: bool) -> str:
    """Return the quote that is open after a text that starts inside ``quote``."""
    skip = False
    for char in text:
        if skip:
            skip = False
        elif char == "\\" and quote and escapes:
            skip = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return quote
