"""From a response's bytes to a value (RFC 9110, 8.3).

JSON is parsed, JSON lines become an array; XML, forms and every other text stay text. Bytes are no JSON value: they
become a ``data:`` URL with their media type, which a request body takes back as bytes. Nothing, broken JSON, or
JSON of millions of values or hundreds of levels is ABSENT.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from arazzo.absent import ABSENT
from arazzo.exchange import Response
from arazzo.openapi.data_url import write_data_url
from arazzo.openapi.media import charset, is_json, is_json_lines, is_text, plain
from arazzo.source.reading import MAX_DEPTH, levels

#: JSON of more values is not read, nor are more lines: a triggerer that reads them does nothing else meanwhile.
MAX_VALUES = 5_000_000
MAX_LINES = 1_000_000
_LINE_END = re.compile(r"[\r\n]+")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def decode_content(response: Response) -> Any:
    """Return the body as a JSON value; ABSENT if there is none or it cannot be read.

    Without a content type it is JSON if it reads as JSON, else text if it reads as UTF-8.
    """
    body, content_type = response.body, response.header("Content-Type") or ""
    if not body:
        return ABSENT
    if is_json(content_type):
        return _json(body, content_type)
    if is_json_lines(content_type):
        return _json(body, content_type, lines=True)
    if is_text(content_type):
        return _text(body, content_type)
    return write_data_url(plain(content_type), body) if plain(content_type) else _untyped(body)


def _json(body: bytes, content_type: str, *, lines: bool = False) -> Any:
    try:
        text = body.decode(charset(content_type) or json.detect_encoding(body)).removeprefix("\ufeff")
        if _is_too_much(text):
            return ABSENT
        value = _lines(text) if lines else _DECODER.decode(text)
        if any(depth >= MAX_DEPTH for depth, _ in enumerate(levels(value))):
            return ABSENT
        return _whole(value) if _SURROGATE.search(text) else value
    except (ValueError, LookupError, RecursionError):
        return ABSENT


def _is_too_much(text: str) -> bool:
    """Say whether JSON holds more values than are read; roughly first, since there are commas in texts too."""
    if _count(text) <= MAX_VALUES:
        return False
    unescaped = text.replace("\\\\", "").replace('\\"', "")
    return _count("".join(unescaped.split('"')[::2])) > MAX_VALUES


def _count(text: str) -> int:
    return sum(map(text.count, "[{,"))


def _finite(number: str) -> float:
    return value if math.isfinite(value := float(number)) else _refuse(number)


def _whole(value: Any) -> Any:
    """Return a value in whose texts a replacement character stands for half of a surrogate pair, which is none."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _lines(text: str) -> list[Any]:
    if text.count("\n") + text.count("\r") > MAX_LINES:
        raise ValueError("too many lines")
    lines = (line.strip(" \t") for line in _LINE_END.split(text))
    return [_line(line) for line in lines if line]


def _line(line: str) -> Any:
    value, end = _DECODER.raw_decode(line)
    if end < len(line):
        raise ValueError("a line of JSON lines holds one value")
    return value


def _text(body: bytes, content_type: str) -> str:
    """Return text in its charset, else UTF-8, else Latin-1, which every byte is."""
    for name in filter(None, (charset(content_type), "utf-8-sig")):
        try:
            return body.decode(name)
        except (ValueError, LookupError):
            continue
    return body.decode("latin-1")


def _untyped(body: bytes) -> Any:
    value = _json(body, "")
    if value is not ABSENT:
        return value
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return write_data_url("application/octet-stream", body)
