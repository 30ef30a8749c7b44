"""Criteria that can never hold: what is found impossible is impossible for the engine, too."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suite import drawn

from arazzo.absent import ABSENT
from arazzo.criteria import evaluate
from arazzo.criteria.satisfiability import formula_of, is_possible
from arazzo.document.loading import parse_document
from arazzo.document.models import Criterion
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.source.text import parse_source
from arazzo.validation import validate

API = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths: {/x: {get: {operationId: x, responses: {'200': {description: ok}}}}}
"""


@pytest.fixture
def found(tmp_path):
    """Return the rules about criteria together that a step breaks, with their places."""

    def find(step, more=None):
        (tmp_path / "api.yaml").write_text(API)
        steps = [{"stepId": "a", "operationId": "x", **step}, {"stepId": "b", "operationId": "x"}]
        document = {
            "arazzo": "1.0.1",
            "info": {"title": "t", "version": "1"},
            "sourceDescriptions": [{"name": "api", "url": "api.yaml", "type": "openapi"}],
            "workflows": [{"workflowId": "w", "steps": steps, **(more or {})}],
        }
        loaded = parse_document(parse_source(json.dumps(document), "w.json", str(tmp_path / "w.json")))
        rules = ("unmeetable-criteria", "idle-action")
        return [(p.rule, p.place.path.partition("steps[0].")[2]) for p in validate(loaded) if p.rule in rules]

    return find


def criteria(*conditions):
    return [{"condition": condition} for condition in conditions]


def action(name, *conditions, **more):
    return {"name": name, "type": "end", **more, **({"criteria": criteria(*conditions)} if conditions else {})}


@pytest.mark.parametrize(
    "conditions",
    [
        ("$statusCode == 200 && $statusCode == 404",),
        ("$statusCode == 200", "$statusCode == 404"),
        ("$statusCode >= 300", "$statusCode < 300"),
        ("$statusCode > 600",),
        ("$response.body#/state == 'a'", "$response.body#/state == 'b'"),
        ("$response.body#/size > 3 && !($response.body#/size > 2)",),
        ("$response.body#/state == null", "$response.body#/state == 'b'"),
        ("1 == 2",),
    ],
)
def test_success_criteria_that_never_hold(found, conditions):
    assert found({"successCriteria": criteria(*conditions)}) == [("unmeetable-criteria", "successCriteria")]


@pytest.mark.parametrize(
    "conditions",
    [
        ("$statusCode == 200 || $statusCode == 404",),
        ("$statusCode >= 200", "$statusCode < 300"),
        ("$response.body#/state == 'a'", "$response.body#/other == 'b'"),
        ("$response.body#/size > 2 && $response.body#/size < 3",),
        ("$response.body#/state != 'a'", "$response.body#/state != 'b'"),
        ("$response.body#/state > 'a'", "$response.body#/state < 'b'"),
        ("$response.body#/a == $response.body#/b", "$response.body#/a != $response.body#/c"),
        ("$response.body#/state == 'a'", "$response.body#/state == 'A'"),
        ("$response.body#/size == 3", "$response.body#/size == '3'"),
    ],
)
def test_success_criteria_that_may_hold(found, conditions):
    assert found({"successCriteria": criteria(*conditions)}) == []


def test_a_status_that_the_success_criteria_exclude(found):
    step = {
        "successCriteria": criteria("$statusCode == 200"),
        "onSuccess": [action("gone", "$statusCode == 404"), action("fine")],
        "onFailure": [action("right", "$statusCode == 404"), action("wrong", "$statusCode == 200")],
    }
    expected = [("unmeetable-criteria", "onSuccess[0]"), ("unmeetable-criteria", "onFailure[1]")]
    assert found(step) == expected
    del step["successCriteria"]
    assert found(step) == expected


def test_a_failure_without_an_answer_is_one(found):
    assert found({"onFailure": [action("none", "$statusCode == null")]}) == []
    assert found({"onSuccess": [action("none", "$statusCode == null")]}) != []


def test_an_action_behind_one_that_holds_whenever_it_does(found):
    step = {"onSuccess": [action("all", "$statusCode < 300"), action("some", "$statusCode == 201")]}
    assert found(step) == [("idle-action", "onSuccess[1]")]
    step["onSuccess"][0] |= {"type": "retry", "retryLimit": 2}
    assert found(step) == []


