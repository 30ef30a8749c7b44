"""The places where a step can fail, how to get there, and the page that says what Airflow shows of each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arazzo.errors import TransportError
from arazzo.exchange import Request, Response

PAGE = Path(__file__).parents[1] / "docs" / "failures.md"
DOCUMENT = Path(__file__).parent / "provider" / "documents" / "failures.arazzo.yaml"
HEAD = """\
# Failures

What Airflow shows when something fails, for every place where a step can fail: the state of each task, the run's
state, and the outputs of the workflow. A test makes these tables from runs of
[tests/provider/documents/failures.arazzo.yaml](../tests/provider/documents/failures.arazzo.yaml) with `dag.test()`;
another has the same runs made by a scheduler, and compares.

A task is red when the failure of its step stands, and green when the step has succeeded or an action has recovered it.
The last task, `outputs`, is red exactly when the workflow has failed, and so is the run. Its XCom `arazzo` holds the
message. Outputs are pushed when the workflow ends well, or when an action of type `end` has ended the failure.

Inputs that break the schema of a Param (a required one is missing, a type is wrong) are refused by Airflow before there
is a run: the trigger form and the REST API say why.
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
    Failure("None of the success actions matches", "unmatched", [(200, {"state": "odd"})]),
    Failure("The limit of a retry is reached", "retried", [(503, {})]),
    Failure("The budget of a loop is used up", "polled", [(200, {"state": "pending"})]),
    Failure("An action of type `end` ends the failure", "ended", [(410, {"state": "gone"})]),
    Failure("An action of type `goto` recovers the failure", "ended", [(404, {}), (200, {"pass": "p"})]),
    Failure("A step fails beside others", "beside", [(500, {"state": "bad"})]),
    Failure("A called workflow fails", "calling", [(500, {"state": "bad"})]),
    Failure("A called workflow fails, and its caller recovers", "recovering", [(500, {}), (200, {"pass": "p"})]),
    Failure("A workflow that took over fails", "handing", [(500, {}), (500, {"state": "bad"})]),
    Failure("A workflow that comes first fails", "depending", [(500, {})]),
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


def in_page(title: str) -> str:
    """Return the section of the page with this title."""
    return next(
        f"## {part}".rstrip("\n") + "\n" for part in PAGE.read_text().split("\n## ") if part.startswith(title + "\n")
    )
