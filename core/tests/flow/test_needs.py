"""When steps may run side by side, and what each of them waits for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from casebook import CASES
from hypothesis import given
from hypothesis import strategies as st

from arazzo.document.loading import parse_document
from arazzo.flow import compile_document, draw
from arazzo.source.text import parse_source

OTHER = {"workflowId": "other", "steps": [{"stepId": "s", "operationId": "createThing", "outputs": {"o": "$url"}}]}
FIRST = {"workflowId": "first", "steps": [{"stepId": "s", "operationId": "listThings"}], "outputs": {"o": "$inputs.x"}}


def needs_of(steps: dict[str, dict[str, Any]], **workflow: Any) -> dict[str, tuple[str, ...]] | None:
    """Compile a workflow; its steps send the same request unless they say what they do."""
    listed = [
        {"stepId": name, **({} if "workflowId" in step else {"operationId": "listThings"}), **step}
        for name, step in steps.items()
    ]
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "t", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": "api.openapi.yaml", "type": "openapi"}],
        "workflows": [{"workflowId": "main", "steps": listed, **workflow}, OTHER, FIRST],
    }
    source = parse_source(json.dumps(document), "drawn.json", str(CASES / "drawn.json"))
    return compile_document(parse_document(source), "main").needs


def reading(step: str) -> str:
    return f"$steps.{step}.outputs.o"


REPLACED = {"target": "/x", "value": reading("a")}
BODY = {"context": "$response.body", "type": "jsonpath"}


def goto(step: str, **action: Any) -> dict[str, Any]:
    return {"name": f"to-{step}", "type": "goto", "stepId": step, **action}


def test_a_step_waits_for_what_it_depends_on_and_for_nothing_else():
    assert needs_of({"a": {}, "b": {}, "c": {"dependsOn": ["a"]}}) == {"a": (), "b": (), "c": ("a",)}


def test_without_depends_on_steps_run_one_after_the_other():
    assert needs_of({"a": {}, "b": {}, "c": {"outputs": {"o": reading("a")}}}) is None


@pytest.mark.parametrize(
    "reader",
    [
        {"parameters": [{"name": "tag", "in": "query", "value": reading("a")}]},
        {"parameters": [{"name": "tag", "in": "query", "value": f"see {{{reading('a')}}}"}]},
        {"operationId": "createThing", "requestBody": {"payload": {"x": [reading("a")]}}},
        {"operationId": "createThing", "requestBody": {"payload": {}, "replacements": [REPLACED]}},
        {"successCriteria": [{"condition": f"$statusCode == {reading('a')}"}]},
        {"successCriteria": [{"condition": f"$.x == '{reading('a')}'", **BODY}]},
        {"successCriteria": [{"condition": "^2", "context": reading("a"), "type": "regex"}]},
        {"outputs": {"o": reading("a")}},
        {"outputs": {"o": {"context": reading("a"), "selector": "/x", "type": "jsonpointer"}}},
        {"onFailure": [{"name": "r", "type": "retry", "criteria": [{"condition": f"{reading('a')} == 1"}]}]},
    ],
)  # fmt: skip
def test_a_step_waits_for_the_steps_whose_outputs_it_reads(reader):
    steps = {"r": reader, "a": {"outputs": {"o": "$statusCode"}}, "b": {}, "c": {"dependsOn": ["b"]}}
    assert needs_of(steps) == {"a": (), "r": ("a",), "b": (), "c": ("b",)}


def test_parameters_and_actions_of_the_workflow_count_for_each_step():
    tag = {"name": "tag", "in": "query", "value": reading("a")}
    steps = {"a": {"parameters": [{**tag, "value": "1"}], "outputs": {"o": "$url"}}, "b": {}, "c": {"dependsOn": ["b"]}}
    assert needs_of(steps, parameters=[tag]) == {"a": (), "b": ("a",), "c": ("b",)}
    again = {"name": "r", "type": "retry", "criteria": [{"condition": f"{reading('a')} == 1"}]}
    assert needs_of(steps, failureActions=[again]) == {"a": (), "b": ("a",), "c": ("b",)}


def test_what_comes_before_something_that_is_awaited_is_not_awaited_by_itself():
    steps = {"a": {}, "b": {"dependsOn": ["a"]}, "c": {"dependsOn": ["a", "b"]}, "d": {"dependsOn": ["a"]}}
    assert needs_of(steps) == {"a": (), "b": ("a",), "c": ("b",), "d": ("a",)}


@pytest.mark.parametrize(
    "step",
    [
        {"onFailure": [{"name": "r", "type": "retry", "retryLimit": 3}]},
        {"onSuccess": [{"name": "r", "type": "retry", "criteria": [{"condition": "$statusCode == 202"}]}]},
        {"onSuccess": [goto("b", criteria=[{"condition": "$statusCode == 202"}])]},
        {"onFailure": [goto("b")]},
        {"workflowId": "other"},
    ],
)
def test_what_goes_on_within_a_step_changes_nothing(step):
    assert needs_of({"a": {}, "b": step, "c": {"dependsOn": ["a"]}}) == {"a": (), "b": (), "c": ("a",)}


ONCE = [{"condition": "$statusCode == 202"}]


@pytest.mark.parametrize(
    "step",
    [
        {"onSuccess": [goto("c", criteria=ONCE)]},
        {"onSuccess": [goto("a", criteria=ONCE)]},
        {"onFailure": [goto("c")]},
        {"onSuccess": [{"name": "e", "type": "end", "criteria": ONCE}]},
        {"onFailure": [{"name": "e", "type": "end"}]},
        {"onFailure": [{"name": "r", "type": "retry", "stepId": "a"}]},
        {"onFailure": [{"name": "r", "type": "retry", "workflowId": "other"}]},
        {"onSuccess": [{"name": "g", "type": "goto", "workflowId": "other", "criteria": ONCE}]},
        {"onSuccess": [goto("b")]},
    ],
)
def test_an_action_that_leads_elsewhere_keeps_all_in_order(step):
    assert needs_of({"a": {}, "b": step, "c": {"dependsOn": ["a"]}}) is None


def test_an_action_of_the_workflow_keeps_all_in_order_too():
    steps = {"a": {}, "b": {}, "c": {"dependsOn": ["a"]}}
    assert needs_of(steps, successActions=[{"name": "e", "type": "end", "criteria": ONCE}]) is None


def test_an_end_after_all_others_is_the_end():
    last = {"onSuccess": [{"name": "e", "type": "end", "criteria": ONCE}]}
    assert needs_of({"a": {}, "b": {}, "c": {"dependsOn": ["a", "b"], **last}}) == {"a": (), "b": (), "c": ("a", "b")}
    assert needs_of({"a": {}, "b": {}, "c": {"dependsOn": ["a"], **last}}) is None


def test_steps_that_read_each_other_keep_their_order():
    steps = {
        "a": {"outputs": {"o": "$statusCode"}, "parameters": [{"name": "tag", "in": "query", "value": reading("b")}]},
        "b": {"outputs": {"o": "$statusCode"}, "parameters": [{"name": "tag", "in": "query", "value": reading("a")}]},
        "c": {"dependsOn": ["a"]},
    }
    assert needs_of(steps) is None


def test_a_workflow_that_one_step_runs_and_another_reads_keeps_all_in_order():
    value = "$workflows.other.outputs.o"
    steps = {"a": {"workflowId": "other"}, "b": {"outputs": {"o": value}}, "c": {"dependsOn": ["a"]}}
    assert needs_of(steps) is None
    steps["b"] = {"outputs": {"o": value.replace("other", "first")}}
    assert needs_of(steps, dependsOn=["first"]) == {"a": (), "b": (), "c": ("a",)}


@st.composite
def dependencies(draw):
    """Draw what each of some steps depends on, in any order of the list."""
    names = draw(st.permutations("abcdefg"[: draw(st.integers(2, 7))]))
    return {
        name: draw(st.lists(st.sampled_from(sorted(names)[: sorted(names).index(name)]), unique=True))
        if name != "a"
        else []
        for name in names
    }


@given(dependencies())
def test_reduced_needs_say_the_same_and_nothing_twice(listed):
    needs = needs_of({name: {"dependsOn": of} if of else {} for name, of in listed.items()})
    if not any(listed.values()):
        assert needs is None
        return

    def closure(of: Any) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for name in sorted(of):
            found[name] = frozenset(of[name]).union(*(found[need] for need in of[name]))
        return found

    assert closure(needs) == closure(listed)
    for name, of in needs.items():
        assert not any(one in closure(needs)[other] for one in of for other in of), name
    order = list(needs)
    assert all(order.index(need) < order.index(name) for name, of in needs.items() for need in of)


def test_it_is_drawn_as_it_runs():
    source = parse_source(
        (CASES / "parallel-steps" / "workflow.arazzo.yaml").read_text(), "w", str(CASES / "parallel-steps" / "w")
    )
    drawn = draw(compile_document(parse_document(source), "main"), "dot")
    assert '"stock" -> "price"' in drawn
    assert '"price" -> "record"' in drawn
    assert '"count" -> "record"' in drawn
    assert '"price" -> "count"' not in drawn
