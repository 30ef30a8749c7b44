"""What the demo shows: a line for each change, a table at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from airflow_arazzo.demo.cases import CaseResult

_COLOURS = {"success": "green", "failed": "red", "running": "cyan", "deferred": "magenta", "queued": "yellow"}


class Screen:
    """Where the demo writes to.

    :param console: by default the standard output; if that is not a terminal, plain lines wide enough for the table.
    :param stderr: whether it is the standard error instead, because the standard output is for programs.
    """

    def __init__(self, console: Console | None = None, *, stderr: bool = False) -> None:
        self.console = console or _console(stderr)
        self.began = time.monotonic()
        self._shown: dict[str, str] = {}
        self._restarts = 0

    def say(self, text: str) -> None:
        """Write one line that starts with the seconds since the start."""
        self.console.print(Text(f"{time.monotonic() - self.began:6.1f} s  {text}"), soft_wrap=True)

    def progress(self, states: Mapping[str, str], restarts: Sequence[str] = ()) -> None:
        """Write the states that have changed, by the titles of the cases.

        :param restarts: why components were restarted so far; the new reasons are written.
        """
        for reason in restarts[self._restarts :]:
            self._restarts += 1
            self.say(reason)
        for title, state in states.items():
            if self._shown.get(title) != state:
                self._shown[title] = state
                self.say(f"{title}: {state}")

    def results(self, results: Iterable[CaseResult]) -> None:
        """Write the table of the cases, and below it what did not end as expected."""
        found = list(results)
        table = Table(title="What ran", title_justify="left", show_lines=True)
        for heading, options in _COLUMNS.items():
            table.add_column(heading, **options)
        for result in found:
            table.add_row(
                result.case.title,
                Text(result.state, style=_COLOURS.get(result.state, "")),
                " > ".join(result.route) or "-",
                _outputs(result),
                f"{result.seconds:.1f} s",
                Text("as expected", style="green") if result.right else Text("WRONG", style="bold red"),
            )
        self.console.print(table)
        for result in found:
            for finding in result.findings:
                self.console.print(Text(f"{result.case.title}: {finding}", style="red"), soft_wrap=True)


_COLUMNS: dict[str, dict[str, Any]] = {
    "Case": {"max_width": 30},
    "Run": {"no_wrap": True},
    "Route": {"max_width": 38},
    "Outputs, or why it failed": {"max_width": 64, "overflow": "fold"},
    "Duration": {"justify": "right", "no_wrap": True},
    "Came out": {"no_wrap": True},
}


def _console(stderr: bool) -> Console:
    console = Console(highlight=False, stderr=stderr)
    return console if console.is_terminal else Console(highlight=False, stderr=stderr, width=max(console.width, 190))


def _outputs(result: CaseResult) -> Text:
    """Return the outputs, one on each line, or the message of a failed run."""
    if result.message:
        return Text(result.message, style="red")
    return Text("\n".join(f"{name} = {_short(value)}" for name, value in (result.outputs or {}).items()))


def _short(value: Any, longest: int = 48) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else text[: longest - 1] + "…"
