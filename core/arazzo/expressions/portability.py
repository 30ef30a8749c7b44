"""What only the lenient dialect reads in a string, and the spelling that every reader of Arazzo understands."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import TypeAlias

from arazzo.expressions.navigation import declared_prefix, trail_tokens
from arazzo.expressions.nodes import Expression, Input, Message, Output, StepOutput, WorkflowValue
from arazzo.expressions.parser import is_strict
from arazzo.expressions.templates import parse_template
from arazzo.frozen import dataclass
from arazzo.pointer import to_pointer

Declared: TypeAlias = Callable[[Expression], "Container[str] | None"]
"""Returns the names declared where an expression looks (inputs, outputs of its step); None if they are unknown."""


@dataclass(frozen=True)
class Loose:
    """An expression that only the lenient dialect reads.

    :param offset: where it begins in the string.
    :param expression: as read in lenient.
    :param portable: the strict spelling, with braces where it is embedded; None if it has none (a name with a space).
    """

    offset: int
    expression: Expression
    portable: str | None


def find_loose(text: str, declared: Declared | None = None) -> tuple[Loose, ...]:
    """Return the expressions of a string that strict would not read, or would read differently, in order.

    :param text: any string of a document.
    :param declared: tells names and navigation apart in ``$inputs.a.b``; without it, what strict accepts is a name.
    :raises ExpressionSyntaxError: where lenient cannot read the string either.
    """
    template = parse_template(text, "lenient")
    found = []
    for index, part in enumerate(template.parts):
        if isinstance(part, str):
            continue
        spelling = portable(part, declared)
        embedded = template.sole is None
        if index in template.unbraced or spelling != part.text or (not embedded and text != part.text):
            written = f"{{{spelling}}}" if embedded and spelling else spelling
            found.append(Loose(template.offsets[index], part, written))
    return tuple(found)


def portable(expression: Expression, declared: Declared | None = None) -> str | None:
    """Return the strict spelling of an expression; None if it has none."""
    match expression:
        case Message(trail=trail) if trail:
            pointer = to_pointer(trail_tokens(trail) or ())
            return f"${expression.side}.{expression.part}#{pointer}"
        case Input() | Output() | StepOutput() | WorkflowValue() if expression.loose:
            names = declared(expression) if declared else None
            spelling = _navigated(expression, names)
        case _:
            spelling = expression.text if is_strict(expression.text) else str(expression)
    return spelling if spelling and is_strict(spelling) else None


def declared_name(expression: Expression, names: Container[str]) -> str | None:
    """Return the declared name that an expression means, by the rules of evaluation; None if it means none.

    :param names: the names declared where the expression looks.
    """
    name = getattr(expression, "name", None)
    if not name:
        return None
    if name in names or not getattr(expression, "loose", False):
        return name if name in names else None
    if (prefix := declared_prefix(name, names)) is not None:
        return prefix
    first = re.match(r"[\w-]+", name)
    return first[0] if first and first[0] in names else None


def _navigated(expression: Input | Output | StepOutput | WorkflowValue, names: Container[str] | None) -> str | None:
    """Write a loose name as a name and a pointer."""
    text, name = expression.text or str(expression), expression.name
    strict = is_strict(text)
    if names is None:
        head = name if strict else re.split(r"[.\[]", name, maxsplit=1)[0]
    else:
        head = declared_prefix(name, names) or name
    if head == name:
        return text
    tokens = trail_tokens(name[len(head) :])
    if tokens is None:
        return None
    prefix = text[: text.rindex(name)]
    return f"{prefix}{head}#{to_pointer(tokens)}{expression.pointer or ''}"
