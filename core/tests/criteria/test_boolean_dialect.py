"""The boolean dialect: what public documents write as conditions of type jsonpath that are not RFC 9535 queries."""

from __future__ import annotations

import pytest
from criteria_samples import jsonpath

from arazzo.criteria import parse_boolean
from arazzo.errors import ExpressionSyntaxError

BODY = {
    "state": "in-progress",
    "word": "done",
    "count": 3,
    "text": "3",
    "flag": True,
    "off": False,
    "nothing": None,
    "empty": [],
    "blank": "",
    "none": {},
    "zero": 0,
    "result": {"value": 5},
    "items": [{"state": "up", "n": 1}, {"state": "down", "n": 2}, {"n": 3}],
    "data": [{"id": "m-1"}, {"id": "m-2", "size": 4}],
    "sized": {"length": 99, "size": 98},
    "in-progress": 1,
    "a b": {"x.y": 2},
    "@type": "t",
    "deep": {"items": [{"tags": ["a", "b"]}, {"tags": []}]},
}

HOLD = [
    '$.state == "in-progress"',
    "$.state == 'in-progress'",
    "$.state == in-progress",
    "$.word == done",
    '$.state == "pending" || $.state == "in-progress"',
    "$.count > 2 && $.count < 4",
    "$.count >= 3 && $.count <= 3.0",
    "3 == $.count",
    "-1 < $.zero",
    "$.count != 4",
    "$.flag == true && $.off == false",
    "$.flag && !$.off",
    "!$.off && $.flag",
    "!$.zero && !$.blank && !$.nothing && !$.gone",
    "$.empty && $.none && true",
    "$.nothing == null",
    "$.gone == null",
    "$.gone.deeper == null",
    "$.gone != 'x'",
    "$.gone != 0",
    "$.state != null",
    "$.items.length == 3",
    "$.items.length > 0",
    "$.items.length() == 3",
    "$.items.size == 3",
    "$.items.size() >= 3",
    "$.word.length == 4",
    "$.result.length == 1",
    "$.length > 10",
    "$.empty.length == 0",
    "$.gone.length == 0",
    "$.nothing.length == 0",
    "$.gone.length == null",
    "!$.gone.length && true",
    "$.sized.length == 99",
    "$.sized.size == 98",
    "$.items[0].state == 'up'",
    "$.items[-1].n == 3",
    "$.items[0].state != null",
    "$.items[7].state == null",
    "$.items.0.state == 'up'",
    "$['items'][0]['state'] == 'up'",
    "$[\"items\"][1]['n'] == 2",
    "$[items][1].n == 2",
    "$['a b']['x.y'] == 2",
    "$.in-progress == 1",
    "$.@type == 't'",
    "$.result.value == $inputs.limit",
    "$inputs.limit == $.result.value",
    "$.result.value == {$inputs.limit}",
    "$.result == $inputs.same",
    "$.state == '$inputs.state'",
    "$.state == '{$inputs.state}'",
    "$.state == 'in-{$inputs.rest}'",
    "$.state == $steps.one.outputs.state",
    "$.items[$inputs.index].n == 2",
    "$[$inputs.member].value == 5",
    "$statusCode == 200 && $.count == 3",
    "$.data[?(@.id == '$inputs.model')].length == 1",
    "$.data[?(@.id == '{$inputs.model}')].length > 0",
    "$.data[?(@.id == $inputs.model)].length != 0",
    "$.data[?@.id == 'm-2'].size == 4",
    "$.data[?(@.id == 'm-9')].length == 0",
    "$.data[?(@.id == 'm-1' || @.id == 'm-2')].length == 2",
    "$.data[?(@.size)].length == 1",
    "$.data[?(!@.size)].length == 1",
    "$.data[?(@.gone == null)].length == 2",
    "$.data[?(@.id == $.data[0].id)].length == 1",
    "$.deep.items[?(@.tags.length > 0)].length == 1",
    "$.items[*].length == 3",
    "$.items[*].state == 'down'",
    "$.items[0:2].length == 2",
    "$.items[::2].length == 2",
    "$.items[0, 2].length == 2",
    "$..tags.length == 2",
    "$..tags[*].length == 2",
    "$.deep.items[*].tags.length == 2",
    "$.items[*].n > 2",
    "$.items[*].state != 'gone'",
    "($.count == 3)",
    "!($.count == 4)",
    "(!$.flag) == false",
    "($.count == 4 || $.flag == true) && $.word == 'done'",
    "$.word == 'd\\u006fne'",
    '$.word == "do\\u006ee"',
    "true",
]
FAIL = [
    "$.state == 'IN-PROGRESS'",
    "$.text == 3",
    "$.text > 2",
    "$.count == '3'",
    "$.gone == 'x'",
    "$.gone == $.gone",
    "$.gone == $inputs.gone",
    "$.gone > 0",
    "$.gone < 1",
    "$.gone <= 0",
    "$.gone != null",
    "$.nothing != null",
    "$.flag == 1",
    "$.zero == false",
    "$.gone.length > 0",
    "$.gone.length != 0",
    "$.items.length == 0",
    "$.items.length < 3",
    "$.sized.length == 2",
    "$.data[?(@.id == 'm-9')].length > 0",
    "$.items[*].state == 'gone'",
    "$.items[*].state != 'down'",
    "$.gone && true",
    "$.off || $.zero",
    "!$.flag",
    "$.items > 0",
    "$.state < 5",
]


