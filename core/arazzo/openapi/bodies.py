"""Payloads to bytes, by content type (Request Body Object; OpenAPI Media Type and Encoding Object).

A payload that is text is sent as it is: templates of JSON, XML and forms are text. Under a media type that is neither
text nor JSON, the text may be a ``data:`` URL (RFC 2397), and then its bytes are sent.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from arazzo.absent import ABSENT
from arazzo.document.schemas import properties_of, type_of
from arazzo.errors import RequestError
from arazzo.frozen import dataclass
from arazzo.json_values import read_json_value
from arazzo.openapi.data_url import PayloadError, read_data_url
from arazzo.openapi.encoding import json_text, scalar_text
from arazzo.openapi.forms import write_form
from arazzo.openapi.media import (
    FORM,
    charset,
    is_json,
    is_json_lines,
    is_text,
    is_xml,
    matching,
    plain,
    preferred,
)
from arazzo.openapi.operation import BodySpec, Operation
from arazzo.openapi.typed_values import converted


@dataclass(frozen=True)
class Body:
    """What a step says about its request body.

    :param content_type: None where it is left to the operation.
    :param payload: evaluated; ABSENT for no body.
    :param is_value: whether a payload that is text is a value, and not yet written in the content type.
    :param convert: whether texts become the type that the operation's schema asks for.
    """

    content_type: str | None = None
    payload: Any = ABSENT
    is_value: bool = False
    convert: bool = False


@dataclass(frozen=True)
class Content:
    """A body, ready to send.

    :param content_type: None for no body.
    :param data: the bytes.
    :param value: the body before serialization, for ``$request.body``.
    """

    content_type: str | None = None
    data: bytes | None = None
    value: Any = ABSENT


def serialize(operation: Operation, body: Body) -> Content:
    """Return the body as bytes.

    :raises RequestError: if the payload cannot be written in its content type.
    """
    if body.payload is ABSENT:
        return Content()
    content_type, spec = written_as(operation, body)
    if body.payload is None and not is_json(content_type):
        return Content()
    payload = body.payload
    try:
        return _json(content_type, spec, body) if is_json(content_type) else _by_type(content_type, spec, payload)
    except (TypeError, ValueError, RecursionError, LookupError) as error:
        kind = "an object" if isinstance(payload, dict) else "a list" if isinstance(payload, list) else "a value"
        subject = f"the payload of {operation.method} {operation.path}, {kind}, cannot be written as {content_type}"
        raise RequestError(f"{subject}: {error}" if isinstance(error, PayloadError) else subject) from error


def written_as(operation: Operation, body: Body) -> tuple[str, BodySpec]:
    """Return the content type that a body is written in, and what the operation says about it."""
    content_type = body.content_type or content_type_of(operation, body.payload, is_value=body.is_value)
    return content_type, matching(operation.bodies, content_type) or BodySpec(content_type=content_type)


def leaves_out(content_type: str, spec: BodySpec, name: str, value: Any) -> bool:
    """Tell whether a body of that type leaves out a member, as a form does an array without elements."""
    if is_json(content_type) or not isinstance(value, (dict, list)):
        return False
    try:
        with_it, without = (_by_type(content_type, spec, payload).data for payload in ({name: value}, {}))
    except (TypeError, ValueError, RecursionError, LookupError):  # this is reported when it is written
        return False
    return with_it == without


def _by_type(content_type: str, spec: BodySpec, payload: Any) -> Content:
    if isinstance(payload, bytes):
        return Content(content_type, payload, ABSENT)
    if plain(content_type).startswith("multipart/"):
        from arazzo.openapi.multipart import write_multipart

        typed, data = write_multipart(content_type, spec, payload)
        return Content(typed, data, payload)
    return Content(content_type, _written(content_type, spec, payload), payload)


def _written(content_type: str, spec: BodySpec, payload: Any) -> bytes:
    if plain(content_type) == FORM:
        return write_form(spec, payload).encode()
    if isinstance(payload, str):
        return text_bytes(content_type, payload)
    if is_json_lines(content_type) and isinstance(payload, list):
        return b"".join(json_text(item).encode() + b"\n" for item in payload)
    if is_xml(content_type):
        from arazzo.openapi.xml_bodies import write_xml

        return write_xml(spec.schema_, payload).encode()
    if plain(content_type) == "text/csv" and isinstance(payload, list):
        return write_csv(payload).encode()
    return scalar_text(payload).encode(charset(content_type) or "utf-8")


def content_type_of(operation: Operation, payload: Any, *, is_value: bool = False) -> str:
    """Return the content type of a payload that names none: the operation's JSON or first, or by the payload."""
    declared = preferred([spec.content_type for spec in operation.bodies])
    if (own := _own_type(operation, payload)) and not (declared and is_json(declared)):
        return own
    if declared:
        return declared
    if not isinstance(payload, (str, bytes)):
        return "application/json"
    if isinstance(payload, bytes):
        return "application/octet-stream"
    return "application/json" if not is_value and _parsed(payload) is not ABSENT else "text/plain; charset=utf-8"


