"""The inputs of a new document: what an API description says of parameters and bodies, for people to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arazzo.document.schema_checks import schema_errors
from arazzo.document.schemas import ANNOTATIONS, HOLDING, mapping, rewritten, sequence, target, type_of
from arazzo.json_values import leaves
from arazzo.openapi.contract_slices import READ_ONLY, slice_schema
from arazzo.openapi.description import Description
from arazzo.openapi.operation import BodySpec, Operation
from arazzo.openapi.schema_slices import folded
from arazzo.openapi.v3 import locate, parameter_objects

#: Keywords with schemas that refuse no more if those refuse less.
_PLAIN = frozenset(
    ("properties", "items", "prefixItems", "additionalProperties", "patternProperties", "allOf", "anyOf", "oneOf")
)
_UNUSED = frozenset(("readOnly", "writeOnly", "$defs"))
#: How many levels are written out, and how many values a schema may have; larger ones get fewer levels.
_DEEPEST, _LARGEST = 5, 150
_NULL = {"type": "null"}


def parameter_schemas(description: Description, operation: Operation) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the schemas of an operation's parameters by name and place; ``formData`` is a place of Swagger 2.0."""
    endpoint = description.standing_at(operation.pointer)[0]
    item, raw = locate(description, endpoint)
    found = {}
    for entry in parameter_objects(description, item, raw):
        media: Any = next(iter(mapping(entry.get("content")).values()), entry)
        schema = description.follow(media).get("schema")
        if schema is None and "type" in entry:  # Swagger 2.0
            schema = {key: value for key, value in entry.items() if key not in ("name", "in", "required")}
        beside: dict[str, Any] = {key: entry[key] for key in ("description", "deprecated") if key in entry}
        if examples := [entry["example"]] if "example" in entry else _examples(description, entry):
            beside["examples"] = examples
        found[str(entry["name"]), str(entry.get("in"))] = {**beside, **input_schema(description, schema)}
    return found


def _examples(description: Description, entry: dict[str, Any]) -> list[Any]:
    named = map(description.follow, mapping(entry.get("examples")).values())
    return [each["value"] for each in named if "value" in each]


def body_schemas(description: Description, operation: Operation, body: BodySpec) -> tuple[Any, dict[str, Any]]:
    """Return the schema of a body, and those of its members that requests may have, as the description has them."""
    schema = description.request_schemas(operation).get(body.content_type, True)
    parameters = parameter_schemas(description, operation).items()
    form = {name: found for (name, place), found in parameters if place == "formData"}
    members = form or mapping(folded(description, schema).get("properties"))
    return schema, {
        name: each for name, each in members.items() if folded(description, each).get("readOnly") is not True
    }


def input_schema(description: Description, schema: Any) -> dict[str, Any]:
    """Return a schema of a description as JSON Schema 2020-12 for an input.

    It is complete in itself, and refuses nothing that the description allows; what is too deep or too large to be read
    is left out.
    """
    whole = mapping(slice_schema(description, schema, READ_ONLY, annotations=True).schema_)
    for depth in range(_DEEPEST, -1, -1):
        written = mapping(_written_out(whole, whole, depth))
        if len(leaves(written)) <= _LARGEST:
            break
    if "type" not in written and (kind := type_of(written)):
        written = {"type": kind, **written}
    return written


def _written_out(schema: Any, whole: Mapping[str, Any], depth: int) -> Any:
    """Return a schema with what it refers to, without what is deeper."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        found = _written_out(target(schema, whole), whole, depth - 1) if depth > 0 else {}
        return _joined([_written_out(beside, whole, depth), mapping(found)])
    kept = {
        name: rewritten(name, value, lambda item, _: _written_out(item, whole, depth - 1))
        for name, value in schema.items()
        if name not in _UNUSED and (name not in HOLDING or (name in _PLAIN and depth > 0))
    }
    if "oneOf" in kept:
        kept.setdefault("anyOf", kept.pop("oneOf"))
    parts = sequence(kept.pop("allOf", None))
    found = _or_null(_joined([kept, *parts]) if parts else kept)
    if "default" in found and schema_errors(found, found["default"]):
        del found["default"]  # the description contradicts itself
    return found


def _joined(parts: list[Any]) -> dict[str, Any]:
    """Return schemas for one value as one schema, if no keyword is in two of them; the first annotations count."""
    whole: dict[str, Any] = {}
    for part in map(mapping, parts):
        for name, value in part.items():
            if name == "properties" and whole.get(name, {}).keys().isdisjoint(value):
                whole[name] = {**whole.get(name, {}), **value}
            elif name == "required":
                whole[name] = list(dict.fromkeys((*whole.get(name, ()), *value)))
            elif whole.setdefault(name, value) != value and name not in ANNOTATIONS:
                return {"allOf": parts}
    return whole


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Write a choice between a type and null as a list of types."""
    choices = [each for each in sequence(schema.get("anyOf")) if each != _NULL]
    if len(choices) != 1 or len(choices) == len(sequence(schema.get("anyOf"))) or "enum" in mapping(choices[0]):
        return schema
    kind = mapping(choices[0]).get("type")
    one = {**mapping(choices[0]), "type": [kind, "null"]} if isinstance(kind, str) else None
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return _joined([rest, one]) if one is not None and rest.keys() <= ANNOTATIONS else schema
