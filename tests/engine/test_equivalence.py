"""Whatever the control flow: a workflow run whole and run region by region sends, waits and ends alike."""

from __future__ import annotations

from hypothesis import given, settings
from workflows import ANSWERS, Api, load, workflows

from airflow_arazzo.core.engine import (
    Send,
    State,
    Wait,
    advance,
    drive,
    run_local,
    start,
    workflow_outputs,
)
from airflow_arazzo.core.errors import TransportError
from airflow_arazzo.core.exchange import Exchange
from airflow_arazzo.core.flow import END, Plan, compile_document, slice_region


def whole(plan: Plan, api: Api):
    run = run_local(plan, {}, send=api.send, sleep=api.sleep, clock=api.clock)
    return run.status == "success", run.outputs, run.message


def by_regions(plan: Plan, api: Api):
    outputs, at = {}, plan.steps[0].step_id
    visited = []
    while True:
        region = plan.region_of(at)
        assert region not in visited, "a plan is free of cycles"
        visited.append(region)
        part = slice_region(plan, region)
        state = start(part, {}, at=at, outputs=outputs, scope=region.steps)
        state, done = drive(part, state, send=api.send, wait=lambda _, s: api.sleep(s), clock=api.clock)
        outputs = state.outputs
        if done.outcome != "step":
            return done.outcome == "end", workflow_outputs(plan, {}, outputs), done.message
        assert any(edge.target == done.target for edge in region.exits), "control leaves by an exit of the region"
        at = done.target


def through_json(plan: Plan, api: Api):
    state, exchange = start(plan, {}), None
    while True:
        state = State.model_validate_json(state.model_dump_json())
        state, command = advance(plan, state, exchange, now=api.clock())
        exchange = None
        match command:
            case Send(request=request):
                try:
                    exchange = Exchange(request, api.send(request))
                except TransportError as error:
                    exchange = Exchange(request, error=str(error))
            case Wait(seconds=seconds):
                api.sleep(seconds)
            case done:
                return done.outcome == "end", done.outputs, done.message


@settings(max_examples=300, deadline=None)
@given(workflows(), ANSWERS)
def test_every_way_of_running_agrees(text, answers):
    plan = compile_document(load(text), "main")
    expected_api = Api(answers)
    expected = whole(plan, expected_api)
    for way in (by_regions, through_json):
        api = Api(answers)
        assert way(plan, api) == expected
        assert api.trace == expected_api.trace


@settings(max_examples=200, deadline=None)
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
