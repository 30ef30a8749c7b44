"""Every way that a workflow can take with answers of a mock: the step machine is a value, so it is tried at each step.

At each request the mock's answers are tried: what the description documents for each status, no answer at all, and the
same bodies with other values where conditions look. Of the answers that lead the same way the best is followed: one
that the description allows before one that it does not, one with all outputs before one without.
"""

from __future__ import annotations

import heapq
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from variations import Hints, criteria_of, hints, mutations

from arazzo.absent import ABSENT, Unreadable, with_nulls
from arazzo.document.models import Criterion
from arazzo.engine import Done, Send, State, StepRecord, Wait, advance, check_inputs, misplaced, run_local, start
from arazzo.errors import RequestError, TransportError
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate
from arazzo.expressions.nodes import StepOutput
from arazzo.expressions.templates import find_expressions
from arazzo.flow import Edge, Plan, PlannedStep
from arazzo.openapi.description import Description
from arazzo.openapi.responses import decode_content
from arazzo.openapi.security import Credentials, authorize
from arazzo.testing import MockApi, Scenario
from arazzo.testing.checks import Schemas
from arazzo.testing.replies import success
from arazzo.testing.scenario import Checks

BEGIN = 1_000_000.0
CREDENTIALS = Credentials(login="login", password="password", token="token")
FREE = Scenario(checks=Checks(requests=False, security="none"))


@dataclass(frozen=True)
class Answer:
    """What came back: a response, or None for none.

    :param described: whether the description allows it.
    :param made: whether it is not the mock's own but a variation of it.
    :param origin: the mock's own.
    """

    response: Response | None
    described: bool = True
    made: bool = False
    origin: Response | None = None

    def exchange(self, request: Request) -> Exchange:
        """Return the exchange that the step machine sees."""
        if self.response is None:
            return Exchange.unanswered(request, TransportError("reset", "connection reset"))
        return Exchange(request, self.response)


@dataclass(frozen=True)
class Ending:
    """How one way through a workflow ended, and the answers that led there."""

    status: str
    message: str
    answers: tuple[Answer, ...]
    now: float = BEGIN

    @property
    def described(self) -> bool:
        return all(answer.described for answer in self.answers)


@dataclass
class Explored:
    """What came of a workflow.

    :ivar first: how it ended with the mock's first answers, requests checked as the description demands.
    :ivar refused: why the mock refused requests.
    """

    edges: tuple[Edge, ...]
    taken: set[Edge] = field(default_factory=set)
    taken_as_described: set[Edge] = field(default_factory=set)
    endings: list[Ending] = field(default_factory=list)
    first: Ending | None = None
    refused: dict[str, None] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """``first``, ``described`` or ``made``: which answers success needs; empty if there is none."""
        if self.first and self.first.status == "success":
            return "first"
        good = [ending for ending in self.endings if ending.status == "success"]
        if any(ending.described for ending in good):
            return "described"
        return "made" if good else ""


@dataclass(frozen=True)
class Mocks:
    """The mock of a document's APIs, once with checks and once without."""

    checking: MockApi
    free: MockApi
    _schemas: dict[str, Schemas] = field(default_factory=dict)

    def schemas(self, description: Description) -> Schemas:
        """Return the schemas of a description to check answers with."""
        return self._schemas.setdefault(description.name, Schemas(description))

    def checked(self, request: Request, refused: dict[str, None]) -> Response:
        """Send a request with credentials; note why it was refused."""
        response = self.checking.send(authorize(request, _credentials(request)))
        entry = self.checking.record[len(self.checking.record) - 1]
        if entry.refused:
            refused[f"{request.step}: {'; '.join(entry.refused)}"] = None
        return response


def make_mocks(descriptions: dict[str, Description]) -> Mocks:
    """Return the mocks of some APIs."""
    return Mocks(MockApi(dict(descriptions)), MockApi(dict(descriptions), FREE))


def _credentials(request: Request) -> Credentials:
    keys = {scheme["key"]: "key" for need in request.security for scheme in need}
    return replace(CREDENTIALS, api_keys=keys)