def test_actions_that_share_out_all_there_is_leave_nothing(found):
    step = {
        "onSuccess": [
            action("yes", "$response.body#/ok == true"),
            action("no", "$response.body#/ok != true"),
            action("never", "$statusCode == 200"),
        ]
    }
    assert found(step) == [("idle-action", "onSuccess[2]")]


def test_an_action_of_the_workflow_is_a_problem_if_it_is_one_of_every_step(found):
    more = {"failureActions": [action("login", "$statusCode == 200")]}
    assert len(found({}, more)) == 1
    assert found({"successCriteria": criteria("$statusCode == 204")}, more) == []


def jsonpath(*conditions, context="$response.body"):
    return [{"context": context, "condition": condition, "type": "jsonpath"} for condition in conditions]


@pytest.mark.parametrize(
    "conditions",
    [
        ("$.state == 'a'", "$.state == 'b'"),
        ("$.state == 'a' && $.state == 'b'",),
        ("$.a.b[0] == 1", "$['a'].b[0] != 1"),
        ("$.size > 3", "$.size <= 3"),
        ("3 < $.size", "3 > $.size"),
        ("$.state == 'a'", "$.state == 'A'"),
        ("$.size == 3", "$.size == '3'"),
        ("$.items.length > 0", "$.items.length == 0"),
        ("$.ok == true", "$.ok == false"),
        ("$.ok == true", "!$.ok"),
        ("$.state == null", "$.state == 'a'"),
    ],
)
def test_criteria_of_the_boolean_dialect_that_never_hold(found, conditions):
    assert found({"successCriteria": jsonpath(*conditions)}) == [("unmeetable-criteria", "successCriteria")]


@pytest.mark.parametrize(
    "criteria_",
    [
        jsonpath("$.state == 'a' || $.state == 'b'"),
        jsonpath("$.state == 'a'", "$.other == 'b'"),
        jsonpath("$.items[*].state == 'a'", "$.items[*].state == 'b'"),
        jsonpath("$..state == 'a'", "$..state == 'b'"),
        jsonpath("$.items[0].state == 'a'", "$.items[1].state == 'b'"),
        jsonpath("$.items[$inputs.n].state == 'a'", "$.items[0].state == 'b'"),
        jsonpath("$.state == 'a'") + jsonpath("$.state == 'b'", context="$response.body#/inner"),
        jsonpath("$.state == 'a'") + criteria("$response.body#/state == 'A'"),
        jsonpath("$[?@.state == 'a']", "$[?@.state == 'b']"),
        jsonpath("$.a > 'x'", "$.a < 'b'"),
        jsonpath("$.a.length == 3", "$.a == 'abc'"),
        jsonpath("$.a == '{$inputs.a}'", "$.a == '{$inputs.b}'"),
    ],
)
def test_criteria_of_the_boolean_dialect_that_may_hold(found, criteria_):
    assert found({"successCriteria": criteria_}) == []


def test_a_context_that_is_not_there_meets_nothing(found):
    step = {"onSuccess": [{**action("a"), "criteria": jsonpath("$.ok == true")}, action("rest")]}
    step["onSuccess"].insert(1, {**action("b"), "criteria": jsonpath("$.ok != true")})
    assert found(step) == []


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("^200$", True), ("^2..$", True), ("^4", False), ("^(301|404)$", False), ("abc", False), ("$inputs.a", True)],
)
def test_patterns_of_the_status_code(found, pattern, fits):
    criterion = {"context": "$statusCode", "condition": pattern, "type": "regex"}
    assert found({"onSuccess": [{**action("a"), "criteria": [criterion]}]}) == (
        [] if fits else [("unmeetable-criteria", "onSuccess[0]")]
    )
    wanted = found({"successCriteria": [criterion, *criteria("$statusCode == 204")]})
    assert bool(wanted) is (pattern in ("^200$", "^4", "^(301|404)$", "abc"))


def test_criteria_of_other_types_may_hold(found):
    path = {"context": "$response.body", "condition": "count(//a) = 1", "type": "xpath"}
    other = {"context": "$response.body", "condition": "count(//a) = 2", "type": "xpath"}
    assert found({"successCriteria": [path, other]}) == []


