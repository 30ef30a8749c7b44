"""Hypothesis strategies for workflows of any control flow, and for the answers of their API.

Every step asks the same API for a number, its *way*; actions look at the way and at the status. So a list of answers
drives a workflow along any of its paths.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from casebook import CASES
from hypothesis import strategies as st

from arazzo.document.loading import LoadedDocument, parse_document
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response
from arazzo.source.text import parse_source

WAYS = st.integers(0, 2)
STEPS = tuple("abcdef")
OTHERS = ("second", "third")
SELDOM = st.sampled_from([False, False, False, True])

#: Inputs by name, each given or not; a document may declare them, use them, and need one in a path.
INPUTS = st.fixed_dictionaries({}, optional={"tag": st.sampled_from(["x", "y z"]), "limit": WAYS, "id": st.just("i")})
_DECLARED = {
    "type": "object",
    "properties": {"tag": {"type": "string"}, "limit": {"type": "integer", "default": 7}, "id": {"type": "string"}},
}


_SETTINGS = [
    *({"unmatched": way} for way in ("auto", "next", "fail")),
    {"max_rounds": 5, "timeout": 30},
    {"poke_interval": 3, "exponential_backoff": True},
]


@dataclass(frozen=True)
class Surroundings:
    """What a step can name: the steps of its workflow, and the workflows that it may call."""

    steps: tuple[str, ...]
    workflows: tuple[str, ...]
    first: tuple[str, ...] = ()
    loops: bool = True
    at: int = 0

    @property
    def targets(self) -> tuple[str, ...]:
        """The steps to go to: only those ahead, unless there may be loops."""
        ahead = self.steps[self.at + 1 :]
        return (*self.steps, *ahead * 2) if self.loops else ahead


@st.composite
def _criteria(draw, status: bool, calls: bool):
    if draw(SELDOM):
        return {}
    if status:
        condition = f"$statusCode == {draw(st.sampled_from([404, 500, 503]))}"
    elif calls:
        condition = f"$outputs.a == {draw(WAYS)}"
    elif draw(SELDOM):
        condition = f"$response.body#/pass == '{secret(draw(WAYS))}'"
    else:
        condition = f"$response.body#/way == {draw(WAYS)}"
    return {"criteria": [{"condition": condition}]}


@st.composite
def _action(draw, around: Surroundings, number: int, failure: bool, calls: bool):
    kinds = ["end", "goto", "goto", "goto", "retry"] if failure else [*["end", "goto", "goto"] * 2, "retry"]
    kind = draw(st.sampled_from(kinds))
    if kind == "goto" and not around.targets:
        kind = "end"
    action: dict[str, Any] = {"name": f"x{number}", "type": kind, **draw(_criteria(failure, calls))}
    hands_over = bool(around.workflows) and draw(SELDOM)
    if kind == "retry":
        after = draw(st.sampled_from([0, 1, 2.5, 20, None]))
        action |= {"retryLimit": draw(st.integers(0, 2)), **({} if after is None else {"retryAfter": after})}
        if not hands_over and (not around.loops or draw(st.integers(0, 4))):
            return action
    if kind != "end":
        name, targets = ("workflowId", around.workflows) if hands_over else ("stepId", around.targets)
        action[name] = draw(st.sampled_from(targets))
    return action


@st.composite
def _value(draw, around: Surroundings):
    """Draw a value that may be absent when it is asked for."""
    step = draw(st.sampled_from(around.steps))
    kinds = [f"$steps.{step}.outputs.way", f"$steps.{step}.outputs.pass", "$inputs.tag", "$inputs.limit"]
    if around.first:
        kinds.append(f"$workflows.{draw(st.sampled_from(around.first))}.outputs.a")
    return draw(st.sampled_from(kinds))


@st.composite
def _operation(draw, around: Surroundings, step_id: str):
    step: dict[str, Any] = {
        "operationId": draw(st.sampled_from(["listThings"] * 6 + ["createThing"] * 2 + ["getThing"])),
        "parameters": [{"name": "X-Step", "in": "header", "value": step_id}],
        "outputs": {"way": "$response.body#/way", "status": "$statusCode", "pass": "$response.body#/pass"},
    }
    if step["operationId"] == "getThing":
        value = draw(st.sampled_from(["one", "one", "$inputs.id", draw(_value(around))]))
        step["parameters"].append({"name": "id", "in": "path", "value": value})
    if draw(st.booleans()):
        step["parameters"].append({"name": "X-Seen", "in": "header", "value": draw(_value(around))})
    if draw(SELDOM) and draw(SELDOM):
        value = f"see {{{draw(_value(around))}}}"
        step["parameters"].append({"name": "X-Embedded", "in": "header", "value": value})
    if draw(SELDOM):
        condition = draw(st.sampled_from(["$statusCode < 404", "$response.body#/way != 2"]))
        step["successCriteria"] = [{"condition": condition}]
    return step


@st.composite
def _call(draw, around: Surroundings):
    step: dict[str, Any] = {
        "workflowId": draw(st.sampled_from(around.workflows)),
        "outputs": {
            "way": f"$outputs.{draw(st.sampled_from('aaab'))}",
            "status": "$statusCode",
            "pass": "$outputs.pass",
        },
    }
    if draw(st.booleans()):
        step["parameters"] = [{"name": "tag", "value": draw(st.sampled_from(["lit", draw(_value(around))]))}]
    if draw(SELDOM):
        step["successCriteria"] = [{"condition": "$outputs.a != 2"}]
    return step


@st.composite
def _step(draw, around: Surroundings, number: int):
    calls = bool(around.workflows) and draw(st.booleans())
    step_id = around.steps[number]
    around = replace(around, at=number)
    body = draw(_call(around)) if calls else draw(_operation(around, step_id))
    step: dict[str, Any] = {"stepId": step_id, **body}
    if number and draw(SELDOM) and draw(st.booleans()):
        step["dependsOn"] = [around.steps[draw(st.integers(0, number - 1))]]
    success, failure = (draw(st.sampled_from([0, 1, 1, 2, 2])) for _ in range(2))
    if success:
        step["onSuccess"] = [draw(_action(around, index, False, calls)) for index in range(success)]
    if failure:
        step["onFailure"] = [draw(_action(around, index + 5, True, calls)) for index in range(failure)]
    if draw(SELDOM):
        step["x-airflow"] = draw(st.sampled_from(_SETTINGS))
    return step


@st.composite
def _workflow(draw, workflow_id: str, around: Surroundings):
    steps = around.steps
    workflow: dict[str, Any] = {
        "workflowId": workflow_id,
        "steps": [draw(_step(around, number)) for number in range(len(steps))],
        "outputs": {step: f"$steps.{step}.outputs.way" for step in steps},
    }
    if draw(st.booleans()):
        workflow["inputs"] = _DECLARED
    if draw(SELDOM):
        workflow["outputs"]["pass"] = f"$steps.{steps[-1]}.outputs.pass"
    if around.first:
        workflow["dependsOn"] = list(around.first)
    if draw(SELDOM):
        last = replace(around, at=len(steps) - 1)
        workflow["failureActions"] = [draw(_action(last, 9, True, calls=False))]
    return workflow


@st.composite
def workflows(draw, most_steps: int = 5, *, calls: bool = False, depends: bool = False):
    """Draw a document with a workflow ``main``, as JSON.

    :param calls: whether steps may call other workflows, and actions hand over to them.
    :param depends: whether workflows may depend on others.
    """
    others = OTHERS[: draw(st.integers(0, 2))] if calls or depends else ()
    listed = []
    loops = draw(st.booleans())
    for number, workflow_id in enumerate(("main", *others)):
        later = others[number:]
        steps = STEPS[: draw(st.sampled_from(_sizes(most_steps) if workflow_id == "main" else (1, 2)))]
        first = tuple(name for name in later if depends and draw(st.booleans()))
        listed.append(draw(_workflow(workflow_id, Surroundings(steps, later if calls else (), first, loops))))
    extension = {
        "max_rounds": draw(st.sampled_from([3, 4, 2, 1])),
        "poke_interval": 7,
        "unmatched": draw(st.sampled_from(["auto", "next", "next", "fail"])),
        "sensitive": ["pass"],
        **draw(st.sampled_from([{}, {}, {"deferrable": False}, {"deferrable": False, "mode": "reschedule"}])),
    }
    return _document(listed, extension)


@st.composite
def graphs(draw):
    """Draw a document whose steps all have several ways, forwards or anywhere: more branches, joins and entries."""
    steps = STEPS[: draw(st.sampled_from([6, 5, 4]))]
    loops = draw(st.booleans())
    return _document(
        [
            {
                "workflowId": "main",
                "steps": [draw(_crossing(steps, number, loops)) for number in range(len(steps))],
                "outputs": {step: f"$steps.{step}.outputs.way" for step in steps},
            }
        ],
        {"max_rounds": 3, "poke_interval": 7, "unmatched": "next"},
    )


@st.composite
def _crossing(draw, steps: tuple[str, ...], number: int, loops: bool):
    back = loops and number > 1 and draw(st.booleans())
    targets = steps[1:] if back else steps[number + 1 :]
    ways = [
        {"name": f"x{way}", "criteria": [{"condition": f"$response.body#/way == {way}"}], **draw(_leading(targets))}
        for way in (0, 1)
    ]
    step: dict[str, Any] = {
        "stepId": steps[number],
        "operationId": "listThings",
        "parameters": [
            {"name": "X-Step", "in": "header", "value": steps[number]},
            {"name": "X-Seen", "in": "header", "value": f"$steps.{draw(st.sampled_from(steps))}.outputs.way"},
        ],
        "outputs": {"way": "$response.body#/way"},
        "onSuccess": ways,
    }
    if draw(SELDOM):
        step["onFailure"] = [{"name": "x5", **draw(_leading(targets))}]
    return step


@st.composite
def _leading(draw, targets: tuple[str, ...]):
    target = draw(st.sampled_from([*targets, *targets, ""]))
    return {"type": "goto", "stepId": target} if target else {"type": "end"}


@st.composite
def side_by_side(draw, *, calls: bool = False):
    """Draw a document whose workflows may run their steps side by side, for :class:`ApiOfPlaces`.

    :param calls: whether steps may call other workflows, and the main one may keep its order.
    """
    others = OTHERS[: draw(st.integers(1, 2))] if calls else ()
    listed = []
    for number, workflow_id in enumerate(("main", *others)):
        later = others[number:]
        steps = STEPS[: draw(st.sampled_from((2, 3, 4, 5, 6, 6) if workflow_id == "main" else (2, 3)))]
        first = tuple(name for name in later if draw(SELDOM) and draw(SELDOM))
        around = Surroundings(steps, later, first, loops=False)
        ordered = calls and draw(st.booleans() if workflow_id == "main" else SELDOM)
        workflow = draw(_workflow(workflow_id, around) if ordered else _beside(workflow_id, around))
        listed.append(_placed(workflow))
    extension = {"max_rounds": 3, "poke_interval": 7, "unmatched": "next", "sensitive": ["pass"]}
    return _document(listed, extension)


@st.composite
def _beside(draw, workflow_id: str, around: Surroundings):
    """Draw a workflow in which no action leads from one step to another, listed in any order."""
    steps = [draw(_independent(replace(around, at=number))) for number in range(len(around.steps))]
    if not any("dependsOn" in step for step in steps):
        steps[-1]["dependsOn"] = [around.steps[0]]
    workflow: dict[str, Any] = {
        "workflowId": workflow_id,
        "steps": draw(st.permutations(steps)),
        "outputs": {step: f"$steps.{step}.outputs.way" for step in around.steps},
    }
    if around.first:
        workflow["dependsOn"] = list(around.first)
    return workflow


@st.composite
def _independent(draw, around: Surroundings):
    """Draw a step that may read and depend on those before it, and goes on with itself if with any."""
    step_id, before = around.steps[around.at], around.steps[: around.at]
    calls = bool(around.workflows) and draw(st.booleans())
    values = replace(around, steps=before or (step_id,))
    step: dict[str, Any] = {"stepId": step_id}
    if calls:
        step |= draw(_call(replace(values, first=())))
    else:
        step |= draw(_operation(values, step_id))
        if before and draw(SELDOM):
            step["successCriteria"] = [{"condition": f"$steps.{draw(st.sampled_from(before))}.outputs.way != 2"}]
    if before and draw(st.booleans()):
        step["dependsOn"] = draw(st.lists(st.sampled_from(before), min_size=1, max_size=2, unique=True))
    own = {"name": "x0", "type": "goto", "stepId": step_id}
    kind = draw(st.sampled_from(["", "", "poll", "retry", "again"]))
    if kind == "poll":
        step["onSuccess"] = [{**own, **draw(_criteria(False, calls))}]
    elif kind == "again":
        step["onFailure"] = [{**own, **draw(_criteria(True, calls))}]
    elif kind == "retry":
        step["onFailure"] = [
            {"name": "x5", "type": "retry", "retryAfter": draw(st.sampled_from([0, 2.5, 20])), "retryLimit": 2}
        ]
    return step


def _placed(workflow: dict[str, Any]) -> dict[str, Any]:
    """Let each step say where it stands, over all calls, so that what it gets does not depend on what others do."""
    declared = {"at": {"type": "string", "default": ""}, **_DECLARED["properties"]}
    steps = []
    for step in workflow["steps"]:
        place = f"{{$inputs.at}}/{workflow['workflowId']}.{step['stepId']}"
        parameters = [item for item in step.get("parameters", ()) if item["name"] != "X-Step"]
        calls = "workflowId" in step
        own = {"name": "at", "value": place} if calls else {"name": "X-Step", "in": "header", "value": place}
        actions = {
            name: [_handing(action, place) for action in step[name]]
            for name in ("onSuccess", "onFailure")
            if name in step
        }
        steps.append({**step, "parameters": [own, *parameters], **actions})
    failing = (
        {
            "failureActions": [
                _handing(action, f"{{$inputs.at}}/{workflow['workflowId']}") for action in workflow["failureActions"]
            ]
        }
        if "failureActions" in workflow
        else {}
    )
    return {**workflow, "steps": steps, "inputs": {**_DECLARED, "properties": declared}, **failing}


def _handing(action: dict[str, Any], place: str) -> dict[str, Any]:
    """Let a workflow that takes over, or that a retry runs first, know where it stands."""
    if "workflowId" not in action:
        return action
    return {**action, "parameters": [{"name": "at", "value": f"{place}.{action['name']}"}]}


def _document(listed: list[dict[str, Any]], extension: dict[str, Any]) -> str:
    return json.dumps(
        {
            "arazzo": "1.1.0",
            "info": {"title": "drawn", "version": "1"},
            "sourceDescriptions": [{"name": "things", "url": "api.openapi.yaml", "type": "openapi"}],
            "x-airflow": extension,
            "workflows": listed,
        }
    )


def _sizes(most: int) -> tuple[int, ...]:
    return (*range(1, most + 1), *range(max(1, most - 2), most + 1), most)


def secret(way: int) -> str:
    """Return what the API gives out beside a way, which nobody is to see."""
    return f"pass-{way}-5f3a9c71"


def load(text: str) -> LoadedDocument:
    """Load a drawn document; its API description is the one of the case folders."""
    return parse_document(parse_source(text, "drawn.json", str(CASES / "drawn.json")))


ANSWERS = st.lists(st.tuples(st.sampled_from([*[200] * 9, 201, 404, 500, 503, 503, 0]), WAYS), min_size=1, max_size=12)
"""Status and way, in order; the last repeats; status 0 is a network error."""
ROUTES = st.lists(st.tuples(st.sampled_from([*[200] * 9, 404]), WAYS), min_size=1, max_size=12)
"""Answers that lead far."""


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
        target = "/things" + request.url.partition("/things")[2]
        self.trace.append((request.method, target, seen))
        assert len(self.trace) < 2000, "a run without an end"
        if status == 0:
            raise TransportError("connect", "connection refused")
        headers = (
            ("Content-Type", "application/json"),
            *((("Retry-After", "4"),) if (status, way) == (503, 2) else ()),
        )
        return Response(status, tuple(headers), json.dumps({"way": way, "pass": secret(way)}).encode())

    def sleep(self, seconds: float) -> None:
        self.trace.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@dataclass
class ApiOfPlaces(Api):
    """Answers each place in order by itself, so that all get the same whoever comes first."""

    asked: dict[str, int] = field(default_factory=dict)

    def send(self, request: Request) -> Response:
        place = next(value for name, value in request.headers if name == "X-Step")
        count = self.asked[place] = self.asked.get(place, -1) + 1
        self.sent = (crc32(place.encode()) + count) % len(self.answers)
        return super().send(request)
