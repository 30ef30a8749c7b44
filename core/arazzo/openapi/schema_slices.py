"""Schemas cut down to what serialization asks of them, so that plans stay small.

What stays: type, format, the encoding of content, the names in XML, and the same of items and properties down to
a bounded depth; beside it, the names of the members that a body has to have. References are resolved, ``allOf`` and the
alternatives of ``oneOf`` and ``anyOf`` are folded in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from arazzo.document.schemas import properties_of, sequence

KEPT = ("type", "format", "contentEncoding", "contentMediaType", "xml", "collectionFormat")
#: More values than this are no help in a message.
MOST_ENUM_VALUES = 100
#: How many schemas may be folded into one.
DEEPEST_FOLD = 8

Schema = dict[str, Any] | bool


class Follows(Protocol):
    """Where schemas come from: a description, say."""

    def follow(self, value: Any) -> dict[str, Any]:
        """Return the object that a value is or refers to; an empty one if it is or leads to none."""


def prune(description: Follows, schema: Any, depth: int, *, values: bool = False) -> Schema:
    """Return what serialization needs of a schema.

    :param depth: how many levels of items and properties stay; 0 for the schema by itself.
    :param values: keep the values that the schema itself enumerates, for messages.
    """
    if not isinstance(schema, dict):
        return schema if isinstance(schema, bool) else True
    whole = folded(description, schema)
    kept = {key: whole[key] for key in KEPT if key in whole}
    if values and 0 < len(sequence(whole.get("enum"))) <= MOST_ENUM_VALUES:
        kept["enum"] = whole["enum"]
    if depth > 0 and "items" in whole:
        kept["items"] = prune(description, whole["items"], depth - 1)
    if depth > 0 and properties_of(whole):
        kept["properties"] = {name: prune(description, part, depth - 1) for name, part in whole["properties"].items()}
    return kept or True


def required_members(description: Follows, schema: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which members of a body its schema requires, and which of them may be null.

    What every part of an ``allOf`` requires counts, and of ``oneOf`` and ``anyOf`` what every branch does. What is read
    only is not for requests.
    """
    found = _required(description, schema)
    properties = properties_of(folded(description, schema))
    asked = {
        name: properties.get(name, True)
        for name in found
        if folded(description, properties.get(name)).get("readOnly") is not True
    }
    nullable = (name for name, part in asked.items() if allows_null(description, part))
    return tuple(asked), tuple(nullable)


def _required(description: Follows, schema: Any, budget: int = DEEPEST_FOLD) -> dict[str, None]:
    whole = description.follow(schema)
    found = {name: None for name in sequence(whole.get("required")) if isinstance(name, str)}
    if budget == 0:
        return found
    for part in sequence(whole.get("allOf")):
        found |= _required(description, part, budget - 1)
    for key in ("oneOf", "anyOf"):
        branches = [
            _required(description, part, budget - 1)
            for part in sequence(whole.get(key))
            if description.follow(part).get("type") != "null"
        ]
        found |= {name: None for name in (branches or [{}])[0] if all(name in branch for branch in branches)}
    return found


def allows_null(description: Follows, schema: Any, budget: int = DEEPEST_FOLD) -> bool:
    """Tell whether null is a value for a schema: where that says so (``nullable`` of 3.0, too), or says nothing."""
    whole = description.follow(schema)
    if whole.get("nullable") is True or budget == 0:
        return True
    types = whole.get("type", "null")
    values = whole.get("enum", [whole["const"]] if "const" in whole else [None])
    if "null" not in (types if isinstance(types, list) else [types]) or None not in sequence(values):
        return False
    inner = {key: sequence(whole.get(key)) for key in ("allOf", "oneOf", "anyOf")}
    return all(allows_null(description, part, budget - 1) for part in inner["allOf"]) and all(
        any(allows_null(description, part, budget - 1) for part in inner[key])
        for key in ("oneOf", "anyOf")
        if inner[key]
    )


def folded(description: Follows, schema: Any, budget: int = DEEPEST_FOLD) -> dict[str, Any]:
    """Return a schema with what its ``allOf`` says laid together, and what all its alternatives say."""
    whole = description.follow(schema)
    if budget == 0:
        return whole
    parts = [folded(description, part, budget - 1) for part in sequence(whole.get("allOf"))]
    chosen = [folded(description, part, budget - 1) for key in ("oneOf", "anyOf") for part in sequence(whole.get(key))]
    return merged([whole, *parts, *_agreeing(chosen)]) if parts or chosen else whole


def _agreeing(alternatives: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the alternatives without the null one, and without what only some of them say of the type."""
    real = [part for part in alternatives if part.get("type") != "null"]
    if (types := _types_of_all(real)) is not None:
        real = [{**part, "type": types} for part in real]
    for key in ("type", "format", "enum", "items", "contentEncoding", "contentMediaType"):
        if any(part.get(key) != real[0].get(key) for part in real):
            real = [{name: item for name, item in part.items() if name != key} for part in real]
    return real


def _types_of_all(alternatives: list[dict[str, Any]]) -> list[str] | None:
    """Return the types that alternatives have between them, if each says one, no text is one, and none has members."""
    said = [part.get("type") for part in alternatives]
    types = dict.fromkeys(str(name) for kind in said for name in (kind if isinstance(kind, list) else [kind]))
    known = all(said) and not any(part.get("properties") for part in alternatives)
    return list(types) if known and len(types) > 1 and "string" not in types else None


def merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return schemas laid together, with the properties of all; where two say something else, the first counts."""
    whole: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for part in parts:
        properties = {**properties_of(part), **properties}
        whole = {**part, **whole}
    return {**whole, "properties": properties} if properties else whole
