"""Whether a value is plainly valid by a schema of common keywords: most values are, and need no library for that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arazzo.document.formats import is_of_format
from arazzo.document.schemas import ANNOTATIONS

_PASSED_OVER = ANNOTATIONS | {"example", "$comment", "$defs"}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_DEFINED = "#/$defs/"


def plainly_valid(schema: Any, value: Any) -> bool:
    """Tell whether a value is valid by a schema of common keywords; False if in doubt.

    :param schema: the whole schema, to whose ``$defs`` its references lead.
    """
    definitions = schema.get("$defs") if isinstance(schema, Mapping) else None
    return _Plain(definitions if isinstance(definitions, Mapping) else {}).valid(schema, value)


class _Plain:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions

    def valid(self, schema: Any, value: Any) -> bool:
        if not isinstance(schema, Mapping):
            return schema is True
        for keyword, wanted in schema.items():
            if keyword in _PASSED_OVER:
                continue
            check = _CHECKS.get(keyword)
            if check is None or not check(self, wanted, value, schema):
                return False
        return True

    def type(self, wanted: Any, value: Any, _: Any) -> bool:
        kinds = wanted if isinstance(wanted, list) else (wanted,)
        return any(isinstance(kind, str) and type(value) in _TYPES.get(kind, ()) for kind in kinds)

    def enum(self, wanted: Any, value: Any, _: Any) -> bool:
        return isinstance(value, (str, type(None))) and isinstance(wanted, list) and value in wanted

    def required(self, wanted: Any, value: Any, _: Any) -> bool:
        return isinstance(value, dict) and isinstance(wanted, list) and all(name in value for name in wanted)

    def properties(self, wanted: Any, value: Any, _: Any) -> bool:
        if not isinstance(value, dict) or not isinstance(wanted, dict):
            return False
        return all(self.valid(wanted[name], item) for name, item in value.items() if name in wanted)

    def additional(self, wanted: Any, value: Any, around: Mapping[str, Any]) -> bool:
        if not isinstance(value, dict) or "patternProperties" in around:
            return False
        known = around.get("properties", {})
        return all(self.valid(wanted, item) for name, item in value.items() if name not in known)

    def items(self, wanted: Any, value: Any, around: Mapping[str, Any]) -> bool:
        return isinstance(value, list) and "prefixItems" not in around and all(self.valid(wanted, it) for it in value)

    def format(self, wanted: Any, value: Any, _: Any) -> bool:
        return is_of_format(value, wanted)

    def reference(self, wanted: Any, value: Any, _: Any) -> bool:
        name = wanted.removeprefix(_DEFINED) if isinstance(wanted, str) and wanted.startswith(_DEFINED) else ""
        return name in self.definitions and self.valid(self.definitions[name], value)

    def all_of(self, wanted: Any, value: Any, _: Any) -> bool:
        return isinstance(wanted, list) and all(self.valid(schema, value) for schema in wanted)

    def any_of(self, wanted: Any, value: Any, _: Any) -> bool:
        return isinstance(wanted, list) and any(self.valid(schema, value) for schema in wanted)

    def bound(self, holds: Callable[[Any], bool], wanted: Any, value: Any) -> bool:
        return type(wanted) in (int, float) and type(value) in (int, float) and holds(value)


_CHECKS: dict[str, Callable[[_Plain, Any, Any, Mapping[str, Any]], bool]] = {
    "type": _Plain.type,
    "enum": _Plain.enum,
    "required": _Plain.required,
    "properties": _Plain.properties,
    "additionalProperties": _Plain.additional,
    "items": _Plain.items,
    "format": _Plain.format,
    "$ref": _Plain.reference,
    "allOf": _Plain.all_of,
    "anyOf": _Plain.any_of,
    "minimum": lambda self, wanted, value, _: self.bound(lambda it: it >= wanted, wanted, value),
    "maximum": lambda self, wanted, value, _: self.bound(lambda it: it <= wanted, wanted, value),
    "exclusiveMinimum": lambda self, wanted, value, _: self.bound(lambda it: it > wanted, wanted, value),
    "exclusiveMaximum": lambda self, wanted, value, _: self.bound(lambda it: it < wanted, wanted, value),
    "minLength": lambda _, wanted, value, __: isinstance(value, str) and len(value) >= wanted,
    "maxLength": lambda _, wanted, value, __: isinstance(value, str) and len(value) <= wanted,
    "minItems": lambda _, wanted, value, __: isinstance(value, list) and len(value) >= wanted,
    "maxItems": lambda _, wanted, value, __: isinstance(value, list) and len(value) <= wanted,
}
