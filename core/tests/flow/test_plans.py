"""The plan of each case folder as golden text and Mermaid, and what a plan says beyond its drawing.

After a change that is meant, run with UPDATE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from casebook import CASES, folders

from arazzo.document.settings import Settings
from arazzo.engine import load_plan
from arazzo.errors import DocumentError
from arazzo.flow import Options, Plan, draw, slice_region

HEAD = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
"""


@pytest.mark.parametrize("form", ["text", "mermaid"])
@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_drawing(folder, form):
    golden = folder / {"text": "graph.txt", "mermaid": "graph.mmd"}[form]
    drawn = draw(load_plan(folder / "workflow.arazzo.yaml", "main"), form) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(drawn)
    assert drawn == golden.read_text()


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_plan_goes_to_json_and_back(folder):
    plan = load_plan(folder / "workflow.arazzo.yaml", "main")
    assert Plan.model_validate_json(plan.model_dump_json(by_alias=True)) == plan
    assert draw(plan, "dot").startswith("digraph")
    assert Plan.model_validate_json(draw(plan, "json")) == plan


def plan_of(case: str, **options) -> Plan:
    return load_plan(CASES / case / "workflow.arazzo.yaml", "main", Options(**options))


def test_a_loop_that_uses_its_own_output_is_an_iteration():
    region = plan_of("pages").region_of("page")
    assert (region.loop, region.poke_interval, region.max_rounds) == ("iteration", 30, 10_000)
    assert [(edge.source, edge.target) for edge in region.at_once] == [("page", "page")]


def test_a_loop_that_waits_for_the_world_is_a_poll():
    region = plan_of("poll").region_of("watch")
    assert (region.loop, region.poke_interval, region.timeout, region.max_rounds) == ("poll", 5, 60, None)
    assert region.safe


def test_a_cycle_of_two_steps_is_one_region_named_after_its_entry():
    region = plan_of("cycle").region_of("second")
    assert (region.entry, region.steps, region.loop) == ("first", ("first", "second"), "poll")


def test_a_step_that_a_retry_runs_first_is_in_the_same_region_and_no_loop():
    region = plan_of("retry-with-step").region_of("list")
    assert (region.steps, region.loop, region.safe) == (("enter", "list"), None, False)


def test_settings_of_the_factory_overrule_the_document():
    settings = Settings(poke_interval=2, timeout=9)
    region = plan_of("poll", settings=settings).region_of("watch")
    assert (region.poke_interval, region.timeout) == (2, 9)
    region = plan_of("poll", settings=settings, step_settings={"watch": Settings(timeout=8)}).region_of("watch")
    assert (region.poke_interval, region.timeout) == (2, 8)


LOOP = """
- workflowId: a
  x-airflow: {max_rounds: 9, poke_interval: 9, timeout: 9}
  steps:
  - {stepId: one, operationId: listThings, x-airflow: {timeout: 1}}
  - {stepId: two, operationId: listThings, x-airflow: {timeout: 2, max_rounds: 2, pool: p, connection: c}}
  - stepId: three
    operationId: listThings
    x-airflow: {max_rounds: 3, poke_interval: 3, deferrable: false}
    onSuccess: [{name: again, type: goto, stepId: one, criteria: [{condition: $statusCode == 202}]}]
"""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (1, 2, 3)),
        ({"settings": Settings(max_rounds=7, poke_interval=7)}, (1, 7, 7)),
        ({"settings": Settings(timeout=7), "step_settings": {"three": Settings(timeout=8)}}, (8, 2, 3)),
        ({"step_settings": {"one": Settings(max_rounds=8), "two": Settings(max_rounds=7)}}, (1, 8, 3)),
    ],
)
def test_what_any_step_of_a_loop_says_of_the_task_holds_unless_the_entry_does(tmp_path, options, expected):
    plan = load_plan(written(tmp_path, LOOP), options=Options(**options))
    (region,) = plan.regions
    assert (region.timeout, region.max_rounds, region.poke_interval) == expected
    held = plan.step("one").settings
    assert (held.pool, held.deferrable, held.connection) == ("p", False, None)


def test_the_ways_back_after_a_failure_wait(tmp_path):
    path = written(
        tmp_path,
        """
- workflowId: a
  steps:
  - stepId: page
    operationId: listThings
    parameters: [{name: cursor, in: query, value: $steps.page.outputs.next}]
    outputs: {next: $response.body#/next}
    onFailure: [{name: busy, type: goto, stepId: page, criteria: [{condition: $statusCode == 503}]}]
  - stepId: use
    operationId: createThing
    onSuccess: [{name: more, type: goto, stepId: page}]
    onFailure: [{name: without, type: goto, stepId: page}]
""",
    )
    (region,) = load_plan(path).regions
    assert [edge.action for edge in region.at_once] == ["more", "without"]


