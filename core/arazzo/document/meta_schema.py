"""Whether inputs are a JSON Schema (2020-12): the values of the keywords that validators rely on.

What is wrong here would make a validator stumble over the inputs of every run, so it is an error in the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from arazzo.document.formats import is_of_format
from arazzo.document.schemas import LISTS, MAPS, NESTED, subschemas
from arazzo.document.shape import DocumentReader, describe, near
from arazzo.errors import ExpressionSyntaxError
from arazzo.exact_numbers import is_number
from arazzo.limits import current_limits
from arazzo.pointer import escape

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_RULE = "invalid-schema"
_NUMBERS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
_COUNTS = frozenset(
    ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains")
)
_TEXTS = frozenset(("title", "description", "format", "$ref", "$comment", "$dynamicRef", "$schema"))
_TEXTS |= {"contentEncoding", "contentMediaType"}
_BOOLS = frozenset(("uniqueItems", "deprecated", "readOnly", "writeOnly"))
_ANCHOR = re.compile(r"[A-Za-z_][-A-Za-z0-9._]*")
_Belongs = tuple[str, Callable[[Any], Any]]
"""What a keyword may have as its value, in words, and a function that tells whether a value is that."""


def check_schema(reader: DocumentReader, schema: Any, at: str) -> bool:
    """Note what is wrong in a schema; return whether nothing is."""
    before = len(reader.problems)
    _check(reader, schema, at)
    return len(reader.problems) == before


def _check(reader: DocumentReader, schema: Any, at: str) -> None:
    waiting = [(schema, at, 0)]
    while waiting:
        schema, at, depth = waiting.pop()
        if depth > (most := current_limits().schema_nesting):
            reader.error(_RULE, at, f"more than {most} schemas are in each other (schema_nesting)")
        elif isinstance(schema, dict):
            for name, value in schema.items():
                _keyword(reader, name, value, f"{at}/{escape(name)}")
            inner = [(item, "/".join((at, *map(escape, way))), depth + 1) for way, item in subschemas(schema)]
            waiting += reversed(inner)
        elif not isinstance(schema, bool):
            reader.error(_RULE, at, f"a JSON Schema is a map, and this is {describe(schema)}")


def _keyword(reader: DocumentReader, name: str, value: Any, at: str) -> None:
    """Note what is wrong in the value of a keyword, apart from the schemas in it."""
    if name == "patternProperties" and isinstance(value, dict):
        for pattern in value:
            if not _is_pattern(pattern):
                reader.error(_RULE, f"{at}/{escape(pattern)}", f"'{pattern}' is not a regular expression", key=True)
    elif name == "$recursiveRef":
        message = "'$recursiveRef' is a keyword of JSON Schema 2019-09, and inputs are JSON Schema 2020-12"
        reader.error(_RULE, at, message, "write '$ref'", key=True)
    else:
        belongs, fits = _VALUES.get(name, _ANYTHING)
        if not fits(value):
            reader.error(_RULE, at, f"'{name}' is {belongs}, and this is {describe(value)}", _hint(name, value))


def is_keyword_value(name: str, value: Any) -> bool:
    """Say whether a keyword can have a value, apart from the schemas in it."""
    return bool(_VALUES.get(name, _ANYTHING)[1](value))


def _hint(name: str, value: Any) -> str | None:
    if name == "type":
        return near(value, TYPES) if isinstance(value, str) else None
    if name == "pattern" and isinstance(value, str):
        return _refusal(value)
    if name == "required" and isinstance(value, bool):
        return "list the property under 'required' of the object around it"
    return None


def _refusal(pattern: str) -> str | None:
    from arazzo.expressions.ecma_patterns import compile_ecma

    try:
        compile_ecma(pattern)
    except ExpressionSyntaxError as error:
        return f"{error.message}; write {error.hint}" if error.hint else error.message
    return None


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and _is_names(names) and set(names) <= set(TYPES)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)


def _is_pattern(value: Any) -> bool:
    return isinstance(value, str) and is_of_format(value, "regex")


def _is_anchor(value: Any) -> bool:
    return isinstance(value, str) and _ANCHOR.fullmatch(value) is not None


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


_ANYTHING: _Belongs = ("", lambda value: True)
_VALUES: dict[str, _Belongs] = {
    "type": (f"one of {', '.join(TYPES)}, or a list of them", _is_type),
    "required": ("a list of different names", _is_names),
    **dict.fromkeys(MAPS, ("a map of schemas", _is(dict))),
    "patternProperties": ("a map of schemas", lambda value: isinstance(value, dict) and all(map(_is_pattern, value))),
    **dict.fromkeys(LISTS, ("a list of schemas with at least one", lambda value: isinstance(value, list) and value)),
    **dict.fromkeys(("enum", "examples"), ("a list", _is(list))),
    "pattern": ("a regular expression (ECMA-262)", _is_pattern),
    "multipleOf": ("a number above zero", lambda value: is_number(value) and value > 0),
    "dependentRequired": (
        "a map of lists of names",
        lambda value: isinstance(value, dict) and all(map(_is_names, value.values())),
    ),
    "$id": ("a URI without fragment", lambda value: isinstance(value, str) and "#" not in value[:-1]),
    **dict.fromkeys(("$anchor", "$dynamicAnchor"), ("a plain name", _is_anchor)),
    **dict.fromkeys(_BOOLS, ("true or false", _is(bool))),
    **dict.fromkeys(_NUMBERS, ("a number", is_number)),
    **dict.fromkeys(
        _COUNTS,
        ("a whole number that is not negative", lambda value: is_number(value) and value >= 0 and value == int(value)),
    ),
    **dict.fromkeys(_TEXTS, ("text", _is(str))),
}

KEYWORDS = NESTED | _VALUES.keys() | {"const"}
"""The keywords that constrain values or describe them."""
