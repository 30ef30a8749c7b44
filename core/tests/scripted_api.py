"""An HTTP server that answers what it has been told to, and keeps what it was asked."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from played_api import PlayedApi

from arazzo.exchange import Request, Response


@dataclass(frozen=True)
class Asked:
    """One request as it arrived.

    :ivar at: when, by the monotonic clock.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic, compare=False)

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ScriptedApi(PlayedApi):
    """Answers by request line, after ``hangs`` seconds, to any other line in turn; the last answer is repeated."""

    asked: list[Asked] = field(default_factory=list)
    script: dict[str, list[tuple[int, Any, dict[str, str]]]] = field(default_factory=dict)
    others: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.reply, base="")

    def on(self, line: str, status: int = 200, body: Any = None, **headers: str) -> ScriptedApi:
        self.script.setdefault(line, []).append((status, body, {k.replace("_", "-"): v for k, v in headers.items()}))
        return self

    @property
    def lines(self) -> list[str]:
        return [asked.line for asked in self.asked]

    def reply(self, request: Request) -> Response:
        asked = Asked(request.method, request.url, dict(request.headers), request.body or b"")
        self.asked.append(asked)
        answers = self.script.get(asked.line) or self.others or [(404, {"error": "not scripted"}, {})]
        status, content, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        time.sleep(float(headers.get("hangs", 0)))
        data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        return Response(status, tuple({"content-type": "application/json", **headers}.items()), data)
