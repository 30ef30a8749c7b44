"""What a run comes to, whoever has run it, so that two ways of running can be compared."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from executing import Execution

from airflow_arazzo import clock, transport
from airflow_arazzo.core.engine import run_local
from airflow_arazzo.core.errors import InputError
from airflow_arazzo.core.exchange import Request, Response
from airflow_arazzo.core.flow import Plan
from airflow_arazzo.hooks.sealing import hide_registered, unseal_known

#: How many cases: a few hundred in CI, thousands with ``HYPOTHESIS_PROFILE=thorough``.
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


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
    return Outcome(run.status, hide_registered(run.message), run.outputs)


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


def outcome(plan: Plan, state: str, xcoms: dict[tuple[str, str], Any], last: str = "outputs") -> Outcome:
    """Return what the last task of a DAG says."""
    outputs = xcoms.get((last, "return_value"))
    if sealed := xcoms.get((last, "arazzo_sealed")):
        outputs = unseal_known(sealed)
    return Outcome(state, xcoms[last, "arazzo"]["message"], outputs)


def executed(dag: Any, inputs: dict[str, Any], api: Any) -> tuple[Outcome, Execution]:
    """Run a DAG task by task."""
    execution = Execution(dag, inputs, api)
    with in_place_of_the_world(api):
        state = execution.finish()
    return outcome(dag.plan, state, execution.run.xcoms, dag.outputs.task_id), execution


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
