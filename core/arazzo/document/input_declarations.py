"""The inputs that a workflow declares: what its JSON Schema says of them by name.

Schemas of inputs are put together by ``allOf`` (references with other keywords beside them become that when they are
written out), so every part of one counts: its ``properties``, its ``required``, its defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from arazzo.document.meta_schema import subschemas

_CHOICES = ("anyOf", "oneOf")


@dataclass(frozen=True)
class DeclaredInputs:
    """Inputs by name.

    :param schemas: the schema of each, in document order, with the definitions that it needs.
    :param required: names that have to be given, whichever branch of the schema holds.
    """

    schemas: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        """The values of inputs that are not given, by name."""
        return {
            name: schema["default"]
            for name, schema in self.schemas.items()
            if isinstance(schema, Mapping) and "default" in schema
        }


def declared_inputs(schema: Any, *, choices: bool = False) -> DeclaredInputs:
    """Return the inputs that a schema declares.

    What several parts say of one input is taken together; the schema itself overrules the parts below it.

    :param schema: JSON Schema of all inputs, references written out.
    :param choices: whether names count that only some branch of ``anyOf`` or ``oneOf`` has; none of them is required.
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
    for word in _CHOICES if choices else ():
        for item in _items(schema.get(word)):
            yield from ((part, False) for part, _ in _parts(item, root, choices, seen))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
