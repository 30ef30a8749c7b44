"""The folder of the plan cache: who may write there, how entries are written whole, and how it stays small.

Whoever can write there decides what is sent. So the folder is used only if it belongs to the user of this process and
nobody else can write to it. What fails is skipped: documents are then compiled, as without a cache.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from airflow.providers.common.compat.sdk import conf

from arazzo.engine.plan_cache import PlanCache

log = logging.getLogger(__name__)

#: The folder and its size in bytes, unless ``[arazzo]`` says otherwise.
FOLDER, MOST_BYTES = "arazzo-plans", 256 * 1024 * 1024
#: How many files the folder may have; each document has two.
MOST_FILES = 20_000
#: After this many entries written by one parsing, the folder is tidied again.
_TIDIED_AFTER = 200


class UntrustedFolderError(Exception):
    """The folder belongs to somebody else, or others can write to it."""


class PlanFolder:
    """A folder as a store of plans (:class:`arazzo.engine.plan_cache.Store`).

    :param folder: created when something is written.
    :param most_bytes: its size at most; entries that were unused for longest are removed first.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
        self.folder, self.most_bytes, self.most_files = folder, most_bytes, most_files
        self._written = 0

    def read(self, name: str) -> bytes | None:
        """Return an entry; None if there is none, or if the folder cannot be trusted."""
        try:
            with self._opened() as folder:
                with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as file:
                    entry = file.read(self.most_bytes)
                with suppress(OSError):
                    os.utime(name, dir_fd=folder)
                return entry
        except FileNotFoundError:
            return None
        except (OSError, UntrustedFolderError) as error:
            log.debug("the plan cache is not used: %s", error)
            return None

    def write(self, name: str, entry: bytes) -> None:
        """Write an entry: whoever reads it meanwhile sees the earlier one."""
        if len(entry) > self.most_bytes // 4:
            return
        new = f".{name}.{uuid4().hex}"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as folder:
                if self._written % _TIDIED_AFTER == 0:
                    self._tidy(folder)
                self._written += 1
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                file = os.fdopen(os.open(new, flags, 0o600, dir_fd=folder), "wb")
                try:
                    with file:
                        file.write(entry)
                    os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    os.unlink(new, dir_fd=folder)  # what is on a full disk takes the room of what is complete
                    raise
        except UntrustedFolderError as error:
            log.warning("the plan cache is not used: %s", error)
        except OSError as error:
            log.debug("the plan cache is not written: %s", error)

    def size(self) -> tuple[int, int]:
        """Return the number of answers, and the bytes of all files.

        :raises OSError: if the folder cannot be read, FileNotFoundError if there is none.
        :raises UntrustedFolderError: if it cannot be trusted.
        """
        with self._opened() as folder:
            found = list(_files(folder))
        return sum(name.endswith(".plans") for name, _ in found), sum(each.st_size for _, each in found)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the folder and check its owner, so that what is read is in the folder that was checked."""
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            found = os.fstat(folder)
            if found.st_uid != os.geteuid():
                raise UntrustedFolderError(f"{self.folder} belongs to another user (uid {found.st_uid})")
            if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise UntrustedFolderError(
                    f"others can write into {self.folder} (mode {stat.S_IMODE(found.st_mode):o})"
                )
            yield folder
        finally:
            os.close(folder)

    def _tidy(self, folder: int) -> None:
        """Remove the entries that were unused for longest, until a quarter of the allowed size is free."""
        found = sorted(_files(folder), key=lambda each: each[1].st_mtime_ns)
        files, size = len(found), sum(each.st_size for _, each in found)
        if files <= self.most_files and size <= self.most_bytes:
            return
        for name, each in found:
            if files <= self.most_files * 3 // 4 and size <= self.most_bytes * 3 // 4:
                return
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
            files, size = files - 1, size - each.st_size


def _files(folder: int) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(found.st_mode):
                    yield entry.name, found


def plan_folder() -> PlanFolder | None:
    """Return the folder that ``[arazzo] plan_cache`` names; None if it names none."""
    named = conf.get("arazzo", "plan_cache", fallback=FOLDER).strip()
    if not named:
        return None
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    most = conf.getint("arazzo", "plan_cache_bytes", fallback=MOST_BYTES)
    return PlanFolder(home / Path(named).expanduser(), most)


def plan_cache() -> PlanCache:
    """Return a plan cache for one parsing."""
    return PlanCache(plan_folder())
