"""Serve a mock: in a thread of a test, or as a program of its own."""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arazzo.errors import ArazzoError
from arazzo.testing.api import Descriptions, MockApi
from arazzo.testing.faults import CONNECTION
from arazzo.testing.scenario import Scenario

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp, Receive, Scope, Send

_STARTS_WITHIN = 10.0


class ServingError(ArazzoError):
    """The server did not start, usually because the port is in use."""


@contextlib.contextmanager
def serve(app: MockApi, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve a mock in a thread while the context lasts, and return its URL.

    :param port: 0 for a free one.
    :raises ServingError: if it cannot listen there.
    """
    listener = _listen(host, port)
    server = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="mock-api", daemon=True)
    thread.start()
    deadline = time.monotonic() + _STARTS_WITHIN
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ServingError("the mock API did not start")
        time.sleep(0.005)
    try:
        yield _url(host, listener)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(_STARTS_WITHIN)
        listener.close()


def run_server(
    descriptions: Descriptions,
    scenario: Scenario | str | Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Serve a mock until the process is told to stop (SIGINT, SIGTERM).

    :param on_start: receives the URL once it is known.
    :raises DocumentError: if a description or the scenario cannot be read.
    :raises ServingError: if it cannot listen there.
    """
    app = MockApi(descriptions, scenario)
    with contextlib.closing(_listen(host, port)) as listener:
        if on_start is not None:
            on_start(_url(host, listener))
        _server(app).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ServingError(f"the mock API cannot listen on {host}:{port}: {error.strerror}") from error


def _url(host: str, listener: socket.socket) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def _server(app: MockApi) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        app,
        http=_protocol(),
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@functools.cache
def _protocol() -> type[Any]:
    """Return uvicorn's protocol, extended to give the application access to its connection."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class BreakableProtocol(H11Protocol):
        """Puts the connection into the scope's extensions, for the faults."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.app = _with_connection(self.app, transport)

    return BreakableProtocol


def _with_connection(app: Any, connection: Any) -> ASGIApp:
    async def extended(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[CONNECTION] = connection
        await app(scope, receive, send)

    return extended
