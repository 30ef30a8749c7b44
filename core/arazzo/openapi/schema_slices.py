"""Schemas reduced to what serialization needs, so that plans stay small.

What stays: type, format, content encoding and the names in XML, the same for items and properties down to a bounded
depth, and the names of the members that a body must have. References are resolved; ``allOf`` and the alternatives of
``oneOf`` and ``anyOf`` are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Protocol, TypeVar

from arazzo.document.schemas import properties_of, sequence

KEPT = ("type", "format", "contentEncoding", "contentMediaType", "xml", "collectionFormat")
#: What merges schemas into one.
_MERGED = frozenset(("allOf", "oneOf", "anyOf"))
#: More values than this do not help in a message.
MOST_ENUM_VALUES = 100
#: How many schemas may be merged into one.
DEEPEST_FOLD = 8
#: How many members a schema may keep, at all levels; a larger schema keeps fewer levels.
MOST_MEMBERS = 50_000

Schema = dict[str, Any] | bool
T_co = TypeVar("T_co", covariant=True)
Known = dict[tuple[str, int, int], tuple[Any, Any]]
"""What is known about schemas, by question, schema and depth."""


class Follows(Protocol):
    """Where schemas come from: a description, say."""

    def follow(self, value: Any) -> dict[str, Any]:
        """Return the object that a value is or refers to; an empty one if there is none."""


class Asked(Protocol[T_co]):
    """A question asked once about what a schema is or refers to, at each depth, however many paths lead there.

    :param known: the answers of other questions about the same description.
    :param budget: how many schemas deeper it may be asked.
    """

    def __call__(
        self, description: Follows, schema: Any, known: Known | None = None, budget: int = DEEPEST_FOLD
    ) -> T_co: ...


def _once(question: Callable[[Follows, dict[str, Any], Known, int], T_co]) -> Asked[T_co]:
    @wraps(question)
    def asked(description: Follows, schema: Any, known: Known | None = None, budget: int = DEEPEST_FOLD) -> T_co:
        known = {} if known is None else known
        whole = _followed(description, schema, known)
        key = (question.__name__, id(whole), budget)
        if key not in known:
            known[key] = (whole, question(description, whole, known, budget))
        answer: T_co = known[key][1]
        return answer

    return asked


def _followed(description: Follows, schema: Any, known: Known) -> dict[str, Any]:
    if isinstance(schema, dict) and "$ref" not in schema:
        return schema  # as most are
    key = ("", id(schema), 0)
    if key not in known:
        known[key] = (schema, description.follow(schema))  # kept together with the object whose id is used
    whole: dict[str, Any] = known[key][1]
    return whole


def prune(description: Follows, schema: Any, depth: int, *, values: bool = False) -> Schema:
    """Return what serialization needs from a schema.

    :param depth: how many levels of items and properties stay; 0 for the schema alone.
    :param values: whether to keep the values that the schema itself enumerates, for messages.
    """
    known: Known = {}
    while depth > 0 and _members(description, schema, known, depth) > MOST_MEMBERS:
        depth -= 1
    return _pruned(description, schema, depth, known, values=values)


@_once
def _members(description: Follows, schema: dict[str, Any], known: Known, depth: int) -> int:
    whole = folded(description, schema, known)
    parts = [*properties_of(whole).values(), *([whole["items"]] if "items" in whole else [])] if depth > 0 else []
    return 1 + sum(_members(description, part, known, depth - 1) for part in parts)


def _pruned(description: Follows, schema: Any, depth: int, known: Known, *, values: bool = False) -> Schema:
    if not isinstance(schema, dict):
        return schema if isinstance(schema, bool) else True
    whole = folded(description, schema, known)
    kept = {key: whole[key] for key in KEPT if key in whole}
    if values and 0 < len(sequence(whole.get("enum"))) <= MOST_ENUM_VALUES:
        kept["enum"] = whole["enum"]
    if depth > 0 and "items" in whole:
        kept["items"] = _pruned(description, whole["items"], depth - 1, known)
    if depth > 0 and (members := properties_of(whole)):
        kept["properties"] = {name: _pruned(description, part, depth - 1, known) for name, part in members.items()}
    return kept or True


def required_members(description: Follows, schema: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the members of a body that its schema requires, and those among them that may be null.

    This includes what any part of an ``allOf`` requires, and what all branches of ``oneOf`` and ``anyOf`` require.
    Read-only members are not for requests.
    """
    known: Known = {}
    found = _required(description, schema, known)
    properties = properties_of(folded(description, schema, known))
    asked = {
        name: properties.get(name, True)
        for name in found
        if folded(description, properties.get(name), known).get("readOnly") is not True
    }
    nullable = (name for name, part in asked.items() if allows_null(description, part, known))
    return tuple(asked), tuple(nullable)


