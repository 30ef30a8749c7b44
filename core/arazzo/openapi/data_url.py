"""Bytes as JSON values: ``data:`` URLs (RFC 2397), which name their type and survive XCom."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?P<rest>(?:;[\w.+-]+=[^;,]*)*)(?P<base64>;base64)?,")


class PayloadError(ValueError):
    """A payload that its content type cannot express; the message names no value."""


def read_data_url(text: str) -> tuple[str, bytes] | None:
    """Return media type and bytes of a ``data:`` URL (RFC 2397); None if the text is not one."""
    match = _DATA_URL.match(text)
    if not match:
        return None
    raw = unquote_to_bytes(text[match.end() :])
    try:
        data = base64.b64decode(raw, validate=True) if match["base64"] else raw
    except binascii.Error as error:
        raise PayloadError("a data: URL holds broken base64") from error
    return (match["type"] or "text/plain") + match["rest"], data


def write_data_url(content_type: str, data: bytes) -> str:
    """Return bytes as a ``data:`` URL in base64."""
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"
