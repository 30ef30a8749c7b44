"""Simple conditions: operators, precedence, conversions, absent and null, lenient spellings."""

from __future__ import annotations

import pytest
from criteria_samples import simple

from arazzo.criteria import parse_simple
from arazzo.errors import ExpressionSyntaxError

BODY = {
    "status": "Active",
    "count": 3,
    "text": "10",
    "empty": "",
    "zero": 0,
    "no": False,
    "yes": True,
    "nothing": None,
    "items": [{"id": 7, "tags": ["a", "b"]}, {"id": 8, "tags": []}],
    "a b": {"c/d": 1},
    "nested": {"length": 42, "it's": 1},
    "big": 12345678901234567890,
}
HEADERS = (("X-Rate-Limit-Remaining", "9"), ("ETag", '"x"'), ("X-Flag", "TRUE"))

HOLD = [
    "$statusCode == 200",
    "$statusCode==200",
    "$response.body#/status\u00a0== 'active'",
    "$response.body#/count\u3000>\u00a02",
    "$statusCode >= 200 && $statusCode < 300",
    "$statusCode != 404",
    "$statusCode == '200'",
    "'200' == $statusCode",
    "200.0 == $statusCode",
    "$statusCode == 2e2",
    "$method == 'get'",
    "true",
    "!false",
    "!!true",
    "!($statusCode == 404)",
    "(!$response.body#/no) == true",
    "true == !$response.body#/no",
    "!$response.body#/no",
    "$response.body#/yes",
    "$response.body#/yes == true",
    "$response.body#/no == false",
    "$response.body#/status == 'ACTIVE'",
    "$response.body#/status != 'inactive'",
    "$response.body#/status < 'b'",
    "$response.body#/count > 2",
    "$response.body#/count <= 3",
    "$response.body#/count >= 3.0",
    "$response.body#/count > -1",
    "$response.body#/text == 10",
    "$response.body#/text > 9",
    "$response.body#/text > '9'",
    "$response.body#/text >= '10.0'",
    "$response.body#/big == 12345678901234567890",
    "$response.header.X-Rate-Limit-Remaining > 0",
    "$response.header.x-rate-limit-remaining<10",
    "$response.header.X-Flag == 'true'",
    "$response.body#/nothing == null",
    "null == $response.body#/nothing",
    "$response.body#/status != null",
    "$response.body#/missing == null",
    "$response.body#/missing != 'x'",
    "$response.body#/missing != 0",
    "$response.body#/missing != false",
    "$inputs.missing == null",
    "$response.body.items[0].id == 7",
    "$response.body.items[1].tags[0] == null",
    "$response.body.items[0].tags[1] == 'b'",
    "$response.body#/items/0/tags/1 == 'b'",
    "$response.body#/items/0 == $response.body#/items/0",
    "$response.body#/items/0 != $response.body#/items/1",
    "$response.body['a b']['c/d'] == 1",
    "$inputs.threshold < $response.body.count",
    "$inputs.limits.low == 1",
    "$steps.one.outputs.total == 5",
    "$steps.one.outputs.list[1] == 20",
    "$steps.one.outputs.list[$inputs.index] == 20",
    "$steps.one.outputs.list#/1 == 20",
    "$steps.other.outputs.total == null",
    "'it''s' == $inputs.quote",
    "$inputs.quote == 'IT''S'",
    "'' == $response.body#/empty",
    "($statusCode == 404 || $statusCode == 200) && true",
    "($response.body).count == 3",
    "($response.body)['count'] == 3",
    "false || true && true",
    "true || true && false",
    "!false && true",
    "($statusCode == 200) == true",
    "  $statusCode   ==\t200\n",
    "$url != ''",
]
FAIL = [
    "$statusCode == 201",
    "false",
    "!true",
    "$response.body#/no",
    "$response.body#/nothing",
    "$response.body#/missing",
    "$response.body#/zero",
    "$response.body#/empty",
    "$response.body#/nothing == false",
    "$response.body#/nothing == 0",
    "$response.body#/nothing == ''",
    "$response.body#/nothing != null",
    "$response.body#/missing != null",
    "$response.body#/missing == 'x'",
    "$response.body#/missing == $inputs.missing",
    "$response.body#/missing > 0",
    "$response.body#/missing < 0",
    "$response.body#/missing <= 0",
    "$response.body#/nothing >= 0",
    "$response.body#/nothing <= 0",
    "$response.body#/yes == 1",
    "$response.body#/no == 0",
    "$response.body#/yes > 0",
    "$response.body#/status > 0",
    "$response.body#/status == 0",
    "$response.body#/items > 0",
    "$response.body#/text == '10.0'",
    "$response.body.items[5].id == 7",
    "$response.body.items.id == 7",
    "(true || true) && false",
    "!true || false",
    "!($statusCode == 200)",
]


