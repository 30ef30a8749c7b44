"""From a response's bytes to a value (RFC 9110, 8.3).

JSON is parsed, and JSON lines become an array; XML, forms and all other text stay text. Bytes are not a JSON value:
they become a ``data:`` URL with their media type, which a request body turns back into bytes. An empty body is ABSENT.
A body that its type does not fit (broken JSON or XML, a page in HTML) is :class:`~arazzo.absent.Unreadable`; whoever
looks into what is beyond a limit gives up.
"""

from __future__ import annotations

import codecs
import json
import re
from contextlib import suppress
from typing import Any

from arazzo.absent import ABSENT, Unreadable
from arazzo.errors import EvaluationError
from arazzo.exact_numbers import BeyondValue
from arazzo.exchange import CODINGS, Exchange, Response, content_codings
from arazzo.frozen import replace
from arazzo.json_values import read_json_value
from arazzo.limits import current_limits
from arazzo.openapi.data_url import write_data_url
from arazzo.openapi.media import charset, is_json, is_json_lines, is_text, is_xml, plain
from arazzo.openapi.operation import Operation

_LINE_END = re.compile(r"[\r\n]+")
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def with_content(exchange: Exchange, operation: Operation | None) -> Exchange:
    """Return an exchange with its response's content read; ``operation`` as for :func:`parsed_content`."""
    if exchange.response is None or exchange.content is not ABSENT:
        return exchange
    content = decode_content(exchange.response)
    return replace(exchange, content=content, parsed=parsed_content(exchange.response, content, operation))


def decode_content(response: Response) -> Any:
    """Return the body as a JSON value; ABSENT if it is empty, Unreadable if its type does not fit.

    Without a content type, the body is JSON if it can be read so, or else text if it is UTF-8.
    """
    body, content_type = response.body, response.header("Content-Type") or ""
    if response.beyond:
        return BeyondValue(response.beyond)
    if not body or (is_json(content_type) and not body.strip()):
        return ABSENT
    if coded := [name for name in content_codings(response.headers) if name not in CODINGS]:
        return Unreadable(f"the body has the content coding {coded[0]!r}, which was not asked for")
    if is_json(content_type):
        return _json(body, content_type)
    if is_json_lines(content_type):
        return _json(body, content_type, lines=True)
    if is_xml(content_type):
        return _xml(body, content_type)
    if is_text(content_type):
        return _text(body, content_type)
    return write_data_url(plain(content_type), body) if plain(content_type) else _untyped(body)


def parsed_content(response: Response, content: Any, operation: Operation | None = None) -> Any:
    """Return what pointers and paths look at in an answer that does not claim to be JSON.

    JSON is read whatever the type says. Other content is Unreadable, except XML where that is read.

    :param content: from :func:`decode_content`.
    :param operation: its schemas say what XML stands for; None if JSON paths do not lead into XML (``strict``).
    :return: ABSENT if that is the content itself, or nothing.
    """
    if not isinstance(content, str):
        return ABSENT
    content_type = response.header("Content-Type") or ""
    if not response.body.strip() or is_json(content_type):
        return ABSENT
    value = _json(response.body, content_type)
    if not isinstance(value, Unreadable):
        return value
    if operation is not None and (is_xml(content_type) or content.lstrip().startswith("<?xml")):
        from arazzo.openapi.xml_answers import read_xml_answer

        with suppress(EvaluationError):
            text = _xml_text(response.body, content_type)
            return (
                text
                if isinstance(text, Unreadable)
                else read_xml_answer(text, operation.answer_schema(response.status))
            )
    return Unreadable(f"the body is {plain(content_type) or 'text'} and not JSON")


def _json(body: bytes, content_type: str, *, lines: bool = False) -> Any:
    try:
        text = body.decode(charset(content_type) or json.detect_encoding(body)).removeprefix("\ufeff")
        if (limit := _too_much(text, lines=lines)) is not None:
            return BeyondValue(limit)
        value = _lines(text) if lines else read_json_value(text)
        return _whole(value) if _SURROGATE.search(text) else value
    except json.JSONDecodeError as error:
        return Unreadable(f"the body is not JSON: {error.msg.lower()}, line {error.lineno}, column {error.colno}")
    except UnicodeDecodeError:
        return Unreadable(f"the body is not text in {charset(content_type) or 'UTF-8'}")
    except LookupError:
        return Unreadable(f"the body has the unknown charset {charset(content_type)!r}")
    except ValueError as error:
        return Unreadable(f"the body is not JSON: {error}")


def _xml(body: bytes, content_type: str) -> Any:
    """Return XML as text; Unreadable if it is not XML."""
    from arazzo.expressions.xml_tree import require_xml

    text = _xml_text(body, content_type)
    if isinstance(text, Unreadable):
        return text
    try:
        require_xml(text)
    except EvaluationError:
        return Unreadable("the body is not well-formed XML") if text.strip() else ABSENT
    return text


def _xml_text(body: bytes, content_type: str) -> str | Unreadable:
    """Return XML as text, in the encoding that its first bytes, its type or its declaration name (RFC 7303, 3)."""
    name = next((name for mark, name in _BYTE_ORDER_MARKS.items() if body.startswith(mark)), None)
    declared = _XML_ENCODING.match(body.lstrip()[:1024])
    name = (
        name or charset(content_type) or (charset(f";charset={declared[1].decode()}") if declared else None) or "utf-8"
    )
    try:
        return body.decode(name).removeprefix("\ufeff")
    except LookupError:
        return Unreadable(f"the body has the unknown charset {name!r}")
    except ValueError:
        return Unreadable(f"the body is not text in {name}")


def _too_much(text: str, *, lines: bool) -> str | None:
    """Return the limit that JSON exceeds: reading so much would keep a triggerer from all else.

    Values are first counted roughly, since texts contain commas too.
    """
    limits = current_limits()
    if lines and text.count("\n") + text.count("\r") > limits.json_lines:
        return f"an answer has more than {limits.json_lines:,} lines (json_lines)"
    if len(text) <= limits.json_values or _count(text) <= limits.json_values:
        return None
    unescaped = text.replace("\\\\", "").replace('\\"', "")
    if _count("".join(unescaped.split('"')[::2])) <= limits.json_values:
        return None
    return f"an answer holds more than {limits.json_values:,} values (json_values)"


def _count(text: str) -> int:
    return sum(map(text.count, "[{,"))


def _whole(value: Any) -> Any:
    """Return a value with a replacement character for each half of a surrogate pair in its texts."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        places = list(holder.items()) if type(holder) is dict else list(enumerate(holder))
        if type(holder) is dict:
            holder.clear()
        for place, item in places:
            if type(item) in (dict, list):
                waiting.append(item)
            whole = _whole(item) if isinstance(item, str) else item
            holder[_whole(place) if isinstance(place, str) else place] = whole
    return value


def _lines(text: str) -> list[Any]:
    lines = (line.strip(" \t") for line in _LINE_END.split(text))
    return [read_json_value(line) for line in lines if line]


def _text(body: bytes, content_type: str) -> str:
    """Return text in its charset, or else as UTF-8, or as Latin-1, which any bytes are, without byte order mark."""
    for name in filter(None, (charset(content_type), "utf-8")):
        try:
            return body.decode(name).removeprefix("\ufeff")
        except (ValueError, LookupError):
            continue
    return body.decode("latin-1")


def _untyped(body: bytes) -> Any:
    value = _json(body, "")
    if not isinstance(value, Unreadable):
        return value
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return write_data_url("application/octet-stream", body)
