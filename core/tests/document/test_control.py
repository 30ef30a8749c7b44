"""Where control can go after a step, and what a step takes over from its workflow."""

from __future__ import annotations

from arazzo.document.control import merged_actions, merged_parameters, resolve_unmatched, successors
from arazzo.document.models import Criterion, FailureAction, Parameter, Step, SuccessAction, Workflow

OK = (Criterion(condition="$statusCode == 200"),)


def goto(step: str, name: str | None = None, criteria: tuple[Criterion, ...] = OK) -> SuccessAction:
    return SuccessAction(name=name or f"to-{step}", type="goto", step_id=step, criteria=criteria)


def workflow(*steps: Step, **fields: object) -> Workflow:
    return Workflow(workflow_id="w", steps=steps, **fields)


def step(step_id: str, *actions: SuccessAction, **fields: object) -> Step:
    return Step(step_id=step_id, operation_id="op", on_success=actions, **fields)


def ways(flow: Workflow, step_id: str, unmatched: str = "auto") -> list[tuple[str, str | None]]:
    return [(way.kind, way.step_id) for way in successors(flow, flow.step(step_id), unmatched)]


def test_workflow_actions_follow_the_steps_own_unless_redefined_by_name() -> None:
    own = goto("b", name="same")
    flow = workflow(
        step("a", own),
        step("b"),
        success_actions=(goto("a", name="same"), SuccessAction(name="stop", type="end", criteria=OK)),
        failure_actions=(FailureAction(name="again", type="retry"),),
    )
    on_success, on_failure = merged_actions(flow, flow.steps[0])
    assert [action.name for action in on_success] == ["same", "stop"]
    assert on_success[0] is own
    assert [action.name for action in on_failure] == ["again"]


def test_workflow_parameters_are_overridden_by_name_and_place() -> None:
    inherited = (
        Parameter(name="X-Key", location="header", value="w"),
        Parameter(name="id", location="query", value="w"),
    )
    own = (Parameter(name="x-key", location="header", value="s"), Parameter(name="id", location="path", value="s"))
    flow = workflow(step("a", parameters=own), parameters=inherited)
    merged = merged_parameters(flow, flow.steps[0])
    assert [(item.name, item.location, item.value) for item in merged] == [
        ("x-key", "header", "s"),
        ("id", "path", "s"),
        ("id", "query", "w"),
    ]


def test_a_step_that_calls_a_workflow_takes_parameters_by_name_alone() -> None:
    calling = Step(step_id="a", workflow_id="other", parameters=(Parameter(name="id", value=1),))
    flow = workflow(calling, parameters=(Parameter(name="id", location="query", value=2),))
    assert [item.value for item in merged_parameters(flow, calling)] == [1]


def test_document_order_follows_a_step_without_actions_and_nothing_follows_the_last() -> None:
    flow = workflow(step("a"), step("b"))
    assert ways(flow, "a") == [("next", "b")]
    assert ways(flow, "b") == [("next", None)]


def test_nothing_gets_past_an_action_without_criteria() -> None:
    flow = workflow(step("a", goto("c", criteria=()), goto("b")), step("b"), step("c"))
    assert ways(flow, "a") == [("success", "c")]


def test_unmatched_auto_stops_where_an_action_names_the_next_step_under_a_condition() -> None:
    flow = workflow(step("a", goto("b"), goto("c")), step("b"), step("c"))
    assert resolve_unmatched(flow, flow.steps[0], "auto") == "fail"
    assert ways(flow, "a") == [("success", "b"), ("success", "c")]
    assert ways(flow, "a", "next") == [("success", "b"), ("success", "c"), ("next", "b")]


def test_unmatched_auto_goes_on_past_a_lone_conditional_end() -> None:
    flow = workflow(step("a", SuccessAction(name="none", type="end", criteria=OK)), step("b"))
    assert ways(flow, "a") == [("success", None), ("next", "b")]
    assert ways(flow, "a", "fail") == [("success", None)]


def test_a_retry_leads_to_the_step_itself_or_to_what_it_runs_first_and_then_further() -> None:
    again = FailureAction(name="again", type="retry")
    repair = FailureAction(name="repair", type="retry", step_id="fix")
    stop = FailureAction(name="stop", type="end")
    flow = workflow(step("a", on_failure=(again, repair, stop)), step("fix"))
    assert ways(flow, "a") == [("next", "fix"), ("retry", "a"), ("retry", "fix"), ("failure", None)]


def test_goto_another_workflow_leaves_this_one() -> None:
    away = SuccessAction(name="away", type="goto", workflow_id="other")
    flow = workflow(step("a", away), step("b"))
    (way,) = successors(flow, flow.steps[0])
    assert (way.step_id, way.workflow_id) == (None, "other")
