"""The exchanges of a run as a file, and a run from such a file: HAR 1.2, without secrets and without a socket.

The recording has what the engine sent and received, without the credentials that a connection adds and without requests
for tokens. Secrets are ``***``, which stands for any text in a replay.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from arazzo.engine.shown import shown_url
from arazzo.errors import GaveUpError, RecordingError, TransportError
from arazzo.exchange import Exchange, Headers, Request, Response, header
from arazzo.flow import Plan
from arazzo.frozen import dataclass, field
from arazzo.json_values import json_report, read_json_value, write_json
from arazzo.openapi.media import charset, is_json, is_text, is_xml, plain
from arazzo.openapi.responses import decode_content
from arazzo.secrecy.concealing import CONCEALED, conceal, hide
from arazzo.secrecy.secrets import exposed_secrets
from arazzo.secrecy.sensitive_names import is_sensitive, names_credential

_VERSION: Final = "1.2"
#: Fields of our own in an entry; HAR leaves names with an underscore to the author of the file.
_STEP, _ERROR, _BEYOND = "_step", "_error", "_beyond"


@dataclass(frozen=True)
class _Kept:
    """One exchange with the time at which it began, POSIX."""

    exchange: Exchange
    began: float


@dataclass
class Recorder:
    """What a run has sent and received, in order."""

    entries: list[_Kept] = field(default_factory=list)

    def add(self, request: Request, answer: Response | TransportError, began: float) -> None:
        """Keep an exchange. It is concealed only when it is written, since later answers tell what is secret."""
        if isinstance(answer, TransportError):
            exchange = Exchange(request, error=write_json({"kind": answer.kind, "message": str(answer)}))
        else:
            exchange = Exchange(request, answer)
            with suppress(GaveUpError):
                exchange = Exchange(request, answer, content=decode_content(answer))
        self.entries.append(_Kept(exchange, began))

    def write(self, plan: Plan, secrets: frozenset[str]) -> str:
        """Return the exchanges as HAR, without secrets.

        :param secrets: what is known to be secret at the end of the run.
        """
        known = secrets.union(*(exposed_secrets(each.exchange) for each in self.entries))
        hiding = _Hiding(known, plan.all_sensitive)
        log = {
            "version": _VERSION,
            "creator": {"name": "arazzo", "version": "1"},
            "comment": f"{plan.workflow_id} of {PurePath(plan.document.get('name', '')).name}; secrets are {CONCEALED}",
            "entries": [hiding.entry(each) for each in self.entries],
        }
        return json_report({"log": log}) + "\n"


@dataclass(frozen=True)
class _Hiding:
    secrets: frozenset[str]
    marked: frozenset[str]

    def text(self, text: str) -> str:
        return conceal(text, self.secrets)

    def is_secret(self, name: str) -> bool:
        return is_sensitive(name, self.marked) or names_credential(name)

    def entry(self, recorded: _Kept) -> dict[str, Any]:
        exchange = recorded.exchange
        seconds = exchange.response.seconds if exchange.response else 0.0
        began = datetime.fromtimestamp(recorded.began, timezone.utc).isoformat(timespec="milliseconds")
        own: dict[str, Any] = {_STEP: exchange.request.step_name}
        if exchange.error is not None:
            told = read_json_value(exchange.error)
            own[_ERROR] = {**told, "message": self.text(told["message"])}
        return {
            "startedDateTime": began,
            "time": round(seconds * 1000, 3),
            "request": self.request(exchange.request),
            "response": self.response(exchange),
            "cache": {},
            "timings": {"send": 0, "wait": round(seconds * 1000, 3), "receive": 0},
            **own,
        }

    def request(self, request: Request) -> dict[str, Any]:
        url = shown_url(request, self.text, self.is_secret)
        sent: dict[str, Any] = {
            "method": request.method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": self.headers(request.sent_headers),
            "queryString": [
                {"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
            ],
            "headersSize": -1,
            "bodySize": len(request.body or b""),
        }
        if request.body is not None:
            kind = header(request.headers, "Content-Type") or ""
            sent["postData"] = {"mimeType": self.text(kind), **self.body(request.body, kind)}
        return sent

    def response(self, exchange: Exchange) -> dict[str, Any]:
        response = exchange.response or Response(0)
        kind = response.header("Content-Type") or ""
        content: dict[str, Any] = {
            "size": len(response.body),
            "mimeType": self.text(kind),
            **self.body(response.body, kind),
        }
        if response.beyond:
            content[_BEYOND] = response.beyond
        known = {status.value: status.phrase for status in HTTPStatus}
        return {
            "status": response.status,
            "statusText": known.get(response.status, ""),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": self.headers(response.headers),
            "content": content,
            "redirectURL": self.text(response.header("Location") or ""),
            "headersSize": -1,
            "bodySize": len(response.body),
        }

    def headers(self, headers: Headers) -> list[dict[str, str]]:
        return [
            {"name": self.text(name), "value": CONCEALED if self.is_secret(name) else self.text(value)}
            for name, value in headers
        ]

    def body(self, body: bytes, content_type: str) -> dict[str, Any]:
        """Return a body: JSON hidden by its names, other text, or bytes, in which nobody can look for secrets."""
        try:
            text = body.decode(charset(content_type) or "utf-8")
        except (UnicodeDecodeError, LookupError):
            return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
        if not (is_json(content_type) or is_xml(content_type) or is_text(content_type)) and "\0" in text:
            return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
        with suppress(ValueError, GaveUpError, RecursionError):
            value = read_json_value(text)
            if isinstance(value, (dict, list)):
                return {"text": write_json(hide(value, self.text, self.is_secret))}
        if plain(content_type) == "application/x-www-form-urlencoded":
            pairs = [pair.partition("=") for pair in text.split("&")]
            text = "&".join(f"{n}={CONCEALED}" if self.is_secret(unquote(n)) else f"{n}{s}{v}" for n, s, v in pairs)
        return {"text": self.text(text)}


class Replay:
    """Answers requests from a recording, in its order, without sending anything.

    The first unused exchange with the same method, path, query and body answers a request. Origin and headers do not
    count; ``***`` in the recording stands for any text.

    :ivar now: the time in the run, POSIX; waits advance it, and nobody really waits.
    """

    def __init__(self, entries: list[tuple[dict[str, Any], Response | TransportError]], began: float) -> None:
        self._left = entries
        self.now = began

    @classmethod
    def read(cls, path: Path) -> Replay:
        """Return the replay of a file.

        :raises RecordingError: if it is not a HAR file.
        """
        try:
            log = read_json_value(path.read_text("utf-8-sig"))["log"]
            entries = [(_sent(entry["request"]), _answer(entry)) for entry in log["entries"]]
            began = min((_time(entry) for entry in log["entries"]), default=0.0)
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror}") from error
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, GaveUpError) as error:
            raise RecordingError(f"{path} is not HAR 1.2: {type(error).__name__}: {error}") from error
        return cls(entries, began)

    def clock(self) -> float:
        """Return the time in the run."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the time by so many seconds."""
        self.now += seconds

    def send(self, request: Request) -> Response:
        """Return the recorded answer.

        :raises TransportError: if the recording has a failure there.
        :raises RecordingError: if it has no answer to the request, naming the nearest one.
        """
        for at, (sent, answer) in enumerate(self._left):
            if _is_line(sent, request) and _is_body(sent, request):
                del self._left[at]
                if isinstance(answer, TransportError):
                    raise answer
                self.now += answer.seconds
                return answer
        raise RecordingError(f"the recording has no answer to {request}{self._why(request)}; nothing was sent")

    def _why(self, request: Request) -> str:
        if any(_is_line(sent, request) for sent, _ in self._left):
            return ": it has one with another body"
        if any(_is_line(sent, request, request.template.count("/")) for sent, _ in self._left):
            return ": it has one from a server whose URL has another path; name such a server (--server)"
        same = dict.fromkeys(f"{sent['method']} {urlsplit(sent['url']).path}" for sent, _ in self._left)
        return f": left are {', '.join(list(same)[:5])}" if same else ": all of its answers have been used"