@pytest.mark.parametrize(
    ("cursor", "inner", "loop"),
    [
        ("$workflows.b.outputs.next", "$inputs.cursor", "iteration"),
        ("$workflows.b.inputs.cursor", "$inputs.cursor", "poll"),
        ("first", "$workflows.b.outputs.next", "iteration"),
        ("first", "$steps.get.outputs.next", "poll"),
        ("$workflows.c.outputs.next", "$inputs.cursor", "poll"),
    ],
)
def test_outputs_of_a_workflow_are_produced_by_the_step_that_calls_it(tmp_path, cursor, inner, loop):
    path = written(
        tmp_path,
        f"""
- workflowId: a
  steps:
  - stepId: call
    workflowId: b
    parameters: [{{name: cursor, value: {cursor}}}]
    onSuccess: [{{name: more, type: goto, stepId: call, criteria: [{{condition: $outputs.next != null}}]}}]
    onFailure: [{{name: renew, type: retry, workflowId: c}}]
- workflowId: b
  inputs: {{type: object, properties: {{cursor: {{type: string}}}}}}
  steps:
  - stepId: get
    operationId: listThings
    parameters: [{{name: cursor, in: query, value: {inner}}}]
    outputs: {{next: $response.body#/next}}
  outputs: {{next: $steps.get.outputs.next}}
- workflowId: c
  steps: [{{stepId: get, operationId: listThings, outputs: {{next: $response.body#/next}}}}]
  outputs: {{next: $steps.get.outputs.next}}
""",
    )
    assert load_plan(path, "a").regions[0].loop == loop


def test_a_step_that_a_retry_runs_is_no_part_of_the_round(tmp_path):
    path = written(
        tmp_path,
        """
- workflowId: a
  steps:
  - stepId: watch
    operationId: listThings
    parameters: [{name: tag, in: query, value: $steps.enter.outputs.pass}]
    onSuccess:
    - {name: again, type: goto, stepId: watch, criteria: [{condition: $statusCode == 202}]}
    - {name: done, type: end}
    onFailure: [{name: renew, type: retry, stepId: enter}]
  - {stepId: enter, operationId: login, outputs: {pass: $response.body#/pass}}
""",
    )
    (region,) = load_plan(path).regions
    assert (region.steps, region.loop, region.at_once) == (("watch", "enter"), "poll", ())


def test_what_follows_an_unlisted_success():
    assert plan_of("branch").step("read").unmatched == "fail"
    assert plan_of("branch", settings=Settings(unmatched="next")).step("read").unmatched == "next"
    assert plan_of("diamond").step("a").unmatched == "fail"
    assert plan_of("diamond").step("b").unmatched == "next"
    assert plan_of("diamond", dialect="strict").step("a").unmatched == "next"


def test_a_slice_holds_only_what_its_region_needs():
    plan = plan_of("poll")
    part = slice_region(plan, plan.region_of("watch"))
    assert [step.step_id for step in part.steps] == ["watch"]
    assert part.region_of("remove") is None


def written(folder: Path, workflows: str) -> Path:
    folder.joinpath("api.yaml").write_text((CASES / "api.openapi.yaml").read_text())
    path = folder / "w.arazzo.yaml"
    path.write_text(HEAD + workflows)
    return path


def test_workflows_in_a_circle_are_refused_and_the_circle_is_named(tmp_path):
    path = written(
        tmp_path,
        """
- workflowId: a
  steps: [{stepId: one, workflowId: b}]
- workflowId: b
  steps: [{stepId: one, workflowId: a}]
""",
    )
    with pytest.raises(DocumentError, match=r"a -> b -> a"):
        load_plan(path, "a")


def test_unreachable_steps_are_left_out(tmp_path):
    path = written(
        tmp_path,
        """
- workflowId: a
  steps:
  - {stepId: one, operationId: listThings, onSuccess: [{name: over, type: end}]}
  - {stepId: two, operationId: listThings}
""",
    )
    plan = load_plan(path)
    assert plan.unreachable == ("two",)
    assert [step.step_id for step in plan.steps] == ["one"]


@pytest.mark.parametrize(
    ("workflow", "message"),
    [("c", "there is no workflow 'c' here, only 'a', 'b'"), (None, "name a workflow: 'a', 'b'")],
)
def test_which_workflow(tmp_path, workflow, message):
    step = "steps: [{stepId: one, operationId: listThings}]"
    path = written(tmp_path, f"\n- {{workflowId: a, {step}}}\n- {{workflowId: b, {step}}}\n")
    with pytest.raises(DocumentError, match=message):
        load_plan(path, workflow)
