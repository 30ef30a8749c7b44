"""A bound on what a server sends before anybody can read it: an endless head, trailers or chunk framing.

aiohttp bounds the length of a line, and from 3.14 on the number of lines. Airflow 3.1 comes with an older version,
which keeps a head until it ends: memory fills, and the event loop that all triggers share stands still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from arazzo.limits import current_limits
from arazzo.transport.failures import TooMuchError
from arazzo.transport.framing import FramingError, Heads


class _TooMuchError(aiohttp.ClientError, TooMuchError):
    """As aiohttp knows its own errors."""


class _FramingError(aiohttp.ClientError, FramingError):
    """As aiohttp knows its own errors."""


class BoundedResponse(aiohttp.ClientResponse):
    """A response whose connection is cut if too much arrives before anything of it can be read."""

    unread: Unread | None = None

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read the head, as aiohttp does."""
        protocol, transport = connection.protocol, connection.transport
        if protocol is not None and isinstance(transport, asyncio.Transport):
            self.unread = Unread(protocol, transport, protocol.set_exception, Heads(self.method))
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
        self,
        protocol: asyncio.Protocol,
        transport: asyncio.Transport,
        fail: Callable[[BaseException], None],
        heads: Heads,
    ) -> None:
        self.protocol, self.transport, self._fail = protocol, transport, fail
        self._error: aiohttp.ClientError | None = None
        self.count = 0
        self._bounds = current_limits()
        self._heads = heads

    def fails(self, fail: Callable[[BaseException], None]) -> None:
        """Report through ``fail`` from now on that too much has arrived; at once if it already has."""
        self._fail = fail
        self._tell()

    def _tell(self) -> None:
        if self._error is not None:
            self._fail(self._error)

    def data_received(self, data: bytes) -> None:
        if self._error is not None:
            return
        self.count += len(data)
        bounds = self._bounds
        try:
            read = self._heads.feed(data)
        except FramingError:
            self._stop(_FramingError())
            return
        if self._heads.lines > bounds.head_lines:
            self._stop(_TooMuchError(f"the head of the answer has more than {bounds.head_lines:,} lines (head_lines)"))
        elif self.count > bounds.unread_bytes:
            text = f"more than {bounds.unread_bytes:,} bytes came that are no part of an answer yet (unread_bytes)"
            self._stop(_TooMuchError(text))
        elif read:
            self.protocol.data_received(read)

    def _stop(self, error: aiohttp.ClientError) -> None:
        self._error = error
        self._tell()
        self.transport.abort()

    def eof_received(self) -> bool | None:
        self._pass_rest()
        return self.protocol.eof_received()

    def _pass_rest(self) -> None:
        """Let aiohttp see a head that has not ended, so that it knows what kind of failure this is."""
        if self._error is None and (rest := self._heads.rest()):
            self.protocol.data_received(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pass_rest()
        self.protocol.connection_lost(exc)
        self._tell()  # to aiohttp, the answer has just become incomplete

    def pause_writing(self) -> None:
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        self.protocol.resume_writing()
