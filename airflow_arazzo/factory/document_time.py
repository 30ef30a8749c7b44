"""The processor time of a folder of documents: no document takes what the others need."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from airflow.providers.common.compat.sdk import conf

from arazzo.cpu_time import CpuTimeError, within_cpu_time

#: Seconds of processor time that a document may take, unless ``[arazzo] document_seconds`` says otherwise.
DOCUMENT_SECONDS = 10.0
#: The part of that which every document may take, however much others in the folder have taken.
_LEAST = 0.1
#: The part that they may all take of the time after which Airflow gives up on the file that loads them.
_SHARE = 2 / 3
Result = TypeVar("Result")


class DocumentTime:
    """What the documents of one folder have taken of its processor time, and what each may take.

    That is ``[arazzo] document_seconds``, and at most half of what is left of the folder's time. A few slow documents
    are stopped, and the many quick ones are DAGs before Airflow gives up on the file.
    """

    def __init__(self) -> None:
        self.seconds = conf.getfloat("arazzo", "document_seconds", fallback=DOCUMENT_SECONDS)
        self._left = conf.getfloat("core", "dagbag_import_timeout", fallback=30.0) * _SHARE
        self._documents: dict[Path, float] = {}

    def seconds_left(self, path: Path) -> float:
        """Return the seconds that are left for a document."""
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
