"""A bound on what a server sends before anybody can read it: an endless head, trailers or chunk framing.

aiohttp bounds the length of a line, and from 3.14 on the number of lines. Airflow 3.1 comes with an older version,
which keeps a head until it ends: memory fills, and the event loop that all triggers share stands still.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import aiohttp

from arazzo.limits import current_limits
from arazzo.transport.failures import TooMuchError

_BLANK = re.compile(rb"\n\r?\n")


class _TooMuchError(aiohttp.ClientError, TooMuchError):
    """As aiohttp knows its own errors."""


class BoundedResponse(aiohttp.ClientResponse):
    """A response whose connection is cut if too much arrives before anything of it can be read."""

    unread: Unread | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the head, as aiohttp does."""
        protocol, transport = connection.protocol, connection.transport
        if protocol is not None and isinstance(transport, asyncio.Transport):
            self.unread = Unread(protocol, transport, protocol.set_exception)
            transport.set_protocol(self.unread)
        await super().start(connection)
        if self.unread is not None:
            self.unread.count = 0
            self.unread.fails(self.content.set_exception)
        return self


def was_read(response: aiohttp.ClientResponse) -> None:
    """Start counting again: a piece of the answer was read."""
    if isinstance(response, BoundedResponse) and response.unread is not None:
        response.unread.count = 0


class Unread(asyncio.Protocol):
    """aiohttp's protocol, behind a counter of the bytes that have arrived."""

    def __init__(
        self, protocol: asyncio.Protocol, transport: asyncio.Transport, fail: Callable[[BaseException], None]
    ) -> None:
        self.protocol, self.transport, self._fail = protocol, transport, fail
        self._error: aiohttp.ClientError | None = None
        self.count = 0
        self._bounds = current_limits()
        self.head = HeadLines()

    def fails(self, fail: Callable[[BaseException], None]) -> None:
        """Report through ``fail`` from now on that too much has arrived; at once if it already has."""
        self._fail = fail
        self._tell()

    def _tell(self) -> None:
        if self._error is not None:
            self._fail(self._error)

    def data_received(self, data: bytes) -> None:
        self.count += len(data)
        self.head.feed(data)
        if self.count <= self._bounds.unread_bytes and self.head.count <= self._bounds.head_lines:
            self.protocol.data_received(data)
        elif not self.transport.is_closing():
            lines = self.head.count > (most := self._bounds.head_lines)
            text = f"the head of the answer has more than {most:,} lines (head_lines)"
            unread = (
                f"more than {self._bounds.unread_bytes:,} bytes came that are no part of an answer yet (unread_bytes)"
            )
            self._error = _TooMuchError(text if lines else unread)
            self._tell()
            self.transport.abort()

    def eof_received(self) -> bool | None:
        return self.protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.protocol.connection_lost(exc)
        self._tell()  # to aiohttp, the answer has just become incomplete

    def pause_writing(self) -> None:
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        self.protocol.resume_writing()


class HeadLines:
    """How many lines the head of an answer has so far, including interim answers before it.

    A bound on bytes is not enough: an older aiohttp takes minutes for a megabyte of short lines.
    """

    def __init__(self) -> None:
        self.count = 0
        self._over = False
        self._starts = True
        self._left = b""

    def feed(self, data: bytes) -> None:
        """Count the lines in data, as long as it belongs to a head."""
        text = self._left + data
        while not self._over:
            if self._starts and len(text) < 5:
                break
            self._over = self._starts and not text.startswith(b"HTTP/")
            blank = _BLANK.search(text)
            self._starts = blank is not None
            end = blank.end() if blank else max(len(text) - 2, 0)
            self.count += 0 if self._over else text.count(b"\n", 0, end)
            text = text[end:]
            if not blank:
                break
        self._left = b"" if self._over else text
