"""Values as parameters write them (Parameter Object, Style Values and Style Examples).

The serializers take any JSON value. What is undefined in the sense of RFC 6570, 2.3, is not written: a ``null``, a null
member of an array or object, and an array or object without members. A parameter that is JSON text
(``content: application/json``) writes all of these, except a ``null`` that is the whole value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arazzo.document.schemas import items_of, type_of
from arazzo.openapi.encoding import QUERY_RESERVED, SEGMENT_RESERVED, json_text, percent_encode, scalar_text
from arazzo.openapi.media import is_json
from arazzo.openapi.operation import ParameterSpec

Pairs = list[tuple[str, str]]

#: Styles with another separator than a comma; Swagger's ``tsv`` is not a style of OpenAPI 3.
DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}
#: Separators of Swagger 2.0's ``collectionFormat``; ``multi`` repeats the name.
_SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}


def is_undefined(value: Any) -> bool:
    """Tell whether nothing is written for a value: null, or a structure without members."""
    if isinstance(value, dict):
        return all(item is None for item in value.values())
    return value is None or (isinstance(value, list) and all(item is None for item in value))


def says_nothing(spec: ParameterSpec, value: Any) -> bool:
    """Tell whether nothing is written for the value of a parameter."""
    as_json = spec.content_type is not None and is_json(spec.content_type)
    return value is None if as_json else is_undefined(value)


def value_text(spec: ParameterSpec, value: Any) -> str:
    """Return a scalar as text; ``2.0`` is ``2`` where the schema says integer."""
    if isinstance(value, str):
        return value
    value = within(items_of(spec.schema_), value)
    if isinstance(value, float) and value.is_integer() and type_of(spec.schema_) == "integer":
        value = int(value)
    return scalar_text(value)


def separator_of(schema: Any) -> str | None:
    """Return what separates the items of an array written as one text (Swagger 2.0); None if it is not one text."""
    written = schema.get("collectionFormat", "multi") if isinstance(schema, dict) else "multi"
    return None if written == "multi" else _SEPARATORS.get(written, ",")


def within(schema: Any, element: Any) -> Any:
    """Return an element of an array; one that is an array itself becomes the text that Swagger 2.0 makes of it."""
    separator = separator_of(schema)
    if separator is None or not isinstance(element, list):
        return element
    return separator.join(scalar_text(within(items_of(schema), each)) for each in element if each is not None)


def query_pairs(spec: ParameterSpec, value: Any) -> Pairs:
    """Return the percent-encoded names and values of a query parameter."""
    allowed = QUERY_RESERVED if spec.allow_reserved else ""

    def encode(item: Any) -> str:
        return percent_encode(value_text(spec, item), allowed)

    name = percent_encode(spec.name)
    if says_nothing(spec, value):
        return []
    if spec.content_type is not None:
        return [(name, encode(_content(spec, value)))]
    if not isinstance(value, (dict, list)):
        return [(name, encode(value))]
    if spec.style == "deepObject":
        return [(percent_encode(key), encode(item)) for key, item in nested(spec.name, value)]
    if spec.explode:
        return [(percent_encode(key) if key is not None else name, encode(item)) for key, item in _members(value)]
    delimiter = percent_encode(DELIMITERS.get(spec.style, ",")) if spec.style in DELIMITERS else ","
    return [(name, delimiter.join(encode(item) for item in _flat(value)))]


def nested(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield names and scalars of a structure in brackets: ``a[b][c]``, ``a[0]``.

    The specification leaves arrays and deeper objects in ``deepObject`` open; this is what servers commonly read.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from nested(f"{name}[{key}]", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nested(f"{name}[{index}]", item)
    elif value is not None:
        yield name, value


def path_text(spec: ParameterSpec, value: Any, *, slashes: bool = False) -> str:
    """Return a path parameter as one percent-encoded segment.

    :param slashes: whether slashes stay (``{+name}``, RFC 6570, 3.2.3).
    """
    allowed = f"{SEGMENT_RESERVED}/" if slashes else SEGMENT_RESERVED if spec.allow_reserved else ""

    def encode(item: Any) -> str:
        return percent_encode(value_text(spec, item), allowed)

    if says_nothing(spec, value):
        return ""
    if spec.content_type is not None:
        return encode(_content(spec, value))
    match spec.style:
        case "label":
            return f".{_joined(value, spec.explode, encode, '.' if spec.explode else ',')}"
        case "matrix":
            return _matrix(spec, value, encode)
        case _:
            delimiter = percent_encode(DELIMITERS[spec.style]) if spec.style in DELIMITERS else ","
            return _joined(value, spec.explode, encode, delimiter)


def _matrix(spec: ParameterSpec, value: Any, encode: Any) -> str:
    name = percent_encode(spec.name)
    if not isinstance(value, (dict, list)):
        text = encode(value)
        return f";{name}={text}" if text else f";{name}"
    if not spec.explode:
        return f";{name}={_joined(value, False, encode, ',')}"
    return "".join(f";{name if key is None else percent_encode(key)}={encode(item)}" for key, item in _members(value))


def header_text(spec: ParameterSpec, value: Any) -> str:
    """Return the text of a header: style ``simple``, nothing encoded (Appendix D of OpenAPI 3.1.1)."""
    if says_nothing(spec, value):
        return ""
    if spec.content_type is not None:
        return scalar_text(_content(spec, value))

    def encode(item: Any) -> str:
        return value_text(spec, item)

    return _joined(value, spec.explode, encode, DELIMITERS.get(spec.style, ","))


def cookie_pairs(spec: ParameterSpec, value: Any) -> Pairs:
    """Return a cookie's names and values: percent-encoded in style ``form``, unchanged in style ``cookie`` (3.2)."""

    def encode(item: Any) -> str:
        text = value_text(spec, item)
        return text if spec.style == "cookie" else percent_encode(text, QUERY_RESERVED if spec.allow_reserved else "")

    if says_nothing(spec, value):
        return []
    if spec.content_type is not None:
        return [(spec.name, encode(_content(spec, value)))]
    if isinstance(value, (dict, list)) and spec.explode:
        return [(spec.name if key is None else key, encode(item)) for key, item in _members(value)]
    return [(spec.name, _joined(value, False, encode, ","))]


def _joined(value: Any, explode: bool, encode: Any, delimiter: str) -> str:
    """Return values with delimiters: an exploded object as ``R=100,G=200``, otherwise as ``R,100,G,200``."""
    if isinstance(value, dict) and explode:
        return delimiter.join(f"{encode(str(key))}={encode(item)}" for key, item in _members(value))
    if isinstance(value, (dict, list)):
        return delimiter.join(encode(item) for item in _flat(value))
    return str(encode(value))


def _members(value: Any) -> list[tuple[str | None, Any]]:
    """Return defined members with their names, which are None in an array."""
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    return [(key, item) for key, item in pairs if item is not None]


def _flat(value: Any) -> list[Any]:
    return [part for key, item in _members(value) for part in ((item,) if key is None else (key, item))]


def _content(spec: ParameterSpec, value: Any) -> str:
    """Return a value in the media type of ``content``: as JSON, also text; under any other type, text as it is."""
    return json_text(value) if is_json(spec.content_type or "") else scalar_text(value)