@_once
def _required(description: Follows, whole: dict[str, Any], known: Known, budget: int) -> dict[str, None]:
    found = {name: None for name in sequence(whole.get("required")) if isinstance(name, str)}
    if budget == 0:
        return found
    for part in sequence(whole.get("allOf")):
        found |= _required(description, part, known, budget - 1)
    for key in ("oneOf", "anyOf"):
        branches = [
            _required(description, part, known, budget - 1)
            for part in sequence(whole.get(key))
            if _followed(description, part, known).get("type") != "null"
        ]
        found |= {name: None for name in (branches or [{}])[0] if all(name in branch for branch in branches)}
    return found


@_once
def allows_null(description: Follows, whole: dict[str, Any], known: Known, budget: int) -> bool:
    """Tell whether a schema allows null: it says so (also by ``nullable`` of 3.0), or says nothing."""
    if whole.get("nullable") is True or budget == 0:
        return True
    types = whole.get("type", "null")
    values = whole.get("enum", [whole["const"]] if "const" in whole else [None])
    if "null" not in (types if isinstance(types, list) else [types]) or None not in sequence(values):
        return False
    inner = {key: sequence(whole.get(key)) for key in ("allOf", "oneOf", "anyOf")}
    return all(allows_null(description, part, known, budget - 1) for part in inner["allOf"]) and all(
        any(allows_null(description, part, known, budget - 1) for part in inner[key])
        for key in ("oneOf", "anyOf")
        if inner[key]
    )


@_once
def folded(description: Follows, whole: dict[str, Any], known: Known, budget: int) -> dict[str, Any]:
    """Return a schema merged with its ``allOf`` and with what all its alternatives say."""
    if budget == 0 or _MERGED.isdisjoint(whole):
        return whole
    parts = [folded(description, part, known, budget - 1) for part in sequence(whole.get("allOf"))]
    named = (part for key in ("oneOf", "anyOf") for part in sequence(whole.get(key)))
    chosen = [folded(description, part, known, budget - 1) for part in named]
    return merged([whole, *parts, *_agreeing(chosen)]) if parts or chosen else whole


def _agreeing(alternatives: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the alternatives without the null one, and without what only some of them say about the type."""
    real = [part for part in alternatives if part.get("type") != "null"]
    if (types := _types_of_all(real)) is not None:
        real = [{**part, "type": types} for part in real]
    for key in ("type", "format", "enum", "items", "contentEncoding", "contentMediaType"):
        if any(part.get(key) != real[0].get(key) for part in real):
            real = [{name: item for name, item in part.items() if name != key} for part in real]
    return real


def _types_of_all(alternatives: list[dict[str, Any]]) -> list[str] | None:
    """Return the types of all alternatives together, if each has one, none is text, and none has members."""
    said = [part.get("type") for part in alternatives]
    types = dict.fromkeys(str(name) for kind in said for name in (kind if isinstance(kind, list) else [kind]))
    known = all(said) and not any(part.get("properties") for part in alternatives)
    return list(types) if known and len(types) > 1 and "string" not in types else None


def merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return schemas merged, with the properties of all; where two disagree, the first counts."""
    whole: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for part in parts:
        properties = {**properties_of(part), **properties}
        whole = {**part, **whole}
    return {**whole, "properties": properties} if properties else whole
