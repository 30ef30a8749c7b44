"""Null elements of arrays, which only JSON can write: elsewhere they would be dropped, and the array changed."""

from __future__ import annotations

from typing import Any

from arazzo.absent import ABSENT
from arazzo.document.schemas import properties_of
from arazzo.openapi.bodies import Body, written_as
from arazzo.openapi.media import FORM, is_json, is_xml, plain
from arazzo.openapi.operation import Operation


def has_null_element(value: Any) -> bool:
    """Tell whether an array in a value, at any depth, has an element that is null."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, list):
            if None in found:
                return True
            waiting.extend(found)
        elif isinstance(found, dict):
            waiting.extend(found.values())
    return False


def loses_element(operation: Operation, name: str, location: str | None, value: Any) -> bool:
    """Tell whether a parameter would lose a null in it (an element, in a path also a member), as it is not JSON."""
    spec = operation.parameter(name, location)
    if location == "body" or (spec is not None and is_json(spec.content_type or "")):
        return False
    path = location == "path" or (location is None and spec is not None and spec.location == "path")
    return has_null_element(value) or (path and isinstance(value, dict) and None in value.values())


def losing_member(operation: Operation, body: Body | None) -> str | None:
    """Return the member of a body that would lose an element; empty for the whole body, None for no loss."""
    if body is None or body.payload is ABSENT or isinstance(body.payload, (str, bytes)):
        return None
    content_type, spec = written_as(operation, body)
    kind = plain(content_type)
    if kind == "text/csv":
        rows = body.payload if isinstance(body.payload, list) else []
        return "" if _has_null(rows) or any(map(_has_null, rows)) else None
    if not (kind == FORM or is_xml(content_type) or kind.startswith("multipart/")):
        return None
    if not isinstance(body.payload, dict):
        return "" if has_null_element(body.payload) else None
    for name, value in body.payload.items():
        encoding = spec.encoding.get(name, {}) if kind == FORM else {}
        if is_json(str(encoding.get("contentType", ""))):
            continue
        flat = kind != FORM or (name in properties_of(spec.schema_) and not encoding)
        if _has_null(value) if flat and not is_xml(content_type) else has_null_element(value):
            return str(name)
    return None


def _has_null(value: Any) -> bool:
    """Tell whether a value is an array with an element that is null."""
    return isinstance(value, list) and None in value
