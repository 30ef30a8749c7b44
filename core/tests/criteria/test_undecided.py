"""Undecided is not false: what cannot be read is neither, and a limit lets nobody conclude anything."""

from __future__ import annotations

import pytest

from arazzo.absent import Unreadable
from arazzo.criteria import Truth, check, evaluate
from arazzo.document.models import Criterion, ExpressionType
from arazzo.errors import GaveUpError
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.limits import limits_set

LOST = Unreadable("the body is not JSON", "output 'token' of step 'login'")
DRAFT = ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00")


def judged(condition, kind="simple", context=None, *, dialect="lenient", content=None):
    exchange = Exchange(Request("GET", "https://a.test"), Response(200), content={} if content is None else content)
    values = Context(exchange=exchange, steps={"login": {"token": LOST}}, inputs={"a": 1})
    return evaluate(Criterion(condition=condition, context=context, type=kind), values, dialect)


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("$steps.login.outputs.token == 'x'", Truth.UNDECIDED),
        ("!($steps.login.outputs.token == 'x')", Truth.UNDECIDED),
        ("$steps.login.outputs.token != null", Truth.UNDECIDED),
        ("$steps.login.outputs.token", Truth.UNDECIDED),
        ("$steps.login.outputs.token.length == 0", Truth.UNDECIDED),
        ("$steps.login.outputs.token == 'x' || $statusCode == 200", Truth.HOLDS),
        ("$statusCode == 500 && $steps.login.outputs.token == 'x'", Truth.FAILS),
        ("$statusCode == 500 || $steps.login.outputs.token == 'x'", Truth.UNDECIDED),
        ("$statusCode == 200 && $steps.login.outputs.token == 'x'", Truth.UNDECIDED),
        ("'{$inputs.gone}' == 'x'", Truth.FAILS),
        ("!('{$inputs.gone}' == 'x')", Truth.FAILS),
        ("'{$inputs.gone}' == 'x' || $steps.login.outputs.token == 'x'", Truth.UNDECIDED),
        ("$inputs.a.length == 0", Truth.UNDECIDED),
        ("$inputs.gone.length == 0", Truth.HOLDS),
    ],
)
def test_simple_conditions(condition, truth):
    assert judged(condition).truth is truth
    assert (judged(condition).error is None) is (truth is not Truth.UNDECIDED and "gone}" not in condition)


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("$steps.scan.outputs.state == null", Truth.HOLDS),
        ("$steps.scan.outputs.state != null", Truth.FAILS),
        ("!($steps.scan.outputs.state == null)", Truth.FAILS),
        ("$steps.scan.outputs.state == 'passed'", Truth.FAILS),
        ("!($steps.scan.outputs.state != 'passed')", Truth.FAILS),
        ("$steps.scan.outputs.size > 3", Truth.FAILS),
        ("$steps.scan.outputs.state", Truth.FAILS),
        ("$steps.scan.outputs.state != 'passed'", Truth.UNDECIDED),
        ("!($steps.scan.outputs.state == 'passed')", Truth.UNDECIDED),
        ("!($steps.scan.outputs.size > 3)", Truth.UNDECIDED),
        ("!$steps.scan.outputs.state", Truth.UNDECIDED),
        ("($steps.scan.outputs.state == 'passed') == false", Truth.UNDECIDED),
        ("$steps.scan.outputs.list.length == 0", Truth.UNDECIDED),
        ("$steps.scan.outputs['a b'] != 'x'", Truth.UNDECIDED),
        ("$steps.scan.outputs.state == null || $steps.scan.outputs.state != 'passed'", Truth.HOLDS),
        ("$steps.scan.outputs.state != null && $steps.scan.outputs.state != 'passed'", Truth.FAILS),
        ("$workflows.scan.outputs.state != 'passed'", Truth.UNDECIDED),
    ],
)
def test_of_a_step_that_did_not_run_it_is_known_that_it_has_given_nothing(condition, truth):
    assert judged(condition).truth is truth


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("$steps.page.outputs.body#/state != 'passed'", Truth.UNDECIDED),
        ("!($steps.page.outputs.body.state == 'passed')", Truth.UNDECIDED),
        ("$steps.page.outputs.body#/state == null", Truth.UNDECIDED),
        ("$steps.page.outputs.size#/state != 'passed'", Truth.UNDECIDED),
        ("$workflows.page.outputs.body[0] != 'passed'", Truth.UNDECIDED),
        ("$steps.page.outputs.blank#/state != 'passed'", Truth.HOLDS),
        ("$steps.page.outputs.whole#/state != 'passed'", Truth.HOLDS),
        ("$steps.page.outputs.body.length > 3", Truth.HOLDS),
        ("$steps.page.outputs.body == '<p/>'", Truth.HOLDS),
    ],
)
def test_a_way_into_an_output_that_is_text_or_a_number_leads_to_nothing_known(condition, truth):
    outputs = {"body": "<p/>", "size": 3, "blank": " ", "whole": {}}
    values = Context(steps={"page": outputs}, workflows={"page": {"inputs": {}, "outputs": outputs}})
    assert evaluate(Criterion(condition=condition), values).truth is truth