def _own_type(operation: Operation, payload: Any) -> str | None:
    """Return the media type of a payload that is a ``data:`` URL, if the operation accepts it (``image/*``)."""
    try:
        data = read_data_url(payload) if isinstance(payload, str) else None
    except PayloadError as error:
        raise RequestError(f"the payload of {operation.method} {operation.path} cannot be written: {error}") from error
    return data[0] if data and matching(operation.bodies, data[0]) else None


def _json(content_type: str, spec: BodySpec, body: Body) -> Content:
    """Return JSON; text that is JSON, or a template that starts like it, is sent as it is.

    Text is a string if the schema calls it one, if an expression gave it, or if JSON reads it as neither a structure
    nor a string: ``123`` is one, unless the schema asks for a number.
    """
    payload, convert = body.payload, converted if body.convert else _unchanged
    if isinstance(payload, bytes):
        return Content(content_type, payload, ABSENT)
    if isinstance(payload, str) and not body.is_value and payload.lstrip()[:1] in ("{", "[", '"'):
        value = _parsed(payload)
        if type_of(spec.schema_) != "string" or isinstance(value, str):
            typed = convert(spec.schema_, value)
            data = payload if typed is value else json_text(typed)
            return Content(content_type, data.encode(), payload if value is ABSENT else typed)
    value = convert(spec.schema_, payload)
    return Content(content_type, json_text(value).encode(), value)


def _unchanged(_: Any, value: Any) -> Any:
    return value


def _parsed(text: str) -> Any:
    try:
        return read_json_value(text)
    except ValueError:
        return ABSENT


def text_bytes(content_type: str, text: str) -> bytes:
    """Return text as bytes: in its charset, or the bytes of a ``data:`` URL under a binary media type."""
    if not is_text(content_type) and (data := read_data_url(text)):
        return data[1]
    try:
        return text.encode(charset(content_type) or "utf-8")
    except UnicodeEncodeError as error:
        raise PayloadError(f"a character is not in {charset(content_type)}") from error


def write_csv(rows: list[Any]) -> str:
    """Return rows as CSV (RFC 4180): lists as they are, objects below a line with their names."""
    names = list(dict.fromkeys(key for row in rows if isinstance(row, Mapping) for key in row))
    table = [names] if names else []
    lists = (row if isinstance(row, (list, Mapping)) else [row] for row in rows)
    table += [[row.get(name) for name in names] if isinstance(row, Mapping) else row for row in lists]
    text = io.StringIO()
    csv.writer(text).writerows([["" if cell is None else scalar_text(cell) for cell in cells] for cells in table])
    return text.getvalue()


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
    if not isinstance(value, (list, dict)):
        return False
    spec = operation.parameter(name, location)
    if location == "body" or (spec is not None and is_json(spec.content_type or "")):
        return False
    path = location == "path" or (location is None and spec is not None and spec.location == "path")
    return has_null_element(value) or (path and isinstance(value, dict) and None in value.values())


def losing_member(operation: Operation, body: Body | None) -> str | None:
    """Return the member of a body that would lose an element; empty for the whole body, None for no loss.

    Only JSON can write null elements of arrays: elsewhere they would be dropped, and the array changed.
    """
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
