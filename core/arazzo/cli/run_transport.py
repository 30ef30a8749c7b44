"""How a run on the command line sends and waits: with sockets and the clock, or from a recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from arazzo.cli.run_log import RunLog
from arazzo.cli.run_reports import require_writable
from arazzo.engine import IdempotencyKeys, Run
from arazzo.engine.recording import exposed_in, har, hidden_entries, recording_title
from arazzo.errors import reason_of
from arazzo.exchange import Request, Response
from arazzo.flow import Plan
from arazzo.secrecy.concealing import conceal

if TYPE_CHECKING:
    from arazzo.auth.connected import ConnectedApis
    from arazzo.testing import Replay

Send = Callable[[Request], Response]


class RunTransport:
    """What answers the requests of a run, and how its waits pass.

    :param record: the file for a recording of the exchanges; None for no recording.
    :param replay: the recording that answers instead of the APIs; None for none.
    """

    def __init__(self, apis: ConnectedApis, log: RunLog, record: Path | None, replay: Path | None) -> None:
        self._file = record
        keys = IdempotencyKeys(lambda _: str(uuid4()))
        send: Send = partial(keys.send, send=apis.send)
        self.clock: Callable[[], float] = time.time
        self.sleep: Callable[[float], None] = log.wait
        if replay is not None:
            played = _played(replay)
            send, self.clock, self.sleep = played.send, played.clock, played.sleep
        self.send = log.answered(send)

    @property
    def records(self) -> bool:
        """Whether somebody wants a recording."""
        return self._file is not None

    def keep(self, plan: Plan, run: Run) -> None:
        """Write the recording, if it was asked for.

        :param run: how the run has ended, with all secrets that are known then.
        """
        if self._file is None:
            return
        try:
            self._file.write_text(recording(plan, run), encoding="utf-8")
        except OSError as error:
            raise click.FileError(str(self._file), reason_of(error)) from error


def recording(plan: Plan, run: Run) -> str:
    """Return the exchanges of a run as HAR, without secrets."""
    secrets = run.secrets.union(exposed_in(run.recorded))
    entries = hidden_entries(run.recorded, plan, lambda text: conceal(text, secrets))
    return har(recording_title(plan), entries)


def _played(path: Path) -> Replay:
    from arazzo.testing import Replay

    return Replay.read(path)


def writable(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """Check an option's file before sending anything whose result belongs in it."""
    if path is not None:
        require_writable(path)
    return path
