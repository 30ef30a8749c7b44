"""The fixtures of the transport's tests: servers to send to, and the two ways to send."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from wire import Behaviour, RawServer, Way


@pytest.fixture
def raw_server() -> Iterator[Callable[..., RawServer]]:
    servers: list[RawServer] = []

    def start(*behaviours: Behaviour) -> RawServer:
        server = RawServer(behaviours)
        servers.append(server)
        threading.Thread(target=server.serve, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.listener.close()


@pytest.fixture(params=["requests", "aiohttp"])
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)
