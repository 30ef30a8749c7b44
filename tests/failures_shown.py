"""The places where a step can fail, how to get there, and the page that says what Airflow shows of each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arazzo.errors import TransportError
from arazzo.exchange import Request, Response

PAGE = Path(__file__).parents[1] / "docs" / "failures.md"
DOCUMENT = Path(__file__).parent / "provider" / "documents" / "failures.arazzo.yaml"
HEAD = """\
# Failures

This page shows what Airflow displays if something fails, for every place where a step can fail: the state of each task,
the state of the run, and the workflow's outputs. A test makes these tables from runs of
[tests/provider/documents/failures.arazzo.yaml](../tests/provider/documents/failures.arazzo.yaml) with `dag.test()`.
Another test lets a scheduler make the same runs, and compares.

A task is red if its step failed and nothing recovered the failure. It is green if the step succeeded or an action
recovered the failure. The last task, `outputs`, is red exactly if the workflow failed, and then the run is red too. Its
XCom `arazzo` holds the message. Outputs are pushed if the workflow succeeds, or if an action of type `end` ended it
after the failure.

Airflow itself refuses inputs that break the schema of a Param (a required one is missing, or a type is wrong). Then
there is no run, and the trigger form or the REST API says why.
"""

#: Where the sections of :mod:`group_shapes` begin, one for each shape.
GROUPS = """\
## In your own DAGs

The other tables show groups (`ArazzoTaskGroup`) and mapped tasks in people's own DAGs.
[tests/group_shapes.py](../tests/group_shapes.py) makes them, with `dag.test()` and with a scheduler. A whole group is
`upstream_failed` if something before it failed, and `skipped` if the run did not reach it; the group then sends
nothing. Each item of a mapped task or group stands for itself. `g.*` means all tasks of a group, if they have the same
state. `boom` is a task that fails. The API has the nodes `a` and `b`, and no node `gone`.
"""


@dataclass(frozen=True)
class Failure:
    """A place where a step can fail, and how to get there.

    :ivar answers: status and body, in order; the last repeats; a text is a network error.
    """

    title: str
    workflow: str
    answers: list[tuple[int, dict[str, Any]] | str]
    inputs: dict[str, Any] = field(default_factory=dict)


FAILURES = [
    Failure("An input that a path needs is not given", "refused", []),
    Failure("A request cannot be built: a value in the path is absent", "unbuilt", [(201, {})]),
    Failure("No answer: a network error or a timeout", "plain", ["connection refused"]),
    Failure("The status is not 2xx, and there are no success criteria", "plain", [(500, {})]),
    Failure("Success criteria are not met", "criteria", [(200, {"state": "none"})]),
    Failure("None of the success actions holds", "unmatched", [(200, {"state": "odd"})]),
    Failure("The limit of a retry is reached", "retried", [(503, {})]),
    Failure("The budget of a loop is used up", "polled", [(200, {"state": "pending"})]),
    Failure("An action of type `end` ends the failure", "ended", [(410, {"state": "gone"})]),
    Failure("An action of type `goto` recovers the failure", "ended", [(404, {}), (200, {"pass": "p"})]),
    Failure("A step fails while others run in parallel", "beside", [(500, {"state": "bad"})]),
    Failure("A called workflow fails", "calling", [(500, {"state": "bad"})]),
    Failure("A called workflow fails, and its caller recovers", "recovering", [(500, {}), (200, {"pass": "p"})]),
    Failure("A workflow that took over fails", "handing", [(500, {}), (500, {"state": "bad"})]),
    Failure("A workflow that runs first fails", "depending", [(500, {})]),
]


@dataclass
class Answers:
    """An API that answers as told, and its clock."""

    answers: list[Any]
    now: float = 1_000_000.0

    def send(self, request: Request) -> Response:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise TransportError("connect", answer)
        status, body = answer
        return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Shown:
    """What Airflow shows of a run.

    :ivar tasks: the state of each task.
    :ivar state: the run's.
    :ivar outputs: what the last task has pushed; None for nothing.
    :ivar message: what it says.
    """

    tasks: dict[str, str | None]
    state: str
    outputs: dict[str, Any] | None
    message: str

    def section(self, title: str) -> str:
        """Return what the page says of it."""
        outputs = "none" if self.outputs is None else f"`{json.dumps(self.outputs)}`"
        lines = [
            f"## {title}\n",
            "| " + " | ".join(f"`{task}`" for task in self.tasks) + " | run | outputs |",
            "|" + "---|" * (len(self.tasks) + 2),
            "| " + " | ".join(map(str, self.tasks.values())) + f" | {self.state} | {outputs} |\n",
            f"{self.message}\n" if self.message else "",
        ]
        return "\n".join(lines).rstrip("\n") + "\n"


def shape_section(title: str, state: str, tasks: dict[str, list[str]], sent: Iterable[str]) -> str:
    """Return what the page says of a DAG with groups.

    :param tasks: by task id, in the order of the DAG, the states of its instances by map index.
    """
    shown = {name: ", ".join(states) for name, states in tasks.items()}
    for group in dict.fromkeys(name.partition(".")[0] for name in tasks if "." in name):
        inside = [name for name in shown if name.startswith(f"{group}.")]
        if len({shown[name] for name in inside}) == 1:
            shown = {f"{group}.*" if name == inside[0] else name: of for name, of in shown.items()}
            shown = {name: of for name, of in shown.items() if name not in inside}
    columns = [f"`{name}`" for name in shown] + ["run", "requests"]
    cells = [*shown.values(), state, ", ".join(f"`{node}`" for node in sorted(sent)) or "none"]
    rows = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns), "| " + " | ".join(cells) + " |"]
    return "\n".join([f"## {title}\n", *rows]) + "\n"


def in_page(title: str) -> str:
    """Return the section of the page with this title."""
    return next(
        f"## {part}".rstrip("\n") + "\n" for part in PAGE.read_text().split("\n## ") if part.startswith(title + "\n")
    )
