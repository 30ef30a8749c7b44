"""Hypothesis strategies for workflows of any control flow, and for the answers of their API.

Every step asks the same API for a number, its *way*; actions look at the way and at the status. So a list of answers
drives a workflow along any of its paths.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from casebook import CASES
from hypothesis import strategies as st

from airflow_arazzo.core.document import LoadedDocument, parse_document
from airflow_arazzo.core.errors import TransportError
from airflow_arazzo.core.exchange import Request, Response
from airflow_arazzo.core.source import parse_source

WAYS = st.integers(0, 2)
STEPS = tuple("abcdef")


@st.composite
def _criteria(draw, status: bool):
    if draw(st.booleans()):
        return {}
    if status:
        condition = f"$statusCode == {draw(st.sampled_from([404, 500, 503]))}"
    else:
        condition = f"$response.body#/way == {draw(WAYS)}"
    return {"criteria": [{"condition": condition}]}


@st.composite
def _action(draw, steps: tuple[str, ...], number: int, failure: bool):
    kinds = ["end", "goto", "goto", "goto", "retry"] if failure else ["end", "goto", "goto"]
    kind = draw(st.sampled_from(kinds))
    action: dict[str, Any] = {"name": f"x{number}", "type": kind, **draw(_criteria(failure))}
    if kind == "goto":
        action["stepId"] = draw(st.sampled_from(steps))
    if kind == "retry":
        action |= {"retryAfter": draw(st.sampled_from([0, 1, 2.5])), "retryLimit": draw(st.integers(0, 2))}
        if draw(st.integers(0, 4)) == 0:
            action["stepId"] = draw(st.sampled_from(steps))
    return action


@st.composite
def _step(draw, steps: tuple[str, ...], number: int):
    step: dict[str, Any] = {
        "stepId": steps[number],
        "operationId": draw(st.sampled_from(["listThings", "listThings", "createThing"])),
        "parameters": [{"name": "X-Step", "in": "header", "value": steps[number]}],
        "outputs": {"way": "$response.body#/way", "status": "$statusCode"},
    }
    if draw(st.booleans()):
        seen = f"$steps.{draw(st.sampled_from(steps))}.outputs.way"
        step["parameters"].append({"name": "X-Seen", "in": "header", "value": seen})
    success = draw(st.lists(st.just(None), max_size=2))
    failure = draw(st.lists(st.just(None), max_size=2))
    if success:
        step["onSuccess"] = [draw(_action(steps, index, failure=False)) for index, _ in enumerate(success)]
    if failure:
        step["onFailure"] = [draw(_action(steps, index + 5, failure=True)) for index, _ in enumerate(failure)]
    return step


@st.composite
def workflows(draw, most_steps: int = 5):
    """Draw a document of one workflow ``main``, as JSON."""
    steps = STEPS[: draw(st.integers(1, most_steps))]
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "drawn", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": "api.openapi.yaml", "type": "openapi"}],
        "x-airflow": {
            "max_rounds": draw(st.integers(1, 3)),
            "poke_interval": 7,
            "unmatched": draw(st.sampled_from(["auto", "next", "fail"])),
        },
        "workflows": [
            {
                "workflowId": "main",
                "steps": [draw(_step(steps, number)) for number in range(len(steps))],
                "outputs": {step: f"$steps.{step}.outputs.way" for step in steps},
            }
        ],
    }
    return json.dumps(document)


def load(text: str) -> LoadedDocument:
    """Load a drawn document; its API description is the one of the case folders."""
    return parse_document(parse_source(text, "drawn.json", str(CASES / "drawn.json")))


ANSWERS = st.lists(st.tuples(st.sampled_from([200, 200, 200, 201, 404, 500, 503, 0]), WAYS), min_size=1, max_size=12)
"""Status and way, in order; the last repeats; status 0 is a network error."""


@dataclass
class Api:
    """Answers in order, and remembers requests and waits."""

    answers: list[tuple[int, int]]
    trace: list[Any] = field(default_factory=list)
    sent: int = 0
    now: float = 1000.0

    def send(self, request: Request) -> Response:
        status, way = self.answers[min(self.sent, len(self.answers) - 1)]
        self.sent += 1
        seen = {name: value for name, value in request.headers if name.startswith("X-")}
        self.trace.append((request.method, seen))
        assert len(self.trace) < 500, "a run without an end"
        if status == 0:
            raise TransportError("connect", "connection refused")
        return Response(status, (("Content-Type", "application/json"),), json.dumps({"way": way}).encode())

    def sleep(self, seconds: float) -> None:
        self.trace.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now
