"""The exchanges of a run as entries of HAR 1.2: kept as they were, hidden when all is known that is secret.

They have what the engine sent and received, without the credentials that a connection adds and without requests for
tokens. Secrets are ``***``, which stands for any text in a replay.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from http import HTTPStatus
from itertools import groupby
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from arazzo.engine.messages import step_path
from arazzo.engine.shown import shown_url
from arazzo.engine.state import Recording
from arazzo.errors import GaveUpError, TransportError
from arazzo.exchange import Exchange, Headers, Request, Response, header
from arazzo.flow import Plan
from arazzo.frozen import dataclass, replace
from arazzo.json_values import json_report, read_json_value, write_json
from arazzo.limits import current_limits
from arazzo.openapi.media import charset, is_json, is_text, is_xml, plain
from arazzo.openapi.responses import decode_content
from arazzo.secrecy.concealing import CONCEALED, Conceal, hide
from arazzo.secrecy.secrets import exposed_secrets
from arazzo.secrecy.sensitive_names import is_sensitive, names_credential

_VERSION: Final = "1.2"
#: Fields of our own in an entry; HAR leaves names with an underscore to the author of the file.
STEP, _ERROR, _BEYOND = "_step", "_error", "_beyond"


def bounded_recording() -> Recording:
    """Return the recording of a run that travels, before its first exchange."""
    return Recording(most=current_limits().recorded_characters)


def entry_of(exchange: Exchange, answered: float) -> str:
    """Return an exchange as JSON text, with all that is secret in it.

    :param answered: POSIX time at which the answer came.
    """
    request, response = exchange.request, exchange.response or Response(0)
    began = datetime.fromtimestamp(answered - response.seconds, timezone.utc).isoformat(timespec="milliseconds")
    milliseconds = round(response.seconds * 1000, 3)
    content = _body(response.body, response.header("Content-Type"))
    sent: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request.sent_headers),
        "headersSize": -1,
        "bodySize": len(request.body or b""),
    }
    if request.body is not None:
        sent["postData"] = _body(request.body, header(request.headers, "Content-Type"))
    answer = {
        "status": response.status,
        "statusText": {status.value: status.phrase for status in HTTPStatus}.get(response.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(response.headers),
        "content": {"size": len(response.body), **content, **({_BEYOND: response.beyond} if response.beyond else {})},
        "redirectURL": response.header("Location") or "",
        "headersSize": -1,
        "bodySize": len(response.body),
    }
    entry = {
        "startedDateTime": began,
        "time": milliseconds,
        "request": sent,
        "response": answer,
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        STEP: request.step_name,
    }
    return write_json(
        entry if exchange.error is None else {**entry, _ERROR: {"kind": exchange.kind, "message": exchange.error}}
    )


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _body(body: bytes, content_type: str | None) -> dict[str, Any]:
    """Return a body as text, or as bytes, in which nobody can look for a secret."""
    kind = content_type or ""
    legible = is_json(kind) or is_xml(kind) or is_text(kind)
    with suppress(UnicodeDecodeError, LookupError):
        text = body.decode(charset(kind) or "utf-8")
        if legible or "\0" not in text:
            return {"mimeType": kind, "text": text}
    return {"mimeType": kind, "text": base64.b64encode(body).decode(), "encoding": "base64"}


def answer_in(entry: Mapping[str, Any]) -> Response | TransportError:
    """Return the answer of an entry, anybody's.

    :raises KeyError: and TypeError, ValueError, AttributeError if it is no entry.
    """
    if (told := entry.get(_ERROR)) is not None:
        return TransportError(str(told["kind"]), str(told["message"]), maybe_sent=False)  # what it says counts
    response = entry["response"]
    status = int(response["status"])
    if not status:
        return TransportError("connect", "the recording has no answer", maybe_sent=False)
    content = response["content"]
    text, coded = str(content.get("text") or ""), content.get("encoding") == "base64"
    headers = tuple((str(each["name"]), str(each["value"])) for each in response["headers"])
    kind = header(headers, "Content-Type") or ""
    try:
        body = base64.b64decode(text, validate=True) if coded else text.encode(charset(kind) or "utf-8")
    except (binascii.Error, LookupError, UnicodeEncodeError):
        body = text.encode()
    seconds = max(float(entry.get("time") or 0), 0.0) / 1000
    return Response(status, headers, body, seconds, beyond=str(content.get(_BEYOND) or ""))


def exposed_in(entries: Iterable[str]) -> Iterator[str]:
    """Yield the credentials that the answers of entries contain."""
    for text in entries:
        if isinstance(answer := answer_in(read_json_value(text)), Response):
            exchange = Exchange(Request("", ""), answer)
            with suppress(GaveUpError):
                exchange = replace(exchange, content=decode_content(answer))
            yield from exposed_secrets(exchange)


def hidden_entries(entries: Iterable[str], plan: Plan, conceal: Conceal) -> list[dict[str, Any]]:
    """Return entries without secrets.

    :param plan: whose exchanges they are.
    :param conceal: hides in a text what is known to be secret when all is over, :func:`exposed_in` included.
    """
    hiding = _Hiding(conceal, frozenset(plan.all_sensitive))
    return [hiding.entry(read_json_value(text)) for text in entries]


def har(title: str, entries: list[dict[str, Any]]) -> str:
    """Return hidden entries as a file.

    :param title: whose they are.
    """
    log = {
        "version": _VERSION,
        "creator": {"name": "arazzo", "version": "1"},
        "comment": f"{title}; secrets are {CONCEALED}",
        "entries": entries,
    }
    return json_report({"log": log}) + "\n"


def route_in(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return the steps that sent the requests of entries, each with its workflow if it is in an inner one."""
    names = ("/".join(str(entry[STEP]).split("/")[-2:]) for entry in entries)
    return " → ".join(step_path((name, len(list(same))) for name, same in groupby(names)))


