"""Types are kept, unless an operation asks for something else where there is text: a number, truth value or structure.

911 members of public documents have text for a number. Text that cannot be read as what the schema asks for stays
text, and so does all text where the schema allows it, or says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from arazzo.document.schemas import items_of, parts, property_of, target, types_of
from arazzo.json_values import read_json_value

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False}


def converted(schema: Any, value: Any) -> Any:
    """Return a value with texts turned into what a schema asks for; the value itself if there are none.

    :param schema: as much of it as a plan has.
    """
    if not isinstance(schema, dict):
        return value  # nothing is said about it, nor about its content
    match value:
        case str():
            return _from_text(types_of(schema), value)
        case dict():
            changed = {name: converted(property_of(schema, name), item) for name, item in value.items()}
            return value if all(changed[name] is item for name, item in value.items()) else changed
        case list():
            elements = [converted(items_of(schema), item) for item in value]
            return value if all(new is old for new, old in zip(elements, value, strict=True)) else elements
    return value


def _from_text(types: Collection[str], text: str) -> Any:
    if not types or "string" in types:
        return text
    if "boolean" in types and text in _WORDS:
        return _WORDS[text]
    pattern = _NUMBER if "number" in types else _INTEGER if "integer" in types else None
    mark = text.lstrip()[:1]
    structure = (mark == "{" and "object" in types) or (mark == "[" and "array" in types)
    wanted = structure or (pattern is not None and pattern.fullmatch(text) is not None)
    try:
        return read_json_value(text) if wanted else text
    except ValueError:
        return text


def from_header(schema: Any, text: str) -> Any:
    """Return the value that the text of a header stands for, by its schema (style ``simple``).

    :param schema: JSON Schema 2020-12 with its definitions.
    """
    types = {name for part, _ in parts(schema, schema, ("anyOf", "oneOf")) for name in types_of(part)}
    whole = target(schema, schema) or schema
    if "array" in types and "string" not in types:
        items = items_of(whole)
        inner = {**items, "$defs": schema.get("$defs", {})} if isinstance(items, dict) else items
        return [from_header(inner, part.strip()) for part in text.split(",")] if text else []
    if "object" in types and "string" not in types:
        pieces = [piece.strip() for piece in text.split(",")]
        exploded = {name: value for name, _, value in (piece.partition("=") for piece in pieces)}
        return converted(
            whole,
            exploded if "=" in text else dict(zip(pieces[::2], pieces[1::2], strict=False)),
        )
    return _from_text(types, text)