@pytest.mark.parametrize(
    "condition",
    [
        "$response.body#/a > 1e300",
        "$response.body#/a > 1e400 && $response.body#/a < 2e400",
        "$response.body#/a > 1e-400 && $response.body#/a < 2e-400",
        "$response.body#/a > 0.1 && $response.body#/a < 0.10000000000000000001",
        f"$response.body#/a > {'1' * 400} && $response.body#/a < {'2' * 400}",
        f"$response.body#/a > 1e-4000 && $response.body#/a < {'2' * 400}",
    ],
)
def test_between_two_numbers_there_is_one(found, condition):
    assert found({"successCriteria": criteria(condition)}) == []


@pytest.mark.parametrize(
    "condition",
    ["$response.body#/a == 1e400 && $response.body#/a == 2e400", f"$statusCode == {'1' * 400} && $statusCode == 200"],
)
def test_a_number_of_any_size_is_no_other(found, condition):
    assert found({"successCriteria": criteria(condition)}) == [("unmeetable-criteria", "successCriteria")]


OPERANDS = st.sampled_from(["$statusCode", "$response.body#/a", "$response.body#/b", "$inputs.c"])
CONSTANTS = st.sampled_from(["200", "404", "'x'", "'X'", "'7'", "7", "7.5", "true", "false", "null", "''"])
COMPARISONS = st.builds("{} {} {}".format, OPERANDS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), CONSTANTS)
CONDITIONS = st.recursive(
    COMPARISONS | OPERANDS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner) | st.builds("!({})".format, inner)
    ),
    max_leaves=4,
)
VALUES = st.sampled_from([ABSENT, None, True, False, 0, 7, 7.2, 7.5, 8, 200, "x", "X", "y", "", "7", [], {"z": 1}])


@drawn(100)
@given(
    st.lists(st.tuples(CONDITIONS, st.booleans()), min_size=1, max_size=3),
    st.sampled_from([100, 200, 404, 599]),
    VALUES,
    VALUES,
    VALUES,
)
def test_what_holds_is_possible(conditions, status, a, b, c):
    body = {name: value for name, value in (("a", a), ("b", b)) if value is not ABSENT}
    exchange = Exchange(Request("GET", "http://x"), Response(status), content=body)
    context = Context(inputs={} if c is ABSENT else {"c": c}, exchange=exchange)
    formulas = []
    for condition, wanted in conditions:
        criterion = Criterion(condition=condition)
        if evaluate(criterion, context).passed is not wanted:
            return
        formulas.append(formula_of(criterion) if wanted else formula_of(criterion).negated)
    assert is_possible(formulas)


PATHS = st.sampled_from(["$.a", "$['a']", "$.b", "$.b.length", "$.b[0]", "$.list[*]", "$inputs.c", "$"])
BOOLEAN_COMPARISONS = st.builds(
    "{} {} {}".format, PATHS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), CONSTANTS
) | st.builds("{} == '{{$inputs.c}}'".format, PATHS)
BOOLEAN_CONDITIONS = st.recursive(
    BOOLEAN_COMPARISONS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner) | st.builds("!({})".format, inner)
    ),
    max_leaves=4,
)


@drawn(100)
@given(
    st.lists(st.tuples(BOOLEAN_CONDITIONS, st.booleans()), min_size=1, max_size=3),
    st.one_of(st.just(ABSENT), VALUES, st.tuples(VALUES, VALUES, VALUES)),
    VALUES,
)
def test_what_holds_in_the_boolean_dialect_is_possible(conditions, content, c):
    if isinstance(content, tuple):
        pairs = zip(("a", "b", "list"), content, strict=True)
        content = {name: value for name, value in pairs if value is not ABSENT}
    exchange = Exchange(Request("GET", "http://x"), Response(200), content=content)
    context = Context(inputs={} if c is ABSENT else {"c": c}, exchange=exchange)
    formulas = []
    for condition, wanted in conditions:
        criterion = Criterion(context="$response.body", condition=condition, type="jsonpath")
        if evaluate(criterion, context).passed is not wanted:
            return
        formulas.append(formula_of(criterion) if wanted else formula_of(criterion).negated)
    assert is_possible(formulas)