def recording_title(plan: Plan) -> str:
    """Return whose exchanges those of a plan are."""
    return f"{plan.workflow_id} of {PurePath(plan.document.get('name', '')).name}"


@dataclass(frozen=True)
class _Hiding:
    text: Conceal
    marked: frozenset[str]

    def is_secret(self, name: str) -> bool:
        return is_sensitive(name, self.marked) or names_credential(name)

    def entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        sent, answer = entry["request"], entry["response"]
        url = shown_url(Request(sent["method"], sent["url"]), self.text, self.is_secret)
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        pairs = [{"name": name, "value": value} for name, value in query]
        request = {**sent, "url": url, "headers": self.headers(sent["headers"]), "queryString": pairs}
        if "postData" in sent:
            request["postData"] = self.body(sent["postData"])
        response = {
            **answer,
            "headers": self.headers(answer["headers"]),
            "content": self.body(answer["content"]),
            "redirectURL": self.text(answer["redirectURL"]),
        }
        error = {_ERROR: {**entry[_ERROR], "message": self.text(entry[_ERROR]["message"])}} if _ERROR in entry else {}
        return {**entry, "request": request, "response": response, **error}

    def headers(self, headers: list[dict[str, str]]) -> list[dict[str, str]]:
        return [
            {
                "name": self.text(each["name"]),
                "value": CONCEALED if self.is_secret(each["name"]) else self.text(each["value"]),
            }
            for each in headers
        ]

    def body(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body: JSON and forms hidden by the names in them, other text, or bytes as they are."""
        kind = self.text(body["mimeType"])
        if "encoding" in body:
            return {**body, "mimeType": kind}
        text = body["text"]
        with suppress(ValueError, GaveUpError, RecursionError):
            value = read_json_value(text)
            if isinstance(value, (dict, list)):
                return {**body, "mimeType": kind, "text": write_json(hide(value, self.text, self.is_secret))}
        if plain(body["mimeType"]) == "application/x-www-form-urlencoded":
            pairs = [pair.partition("=") for pair in text.split("&")]
            text = "&".join(f"{n}={CONCEALED}" if self.is_secret(unquote(n)) else f"{n}{s}{v}" for n, s, v in pairs)
        return {**body, "mimeType": kind, "text": self.text(text)}