def run(condition: str):
    return jsonpath(
        condition,
        BODY,
        limit=5,
        same={"value": 5.0},
        state="in-progress",
        rest="progress",
        index=1,
        member="result",
        model="m-1",
        steps={"one": {"state": "in-progress"}},
    )


@pytest.mark.parametrize("condition", HOLD)
def test_holds(condition):
    verdict = run(condition)
    assert verdict.error is None
    assert verdict.passed, verdict.reason


@pytest.mark.parametrize("condition", FAIL)
def test_fails(condition):
    verdict = run(condition)
    assert verdict.error is None
    assert not verdict.passed, verdict.reason


@pytest.mark.parametrize("condition", HOLD + FAIL)
def test_strict_refuses_it(condition):
    verdict = jsonpath(condition, BODY, dialect="strict", limit=5)
    assert not verdict.passed
    assert verdict.error is not None


@pytest.mark.parametrize(
    ("body", "found"), [([], False), ([{"imageDigest": "sha256:1"}], True), ({}, False), ({"length": 0}, False)]
)
def test_a_list_as_root_has_a_length(body, found):
    assert jsonpath("$.length > 0", body).passed is found
    assert jsonpath("$.length == 0", body).passed is not found


@pytest.mark.parametrize("status", ["queued", "pending", "in-progress", "failed", "completed"])
def test_branches_of_a_poll_exclude_each_other(status):
    conditions = (
        '$.scan_status == "pending" || $.scan_status == "in-progress"',
        '$.scan_status == "failed"',
        '$.scan_status == "completed"',
    )
    held = [jsonpath(condition, {"scan_status": status}).passed for condition in conditions]
    assert sum(held) == (0 if status == "queued" else 1)


def test_no_value_is_ever_text_of_the_condition():
    body = {"data": [{"id": "x"}]}
    assert not jsonpath("$.data[?(@.id == '$inputs.model')].length == 1", body, model="' || true || '").passed
    assert not jsonpath("$.data[0].id == $inputs.model", body, model="x' || 'a' == 'a").passed


def test_absent_in_a_string_is_an_error_that_names_it():
    verdict = jsonpath("$.data[?(@.id == '$inputs.model')].length == 0", {"data": [{"id": "x"}]})
    assert not verdict.passed
    assert verdict.error is not None
    assert "$inputs.model" in verdict.error


@pytest.mark.parametrize(
    ("condition", "offset", "hint"),
    [
        ("$.status = 'ok'", 9, "'=='"),
        ("$.status === 'ok'", 9, "'=='"),
        ("$.a == 1 and $.b == 2", 9, "'&&'"),
        ("$.a == 1 OR $.b == 2", 9, "'||'"),
        ("$.status == 'a' || 'b'", 19, "condition"),
        ("status == 'ok'", 0, "$.status"),
        ("@.status == 'ok'", 0, "'$'"),
        ("$status == 'ok'", 1, "$.status"),
        ("$.items.first() == 1", 13, "length()"),
        ("$.items[?(@.n = 1)].length > 0", 14, "'=='"),
        ("$.status in ['a', 'b']", 9, "'||'"),
        ("$.count + 1 > 2", 8, "arithmetic"),
        ("$.status =~ 'a.*'", 9, "regex"),
        ("$.failure != None", 13, "null"),
        ("$.failure == NULL", 13, "null"),
        ("nil != $.failure", 0, "null"),
        ("$.failure == undefined && $.a", 13, "null"),
        ("$.ok == True", 8, "true"),
        ("$.ok == FALSE", 8, "false"),
        ("$.ok && False", 8, "false"),
        ("$.count == NaN", 11, "JSON"),
        ("$.items[?(@.error == None)].length == 0", 21, "null"),
        ("!$.status == 'ok'", 0, "write '!($.status == 'ok')'"),
        ("$.items[?(!@.n == 1)].length > 0", 10, "write '!(@.n == 1)'"),
    ],
)
def test_syntax_errors_say_where_and_what_to_write(condition, offset, hint):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_boolean(condition)
    assert caught.value.offset == offset
    assert caught.value.hint is not None
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "succeeded",
        "'succeeded'",
        "5",
        "$.a ==",
        "$.a == == 1",
        "($.a == 1",
        "$.a == 1)",
        "$.a[0 == 1",
        "$.a[] == 1",
        "$.a[1.5] == 1",
        "$.a. == 1",
        "$.a == 'x",
        "$.a == 1 == 2",
        "$.a $.b",
        "$.a[?(@.b == 1].length == 0",
        "$" + "[?(@" * 100 + ")]" * 100 + ".length == 0",
    ],
)
def test_what_cannot_be_meant_is_a_syntax_error(condition):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_boolean(condition)
    assert 0 <= caught.value.offset <= len(condition)
