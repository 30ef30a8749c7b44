"""The inputs that a workflow declares: what its JSON Schema says of them by name.

Schemas of inputs are put together by ``allOf`` (references with other keywords beside them become that when they are
written out), so every part of one counts: its ``properties``, its ``required``, its defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from arazzo.document.meta_schema import subschemas
from arazzo.errors import EvaluationError
from arazzo.limits import current_limits

#: Keywords whose schemas hold for the same value, some of them in some cases only.
_LISTS = ("anyOf", "oneOf")
_BRANCHES = ("if", "then", "else")
_MISSING = object()


@dataclass(frozen=True)
class DeclaredInputs:
    """Inputs by name.

    :param schemas: the schema of each, in document order, with the definitions that it needs.
    :param required: names that have to be given, whichever branch of the schema holds.
    """

    schemas: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The values of inputs that are not given, by name."""
        found = {name: _default(schema, schema) for name, schema in self.schemas.items()}
        return {name: value for name, value in found.items() if value is not _MISSING}


def declared_inputs(schema: Any, *, choices: bool = False) -> DeclaredInputs:
    """Return the inputs that a schema declares.

    What several parts say of one input is taken together; the schema itself overrules the parts below it.

    :param schema: JSON Schema of all inputs, references written out.
    :param choices: whether names count that only some branch has, of ``anyOf`` or ``if`` say; none of them is required.
    """
    schemas: dict[str, Any] = {}
    required: dict[str, None] = {}
    for part, always in _parts(schema, schema, choices, frozenset()):
        properties, names = part.get("properties"), part.get("required")
        for name, item in properties.items() if isinstance(properties, Mapping) else ():
            known = schemas.setdefault(name, item)
            if isinstance(item, Mapping) and isinstance(known, Mapping):
                schemas[name] = {**item, **known}
        if always and isinstance(names, list):
            required.update(dict.fromkeys(name for name in names if isinstance(name, str)))
    whole = {name: with_definitions(item, schema) for name, item in schemas.items()}
    return DeclaredInputs(whole, tuple(required))


def parts_of(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all that say something of the same value, in whatever branch; references written out."""
    return (part for part, _ in _parts(schema, schema, True, frozenset()))


def names_input(schema: Any, name: str) -> bool:
    """Say whether a schema names an input, in whatever part or branch, or says of which kind those without a name are.

    :param schema: JSON Schema of all inputs, references written out.
    """
    for part in parts_of(schema):
        open_for = (part.get("additionalProperties", False), part.get("unevaluatedProperties", False))
        patterns = _mapping(part.get("patternProperties"))
        dependent = {**_mapping(part.get("dependentRequired")), **_mapping(part.get("dependentSchemas"))}
        if name in _mapping(part.get("properties")) or name in _items(part.get("required")) or name in dependent:
            return True
        if any(name in _items(names) for names in dependent.values()):
            return True
        if any(kind is not False for kind in open_for) or any(_matches(each, name) for each in patterns):
            return True
    return False


def property_names(schema: Any) -> Iterator[str]:
    """Yield the names of all properties that a schema has, at any depth."""
    match schema:
        case dict():
            found = schema.get("properties")
            yield from found if isinstance(found, dict) else ()
            for item in schema.values():
                yield from property_names(item)
        case list():
            for item in schema:
                yield from property_names(item)


def with_defaults(schema: Any, value: Any) -> Any:
    """Return a value with the defaults that its schema has for missing members, at every depth.

    :param schema: a schema, references written out; only what holds in any case gives defaults, no branch.
    :raises EvaluationError: if the defaults hold themselves without end.
    """
    return _filled(schema, value, schema, 0)


def _filled(schema: Any, value: Any, root: Any, depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if depth > 4 * current_limits().schema_nesting:  # some rounds of a schema that holds itself
        raise EvaluationError("the defaults of their schema hold themselves without end, or they are nested too deep")
    for part, _ in _parts(schema, root, False, frozenset()):
        if isinstance(value, dict):
            value = _filled_object(part, value, root, depth)
        elif isinstance(part.get("items"), Mapping) or "prefixItems" in part:
            first = _items(part.get("prefixItems"))
            schemas = [*first, *[part.get("items", True)] * (len(value) - len(first))]
            value = [_filled(item, each, root, depth + 1) for item, each in zip(schemas, value, strict=False)]
    return value


def _filled_object(part: Mapping[str, Any], value: dict[str, Any], root: Any, depth: int) -> dict[str, Any]:
    properties, patterns = _mapping(part.get("properties")), _mapping(part.get("patternProperties"))
    missing = {name: _default(item, root) for name, item in properties.items() if name not in value}
    value = {**value, **{name: default for name, default in missing.items() if default is not _MISSING}}
    for name in value:
        schemas = [properties[name]] if name in properties else []
        schemas += [each for pattern, each in patterns.items() if _matches(pattern, name)]
        for each in schemas or [part.get("additionalProperties", True)]:
            value[name] = _filled(each, value[name], root, depth + 1)
    return value


def _default(schema: Any, root: Any) -> Any:
    parts = _parts(schema, root, False, frozenset())
    return next((part["default"] for part, _ in parts if "default" in part), _MISSING)


def with_definitions(schema: Any, inputs: Any) -> Any:
    """Return the schema of one input with the ``$defs`` that it refers to, so that it can be read by itself.

    :param schema: a schema inside of the inputs.
    :param inputs: the schema of all inputs, references written out.
    """
    definitions = inputs.get("$defs") if isinstance(inputs, dict) else None
    if not isinstance(definitions, dict) or not isinstance(schema, dict) or schema is inputs:
        return schema
    needed: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        name = str(part.get("$ref", "")).removeprefix("#/$defs/") if isinstance(part, dict) else ""
        if name in definitions and name not in needed:
            needed[name] = definitions[name]
            waiting.append(definitions[name])
        waiting += [inner for _, inner in subschemas(part)]
    return {**schema, "$defs": {**schema.get("$defs", {}), **needed}} if needed else schema


def _parts(schema: Any, root: Any, choices: bool, seen: frozenset[str]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield a schema and what it is put together of; whether each holds in any case."""
    if not isinstance(schema, Mapping):
        return
    yield schema, True
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/") and reference not in seen:
        definitions = root.get("$defs")  # only what holds itself is a reference still
        target = definitions.get(reference.removeprefix("#/$defs/")) if isinstance(definitions, Mapping) else None
        yield from _parts(target, root, choices, seen | {reference})
    for item in _items(schema.get("allOf")):
        yield from _parts(item, root, choices, seen)
    for item in _branches(schema) if choices else ():
        yield from ((part, False) for part, _ in _parts(item, root, choices, seen))


def _branches(schema: Mapping[str, Any]) -> Iterator[Any]:
    for word in _LISTS:
        yield from _items(schema.get(word))
    yield from (schema.get(word) for word in _BRANCHES)
    yield from _mapping(schema.get("dependentSchemas")).values()


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _matches(pattern: str, name: str) -> bool:
    """Say whether the name of an input has what a pattern looks for."""
    from arazzo.expressions.ecma_patterns import compile_ecma
    from arazzo.expressions.regular_expressions import finds

    return finds(compile_ecma(pattern), name)