def run_once(plan: Plan, inputs: dict[str, Any], mocks: Mocks, refused: dict[str, None]) -> Ending:
    """Run a workflow with the first answers of the mock."""
    clock = itertools.count(int(BEGIN), 1)
    slept: list[float] = []
    try:
        run = run_local(
            plan,
            inputs,
            send=lambda request: mocks.checked(request, refused),
            sleep=slept.append,
            clock=lambda: next(clock) + sum(slept),
        )
    except RequestError as error:
        return Ending("failed", str(error), ())
    return Ending(run.status, run.message, ())


def replay(plan: Plan, inputs: dict[str, Any], ending: Ending) -> Ending:
    """Run a workflow with the answers that led to an ending."""
    answers, now = iter(ending.answers), [BEGIN]

    def send(_: Request) -> Response:
        answer = next(answers)
        if answer.response is None:
            raise TransportError("reset", "connection reset")
        return answer.response

    def sleep(seconds: float) -> None:
        now[0] += seconds

    if any(misplaced(plan)):
        return ending
    run = run_local(plan, inputs, send=send, sleep=sleep, clock=lambda: now[0])
    assert next(answers, None) is None, "not every answer was asked for"
    return Ending(run.status, run.message, ending.answers)


Turn = tuple[State, Send | Done, float]


def move(plan: Plan, state: State, exchange: Exchange | None, now: float) -> Turn:
    """Go on to the next request, however long that takes, or to the end."""
    state, command = advance(plan, state, exchange, now=now)
    while isinstance(command, Wait):
        now += command.seconds
        state, command = advance(plan, state, None, now=now)
    return state, command, now


@dataclass(frozen=True)
class Trial:
    """One answer tried: where it led, and what it was worth.

    :ivar there: the outputs, and members of outputs that requests read, that are there.
    :ivar readable: whether every member that requests read is there.
    :ivar told: the outputs that later criteria read.
    """

    answer: Answer
    turn: Turn
    ways: tuple[tuple[str, StepRecord], ...]
    there: tuple[str, ...]
    readable: bool
    told: str

    @property
    def leads(self) -> tuple[Any, ...]:
        """What tells one way from another."""
        ways = tuple((name, item.action, item.outcome, item.next) for name, item in self.ways)
        return ways, self.told, self.readable, isinstance(self.turn[1], Done) and self.turn[1].outcome

    @property
    def seen(self) -> tuple[Any, ...]:
        """What tells an answer from another: every verdict, and which values are there."""
        return (
            tuple((item.passed, item.action) for _, record in self.ways for item in record.criteria),
            self.there,
            self.told,
        )

    @property
    def failed(self) -> bool:
        """Whether the server says that it has failed."""
        return self.answer.response is None or self.answer.response.status >= 300

    @property
    def rank(self) -> tuple[bool, int, int]:
        """How promising it is to vary this answer: it goes on, criteria met, outputs; the smaller the better."""
        met = sum(item.passed for _, record in self.ways for item in record.criteria)
        return isinstance(self.turn[1], Done), -met, -len(self.there)

    @property
    def worth(self) -> tuple[bool, int, bool]:
        return self.answer.described, len(self.there), not self.answer.made


