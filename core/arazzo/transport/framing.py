"""How an answer is framed (RFC 9112), read strictly and the same whichever library reads the answer.

The libraries differ in what they forgive: one skips a line of a head that is none, the other refuses it. What one of
them might take for another answer, or for the end of this one, is no answer here.
"""

from __future__ import annotations

import io
import re
from http.client import HTTPException, IncompleteRead
from typing import IO, Any

from arazzo.limits import current_limits

_FIELD = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*(?:\r?\n[ \t][^\r\n\0]*)*\r?\n"
_HEAD = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n\0]*)?\r?\n(?:" + _FIELD + rb")*\r?\n")
_FOLD = re.compile(rb"[ \t]*\r?\n[ \t]+")
_FRAMING = re.compile(rb"^(content-length|transfer-encoding):[ \t]*([^\r\n]*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_MOST_FIELDS, _LONGEST_LINE = 100, 65536
_BLANK = re.compile(rb"\n\r?\n")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")


class FramingError(HTTPException):
    """An answer that is not framed as HTTP has it."""


def read_head(head: bytes, method: str = "GET") -> tuple[bytes, int, int | None]:
    """Return a head with its folded lines joined, its status, and the length of the body; None if its end tells that.

    :raises FramingError: if it is not a head, or does not say plainly where the body ends.
    """
    match = _HEAD.fullmatch(head)
    head = _FOLD.sub(b" ", head)
    framing = _FRAMING.findall(head)
    if match is None or len(framing) > 1 or head.count(b"\n") > _MOST_FIELDS + 2:
        raise FramingError
    status, length = int(match[1]), None
    for name, value in framing:
        if name.lower() == b"content-length":
            if not re.fullmatch(rb"[0-9]{1,18}", value):
                raise FramingError
            length = int(value)
        elif b"chunked" in value.lower().split(b",")[:-1]:
            raise FramingError
    return head, status, 0 if method == "HEAD" or status < 200 or status in (204, 304) else length


class Heads:
    """Lets the heads of an answer through once they are whole, interim ones included, and its body to its end.

    :ivar lines: how many lines the heads have so far.
    """

    def __init__(self, method: str) -> None:
        self.lines = self._read = 0
        self._method = method
        self._over = False
        self._left: int | None = None
        self._kept = b""

    def feed(self, data: bytes) -> bytes:
        """Return what may be read after these bytes.

        :raises FramingError: see :func:`read_head`.
        """
        text, read = self._kept + data, b""
        while not self._over and len(text) >= 5:
            if not text.startswith(b"HTTP/"):
                raise FramingError
            if (blank := _BLANK.search(text)) is None:
                break
            head, status, self._left = read_head(text[: blank.end()], self._method)
            self._read += text.count(b"\n", 0, blank.end())
            read, text = read + head, text[blank.end() :]
            self._over = status >= 200 or status == 101
        self.lines = self._read + (0 if self._over else text.count(b"\n"))
        self._kept = b"" if self._over else text
        if not self._over:
            return read
        body = text[: self._left]
        self._left = None if self._left is None else self._left - len(body)
        return read + body

    def rest(self) -> bytes:
        """Return a head that has not ended."""
        kept, self._kept = self._kept, b""
        return kept


class Chunks(io.RawIOBase):
    """The body that a stream of chunks contains; the standard library forgives most of what is wrong with them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = 0
        self._over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and not self._begin():
            return 0
        piece = self._stream.read(min(len(buffer), self._left))
        if not piece:
            raise IncompleteRead(b"")
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        if not self._left and self._line():
            raise FramingError
        return len(piece)

    def _begin(self) -> bool:
        """Begin the next chunk; return False if there is none."""
        if self._over:
            return False
        size = _SIZE.fullmatch(self._line())
        if size is None:
            raise FramingError
        self._left = int(size[1], 16)
        if not self._left:
            self._over = True
            self._read_trailers()
        return not self._over

    def _read_trailers(self) -> None:
        for _ in range(int(current_limits().head_lines)):
            line = self._line()
            if not line:
                return
            if not re.fullmatch(_FIELD, line + b"\n"):
                raise FramingError
        raise FramingError

    def _line(self) -> bytes:
        line = self._stream.readline(_LONGEST_LINE)
        if line.endswith(b"\r\n"):
            return line[:-2]
        raise FramingError if line.endswith(b"\n") or len(line) == _LONGEST_LINE else IncompleteRead(line)

    def close(self) -> None:
        self._stream.close()
        super().close()
