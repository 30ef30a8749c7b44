"""The inputs that a workflow declares: what its JSON Schema says about them by name.

Schemas of inputs are combined by ``allOf`` (a reference with other keywords beside it becomes that when it is written
out), so every part of one counts: its ``properties``, its ``required``, its defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from arazzo.document.schemas import CHOICES, below, mapping, parts, properties_of, sequence, target
from arazzo.errors import EvaluationError
from arazzo.frozen import dataclass, field
from arazzo.limits import current_limits

_MISSING = object()


@dataclass(frozen=True)
class DeclaredInputs:
    """Inputs by name.

    :param schemas: the schema of each, in document order, with the definitions that it needs.
    :param required: names that must be given, whichever branch of the schema holds.
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

    What several parts say about one input is combined; the schema itself overrules the parts below it.

    :param schema: JSON Schema of all inputs, references written out.
    :param choices: whether to include names that only some branch has, say of ``anyOf`` or ``if``; none is required
        because of it, and none has a default there.
    """
    schemas: dict[str, Any] = {}
    required: dict[str, None] = {}
    for part, always in parts(schema, schema, CHOICES if choices else ()):
        for name, found in properties_of(part).items():
            own = not always and isinstance(found, Mapping)
            item = {key: value for key, value in found.items() if key != "default"} if own else found
            known = schemas.setdefault(name, item)
            if isinstance(item, Mapping) and isinstance(known, Mapping):
                schemas[name] = {**item, **known}
        if always:
            required.update(dict.fromkeys(name for name in sequence(part.get("required")) if isinstance(name, str)))
    whole = {name: with_definitions(item, schema) for name, item in schemas.items()}
    return DeclaredInputs(whole, tuple(required))


def names_input(schema: Any, name: str) -> bool:
    """Say whether a schema names an input, in whatever part or branch, or describes inputs that it does not name.

    :param schema: JSON Schema of all inputs, references written out.
    """
    for part, _ in parts(schema, schema, CHOICES):
        open_for = (part.get("additionalProperties", False), part.get("unevaluatedProperties", False))
        patterns = mapping(part.get("patternProperties"))
        dependent = {**mapping(part.get("dependentRequired")), **mapping(part.get("dependentSchemas"))}
        if name in properties_of(part) or name in sequence(part.get("required")) or name in dependent:
            return True
        if any(name in sequence(names) for names in dependent.values()):
            return True
        if any(kind is not False for kind in open_for) or any(_matches(each, name) for each in patterns):
            return True
    return False


def property_names(schema: Any) -> Iterator[str]:
    """Return the names of all properties that a schema has, at any depth."""
    return (name for part in below(schema, schema) for name in properties_of(part))


def with_defaults(schema: Any, value: Any) -> Any:
    """Return a value with the defaults of its schema for missing members, at every depth.

    :param schema: a schema, references written out; only what always holds gives defaults, no branch.
    :raises EvaluationError: if the defaults contain themselves without end.
    """
    return _filled(schema, value, schema, 0)


def _filled(schema: Any, value: Any, root: Any, depth: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if depth > 4 * current_limits().schema_nesting:  # some rounds of a schema that contains itself
        raise EvaluationError("the defaults of their schema contain themselves endlessly, or they are nested too deep")
    for part, _ in parts(schema, root):
        if isinstance(value, dict):
            value = _filled_object(part, value, root, depth)
        elif isinstance(part.get("items"), Mapping) or "prefixItems" in part:
            first = sequence(part.get("prefixItems"))
            schemas = [*first, *[part.get("items", True)] * (len(value) - len(first))]
            value = [_filled(item, each, root, depth + 1) for item, each in zip(schemas, value, strict=False)]
    return value


def _filled_object(part: Mapping[str, Any], value: dict[str, Any], root: Any, depth: int) -> dict[str, Any]:
    properties, patterns = properties_of(part), mapping(part.get("patternProperties"))
    missing = {name: _default(item, root) for name, item in properties.items() if name not in value}
    value = {**value, **{name: default for name, default in missing.items() if default is not _MISSING}}
    for name in value:
        schemas = [properties[name]] if name in properties else []
        schemas += [each for pattern, each in patterns.items() if _matches(pattern, name)]
        for each in schemas or [part.get("additionalProperties", True)]:
            value[name] = _filled(each, value[name], root, depth + 1)
    return value


def _default(schema: Any, root: Any) -> Any:
    return next((part["default"] for part, _ in parts(schema, root) if "default" in part), _MISSING)


def with_definitions(schema: Any, inputs: Any) -> Any:
    """Return the schema of one input with the ``$defs`` that it refers to, so that it can be read by itself.

    :param schema: a schema inside the inputs.
    :param inputs: the schema of all inputs, references written out.
    """
    if not mapping(mapping(inputs).get("$defs")) or not isinstance(schema, dict) or schema is inputs:
        return schema
    found = ((part["$ref"], target(part, inputs)) for part in below(schema, inputs) if "$ref" in part)
    needed = {reference.removeprefix("#/$defs/"): leads_to for reference, leads_to in found if leads_to is not None}
    return {**schema, "$defs": {**schema.get("$defs", {}), **needed}} if needed else schema


def _matches(pattern: str, name: str) -> bool:
    """Say whether the name of an input matches a pattern."""
    from arazzo.expressions.ecma_patterns import compile_ecma
    from arazzo.expressions.regular_expressions import finds

    return finds(compile_ecma(pattern), name)
