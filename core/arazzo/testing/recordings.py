"""The exchanges of a run as a file, and a run from such a file: HAR 1.2, without secrets and without a socket.

The recording has what the engine sent and received, without the credentials that a connection adds and without requests
for tokens. Secrets are ``***``, which stands for any text in a replay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from arazzo.engine.recording import answer_in
from arazzo.errors import GaveUpError, RecordingError, TransportError
from arazzo.exchange import Request, Response
from arazzo.json_values import read_json_value
from arazzo.openapi.media import plain
from arazzo.secrecy.concealing import CONCEALED


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
            return cls.of(read_json_value(path.read_text("utf-8-sig"))["log"]["entries"])
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror}") from error
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, GaveUpError) as error:
            raise RecordingError(f"{path} is not HAR 1.2: {type(error).__name__}: {error}") from error

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]]) -> Replay:
        """Return the replay of the entries of a file."""
        listed = [*entries]
        answers = [(_sent(entry["request"]), answer_in(entry)) for entry in listed]
        return cls(answers, min(map(_time, listed), default=0.0))

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
