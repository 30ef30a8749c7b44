"""Which files a document is made of: noted while they are read, and checked again later.

What a document refers to is known only once it has been read: descriptions, what these refer to, copies of remote
files and their index, and also files that were looked for and do not exist.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from arazzo.frozen import dataclass
from arazzo.limits import Limits

Made = TypeVar("Made")

#: The environment variable that names a folder of copies of remote files for all documents.
COPIES_VARIABLE = "AIRFLOW_ARAZZO_SOURCES"


@dataclass(frozen=True)
class FileState:
    """What a path leads to.

    :param path: absolute.
    :param real: the same with links followed; the file's references start from there.
    :param sha256: of its bytes; None if no file is there.
    """

    path: str
    real: str
    sha256: str | None


class FilesRead:
    """The files that were read since noting began.

    :ivar seen: by absolute path.
    :ivar certain: whether these are all of them, and none has changed meanwhile.
    """

    def __init__(self) -> None:
        self.seen: dict[str, FileState] = {}
        self.certain = True

    def note(self, state: FileState) -> None:
        if self.seen.setdefault(state.path, state) != state:
            self.certain = False


_NOTED: ContextVar[FilesRead | None] = ContextVar("files_read", default=None)
_SHARED: ContextVar[dict[tuple[Any, ...], Any] | None] = ContextVar("files_shared", default=None)


@contextmanager
def files_read() -> Iterator[FilesRead]:
    """Note the files that are read meanwhile."""
    noted = FilesRead()
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


@contextmanager
def files_shared() -> Iterator[None]:
    """Let documents that name one API description share what was made of it."""
    token = _SHARED.set({})
    try:
        yield
    finally:
        _SHARED.reset(token)


def made_once(key: tuple[bytes, str, str, Limits], make: Callable[[], Made]) -> Made:
    """Return what is made of a file; while files are shared, the same value for the same bytes.

    The latest values stay, as long as their files together are no larger than one file may be.

    :param key: the bytes, and all else that the value depends on.
    """
    kept = _SHARED.get()
    if kept is None:
        return make()
    found: Made = kept.pop(key) if key in kept else make()
    kept[key] = found
    while len(kept) > 1 and sum(len(each[0]) for each in kept) > key[3].file_characters:
        del kept[next(iter(kept))]
    return found


def note_file(path: str | os.PathLike[str], raw: bytes | None) -> None:
    """Note that a file was read, or that there is none."""
    noted = _NOTED.get()
    if noted is not None:
        noted.note(_state(os.fspath(path), raw))


def note_failure() -> None:
    """Note that a file could not be read, so that nobody can tell later whether it has changed."""
    noted = _NOTED.get()
    if noted is not None:
        noted.certain = False


def look_at(path: str, most: int) -> FileState | None:
    """Return what a path leads to now; None if that cannot be told.

    :param most: how many bytes a file may have.
    """
    try:
        with open(path, "rb", opener=open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            raw = file.read(most)
    except (FileNotFoundError, NotADirectoryError):
        return _state(path, None)
    except (OSError, ValueError):
        return None
    return None if raw is None else _state(path, raw)


def open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for a writer: it may be a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _state(path: str, raw: bytes | None) -> FileState:
    digest = None if raw is None else hashlib.sha256(raw).hexdigest()
    return FileState(os.path.abspath(path), os.path.realpath(path), digest)