def _time(entry: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(str(entry["startedDateTime"]).replace("Z", "+00:00")).timestamp()


def _sent(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a replay reads of a request, each part a text."""
    url, data = str(request["url"]), request.get("postData") or {}
    urlsplit(url)
    post = {name: str(data.get(name) or "") for name in ("encoding", "mimeType", "text")}
    return {"method": str(request["method"]), "url": url, "postData": post}


def _answer(entry: Mapping[str, Any]) -> Response | TransportError:
    if (told := entry.get(_ERROR)) is not None:
        return TransportError(str(told["kind"]), str(told["message"]))
    response = entry["response"]
    status = int(response["status"])
    if not status:
        return TransportError("connect", "the recording has no answer")
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


def _is_line(sent: Mapping[str, Any], request: Request, last: int = 0) -> bool:
    return sent["method"] == request.method and _fits(_target(sent["url"], last), _target(request.url, last))


def _target(url: str, last: int) -> str:
    """Return path and query of a URL; of the path only the last segments, if their number is not 0."""
    parts = urlsplit(url)
    path = "/".join((parts.path or "/").split("/")[-last:])
    return unquote(f"{path}?{parts.query}")


def _is_body(sent: Mapping[str, Any], request: Request) -> bool:
    data = sent["postData"]
    if data["encoding"] == "base64" or plain(data["mimeType"]).startswith("multipart/"):
        return request.body is not None
    recorded, text = data["text"], (request.body or b"").decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        return _agrees(json.loads(recorded), json.loads(text))
    return _fits(unquote(recorded), unquote(text))


def _agrees(recorded: Any, value: Any) -> bool:
    """Say whether a JSON value equals the recorded one, in which ``***`` stands for anything."""
    match recorded:
        case str():
            return recorded == CONCEALED or (isinstance(value, str) and _fits(recorded, value))
        case dict():
            same = isinstance(value, dict) and recorded.keys() == value.keys()
            return same and all(_agrees(item, value[name]) for name, item in recorded.items())
        case list():
            same = isinstance(value, list) and len(recorded) == len(value)
            return same and all(map(_agrees, recorded, value))
    return bool(recorded == value) and isinstance(recorded, bool) is isinstance(value, bool)


def _fits(recorded: str, text: str) -> bool:
    """Say whether a text equals the recorded one, in which ``***`` stands for any text."""
    first, *others = recorded.split(CONCEALED)
    if not others:
        return recorded == text
    if not text.startswith(first):
        return False
    *between, last = others
    at = len(first)
    for part in between:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last) and len(text) - len(last) >= at
