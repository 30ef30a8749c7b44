"""An HTTP server that answers what it has been told to, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ScriptedApi:
    """Answers by request line, after ``hangs`` seconds, to any other line in turn; the last answer is repeated."""

    asked: list[Asked] = field(default_factory=list)
    script: dict[str, list[tuple[int, Any, dict[str, str]]]] = field(default_factory=dict)
    others: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)

    def on(self, line: str, status: int = 200, body: Any = None, **headers: str) -> ScriptedApi:
        self.script.setdefault(line, []).append((status, body, {k.replace("_", "-"): v for k, v in headers.items()}))
        return self

    @property
    def lines(self) -> list[str]:
        return [asked.line for asked in self.asked]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> ScriptedApi:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def _handler(api: ScriptedApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            api.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
            line = f"{self.command} {self.path}"
            answers = api.script.get(line) or api.others or [(404, {"error": "not scripted"}, {})]
            status, content, headers = answers.pop(0) if len(answers) > 1 else answers[0]
            time.sleep(float(headers.get("hangs", 0)))
            data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            with suppress(OSError):  # whoever asked has gone
                self.wfile.write(data)

        do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler
