"""docs/failures.md: what Airflow shows of each failure, from runs with ``dag.test()``.

After a change that is meant, run with UPDATE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from casebook import BASE
from equivalence import Outcome, assert_same, in_place_of_the_world, interpreted, outcome

from airflow_arazzo import ArazzoDag
from airflow_arazzo.core.errors import TransportError
from airflow_arazzo.core.exchange import Request, Response

pytestmark = pytest.mark.airflow

PAGE = Path(__file__).parents[2] / "docs" / "failures.md"
DOCUMENT = Path(__file__).parent / "documents" / "failures.arazzo.yaml"
HEAD = """\
# Failures

What Airflow shows when something fails, for every place where a step can fail: the state of each task, the run's
state, and the outputs of the workflow. A test makes these tables from runs of
[tests/provider/documents/failures.arazzo.yaml](../tests/provider/documents/failures.arazzo.yaml).

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


@pytest.mark.skipif(version("apache-airflow-core") < "3.3", reason="the page has the tasks in the order of Airflow 3.3")
def test_the_page_says_what_airflow_shows(run_dag, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": BASE}))
    page = "\n".join([HEAD, *(section(failure, number, run_dag) for failure, number in zip(FAILURES, count()))])
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page)
    assert page == PAGE.read_text()


def section(failure: Failure, number: int, run_dag: Any) -> str:
    dag = ArazzoDag(DOCUMENT, failure.workflow, dag_id=f"failure{number}")
    with in_place_of_the_world(Answers(list(failure.answers))):
        run = run_dag(dag, **failure.inputs)
    found = outcome(dag.plan, run.state, run.xcoms(), dag.outputs.task_id)
    assert_same(found, interpreted(dag.plan, failure.inputs, Answers(list(failure.answers))))
    tasks = [task.task_id for task in dag.topological_sort()]
    return (
        "\n".join(
            [
                f"## {failure.title}\n",
                "| " + " | ".join(f"`{task}`" for task in tasks) + " | run | outputs |",
                "|" + "---|" * (len(tasks) + 2),
                "| " + " | ".join(run.tasks[task] for task in tasks) + f" | {run.state} | {_shown(found)} |\n",
                f"{found.message}\n" if found.message else "",
            ]
        ).rstrip("\n")
        + "\n"
    )


def _shown(found: Outcome) -> str:
    return "none" if found.outputs is None else f"`{json.dumps(found.outputs)}`"