@dataclass
class Explorer:
    """Explores one workflow.

    :ivar most: how many requests are varied.
    :ivar rounds: how many answers to one request are varied.
    :ivar trials: how many variations of an answer are tried.
    """

    plan: Plan
    inputs: dict[str, Any]
    mocks: Mocks
    most: int = 100
    rounds: int = 5
    trials: int = 120

    def explore(self) -> Explored:
        """Return all that was found."""
        edges = tuple(edge for edge in self.plan.edges if _is_own(self.plan, edge))
        self.found = Explored(edges)
        self.found.first = run_once(self.plan, self.inputs, self.mocks, self.found.refused)
        if any(misplaced(self.plan)):  # no run begins
            self.found.endings.append(self.found.first)
            return self.found
        self._number = itertools.count()
        self._seen: set[Any] = set()
        self._todo: list[Any] = []
        self._go_on(move(self.plan, start(self.plan, check_inputs(self.plan, self.inputs)), None, BEGIN), ())
        while self._todo and len(self._seen) < self.most:
            *_, turn, answers = heapq.heappop(self._todo)
            self._vary(turn, answers)
        return self.found

    def _go_on(self, turn: Turn, answers: tuple[Answer, ...]) -> None:
        match turn[1]:
            case Done(outcome=outcome, message=message):
                status = "success" if outcome == "end" else "failed"
                self.found.endings.append(Ending(status, message, answers, turn[2]))
            case _:
                strange = sum(not answer.described for answer in answers)
                heapq.heappush(self._todo, (strange, len(answers), next(self._number), turn, answers))

    def _vary(self, turn: Turn, answers: tuple[Answer, ...]) -> None:
        """Try answers to one request, and go on from the best of each way."""
        if (position := _position(turn[0], self._known(turn[0]))) in self._seen:
            return
        self._seen.add(position)
        best: dict[Any, Trial] = {}
        for trial in self._tried(turn):
            if trial.leads not in best or trial.worth > best[trial.leads].worth:
                best[trial.leads] = trial
        for trial in best.values():
            followed = (*answers, trial.answer)
            taken = {edge for name, record in trial.ways for edge in self._edges(name, record)}
            self.found.taken |= taken
            if all(answer.described for answer in followed):
                self.found.taken_as_described |= taken
            self._go_on(trial.turn, followed)

    def _tried(self, turn: Turn) -> Iterator[Trial]:
        """Yield answers to one request: what is documented, and variations for as long as a way or a value is missing.

        Of the answers that have been tried, the one that met the most criteria is varied next.
        """
        state, command, _ = turn
        assert isinstance(command, Send)
        planned = self.plan.child(state.frame.plan).step(state.frame.step)
        description = self.mocks.free.descriptions[command.request.source]
        reads = self._reads(state, planned)
        wanted = self._hints(state, planned, description, reads)
        tried = [
            self._try(turn, answer, reads) for answer in self._described(command.request, planned, description, wanted)
        ]
        yield from tried
        known = {trial.seen for trial in tried}
        order = itertools.count()
        heaps: tuple[list[Any], list[Any]] = ([], [])
        for trial in tried:
            heapq.heappush(heaps[trial.failed], (trial.rank, next(order), trial))
        for heap in itertools.chain.from_iterable(itertools.repeat(heaps, self.rounds)):
            if not self._missing(planned, state, tried, len(planned.step.outputs) + len(reads)):
                return
            for answer in itertools.islice(self._mutated(heap, wanted), self.trials):
                trial = self._try(turn, answer, reads)
                if trial.seen in known:
                    continue
                known.add(trial.seen)
                trial = replace(trial, answer=replace(answer, described=self._allows(answer, planned)))
                tried.append(trial)
                heapq.heappush(heaps[trial.failed], (trial.rank, next(order), trial))
                yield trial

    def _try(self, turn: Turn, answer: Answer, reads: tuple[StepOutput, ...]) -> Trial:
        state, command, now = turn
        assert isinstance(command, Send)
        after = move(self.plan, state, answer.exchange(command.request), now)
        changed = tuple(
            (name, record) for name, record in after[0].records.items() if state.records.get(name) is not record
        )
        outputs = next((f.outputs for f in after[0].frames if f.plan == state.frame.plan), {})
        values = with_nulls(outputs.get(state.frame.step, {}))
        there = [name for name, value in values.items() if value is not None]
        context = Context(steps=outputs)
        read = [str(item) for item in reads if not _is_nothing(evaluate(item, context))]
        told = json.dumps({name: values.get(name) for name in sorted(self._told(state))}, default=str)
        return Trial(answer, after, changed, (*there, *read), len(read) == len(reads), told[:200])

    def _later(self, state: State) -> list[Criterion]:
        """Return the criteria of other steps that read this step's outputs."""
        step, mark = state.frame.step, f"$steps.{state.frame.step}.outputs."
        others = (other for other in self.plan.child(state.frame.plan).steps if other.step_id != step)
        return [item for other in others for item in criteria_of(other) if mark in f"{item.context} {item.condition}"]

    def _told(self, state: State) -> set[str]:
        """Return the names of this step's outputs that other steps' criteria read."""
        text = " ".join(f"{item.context} {item.condition}" for item in self._later(state))
        outputs = self.plan.child(state.frame.plan).step(state.frame.step).step.outputs
        return {name for name in outputs if f"$steps.{state.frame.step}.outputs.{name}" in text}

    def _reads(self, state: State, planned: PlannedStep) -> tuple[StepOutput, ...]:
        """Return the members of this step's outputs that requests read."""
        found: dict[StepOutput, None] = {}
        for other in self.plan.child(state.frame.plan).steps:
            values = [item.value for item in other.step.parameters]
            values += [other.step.request_body.payload] if other.step.request_body else []
            for _, expression in find_expressions(values, self.plan.dialect):
                if isinstance(expression, StepOutput) and expression.step == planned.step_id:
                    found[expression] = None
        return tuple(item for item in found if item.name not in planned.step.outputs or item.pointer)

    def _missing(self, planned: PlannedStep, state: State, tried: list[Trial], values: int) -> bool:
        """Tell whether there are ways out of a step that no answer led, or values that no answer had."""
        if max(len(trial.there) for trial in tried) < values:
            return True
        if self._told(state):
            told: dict[Any, set[str]] = {}
            for trial in tried:
                if isinstance(trial.turn[1], Send) and not trial.failed:
                    told.setdefault(trial.leads[0], set()).add(trial.told)
            if not told or min(map(len, told.values())) < 3:
                return True
        if state.frame.plan:
            return not any(record.outcome == "success" for trial in tried for _, record in trial.ways)
        taken = {edge for trial in tried for name, record in trial.ways for edge in self._edges(name, record)}
        mine = {edge for edge in self.found.edges if edge.source == planned.step_id}
        return bool(mine - taken - self.found.taken)

    def _edges(self, name: str, record: StepRecord) -> Iterator[Edge]:
        """Yield the edge that a step of the workflow itself took."""
        if "/" in name:
            return
        failed = bool(record.message)
        for edge in self.found.edges:
            if edge.source != name or edge.action != record.action:
                continue
            if record.action is None:
                if record.outcome == "success" and edge.target == record.next:
                    yield edge
            elif edge.kind == "retry" or (edge.kind == "failure") == failed:
                yield edge

    def _known(self, state: State) -> dict[str, str]:
        """Return the outputs so far that criteria of other steps read, as text, and whether requests find theirs."""
        found = {}
        for step, values in state.frame.outputs.items():
            at = replace(state, frames=(replace(state.frame, step=step),))
            reads = self._reads(at, self.plan.child(at.frame.plan).step(step))
            missing = sum(_is_nothing(evaluate(item, Context(steps=state.frame.outputs))) for item in reads)
            seen = with_nulls(values)
            found[step] = str(bool(missing))
            found.update({f"{step}.{name}": json.dumps(seen.get(name))[:200] for name in self._told(at)})
        return found

    def _hints(
        self, state: State, planned: PlannedStep, description: Description, reads: tuple[StepOutput, ...]
    ) -> Hints:
        known: dict[str, Any] = dict(state.frame.inputs)
        for outputs in state.frame.outputs.values():
            known.update(with_nulls(outputs))
        known = {name: value for name, value in known.items() if len(json.dumps(value)) < 2000}
        responses = description.responses(planned.operation) if planned.operation else {}
        return hints(planned, known, responses, description, reads, self._later(state))

    def _described(
        self, request: Request, planned: PlannedStep, description: Description, wanted: Hints
    ) -> Iterator[Answer]:
        """Yield the mock's answer for each status that is documented or looked at, and no answer."""
        assert planned.operation is not None
        responses = description.responses(planned.operation)
        documented = [int(status) for status in responses if re.fullmatch(r"[1-5]\d\d", status)]
        documented += [int(f"{status[0]}00") for status in responses if re.fullmatch(r"[2-5][Xx][Xx]", status)]
        statuses = dict.fromkeys((success(responses), *documented, *wanted.statuses, 500))
        for status in statuses:
            asked = replace(request, headers=(*request.headers, ("Prefer", f"code={status}")))
            allowed = status in documented or "default" in responses or f"{status // 100}XX" in responses
            response = self.mocks.free.send(asked)
            assert response.status == status, f"{request}: the mock does not know it"
            yield Answer(response, allowed or status >= 500, origin=response)
        yield Answer(None)

    def _mutated(self, heap: list[Any], wanted: Hints) -> Iterator[Answer]:
        """Yield variations of the best of some answers, which is taken from them."""
        answer = heapq.heappop(heap)[-1].answer if heap else Answer(None)
        if answer.response is None:
            return
        for name in wanted.headers:
            for value in (*wanted.values, "mock"):
                headers = tuple(pair for pair in answer.response.headers if pair[0].lower() != name.lower())
                yield replace(
                    answer, response=replace(answer.response, headers=(*headers, (name, str(value)))), made=True
                )
        if not (wanted.paths or wanted.names):
            return
        body = decode_content(answer.response)
        for content in mutations(None if _is_nothing(body) else body, wanted):
            yield replace(answer, response=_with_body(answer.response, content), made=True)

    def _allows(self, answer: Answer, planned: PlannedStep) -> bool:
        """Tell whether the description allows a variation of an answer, or finds no more wrong than with the mock's."""
        assert planned.operation is not None
        assert answer.response is not None
        description = self.mocks.free.descriptions[planned.operation.source]
        media = _media(description.responses(planned.operation), answer.response.status)
        if media is None or not answer.described:
            return False
        schemas, schema = self.mocks.schemas(description), media.get("schema", True)
        own = schemas.violations(schema, _content(answer.origin)) if answer.origin else ()
        return set(schemas.violations(schema, _content(answer.response))) <= set(own)


