"""An HTTP server for an API that is played in memory: what arrives over the socket is handed to it as a request.

It may answer with bytes of its own, whether they are HTTP or not.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from arazzo.errors import TransportError
from arazzo.exchange import Request

Self = TypeVar("Self", bound="PlayedApi")


class PlayedApi:
    """Serves ``play(request) -> Response``; where that raises TransportError, the connection breaks.

    :param play: what answers: with a response, or with what writes it into a file and then closes the connection.
    :param base: scheme and host that ``play`` expects in URLs.
    """

    def __init__(self, play: Any, base: str) -> None:
        self.play, self.base = play, base
        self.surprises: list[AssertionError] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self: Self) -> Self:
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *where: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever asked has gone
            super().handle_error(*where)


def _handler(played: PlayedApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)) or None
            request = Request(self.command, played.base + self.path, tuple(self.headers.items()), body)
            try:
                response = played.play(request)
            except (TransportError, AssertionError) as error:
                if isinstance(error, AssertionError):
                    played.surprises.append(error)
                self.close_connection = True
                return
            if callable(response):
                self.close_connection = True
                with suppress(OSError):
                    response(self.wfile)
                return
            self.send_response_only(response.status)
            for name, value in response.headers:
                self.send_header(name, value)
            if response.status != 204:
                self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            with suppress(OSError):  # whoever asked has gone
                self.wfile.write(b"" if self.command == "HEAD" else response.body)

        do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler
