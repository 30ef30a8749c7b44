"""Form bodies (OpenAPI: Support for x-www-form-urlencoded Request Bodies; Encoding Object)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote_plus

from arazzo.document.schemas import items_of, properties_of, property_of, type_of
from arazzo.openapi.data_url import PayloadError
from arazzo.openapi.encoding import json_text, scalar_text
from arazzo.openapi.media import is_json
from arazzo.openapi.operation import BodySpec, ParameterSpec
from arazzo.openapi.parameters import nested, query_pairs, separator_of, value_text, within


def write_form(spec: BodySpec, payload: Any) -> str:
    """Return a payload as ``application/x-www-form-urlencoded``; text counts as already written so."""
    if isinstance(payload, str):
        return payload.strip()
    if not isinstance(payload, dict):
        raise PayloadError("a form needs an object")
    return "&".join(
        f"{name}={value}"
        for key, item in payload.items()
        if item is not None
        for name, value in _field(spec, key, item)
    )


def _field(spec: BodySpec, name: str, value: Any) -> list[tuple[str, str]]:
    """Return one property of a form (Encoding Object).

    Without an Encoding Object, objects that the schema declares are written as JSON, as the specification says, and
    others in brackets (``a[b]=c``), as servers that take them expect.
    """
    encoding, schema = spec.encoding.get(name, {}), property_of(spec.schema_, name)
    if encoding.keys() & {"style", "explode", "allowReserved"}:
        style = str(encoding.get("style") or "form")
        explode = encoding.get("explode", style == "form")
        reserved = encoding.get("allowReserved") is True
        field = ParameterSpec(
            name=name, location="query", style=style, explode=explode, allow_reserved=reserved, schema=schema
        )
        return [(key, text.replace("%20", "+")) for key, text in query_pairs(field, value)]
    if is_json(str(encoding.get("contentType", ""))):
        return [(quote_plus(name), quote_plus(json_text(value)))]
    items = value if isinstance(value, list) else [value]
    if name not in properties_of(spec.schema_) and any(isinstance(item, (dict, list)) for item in items):
        return [(quote_plus(key), quote_plus(scalar_text(item))) for key, item in nested(name, value)]
    field = ParameterSpec(name=name, location="query", schema=_item_schema(schema))
    texts = [value_text(field, within(field.schema_, item)) for item in items if item is not None]
    if texts and (separator := separator_of(schema)):
        texts = [separator.join(texts)]
    return [(quote_plus(name), quote_plus(text)) for text in texts]


def _item_schema(schema: Any) -> Any:
    return items_of(schema) if type_of(schema) == "array" else schema


def read_form(payload: Any) -> Any:
    """Return a form that is text as an object, with a list for a repeated name; other payloads as they are."""
    if not isinstance(payload, str):
        return payload
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(payload.strip(), keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}