def _with_body(response: Response, content: Any) -> Response:
    """Return a response with another body, of its own media type if that can say it."""
    kind = response.header("Content-Type") or "application/json"
    if "json" in kind or not isinstance(content, str):
        kind = kind if "json" in kind else "application/json"
        body = json.dumps(content).encode()
    else:
        body = content.encode()
    headers = tuple(pair for pair in response.headers if pair[0].lower() != "content-type")
    return replace(response, headers=(*headers, ("Content-Type", kind)), body=body)


def _content(response: Response) -> Any:
    content = decode_content(response)
    return None if _is_nothing(content) else content


def _is_nothing(value: Any) -> bool:
    return value is ABSENT or value is None or isinstance(value, Unreadable)


def _media(responses: Mapping[str, Any], status: int) -> Any:
    """Return the JSON media type of a response; None if there is none."""
    names = (str(status), f"{status // 100}XX", "default")
    response = next((responses[name] for name in names if name in responses), {})
    return next((media for name, media in (response.get("content") or {}).items() if "json" in name), None)


def _is_own(plan: Plan, edge: Edge) -> bool:
    """Tell whether an edge is a choice of its step; the way back from what a retry ran first is none."""
    step = plan.step(edge.source).step
    names = {action.name for action in (*step.on_success, *step.on_failure)}
    return edge.kind == "next" or edge.action in names


def _position(state: State, told: Mapping[str, str]) -> Any:
    """Return what tells one request from another: the step, how it was come to, and which outputs there are."""
    frame = state.frame
    outputs = frozenset(
        (step, name)
        for step, values in frame.outputs.items()
        for name, value in with_nulls(values).items()
        if value is not None
    )
    return (
        tuple(frame.plan for frame in state.frames),
        frame.step,
        tuple(sorted(frame.retries.items())),
        min(frame.rounds, 1),
        frame.detour.step if frame.detour else None,
        outputs,
        tuple(sorted(told.items())),
    )
