"""Whatever the control flow: a workflow run whole and run region by region sends, waits and ends alike."""

from __future__ import annotations

from hypothesis import given
from suite import drawn
from workflows import ANSWERS, INPUTS, Api, load, side_by_side, workflows

from arazzo.absent import with_nulls
from arazzo.engine import (
    Send,
    State,
    Wait,
    advance,
    check_inputs,
    drive,
    run_local,
    start,
    workflow_outputs,
)
from arazzo.errors import InputError, TransportError
from arazzo.exchange import Exchange
from arazzo.flow import END, Plan, compile_document, slice_region


def whole(plan: Plan, inputs, api: Api):
    run = run_local(plan, inputs, send=api.send, sleep=api.sleep, clock=api.clock)
    return run.status == "success", run.outputs, run.message


def by_regions(plan: Plan, inputs, api: Api):
    inputs = check_inputs(plan, inputs)
    outputs, workflows, at = {}, {}, plan.steps[0].step_id
    visited = []
    while True:
        region = plan.region_of(at)
        assert region not in visited, "a plan is free of cycles"
        visited.append(region)
        part = slice_region(plan, region)
        state = start(part, inputs, at=at, outputs=outputs, scope=region.steps, workflows=workflows)
        state, done = drive(part, state, send=api.send, wait=lambda _, s: api.sleep(s), clock=api.clock)
        outputs, workflows = state.outputs, state.workflows
        if done.outcome != "step":
            result = workflow_outputs(plan, inputs, outputs, workflows) if done.outputs is None else done.outputs
            return done.outcome == "end", with_nulls(result), done.message
        assert any(edge.target == done.target for edge in region.exits), "control leaves by an exit of the region"
        at = done.target


def through_json(plan: Plan, inputs, api: Api):
    state, exchange = start(plan, check_inputs(plan, inputs)), None
    while True:
        state = State.from_json(state.to_json())
        state, command = advance(plan, state, exchange, now=api.clock())
        exchange = None
        match command:
            case Send(request=request):
                try:
                    exchange = Exchange(request, api.send(request))
                except TransportError as error:
                    exchange = Exchange.unanswered(request, error)
            case Wait(seconds=seconds):
                api.sleep(seconds)
            case done:
                outputs = dict.fromkeys(plan.outputs) if done.outputs is None else done.outputs
                return done.outcome == "end", with_nulls(outputs), done.message


@drawn(100)
@given(workflows(calls=True), INPUTS, ANSWERS)
def test_every_way_of_running_agrees(text, inputs, answers):
    plan = compile_document(load(text), "main")
    agree(plan, inputs, answers, (by_regions, through_json))


@drawn(40)
@given(workflows(3, calls=True, depends=True), INPUTS, ANSWERS)
def test_workflows_that_come_first_agree(text, inputs, answers):
    plan = compile_document(load(text), "main")
    agree(plan, inputs, answers, (through_json,))


@drawn(40)
@given(side_by_side(calls=True), INPUTS, ANSWERS)
def test_steps_that_may_run_side_by_side_run_in_order(text, inputs, answers):
    plan = compile_document(load(text), "main")
    agree(plan, inputs, answers, (through_json,) if plan.depends_on else (by_regions, through_json))
    order = [step.step_id for step in plan.steps]
    for step, needs in (plan.needs or {}).items():
        assert all(order.index(need) < order.index(step) for need in needs)


def agree(plan, inputs, answers, ways):
    expected, expected_trace = result(whole, plan, inputs, Api(answers))
    for way in ways:
        found, trace = result(way, plan, inputs, Api(answers))
        assert found == expected
        assert trace == expected_trace


def result(way, plan, inputs, api):
    try:
        return way(plan, inputs, api), api.trace
    except InputError as error:
        return str(error), api.trace


@drawn(70)
@given(workflows())
def test_regions_partition_the_steps_and_edges_go_forward(text):
    plan = compile_document(load(text), "main")
    order = {step: number for number, region in enumerate(plan.regions) for step in region.steps}
    assert sorted(order) == sorted(step.step_id for step in plan.steps)
    for edge in plan.edges:
        if edge.target != END:
            assert order[edge.source] <= order[edge.target]
    for region in plan.regions:
        leaving = {
            (edge.source, edge.target, edge.action)
            for edge in plan.edges
            if edge.source in region.steps and edge.target not in region.steps
        }
        assert leaving == {(edge.source, edge.target, edge.action) for edge in region.exits}
