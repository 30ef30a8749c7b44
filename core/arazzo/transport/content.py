"""The headers and the body of an answer, as both libraries deliver them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Final

from arazzo.errors import TransportError
from arazzo.exchange import Headers, content_codings

_CODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
#: How a member of gzip begins.
_MEMBER: Final = b"\x1f"


class CollectedBody:
    """Collects a body, decompressed, up to a limit that a small bomb cannot jump over.

    :ivar beyond: the limit that it exceeds; then nothing of it is kept.
    """

    def __init__(self, codings: list[str], limit: int, error: Callable[[str, str], TransportError]) -> None:
        self.limit, self.error = limit, error
        self.stages = [Inflation(coding) for coding in reversed(codings)]
        self.parts: list[bytes] = []
        self.size = 0
        self.beyond = ""

    def feed(self, data: bytes) -> bool:
        """Take a piece; return whether more may come."""
        room = self.limit - self.size
        for stage in self.stages:
            try:
                data = stage.feed(data, room + 1)
            except zlib.error:
                raise self.error("protocol", "the compressed answer is damaged") from None
        self.size += len(data)
        if self.size > self.limit:
            self.beyond = f"the answer is larger than {self.limit:,} bytes (max_bytes)"
            self.parts.clear()
            return False
        self.parts.append(data)
        return True

    def whole(self) -> bytes:
        if self.beyond:
            return b""
        if not all(stage.complete for stage in self.stages):
            raise self.error("reset", "the connection was closed before the answer was complete")
        return b"".join(self.parts)


class Inflation:
    """Undoes one content coding, piece by piece; gzip may have several members, deflate may lack its zlib frame.

    What follows and is no member has no meaning: some servers pad their answers.
    """

    def __init__(self, coding: str) -> None:
        self.bits = _CODINGS[coding]
        self.stream = zlib.decompressobj(self.bits)
        self.begun = self.ended = False

    @property
    def complete(self) -> bool:
        return self.stream.eof or not self.begun

    def feed(self, data: bytes, room: int) -> bytes:
        """Return what ``data`` adds, at most ``room`` bytes: that many are already too many."""
        parts: list[bytes] = []
        while data and room > 0 and not self.ended:
            if self.stream.eof:
                self.ended = self.bits != 31 or data[:1] != _MEMBER
                if self.ended:
                    break
                self.stream = zlib.decompressobj(self.bits)
            part = self._inflate(data, room)
            parts.append(part)
            room -= len(part)
            data = self.stream.unused_data or self.stream.unconsumed_tail
        return b"".join(parts)

    def _inflate(self, data: bytes, room: int) -> bytes:
        first, self.begun = not self.begun, True
        try:
            return self.stream.decompress(data, room)
        except zlib.error:
            if not first or self.bits != 15:
                raise
            self.stream = zlib.decompressobj(-15)
            return self.stream.decompress(data, room)


def codings_of(headers: Headers) -> list[str]:
    """Return the content codings of a body in the order they were applied; empty if one of them is unknown."""
    found = content_codings(headers)
    return found if all(name in _CODINGS for name in found) and len(found) < 4 else []


def readable(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def grouped(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Return headers with equal names side by side, the only order that both libraries report."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, value in pairs:
        groups.setdefault(name.lower(), []).append((name, value))
    return tuple(pair for group in groups.values() for pair in group)
