"""Where things stand in a text: lines and columns, and the extent of each value."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property

from arazzo.errors import Place
from arazzo.frozen import dataclass
from arazzo.pointer import array_index
from arazzo.source.written_secrets import shows_secret

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_EXCERPT = 240
_LONG_LINE = 10_000
_MESSAGE = 600
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
#: By style of a scalar, the escapes in it that stand for one character.
_ESCAPED: dict[str, re.Pattern[str] | None] = {
    '"': re.compile(r"\\(?:x..|u.{4}|U.{8}|.)"),
    "'": re.compile("''"),
    "": None,
}


def one_line(text: str) -> str:
    """Return text as one line of real characters, none of which moves a cursor."""
    return _UNPRINTABLE.sub("�", text.replace("\n", " ").replace("\t", " "))


def printable(text: str) -> str:
    """Return text fit for a terminal or a log: one line of bounded length."""
    text = one_line(text)
    return text if len(text) <= _MESSAGE else text[: _MESSAGE - 1] + "…"


class Lines:
    """The lines of a text, to turn offsets into lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]

    def place(self, file: str, pointer: str, start: int, width: int) -> Place:
        """Return a place, with the text of its line unless that shows a secret."""
        start = min(max(start, 0), len(self.text))
        line = bisect_right(self.starts, start)
        first = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        line_text = self.text[first : min(end, first + _LONG_LINE)].rstrip()
        excerpt = _UNPRINTABLE.sub("�", line_text[: _EXCERPT + 1].replace("\t", " "))
        column = start - first + 1
        room = max(1, len(line_text) - column + 1)
        if len(line_text) > _EXCERPT:
            excerpt = excerpt[:_EXCERPT] + "…" if column <= _EXCERPT - 40 else ""
            room = min(room, 40)
        if excerpt and shows_secret(line_text):
            excerpt = ""
        return Place(file, line, column, pointer, excerpt, min(width, room))


@dataclass(frozen=True)
class Node:
    """Where a value is: the offsets of its text, how it is written, and what it contains, found on request.

    ``style`` is the first character of a quoted or block scalar, empty for plain ones, ``{`` or ``[`` for containers.
    """

    start: int
    end: int
    style: str
    inside: Callable[[], dict[str, tuple[Node, Node]] | list[Node]] | None = None

    @property
    def width(self) -> int:
        return 1 if self.inside is not None or self.style in ("|", ">") else max(1, self.end - self.start)

    def child(self, token: str) -> tuple[Node | None, Node] | None:
        match self._children:
            case dict() as members:
                return members.get(token)
            case list() as items if (index := array_index(token)) is not None and index < len(items):
                return None, items[index]
        return None

    @cached_property
    def _children(self) -> dict[str, tuple[Node, Node]] | list[Node] | None:
        return None if self.inside is None else self.inside()

    def ruler(self, text: str) -> Ruler:
        """Return where in the file the characters of this scalar's value stand, after one look at all of them."""
        start = self.start
        if text[start : start + 1] in ("&", "!"):
            properties = _PROPERTIES.match(text, start)
            start = properties.end() if properties else start
        if self.style == "|":
            return _in_block(text, start, self.end)
        if self.style in _ESCAPED:
            return _in_line(text, start + len(self.style), self.end, _ESCAPED[self.style])
        return Ruler(self.start)


@dataclass(frozen=True)
class Ruler:
    """Maps a character of a scalar's value to its offset in the file, or to the scalar's start where that is unclear.

    :param start: the start.
    :param values: offsets in the value at which pieces begin that the file contains unchanged.
    :param places: the offset of each piece in the file.
    :param end: the last offset in the value that has a place.
    """

    start: int
    values: Sequence[int] = (0,)
    places: Sequence[int] = (0,)
    end: int = -1

    def offset(self, offset: int) -> int:
        """Return the offset in the file."""
        if not 0 <= offset <= self.end:
            return self.start
        piece = bisect_right(self.values, offset) - 1
        return self.places[piece] + offset - self.values[piece]


def _in_line(text: str, start: int, end: int, escaped: re.Pattern[str] | None) -> Ruler:
    """Measure a scalar up to the end of its line."""
    line_break = text.find("\n", start, end)
    end = line_break if line_break >= 0 else end
    values, places = [0], [start]
    for match in escaped.finditer(text, start, end) if escaped is not None else ():
        values.append(values[-1] + match.start() - places[-1] + 1)
        places.append(match.end())
    return Ruler(start, values, places, values[-1] + end - places[-1])


def _in_block(text: str, start: int, end: int) -> Ruler:
    """Measure a literal block, whose lines are indented."""
    lines = text[start:end].split("\n")[1:]
    indent = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    here, value = text.find("\n", start) + 1, 0
    values, places = [], []
    for line in lines:
        values.append(value)
        places.append(here + min(indent, len(line)))
        value += 1 + (len(line) - indent if line.strip() else 0)
        here += len(line) + 1
    return Ruler(start, values, places, value - 1)
