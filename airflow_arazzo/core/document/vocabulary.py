"""Whether inputs are a JSON Schema (2020-12): the values of the keywords that validators rely on.

What is wrong here would make a validator stumble over the inputs of every run, so it is an error of the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from airflow_arazzo.core.document.shape import Reader, describe, escape, near

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_RULE = "invalid-schema"
_NESTED = frozenset(("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"))
_NESTED |= {"unevaluatedProperties", "unevaluatedItems"}
_MAPS = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
_LISTS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_COUNTS = frozenset(
    ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains")
)
_TEXTS = frozenset(("title", "description", "format", "$ref", "$anchor", "$id", "$comment", "$dynamicRef"))


def check_schema(reader: Reader, schema: Any, at: str) -> bool:
    """Note what is wrong in a schema; return whether nothing is."""
    before = len(reader.problems)
    _check(reader, schema, at)
    return len(reader.problems) == before


def _check(reader: Reader, schema: Any, at: str) -> None:
    match schema:
        case bool():
            return
        case dict():
            for name, value in schema.items():
                _keyword(reader, name, value, f"{at}/{escape(name)}")
        case _:
            reader.error(_RULE, at, f"a JSON Schema is a map, and this is {describe(schema)}")


def _keyword(reader: Reader, name: str, value: Any, at: str) -> None:
    if name in _NESTED:
        _check(reader, value, at)
    elif name in _MAPS or name in _LISTS:
        _schemas(reader, name, value, at)
    else:
        belongs, fits = _VALUES.get(name, ("", _anything))
        if not fits(value):
            reader.error(_RULE, at, f"'{name}' is {belongs}, and this is {describe(value)}", _hint(name, value))


def _schemas(reader: Reader, name: str, value: Any, at: str) -> None:
    if name in _MAPS and isinstance(value, dict):
        for key, item in value.items():
            _check(reader, item, f"{at}/{escape(key)}")
    elif name in _LISTS and isinstance(value, list) and value:
        for index, item in enumerate(value):
            _check(reader, item, f"{at}/{index}")
    else:
        belongs = "a map of schemas" if name in _MAPS else "a list of schemas with at least one"
        reader.error(_RULE, at, f"'{name}' is {belongs}, and this is {describe(value)}")


def _hint(name: str, value: Any) -> str | None:
    if name == "type":
        return near(value, TYPES) if isinstance(value, str) else None
    if name == "required" and isinstance(value, bool):
        return "list the property under 'required' of the object around it"
    return None


def _anything(value: Any) -> bool:
    return True


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError, OverflowError, RecursionError):
        return False
    return isinstance(value, str)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


_VALUES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "type": (f"one of {', '.join(TYPES)}, or a list of them", _is_type),
    "required": ("a list of names", _is_names),
    "enum": ("a list", _is_list),
    "pattern": ("a regular expression", _is_pattern),
    "uniqueItems": ("true or false", _is_bool),
    **dict.fromkeys(_NUMBERS, ("a number", _is_number)),
    **dict.fromkeys(_COUNTS, ("a whole number that is not negative", _is_count)),
    **dict.fromkeys(_TEXTS, ("text", _is_text)),
}
