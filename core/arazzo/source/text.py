"""A file that was read: its text, its value, and the place of each value on request."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from arazzo.errors import DocumentError, Place, Problem, Severity, reason_of
from arazzo.frozen import dataclass, field
from arazzo.limits import current_limits
from arazzo.pointer import tokens_of
from arazzo.source.files_read import made_once, note_failure, note_file, open_at_once
from arazzo.source.json_reader import locate_json, read_json
from arazzo.source.locations import Lines, Node, Ruler, one_line, printable
from arazzo.source.reading import Reading
from arazzo.source.yaml_reader import locate_yaml, read_yaml

Made = TypeVar("Made")
Reader = Callable[[str, str], Made]


@dataclass(frozen=True, eq=False)
class Source:
    """A file that was read: its text and the value it holds.

    :param name: the name as the user gave it, for messages.
    :param uri: absolute path or URL, the base of relative references; empty where there is none.
    :param text: the whole text, without a byte order mark.
    :param data: what it says, as a plain JSON-like value; aliases share their value, so nobody may change it.
    :param merges: offsets of merge keys (``<<: *base``), which belong to YAML 1.1.
    :param unfit: offset of the first scalar that no document may have, and what it is.
    :param root: where everything is, if the reader noted it.
    """

    name: str
    uri: str
    text: str = field(repr=False)
    data: Any = field(repr=False)
    merges: tuple[int, ...] = field(default=(), repr=False)
    unfit: tuple[int, str] | None = field(default=None, repr=False)
    root: Node | None = field(default=None, repr=False)

    @cached_property
    def _rulers(self) -> dict[int, Ruler]:
        return {}

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def place(self, pointer: str, *, key: bool = False, offset: int = 0, width: int | None = None) -> Place:
        """Return where a value is, or the nearest value around it that exists.

        :param pointer: RFC 6901 JSON pointer.
        :param key: the member's name rather than its value.
        :param offset: how many characters into a text.
        :param width: how many characters to mark; None marks a scalar as a whole.
        """
        node, name = self._find(pointer)
        if name is not None and key:
            return self._lines.place(self.name, pointer, name.start, width or name.width)
        start = self._ruler(node).offset(offset) if offset or width else node.start
        return self._lines.place(self.name, pointer, start, width or max(1, node.width - (start - node.start)))

    def merge_problems(self, rule: str, severity: Severity, message: str, hint: str) -> list[Problem]:
        """Return a problem at each merge key."""
        places = (self._lines.place(self.name, "", offset, 2) for offset in self.merges)
        return [Problem(rule, severity, place, message, hint) for place in places]

    def unfit_problems(self) -> list[Problem]:
        """Return a problem if there is a scalar that no document may have."""
        if self.unfit is None:
            return []
        offset, message = self.unfit
        return [Problem("invalid-value", Severity.ERROR, self._lines.place(self.name, "", offset, 1), message)]

    def written(self, pointer: str) -> str:
        """Return a scalar as it is written, quotes included: ``1.10`` where the value is the number 1.1."""
        node, _ = self._find(pointer)
        return self.text[node.start : node.end]

    def problem(
        self,
        rule: str,
        severity: Severity,
        pointer: str,
        message: str,
        hint: str | None = None,
        *,
        key: bool = False,
        offset: int = 0,
        width: int | None = None,
    ) -> Problem:
        """Return a problem at the value of that pointer; the other arguments as in :meth:`place`."""
        place = self.place(pointer, key=key, offset=offset, width=width)
        return Problem(rule, severity, place, printable(message), hint and printable(hint))

    def _ruler(self, node: Node) -> Ruler:
        if node.start not in self._rulers:
            self._rulers[node.start] = node.ruler(self.text)
        return self._rulers[node.start]

    def _find(self, pointer: str) -> tuple[Node, Node | None]:
        node, name = self._root, None
        for token in tokens_of(pointer):
            child = node.child(token)
            if child is None:
                return node, None
            name, node = child
        return node, name

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text)

    @cached_property
    def _root(self) -> Node:
        return self.root or _as_written(self.text, self.name, locate_json, locate_yaml)


def load_source(path: str | Path, *, name: str | None = None, located: bool = False) -> Source:
    """Read a YAML or JSON file.

    :param path: the file.
    :param name: its name in messages; None for the path as given.
    :param located: whether to note places while reading, because many will be asked for.
    :raises DocumentError: if it is missing, not a file, not UTF-8, too large, or not readable as YAML or JSON.
    """
    shown = one_line(name or str(path))
    try:
        raw = _read_file(path, shown)
        uri = str(Path(path).resolve())
    except FileNotFoundError:
        note_file(path, None)
        _refuse_file(shown, "there is no such file")
    except (OSError, ValueError) as error:
        note_failure()
        _refuse_file(shown, f"the file cannot be read: {reason_of(error)}")
    if located:  # a document, which is read once
        return parse_source(_decode(raw, shown), shown, uri, located=True)
    return made_once((raw, shown, uri, current_limits()), lambda: parse_source(_decode(raw, shown), shown, uri))


def parse_source(text: str, name: str, uri: str = "", *, located: bool = False) -> Source:
    """Read YAML or JSON text. ``.json`` is JSON; other text is JSON if it starts with ``{`` and can be read so.

    :param text: the whole text.
    :param name: the file's name for messages.
    :param uri: absolute path or URL.
    :param located: as :func:`load_source`.
    :raises DocumentError: with one located problem (``yaml-syntax``, ``json-syntax``, ``duplicate-key``,
        ``yaml-limits``).
    """
    text = text.removeprefix("\ufeff")
    reading = Reading(text, name)
    most = reading.limits.file_characters
    if len(text) > most:
        reading.fail("yaml-limits", 0, f"the file is larger than {most:,} characters (file_characters)")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        reading.fail("unreadable-file", error.start, "half of a surrogate pair is not a character")
    read = _as_written(text, name, read_json, partial(read_yaml, located=located))
    return Source(name, uri, text, read.value, read.merges, read.unfit, read.root)


def _read_file(path: str | Path, shown: str) -> bytes:
    """Return the bytes of a regular file: opening or reading a pipe or a device may wait for ever, or do harm."""
    _check_regular(os.stat(path).st_mode, shown)
    with open(path, "rb", opener=open_at_once) as file:
        _check_regular(os.fstat(file.fileno()).st_mode, shown)  # it may have been replaced since it was looked at
        raw: bytes | None = file.read(current_limits().file_characters * 4 + 1)
    if raw is None:  # files of /proc that would wait
        note_failure()
        _refuse_file(shown, "this is not a file that can be read at once")
    note_file(path, raw)
    return raw


def _check_regular(mode: int, shown: str) -> None:
    if not stat.S_ISREG(mode):
        note_failure()
        what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        _refuse_file(shown, f"this is {what}, not a file")


def _refuse_file(name: str, message: str, place: Place | None = None) -> NoReturn:
    raise DocumentError([Problem("unreadable-file", Severity.ERROR, place or Place(name), printable(message))])


def _decode(raw: bytes, name: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse_file(name, "the file is UTF-16; save it as UTF-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        place = Lines(before).place(name, "", len(before), 1)
        _refuse_file(name, f"the file is not UTF-8: byte 0x{raw[error.start]:02x} starts no character", place)


def _as_written(text: str, name: str, as_json: Reader[Made], as_yaml: Reader[Made]) -> Made:
    """Return what the JSON reader or the YAML reader makes of a text."""
    if name.endswith(".json"):
        return as_json(text, name)
    if not text.lstrip().startswith("{"):
        return as_yaml(text, name)
    try:
        return as_json(text, name)
    except DocumentError as error:
        if name.endswith((".yaml", ".yml")):
            return as_yaml(text, name)
        try:
            return as_yaml(text, name)
        except DocumentError:
            raise error from None
