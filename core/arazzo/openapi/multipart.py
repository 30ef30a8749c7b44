"""Multipart bodies (RFC 7578; OpenAPI: Special Considerations for ``multipart`` Content).

A property is a part; an array has a part for each item. A file is text, bytes or a ``data:`` URL. It has the property's
name, unless the value is an object ``{content, filename, contentType}``.
"""

from __future__ import annotations

import hashlib
from typing import Any

from arazzo.document.schemas import items_of, property_of, type_of
from arazzo.frozen import dataclass
from arazzo.openapi.data_url import PayloadError, read_data_url
from arazzo.openapi.encoding import control_character, scalar_text
from arazzo.openapi.media import charset, is_json, is_text, is_xml, plain
from arazzo.openapi.operation import BodySpec
from arazzo.openapi.parameters import separator_of, within
from arazzo.openapi.xml_bodies import write_xml

_FILE_KEYS = frozenset(("content", "filename", "contentType"))


@dataclass(frozen=True)
class Part:
    """One part of a multipart body."""

    name: str
    data: bytes
    content_type: str | None = None
    filename: str | None = None


def write_multipart(content_type: str, spec: BodySpec, payload: Any) -> tuple[str, bytes]:
    """Return the content type with its boundary, and the body.

    The boundary is a digest of the content: equal payloads give equal bytes, and no content contains its own digest.

    :raises PayloadError: if the payload is not an object, or a name has a control character.
    """
    if not isinstance(payload, dict):
        raise PayloadError("a multipart body needs an object, a member for each part")
    form = plain(content_type) == "multipart/form-data"
    parts = [part for name, value in payload.items() for part in _parts(spec, name, value)]
    chunks = [_head(part, form) + b"\r\n" + part.data for part in parts]
    boundary = hashlib.sha256(b"".join(chunks)).hexdigest()[:32]
    mark = b"--" + boundary.encode()
    data = b"".join(mark + b"\r\n" + chunk + b"\r\n" for chunk in chunks) + mark + b"--\r\n"
    return f"{plain(content_type)}; boundary={boundary}", data


def _parts(spec: BodySpec, name: str, value: Any) -> list[Part]:
    schema = property_of(spec.schema_, name)
    declared = str(spec.encoding.get(name, {}).get("contentType", "")).split(",")[0].strip()
    content_type = declared if declared and "*" not in declared else None
    file = bool(declared) and not (is_text(declared) or is_json(declared))
    if isinstance(value, list):
        separator = separator_of(schema)
        schema = items_of(schema) if type_of(schema) == "array" else schema
        given = [within(schema, item) for item in value if not _is_nothing(item)]
        if separator is not None and given and not is_binary(schema):
            given = [separator.join(map(scalar_text, given))]
        return [_part(name, item, schema, content_type, file=file) for item in given]
    return [] if _is_nothing(value) else [_part(name, value, schema, content_type, file=file)]


def _is_nothing(value: Any) -> bool:
    """Tell whether a value makes no part: null, or a file whose content is null."""
    file = isinstance(value, dict) and value.keys() <= _FILE_KEYS
    return value is None or (file and "content" in value and value["content"] is None)


def _part(name: str, value: Any, schema: Any, content_type: str | None, *, file: bool) -> Part:
    filename = None
    if isinstance(value, dict) and "content" in value and value.keys() <= _FILE_KEYS and type_of(schema) != "object":
        filename = str(value.get("filename") or name)
        content_type, value = value.get("contentType") or content_type, value["content"]
    binary = is_binary(schema) or isinstance(value, bytes) or filename is not None
    if isinstance(value, bytes):
        return Part(name, value, content_type or "application/octet-stream", filename or name)
    if isinstance(value, str) and (data := read_data_url(value) if binary or file or schema is True else None):
        return Part(name, data[1], content_type or data[0], filename or name)
    xml = isinstance(value, (dict, list)) and is_xml(content_type or "")
    data_bytes = (write_xml(schema, value) if xml else scalar_text(value)).encode(
        charset(content_type or "") or "utf-8"
    )
    if binary:
        return Part(name, data_bytes, content_type or "application/octet-stream", filename or name)
    if isinstance(value, (dict, list)):
        content_type = content_type or "application/json"
    return Part(name, data_bytes, content_type, filename)


def is_binary(schema: Any) -> bool:
    """Tell whether a schema is a file: ``format: binary`` of 3.0, ``contentMediaType`` of 3.1, ``file`` of 2.0."""
    if not isinstance(schema, dict) or schema.get("contentEncoding"):
        return False
    media = str(schema.get("contentMediaType") or "text/plain")
    return schema.get("format") == "binary" or schema.get("type") == "file" or not (is_text(media) or is_json(media))


def _head(part: Part, form: bool) -> bytes:
    lines = []
    if form:
        disposition = f'Content-Disposition: form-data; name="{_escaped(part.name)}"'
        lines.append(disposition + (f'; filename="{_escaped(part.filename)}"' if part.filename else ""))
    if part.content_type:
        if control_character(part.content_type):
            raise PayloadError("a part's content type holds a control character")
        lines.append(f"Content-Type: {part.content_type}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _escaped(name: str) -> str:
    """Return a name as browsers write it (WHATWG HTML, multipart form data encoding)."""
    if control_character(name.replace("\r", "").replace("\n", "")):
        raise PayloadError("the name of a part holds a control character")
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
