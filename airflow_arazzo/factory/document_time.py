"""The processor time of a folder of documents: none of them takes what the others need."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from airflow.providers.common.compat.sdk import conf

from arazzo.cpu_time import CpuTimeError, within_cpu_time

#: Seconds of processor time that a document may take, where ``[arazzo] document_seconds`` says nothing else.
DOCUMENT_SECONDS = 10.0
#: What every document may take of that, however much others of its folder have taken.
_LEAST = 0.1
#: What all of them take of the time after which Airflow gives the file up that loads them.
_SHARE = 2 / 3
Result = TypeVar("Result")


class DocumentTime:
    """What documents of one folder have taken of its processor time, and what each may take.

    That is ``[arazzo] document_seconds``, and at most half of what those before it have left of the folder's time: a
    few that take much come to nothing, and the many that take little are DAGs before Airflow gives the file up.
    """

    def __init__(self) -> None:
        self.seconds = conf.getfloat("arazzo", "document_seconds", fallback=DOCUMENT_SECONDS)
        self._left = conf.getfloat("core", "dagbag_import_timeout", fallback=30.0) * _SHARE
        self._documents: dict[Path, float] = {}

    def seconds_left(self, path: Path) -> float:
        """Return the seconds that a document still has."""
        most = max(min(self.seconds, self._left / 2), self.seconds * _LEAST)
        return self._documents.setdefault(path, most)

    def run(self, path: Path, compute: Callable[[], Result]) -> Result:
        """Return what a function makes of a document, as long as that has time left.

        :raises CpuTimeError: if it has none left, or takes more.
        """
        if not self.seconds:
            return compute()
        if (left := self.seconds_left(path)) <= 0:
            raise CpuTimeError
        begun = time.thread_time()
        try:
            return within_cpu_time(left, compute)
        finally:
            taken = time.thread_time() - begun
            self._documents[path] -= taken
            self._left -= taken
