"""The local run: a whole workflow in this process, without Airflow, on the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from arazzo.absent import ABSENT, absent_names, unreadable_names, with_nulls
from arazzo.engine.call_stack import start
from arazzo.engine.drivers import drive, ignore_note
from arazzo.engine.input_checks import check_inputs
from arazzo.engine.server_checks import require_sendable
from arazzo.engine.state import Done, Mark, Note, Recording, State, StepRecord
from arazzo.exchange import Request, Response
from arazzo.expressions.context import unchanged
from arazzo.flow import Plan
from arazzo.frozen import dataclass, field, replace
from arazzo.secrecy.concealing import Conceal


@dataclass(frozen=True)
class Run:
    """How a workflow ended.

    :param status: ``success`` or ``failed``.
    :param outputs: the workflow's outputs, every key present, null for what is absent or unreadable.
    :param message: why it failed.
    :param absent: names of the outputs that are absent.
    :param unreadable: names of the outputs that lead into an answer that cannot be read.
    :param records: the last record of each step, in the order in which steps last ran; a step of an inner workflow is
        named ``workflow/step``.
    :param steps: outputs of the steps that ran, by step id and name, as people see them.
    :param exchanges: the last 100 of them, in their order.
    :param recorded: the exchanges as :func:`~arazzo.engine.recording.entry_of` has them, if they were to be recorded.
    :param secrets: the secret texts among inputs and outputs, those of inner workflows included.
    """

    status: Literal["success", "failed"]
    outputs: dict[str, Any]
    message: str = ""
    absent: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    records: tuple[StepRecord, ...] = ()
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    exchanges: tuple[Mark, ...] = ()
    recorded: tuple[str, ...] = field(default=(), repr=False)


def start_run(plan: Plan, inputs: Mapping[str, Any]) -> State:
    """Return the state in which a whole workflow is about to run.

    :raises InputError: if the inputs are refused.
    :raises RequestError: if a step has no server that can be called.
    """
    checked = check_inputs(plan, inputs)
    require_sendable(plan)
    return start(plan, checked)


def run_local(
    plan: Plan,
    inputs: Mapping[str, Any],
    *,
    send: Callable[[Request], Response],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
    note: Callable[[Note], None] = ignore_note,
    conceal: Conceal = unchanged,
    whole: Callable[[str], None] | None = None,
    sent: Callable[[str], None] | None = None,
    recording: bool = False,
) -> Run:
    """Run a whole workflow.

    :param send: sends a request; raises TransportError if there is no answer.
    :param sleep: waits that many seconds between rounds and before retries; time that it does not wait is skipped.
    :param conceal: hides in a text what is secret beyond inputs and outputs, such as credentials.
    :param whole: receives each request and its answer in full, secrets hidden.
    :param sent: receives method and URL of each request before it is sent, secrets hidden.
    :param recording: whether to keep the exchanges.
    :raises InputError: if the inputs are refused; nothing was sent.
    :raises RequestError: if a step has no server that can be called; nothing was sent.
    """

    skipped = 0.0

    def now() -> float:
        return clock() + skipped

    def wait(_: State, seconds: float) -> None:
        nonlocal skipped
        until = now() + seconds
        sleep(seconds)
        skipped += max(0.0, until - now())

    state, done = drive(
        plan,
        replace(start_run(plan, inputs), recorded=Recording() if recording else None),
        send=send,
        wait=wait,
        clock=now,
        note=note,
        conceal=conceal,
        whole=whole,
        sent=sent,
    )
    return _run(plan, state, done)


def _run(plan: Plan, state: State, done: Done) -> Run:
    outputs = done.outputs if done.outputs is not None else dict.fromkeys(plan.outputs, ABSENT)
    status: Literal["success", "failed"] = "success" if done.outcome == "end" else "failed"
    records = tuple(replace(record, step=name) for name, record in state.records.items())
    return Run(
        status,
        with_nulls(outputs),
        done.message,
        absent_names(outputs),
        unreadable_names(outputs),
        records,
        {step: with_nulls(values) for step, values in state.outputs.items()},
        frozenset(state.secrets.texts),
        state.exchanges,
        state.recorded.entries if state.recorded else (),
    )
