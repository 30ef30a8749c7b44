"""Every case folder, executed every way that needs no Airflow: all ways agree."""

from __future__ import annotations

import asyncio

import pytest
from casebook import Case, Script, cases

from arazzo.absent import with_nulls
from arazzo.engine import (
    Done,
    Run,
    Send,
    State,
    Wait,
    advance,
    check_inputs,
    drive,
    drive_async,
    run_local,
    start,
    unreadable_output,
    workflow_outputs,
)
from arazzo.engine.state import Recording
from arazzo.engine.step_machine import held
from arazzo.errors import ClosedError, InputError, TransportError
from arazzo.exchange import Exchange
from arazzo.flow import Plan, slice_region
from arazzo.frozen import replace
from arazzo.limits import limits_set


def whole(plan: Plan, case: Case, script: Script) -> Run:
    return run_local(plan, case.inputs, send=script.send, sleep=script.sleep, clock=script.clock)


def in_event_loop(plan: Plan, case: Case, script: Script) -> Run:
    async def send(request):
        return script.send(request)

    async def wait(_, seconds):
        script.sleep(seconds)

    state = start(plan, check_inputs(plan, case.inputs))
    state, done = asyncio.run(drive_async(plan, state, send=send, wait=wait, clock=script.clock))
    return _run(plan, case, state, done)


def through_json(plan: Plan, case: Case, script: Script) -> Run:
    """Forget everything but JSON between any two calls of the machine, as a crash would."""
    text = plan.model_dump_json(by_alias=True)
    state = replace(start(plan, check_inputs(plan, case.inputs)), recorded=Recording())
    exchange = None
    while True:
        state = State.from_json(state.to_json())
        state, command = advance(Plan.model_validate_json(text), state, exchange, now=script.clock())
        exchange = None
        match command:
            case Send(request=request):
                try:
                    exchange = Exchange(request, script.send(request))
                except ClosedError as error:
                    state = held(state, error.until, script.clock())
                except TransportError as error:
                    exchange = Exchange.unanswered(request, error)
            case Wait(seconds=seconds):
                script.sleep(seconds)
            case Done():
                assert len(state.recorded.entries) == sum(
                    "request" in entry and "closed" not in entry for entry in case.script
                )
                return _run(plan, case, state, command)


def region_by_region(plan: Plan, case: Case, script: Script) -> Run:
    """Run as the tasks of a DAG do: each region from its own slice of the plan, outputs handed on."""
    inputs = check_inputs(plan, case.inputs)
    workflows, cookies = {}, None

    def driven(part, state):
        return drive(part, state, send=script.send, wait=lambda _, seconds: script.sleep(seconds), clock=script.clock)

    for key in plan.depends_on:
        child = plan.children[key]
        named = {name: inputs[name] for name in child.declared.schemas if name in inputs}
        state, first = driven(child, start(child, named, cookies=cookies))
        if first.outcome == "failed":
            text = f"workflow '{key}', which runs first, failed: {first.message}"
            return Run("failed", dict.fromkeys(plan.outputs), text)
        workflows[key], cookies = {"inputs": named, "outputs": first.outputs}, state.cookies
    outputs, at = {}, plan.steps[0].step_id
    while True:
        region = plan.region_of(at)
        sliced = Plan.model_validate_json(slice_region(plan, region).model_dump_json(by_alias=True))
        told = {"outputs": outputs, "workflows": workflows, "cookies": cookies}
        state, done = driven(sliced, start(sliced, inputs, at=at, scope=region.steps, **told))
        outputs, workflows, cookies = state.outputs, state.workflows, state.cookies
        if done.outcome != "step":
            result = done.outputs or workflow_outputs(plan, inputs, outputs, workflows)
            unreadable = unreadable_output(result)
            status = "success" if done.outcome == "end" and not unreadable else "failed"
            return Run(status, with_nulls(result), done.message or unreadable)
        at = done.target


def _run(plan: Plan, case: Case, state: State, done: Done) -> Run:
    outputs = done.outputs if done.outputs is not None else dict.fromkeys(plan.outputs)
    return Run("success" if done.outcome == "end" else "failed", with_nulls(outputs), done.message)


@pytest.mark.parametrize("way", [whole, in_event_loop, through_json, region_by_region], ids=lambda way: way.__name__)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_case(case, way):
    plan = case.plan
    script = Script(case.script)
    if case.status == "refused":
        with pytest.raises(InputError, match=r".*") as refused:
            way(plan, case, script)
        assert case.message in str(refused.value)
    else:
        with limits_set(**case.limits):
            run = way(plan, case, script)
        assert (run.status, run.outputs) == (case.status, case.outputs)
        assert case.message in run.message
        assert bool(run.message) == (run.status == "failed")
        if way is whole:
            assert [f"{record.step}: {drift}" for record in run.records for drift in record.drift] == case.drift
    script.finished()