@pytest.mark.parametrize(
    "condition",
    [
        "$.items[?(@.id == $steps.scan.outputs.id)].length == 0",
        "$.items[?(@.id != $steps.scan.outputs.id)].length > 0",
        "$.map[$steps.scan.outputs.id] != 'ok'",
    ],
)
def test_nor_does_a_path_that_looks_for_what_it_would_have_given_find_anything(condition):
    assert judged(condition, "jsonpath", "$response.body", content={"items": [{"id": 1}], "map": {}}).undecided


@pytest.mark.parametrize("kind", ["jsonpath", "regex", "xpath", DRAFT])
def test_a_context_that_cannot_be_read_decides_nothing(kind):
    verdict = judged("$" if kind != "xpath" else "/a", kind, "$steps.login.outputs.token")
    assert verdict.undecided
    assert "output 'token' of step 'login'" in str(verdict.error)


def test_strict_takes_it_for_false_as_the_specification_says():
    verdict = judged("$steps.login.outputs.token == 'x'", dialect="strict")
    assert (verdict.truth, verdict.error is not None) == (Truth.FAILS, True)


@pytest.mark.parametrize("content", [5, True, 0.5])
def test_a_number_has_no_length(content):
    for condition in ("$.files.length == 0", "!($.files.length == 0)", "$[?(@.length == 0)].length == 0"):
        assert judged(condition, "jsonpath", "$response.body", content={"files": content}).undecided, condition


def test_nobody_takes_a_truth_for_a_boolean():
    with pytest.raises(TypeError, match="undecided"):
        bool(Truth.UNDECIDED)


@pytest.mark.parametrize(
    ("condition", "kind", "limit"),
    [
        ("$..x", "jsonpath", {"selected_nodes": 2}),
        ("$..x", DRAFT, {"selected_nodes": 2}),
        ("$..x.length > 0", "jsonpath", {"visited_values": 2}),
        ("!($..x.length > 0)", "jsonpath", {"visited_values": 2}),
        ("^(a|aa)+$", "regex", {"pattern_seconds": 0.01}),
    ],
)
def test_a_limit_is_no_verdict(condition, kind, limit):
    content = "a" * 60 + "!" if kind == "regex" else [{"x": [1]}, {"x": [2]}, {"x": [3]}]
    with limits_set(**limit), pytest.raises(GaveUpError, match=next(iter(limit))):
        judged(condition, kind, "$response.body", content=content)


@pytest.mark.parametrize("condition", ["$[?(@.name == 'x')]", " $ [ ?(@.name == 'x')].id"])
def test_a_filter_on_the_root_is_warned_of_in_the_draft(condition):
    criterion = Criterion(condition=condition, context="$response.body", type=DRAFT)
    assert [finding.rule for finding in check(criterion)] == ["misleading-jsonpath"]
    assert check(Criterion(condition="$.a[?(@.name == 'x')]", context="$response.body", type=DRAFT)) == ()


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("$.items[?@.x == '{$inputs.y}']", "jsonpath"),
        ("$.items[?!(@.x == '{$inputs.y}')]", "jsonpath"),
        ("$.items[0].x == '$inputs.y'", "jsonpath"),
        ("$.items[0].{$inputs.y}", "jsonpath"),
        ("//b = '{$inputs.y}'", "xpath"),
        ("not(//b = '{$inputs.y}')", "xpath"),
        ("not(//b = {$inputs.y})", "xpath"),
        ("{$inputs.y}", "regex"),
    ],
)
def test_null_is_embedded_as_no_text(condition, kind):
    content = "<a><b>null</b></a>" if kind == "xpath" else {"items": [{"x": "null"}]}
    exchange = Exchange(Request("GET", "https://a.test"), Response(200), content=content)
    criterion = Criterion(condition=condition, context="$response.body", type=kind)
    for inputs in ({"y": None}, {}):
        verdict = evaluate(criterion, Context(exchange=exchange, inputs=inputs))
        assert (verdict.passed, verdict.undecided) == (False, False)
        assert "$inputs.y" in verdict.error
    assert evaluate(criterion, Context(exchange=exchange, inputs={"y": "null"})).error is None


def test_strict_embeds_the_text_null():
    exchange = Exchange(Request("GET", "https://a.test"), Response(200), content={"items": [{"x": "null"}]})
    criterion = Criterion(condition="$.items[?@.x == '{$inputs.y}']", context="$response.body", type="jsonpath")
    assert evaluate(criterion, Context(exchange=exchange, inputs={"y": None}), "strict").passed
