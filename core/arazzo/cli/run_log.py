"""What a person sees of a run: a line for each exchange and decision, and on a terminal a live line in between."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from arazzo.engine import Note, duration
from arazzo.exchange import Request, Response
from arazzo.source.locations import one_line

Send = Callable[[Request], Response]
#: How often the live line is updated, in seconds.
_TICK = 1.0


class RunLog:
    """Reports a run on stderr, with colours and the live line only on a terminal.

    :param conceal: hides in a text what is secret beyond what the engine hides.
    :param quiet: whether to report nothing.
    :param debug: whether to show requests and answers in full.
    :ivar log: all lines, without values, for reports.
    """

    def __init__(self, conceal: Callable[[str], str], *, quiet: bool = False, debug: bool = False) -> None:
        self.log: list[str] = []
        self._conceal = conceal
        self._quiet, self._debug = quiet, debug
        self._live = not quiet and is_terminal()
        self._sent, self._step, self._status = "", "", ""

    def sent(self, line: str) -> None:
        """Note method and URL of a request that is about to be sent."""
        self._sent = one_line(self._conceal(line))
        self._show(f"{self._sent} ...")

    def answered(self, send: Send) -> Send:
        """Return a function that sends requests and remembers the last status."""

        def tell(request: Request) -> Response:
            self._status = "no answer"
            response = send(request)
            self._status = f"status {response.status}"
            return response

        return tell

    def note(self, note: Note) -> None:
        """Write a line about the run."""
        text, self._step = one_line(self._conceal(note.text)), one_line(note.step)
        self.log.append(f"warning: {text}" if note.warning else text)
        if note.request:
            text = text.replace(one_line(self._conceal(note.request)), self._sent, 1)
        url = self._sent.partition(" ")[2]
        if text == f"the URL is {url}":
            return
        text = text.removeprefix(f"sent to {url}; ")  # the line before has it
        step = f"{_styled(self._step, bold=True)}: " if self._step else ""
        self._line(f"{_styled('warning: ', fg='yellow') if note.warning else ''}{step}{text}")

    def whole(self, text: str) -> None:
        """Write a request and its answer in full; no line of a body may start like a command to CI."""
        lines = (one_line(line) for line in self._conceal(text).split("\n"))
        marked = (f"| {line}" if line and line[0] not in "<>" else line for line in lines)
        self._line(_styled("\n".join(marked), dim=True))

    @property
    def shows_exchanges(self) -> bool:
        """Whether requests and answers are shown in full."""
        return self._debug and not self._quiet

    def wait(self, seconds: float) -> None:
        """Wait before the next request; a terminal shows how long, and why."""
        if not self._live:
            time.sleep(seconds)
            return
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            step = f"{self._step}: " if self._step else ""
            self._show(f"{step}next request in {duration(max(round(left), 1))}, last {self._status or 'status none'}")
            time.sleep(min(left, _TICK))
        self.clear()

    def clear(self) -> None:
        """Remove the live line."""
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)

    def _show(self, text: str) -> None:
        """Show a line that the next one replaces."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            click.echo(f"\r\x1b[K{_styled(text[:width], dim=True)}", err=True, nl=False)

    def _line(self, text: str) -> None:
        if not self._quiet:
            self.clear()
            click.echo(text, err=True)


def is_terminal() -> bool:
    """Say whether stderr is a terminal that can erase a line."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _styled(text: str, **style: Any) -> str:
    return click.style(text, **style) if is_terminal() and not os.environ.get("NO_COLOR") else text
