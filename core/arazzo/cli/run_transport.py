"""How a run on the command line sends and waits: with sockets and the clock, or from a recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from arazzo.cli.run_log import RunLog
from arazzo.cli.run_reports import require_writable
from arazzo.engine import IdempotencyKeys
from arazzo.errors import ClosedError, TransportError
from arazzo.exchange import Request, Response
from arazzo.flow import Plan

if TYPE_CHECKING:
    from arazzo.auth.connected import ConnectedApis
    from arazzo.testing import Recorder, Replay

Send = Callable[[Request], Response]


class RunTransport:
    """What answers the requests of a run, and how its waits pass.

    :param record: the file for a recording of the exchanges; None for no recording.
    :param replay: the recording that answers instead of the APIs; None for none.
    """

    def __init__(self, apis: ConnectedApis, log: RunLog, record: Path | None, replay: Path | None) -> None:
        self._log, self._file = log, record
        keys = IdempotencyKeys(lambda _: str(uuid4()))
        self._send: Send = lambda request: keys.send(request, apis.send)
        self.clock: Callable[[], float] = time.time
        self.sleep: Callable[[float], None] = log.wait
        self._recorder: Recorder | None = None
        if replay is not None:
            played = _played(replay)
            self._send, self.clock, self.sleep = played.send, played.clock, played.sleep
        if record is not None:
            from arazzo.testing import Recorder

            self._recorder = Recorder()

    def send(self, request: Request) -> Response:
        """Send a request, or answer it from the recording.

        :raises TransportError: if there is no answer.
        :raises RecordingError: if the recording has no answer.
        """
        began = self.clock()
        try:
            answer = self._log.answered(self._send)(request)
        except TransportError as error:
            if self._recorder is not None and not isinstance(error, ClosedError):
                self._recorder.add(request, error, began)
            raise
        if self._recorder is not None:
            self._recorder.add(request, answer, began)
        return answer

    def keep(self, plan: Plan, secrets: frozenset[str]) -> None:
        """Write the recording, if one is wanted.

        :param secrets: what is known to be secret at the end of the run.
        """
        if self._recorder is None or self._file is None:
            return
        try:
            self._file.write_text(self._recorder.write(plan, secrets), encoding="utf-8")
        except OSError as error:
            raise click.FileError(str(self._file), error.strerror or str(error)) from error


def _played(path: Path) -> Replay:
    from arazzo.testing import Replay

    return Replay.read(path)


def writable(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Check an option's file before sending anything whose result belongs in it."""
    if path is not None:
        require_writable(path)
    return path
