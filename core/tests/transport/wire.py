"""A server of raw sockets that answers as it is told, and both ways to send, as one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
import requests

from arazzo.errors import TransportError
from arazzo.exchange import Request, Response
from arazzo.transport import open_session, send, send_async

Behaviour = Callable[[socket.socket], None]


def answer(data: bytes) -> Behaviour:
    """Send this and close."""
    return lambda connection: connection.sendall(data)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(connection: socket.socket) -> None:
    connection.settimeout(20)
    connection.recv(1)


def drip(start: bytes, piece: bytes, pause: float = 0.02) -> Behaviour:
    """Send the start, then a piece again and again until nobody listens."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return behave


@dataclass
class RawServer:
    """Records each request's bytes; answers the n-th with the n-th behaviour, the last one repeated."""

    behaviours: tuple[Behaviour, ...] = ()
    received: list[bytes] = field(default_factory=list)
    connections: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def lines(self, index: int = -1) -> list[str]:
        return self.received[index].partition(b"\r\n\r\n")[0].decode().split("\r\n")

    def headers(self, index: int = -1) -> dict[str, str]:
        return {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in self.lines(index)[1:])
        }

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve_one, args=[connection], daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while True:
                data = b""
                while b"\r\n\r\n" not in data:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    data += piece
                length = [line for line in data.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                wanted = data.index(b"\r\n\r\n") + 4 + (int(length[0].split(b":")[1]) if length else 0)
                while len(data) < wanted:
                    data += connection.recv(65536)
                self.received.append(data)
                self.behaviours[min(len(self.received), len(self.behaviours)) - 1](connection)
                if b"keep-alive-please" not in data:
                    return


@dataclass(frozen=True)
class Way:
    """One of the two ways to send; ``session`` is applied to the session before."""

    name: str

    def send(self, request: Request, **kwargs) -> Response:
        return self.send_all([request], **kwargs)[0]

    def send_all(
        self, requests_: list[Request], *, trust_env: bool = False, headers: dict[str, str] | None = None, **kwargs
    ) -> list[Response]:
        if self.name == "aiohttp":
            return asyncio.run(self._send_async(requests_, trust_env, headers, kwargs))
        kwargs.pop("keep", None)
        with requests.Session() as session:
            session.trust_env = trust_env
            session.headers.update(headers or {})
            return [send(request, session, **kwargs) for request in requests_]

    async def _send_async(self, requests_, trust_env, headers, kwargs) -> list[Response]:
        if kwargs.pop("keep", False):
            session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        else:
            session = open_session(headers=headers, trust_env=trust_env)
        async with session:
            return [await send_async(request, session, **kwargs) for request in requests_]

    def failure_of_last(self, requests_: list[Request], **kwargs) -> TransportError:
        with pytest.raises(TransportError) as caught:
            self.send_all(requests_, **kwargs)
        return caught.value

    def failure(self, request: Request, **kwargs) -> TransportError:
        return self.failure_of_last([request], **kwargs)
