"""What a run comes to, whoever has run it, so that two ways of running can be compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from executing import Execution

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup
from airflow_arazzo.protocol.encryption import unseal_json
from airflow_arazzo.protocol.secret_ledger import Ledger
from arazzo import clock, transport
from arazzo.absent import from_wire, with_nulls
from arazzo.engine import run_local
from arazzo.errors import InputError
from arazzo.exchange import Request, Response
from arazzo.flow import Plan


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its status, why, and the workflow's outputs, secrets included."""

    status: str
    message: str
    outputs: dict[str, Any] | None


def interpreted(plan: Plan, inputs: dict[str, Any], api: Any) -> Outcome:
    """Run a workflow whole, without Airflow."""
    try:
        run = run_local(plan, inputs, send=api.send, sleep=api.sleep, clock=api.clock)
    except InputError as error:
        return Outcome("refused", "; ".join(error.messages), None)
    return Outcome(run.status, Ledger().conceal(run.message), run.outputs)


def assert_same(found: Outcome, expected: Outcome) -> None:
    """Compare what a DAG has come to with what the interpreter has.

    A DAG has no outputs where a failure stands that no action has ended, and it says more about refused inputs.
    """
    if expected.status == "refused":
        assert found.status == "failed"
        assert f"refused: {expected.message}; nothing was sent" in found.message
        return
    assert (found.status, found.message) == (expected.status, expected.message)
    if found.outputs is not None or found.status == "success":
        assert found.outputs == expected.outputs


def assert_side_by_side(found: Outcome, expected: Outcome, traces: tuple[list[Any], list[Any]], *, red: bool) -> None:
    """Compare where steps may have run side by side: they have sent the same in another order.

    Where one has failed, others may have sent what the interpreter did not come to.

    :param traces: what was sent and waited: by the tasks, and by the interpreter.
    :param red: whether a task has failed.
    """
    sent, wanted = (Counter(json.dumps(entry) for entry in trace) for trace in traces)
    assert not wanted - sent
    assert red or not sent - wanted
    parts = expected.message.split("; ")
    assert found.message.startswith(parts[0]) or expected.status == "refused"
    assert all(part in found.message for part in parts) or expected.status == "refused"
    assert_same(replace(found, message=expected.message) if expected.status != "refused" else found, expected)


def assert_in_order(plan: Plan, trace: list[Any]) -> None:
    """Check that each step of a workflow began when those that it needs were over."""
    begun, over = {}, {}
    for at, entry in enumerate(trace):
        if isinstance(entry, tuple):
            step = entry[2]["X-Step"].split("/")[1].removeprefix(f"{plan.workflow_id}.")
            begun.setdefault(step, at)
            over[step] = at
    for step, needs in (plan.needs or {}).items():
        assert all(over[need] < begun[step] for need in needs if need in over and step in begun)


def outcome(plan: Plan, state: str, xcoms: dict[tuple[str, str], Any], last: str = "outputs") -> Outcome:
    """Return what the last task of a DAG says."""
    outputs = xcoms.get((last, "return_value"))
    sealed = xcoms.get((last, "arazzo_envelope"))
    if outputs is not None and sealed and "result" in unseal_json(sealed):
        outputs = with_nulls(from_wire(unseal_json(sealed)["result"]))
    return Outcome(state, xcoms[last, "arazzo"]["message"], outputs)


def executed(dag: Any, inputs: dict[str, Any], api: Any, **how: Any) -> tuple[Outcome, Execution]:
    """Run a DAG task by task.

    :param how: what :class:`Execution` takes beyond.
    """
    execution = Execution(dag, inputs, api, **how)
    with in_place_of_the_world(api):
        state = execution.finish()
    return outcome(dag.plan, state, execution.run.xcoms, dag.outputs.task_id), execution


def executed_in_one_task(plan: Plan, inputs: dict[str, Any], api: Any) -> Outcome:
    """Run a workflow as a DAG of one task (``granularity: workflow``)."""
    settings = plan.settings.model_copy(update={"granularity": "workflow"})
    dag = ArazzoDag(plan.model_copy(update={"settings": settings}))
    assert len(dag.tasks) == 1
    execution = Execution(dag, inputs, api)
    with in_place_of_the_world(api):
        state = execution.finish()
    (task,) = dag.tasks
    if (task.task_id, "arazzo") not in execution.run.xcoms:  # it refused the inputs
        return Outcome(state, str(execution.errors[task.task_id]), None)
    return outcome(plan, state, execution.run.xcoms, task.task_id)


def executed_in_a_group(plan: Plan, inputs: dict[str, Any], api: Any, **how: Any) -> tuple[Outcome, Execution]:
    """Run a workflow as a group in a DAG of somebody's own."""
    with DAG("own") as dag:
        group = ArazzoTaskGroup(plan, group_id="within", inputs=inputs)
    execution = Execution(dag, {}, api, **how)
    with in_place_of_the_world(api):
        state = execution.finish()
    return outcome(plan, state, execution.run.xcoms, group.last.task_id), execution


@contextmanager
def going_by(api: Any) -> Iterator[None]:
    """Let ``api`` be the clock that tasks and triggers go by."""

    async def sleep_async(seconds: float) -> None:
        api.sleep(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", api.clock)
        patch.setattr(clock, "sleep", api.sleep)
        patch.setattr(clock, "sleep_async", sleep_async)
        yield


@contextmanager
def in_place_of_the_world(api: Any) -> Iterator[None]:
    """Let ``api`` be what tasks and triggers send to, too."""

    def send(request: Request, session: Any, **_: Any) -> Response:
        return api.send(request)

    async def send_async(request: Request, session: Any, **_: Any) -> Response:
        return api.send(request)

    with going_by(api), pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "send", send)
        patch.setattr(transport, "send_async", send_async)
        yield
