"""Criteria of type jsonpath: RFC 9535, Goessner's draft, embedded expressions, what happens without JSON."""

from __future__ import annotations

import pytest
from criteria_samples import context, jsonpath

from arazzo.criteria import check, evaluate
from arazzo.document.models import Criterion, ExpressionType

GOESSNER = ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00")
PETS = {"pets": [{"name": "Rex", "age": 3}, {"name": "Tom"}], "status": "ok", "off": False, "nothing": None}

HOLD = [
    "$",
    "$.pets",
    "$.pets[*]",
    "$.off",
    "$.nothing",
    "$.pets[?@.age > 2]",
    "$.pets[?(@.name == 'Rex')]",
    "$[?$.status == 'ok']",
    "$[?length($.pets) == 2]",
    "$.pets[?match(@.name, 'R.x')]",
    "$.pets[?@.name == '{$inputs.name}']",
    '$.pets[?@.name == "{$inputs.name}"]',
    "$.pets[?@.name == {$inputs.name}]",
    "$.pets[?@.age == {$inputs.age}]",
    "$.pets[{$inputs.index}]",
    "$.{$inputs.member}[0]",
    "$[{$inputs.member}]",
]
FAIL = [
    "$.gone",
    "$.pets[9]",
    "$.pets[?@.age > 3]",
    "$.status[*]",
    "$.pets[?@.name == 'rex']",
    "$.pets[?@.name == '{$inputs.quote}']",
    '$.pets[?@.name == "{$inputs.quote}"]',
    "$.pets[?@.age == '{$inputs.age}']",
    "$[?$.status == 'other']",
    "$[?$.status != 'ok']",
]
INPUTS = {"name": "Rex", "age": 3, "index": 1, "member": "pets", "quote": "' || @.name == 'Rex"}


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
@pytest.mark.parametrize("condition", HOLD)
def test_a_query_that_selects_something_holds(condition, dialect):
    verdict = jsonpath(condition, PETS, dialect=dialect, **INPUTS)
    assert verdict.error is None
    assert verdict.passed, verdict.reason


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
@pytest.mark.parametrize("condition", FAIL)
def test_a_query_that_selects_nothing_fails(condition, dialect):
    verdict = jsonpath(condition, PETS, dialect=dialect, **INPUTS)
    assert verdict.error is None
    assert not verdict.passed, verdict.reason


def test_quotes_in_values_stay_in_the_string():
    body = {"names": ["it's", 'say "x"', "back\\slash"]}
    for name in body["names"]:
        assert jsonpath("$.names[?@ == '{$inputs.name}']", body, name=name).passed
        assert jsonpath('$.names[?@ == "{$inputs.name}"]', body, name=name).passed
        assert jsonpath("$.names[?@ == {$inputs.name}]", body, name=name).passed


def test_expressions_without_braces_are_lenient():
    condition = "$.data[?(@.id == '$inputs.model')]"
    body = {"data": [{"id": "m"}]}
    assert jsonpath(condition, body, model="m").passed
    assert not jsonpath(condition, body, model="n").passed
    assert not jsonpath(condition, body, dialect="strict", model="m").passed


def test_a_filter_on_the_root_is_leniently_asked_of_an_object_itself():
    condition = "$[?@.status == 'x']"
    assert jsonpath(condition, {"status": "x"}).passed
    assert not jsonpath(condition, {"status": "y"}).passed
    assert not jsonpath(condition, {"status": "x"}, dialect="strict").passed
    assert jsonpath(condition, [{"status": "x"}], dialect="strict").passed
    assert jsonpath("$[?count(@.pets) > 0]", {"pets": []}).passed


@pytest.mark.parametrize("condition", ["$[0]", "$[?$.status != 'x']", "$[?!$.status]", "$[0].status", "$.*[?@.status]"])
def test_nothing_else_is_asked_again(condition):
    assert not jsonpath(condition, {"status": "x"}).passed


@pytest.mark.parametrize("body", [None])
@pytest.mark.parametrize("condition", ["$", "$.length == 0", "$.a == null"])
def test_a_context_of_null_fails(condition, body):
    verdict = jsonpath(condition, body)
    assert not verdict.passed
    assert verdict.error is None
    assert verdict.reason == f"{condition}: $response.body was null"


def test_an_absent_context_fails():
    criterion = Criterion(context="$inputs.gone", condition="$", type="jsonpath")
    verdict = evaluate(criterion, context({}), "lenient")
    assert (verdict.passed, verdict.error) == (False, None)
    assert verdict.reason == "$: $inputs.gone was absent"


@pytest.mark.parametrize("condition", ["$", "$.status == 'ok'", "$.status != 'ok'"])
def test_a_body_that_is_no_json_is_an_error(condition):
    criterion = Criterion(context="$response.body", condition=condition, type="jsonpath")
    html = context("<html>", headers=(("Content-Type", "text/html"),))
    verdict = evaluate(criterion, html, "lenient")
    assert not verdict.passed
    assert verdict.error is not None
    assert "html" not in verdict.error + verdict.reason


def test_json_sent_as_text_is_read():
    criterion = Criterion(context="$response.body", condition="$.status", type="jsonpath")
    assert evaluate(criterion, context('{"status": 1}', headers=(("Content-Type", "text/plain"),)), "lenient").passed


def test_strings_are_values_where_they_are_json():
    assert jsonpath("$[?@.x] || $.length == 3", "abc").passed
    criterion = Criterion(context="$response.body#/name", condition="$.length > 3", type="jsonpath")
    assert evaluate(criterion, context({"name": "long"}, headers=()), "lenient").passed


def test_an_absent_value_in_a_query_is_an_error():
    verdict = jsonpath("$.pets[?@.name == '{$inputs.gone}']", PETS)
    assert not verdict.passed
    assert verdict.error is not None
    assert "$inputs.gone" in verdict.error


def test_a_value_that_breaks_the_query_is_an_error_that_does_not_show_it():
    verdict = jsonpath("$.pets[?@.name == {$inputs.value}]", PETS, value={"very": "private"})
    assert not verdict.passed
    assert verdict.error is not None
    assert "private" not in verdict.error + verdict.reason


def test_goessner_version():
    held = Criterion(context="$response.body", condition="$.pets[?(@.age > 2)]", type=GOESSNER)
    fails = Criterion(context="$response.body", condition="$.pets[?(@.age > 5)]", type=GOESSNER)
    boolean = Criterion(context="$response.body", condition="$.status == 'ok' && $.pets.length == 2", type=GOESSNER)
    assert check(held, "strict") == ()
    assert evaluate(held, context(PETS), "strict").passed
    assert not evaluate(fails, context(PETS), "strict").passed
    assert evaluate(boolean, context(PETS), "lenient").passed


def test_other_contexts_than_the_body():
    criterion = Criterion(context="$inputs", condition="$.cancel == true", type="jsonpath")
    assert evaluate(criterion, context(cancel=True), "lenient").passed
    assert not evaluate(criterion, context(cancel=False), "lenient").passed
    assert not evaluate(criterion, context(), "lenient").passed
    links = Criterion(context="$response.body#/links", condition="$.length == 2", type="jsonpath")
    assert evaluate(links, context({"links": [1, 2]}), "lenient").passed