def run(condition: str, dialect: str = "lenient"):
    return simple(
        condition,
        BODY,
        dialect=dialect,
        headers=HEADERS,
        threshold=2,
        quote="it's",
        limits={"low": 1},
        index=1,
        steps={"one": {"total": 5, "list": [10, 20]}},
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


#: Read by the lenient dialect of runtime expressions only: an input's name may have dots, and navigation is not in it.
LENIENT_ONLY = {"$inputs.limits.low == 1"}


@pytest.mark.parametrize("condition", [one for one in HOLD if one not in LENIENT_ONLY])
def test_strict_agrees_where_the_specification_has_the_operator(condition):
    assert run(condition, "strict").passed


@pytest.mark.parametrize("condition", FAIL)
def test_strict_fails_alike(condition):
    verdict = run(condition, "strict")
    assert not verdict.passed
    assert verdict.error is None


@pytest.mark.parametrize(
    "condition",
    [
        '$response.body#/status == "active"',
        '$response.body#/status == "{$inputs.wanted}"',
        "$response.body#/status == '$inputs.wanted'",
        "{$response.body#/count} == 3",
        "$response.body#/count > {$inputs.threshold}",
        "$response.body.items.length > 1",
        "$response.body.items.length == 2",
        "$response.body.items.size() == 2",
        "$response.body#/items.length == 2",
        "$response.body.status.length == 6",
        "$response.body.nested.length == 42",
        "$response.body.missing.length == 0",
        "$response.body.missing.length == null",
        "!$response.body.missing.length",
        "$response.body.items && $response.body.items.length > 0",
    ],
)
def test_lenient_spellings_hold_and_are_remarked_on(condition):
    verdict = simple(condition, BODY, wanted="ACTIVE", threshold=2)
    assert verdict.error is None
    assert verdict.passed, verdict.reason
    assert parse_simple(condition).remarks


@pytest.mark.parametrize(
    "condition",
    [
        '$response.body#/status == "active"',
        "{$response.body#/count} == 3",
        "$response.body#/count > {$inputs.threshold}",
    ],
)
def test_lenient_spellings_are_errors_in_strict(condition):
    with pytest.raises(ExpressionSyntaxError):
        parse_simple(condition, "strict")


def test_length_is_a_mere_member_in_strict():
    assert simple("$response.body.items.length == null", BODY, dialect="strict").passed
    assert simple("$response.body.nested.length == 42", BODY, dialect="strict").passed


def test_braces_in_a_string_are_literal_in_strict():
    assert simple("$inputs.text == '{$inputs.other}'", dialect="strict", text="{$inputs.other}", other="x").passed
    assert simple("$inputs.text == '{$inputs.other}'", text="x", other="x").passed


def test_dollars_that_are_no_expressions_stay_text():
    assert simple("$inputs.price == 'costs $5'", price="Costs $5").passed


def test_absent_in_a_string_is_an_error_that_names_it():
    verdict = simple("$inputs.price == 'x{$inputs.gone}'", price="x")
    assert not verdict.passed
    assert verdict.error is not None
    assert "$inputs.gone" in verdict.error


@pytest.mark.parametrize(
    ("condition", "offset", "hint"),
    [
        ("$statusCode = 200", 12, "'=='"),
        ("$statusCode === 200", 12, "'=='"),
        ("$statusCode !== 200", 12, "'!='"),
        ("$statusCode <> 200", 12, "'!='"),
        ("$statusCode == 200 and true", 19, "'&&'"),
        ("$statusCode == 200 OR true", 19, "'||'"),
        ("$statusCode == 200 & true", 19, "'&&'"),
        ("$statusCode == 200 | true", 19, "'||'"),
        ("status == 'ok'", 0, "$statusCode"),
        ("$response.body#/status == ok", 26, "single quotes"),
        ("$response.body#/flag == True", 24, "true"),
        ("$response.body#/failure != None", 27, "null"),
        ("undefined == $response.body#/failure", 0, "null"),
        ("!$statusCode == 404", 0, "write '!($statusCode == 404)'"),
        ("$inputs.a && ! $statusCode!=404 || true", 13, "write '!($statusCode != 404)'"),
        ("(!$inputs.a > $inputs.b)", 1, "write '!($inputs.a > $inputs.b)'"),
        ("$response.body#/failure\u200b == null", 23, "delete it"),
        ("$response.body#/failure\ufeff== null", 23, "delete it"),
        ("$statusCode =~ '2..'", 12, "regex"),
        ("$inputs.count + 1 > 2", 14, "arithmetic"),
        ("$inputs.count+1 > 2", 13, "arithmetic"),
        ("$response.body#/name contains 'x'", 21, "contained"),
        ("$.status == 'ok'", 0, "$response.body"),
        ("$inputs.name == 'x", 16, "''"),
        ("$statusCode == 200 == true", 19, "'&&'"),
        ("$statuscode == 200", 0, "$statusCode"),
        ("$statusCod == 200", 0, "did you mean '$statusCode'?"),
        ("true || $respons.body#/a == 1", 8, "did you mean '$response'?"),
    ],
)
def test_syntax_errors_say_where_and_what_to_write(condition, offset, hint):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_simple(condition)
    assert caught.value.offset == offset
    assert caught.value.hint is not None
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "   ",
        "($statusCode == 200",
        "$statusCode == 200)",
        "$statusCode ==",
        "== 200",
        "&& true",
        "$statusCode == 200 &&",
        "!",
        "()",
        "$response.body[0 == 1",
        "$response.body. == 1",
        "$steps.x == 1",
        "$statusCode == 200 || 201",
        "'ok'",
        "200",
        "null",
        "$statusCode 200",
        "(" * 200 + "true" + ")" * 200,
        "!" * 200 + "true",
    ],
)
@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_what_cannot_be_meant_is_a_syntax_error(condition, dialect):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_simple(condition, dialect)
    assert 0 <= caught.value.offset <= len(condition)


def test_long_conditions_do_not_nest():
    assert simple(" || ".join(["$statusCode == 404"] * 2000 + ["true"])).passed
