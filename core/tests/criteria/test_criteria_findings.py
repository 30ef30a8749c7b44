"""What check() says of a criterion: errors with place and hint, warnings with the portable spelling."""

from __future__ import annotations

import itertools

import pytest
from criteria_samples import context

from arazzo.criteria import check, evaluate, expressions, parse_boolean
from arazzo.criteria.condition_portability import portable_spelling
from arazzo.document.models import Criterion, ExpressionType
from arazzo.expressions.nodes import Input, Message, StepOutput


def jsonpath(condition, where="$response.body", **others):
    return Criterion(context=where, condition=condition, type="jsonpath", **others)


@pytest.mark.parametrize(
    "criterion",
    [
        Criterion(condition="$statusCode == 200"),
        Criterion(condition="$response.body.count > $inputs.threshold"),
        Criterion(condition="$statusCode == 200 && $response.body.data != null"),
        Criterion(context="response", condition="$statusCode == 200", type="simple"),
        Criterion(context="$statusCode", condition="^2\\d{2}$", type="regex"),
        Criterion(context="$response.body.status", condition="^({$inputs.statusPattern})$", type="regex"),
        Criterion(context="$response.body", condition="/root/items[price > {$inputs.least}]", type="xpath"),
        jsonpath('$[?(@.status == "{$inputs.expectedStatus}")]'),
        jsonpath("$.pets[*]"),
    ],
)
def test_what_the_specification_has_is_not_remarked_on(criterion):
    assert check(criterion, "lenient") == ()


@pytest.mark.parametrize(
    ("criterion", "dialect", "rule", "field", "offset"),
    [
        (Criterion(condition="$statusCode = 200"), "lenient", "unreadable-condition", "condition", 12),
        (Criterion(condition='$method == "get"'), "strict", "unreadable-condition", "condition", 11),
        (jsonpath("$.status == 'x'"), "strict", "unreadable-condition", "condition", 9),
        (jsonpath("$.data[?(@.id = '$inputs.id')]"), "lenient", "unreadable-condition", "condition", 14),
        (jsonpath("$.data[?count(@.a)]"), "lenient", "unreadable-condition", "condition", None),
        (jsonpath("status == 'x'"), "lenient", "unreadable-condition", "condition", 0),
        (jsonpath("$.a", where=None), "lenient", "missing-context", "condition", 0),
        (jsonpath("$.a", where="response"), "lenient", "unreadable-context", "context", 0),
        (jsonpath("$.a", where="$response.status"), "lenient", "unreadable-context", "context", 10),
        (
            Criterion(context="$inputs", condition="/a", type=ExpressionType(type="jsonpointer", version="rfc6901")),
            "lenient",
            "unknown-criterion-type",
            "type",
            0,
        ),
        (
            Criterion(context="$response.body", condition="/a", type=ExpressionType(type="xpath", version="xpath-99")),
            "lenient",
            "unknown-criterion-type",
            "type",
            0,
        ),
    ],
)
def test_errors(criterion, dialect, rule, field, offset):
    (finding,) = check(criterion, dialect)
    assert (finding.severity.value, finding.rule, finding.field) == ("error", rule, field)
    assert offset is None or finding.offset == offset
    verdict = evaluate(criterion, context({"status": "x"}), dialect)
    assert not verdict.passed
    assert verdict.error is not None


@pytest.mark.parametrize(
    ("criterion", "rule", "hint"),
    [
        (Criterion(condition='$method == "it\'s"'), "non-portable-condition", "'it''s'"),
        (Criterion(condition='$method == "{$inputs.m}"'), "non-portable-condition", "$inputs.m"),
        (Criterion(condition="{$statusCode} == 200"), "non-portable-condition", "$statusCode"),
        (
            jsonpath("$.data[?(@.id == '$inputs.model')]"),
            "non-portable-condition",
            "portable: $.data[?(@.id == '{$inputs.model}')]",
        ),
        (
            Criterion(context="$response.body", condition="//a[b = '$inputs.b']", type="xpath"),
            "non-portable-condition",
            "portable: //a[b = '{$inputs.b}']",
        ),
        (jsonpath("$[?count(@.pets) > 0]"), "misleading-jsonpath", "length(@.pets)"),
        (jsonpath("$.items[?(@.tags.length > 0)]"), "misleading-jsonpath", "length(@.name)"),
        (
            jsonpath('$.scan_status == "pending" || $.scan_status == "in-progress"'),
            "non-portable-condition",
            "portable: $[?$.scan_status == 'pending' || $.scan_status == 'in-progress']",
        ),
        (jsonpath("$.length > 0"), "non-portable-condition", "portable: $[*]"),
        (
            jsonpath("$.length == 0"),
            "non-portable-condition",
            "portable for a list, without context and type: $response.body#/0 == null",
        ),
        (
            jsonpath("$.id == null"),
            "non-portable-condition",
            "portable, without context and type: $response.body#/id == null",
        ),
        (
            jsonpath("$.cancel != true", where="$inputs"),
            "non-portable-condition",
            "portable, without context and type: $inputs.cancel != true",
        ),
    ],
)
def test_warnings_show_what_to_write(criterion, rule, hint):
    (finding,) = (found for found in check(criterion, "lenient") if found.field == "condition")
    assert (finding.severity.value, finding.rule) == ("warning", rule)
    assert hint in (finding.hint or "")


@pytest.mark.parametrize("where", ["$inputs", "$outputs", " $inputs "])
@pytest.mark.parametrize("condition", ["$.cancel == true", "$[?@.cancel]"])
def test_all_inputs_as_a_context_are_not_portable(where, condition):
    (finding,) = (found for found in check(jsonpath(condition, where=where)) if found.field == "context")
    assert (finding.severity.value, finding.rule) == ("warning", "non-portable-expression")
    assert f"{where.strip()}.name" in (finding.hint or "")
    assert [found.rule for found in check(jsonpath(condition, where=where), "strict")] == ["unreadable-context"]


CONDITIONS = [
    '$.status == "a" || $.status == "b"',
    "$.status != 'a'",
    "$.status != 'a' && $.status != 'b'",
    "!($.status == 'a')",
    "$.n > 1 && $.n <= 3",
    "1 < $.n",
    "$.n == 3",
    "$.flag == true",
    "$.flag != true",
    "$.flag && $.n > 1",
    "!$.flag",
    "$.id == null",
    "$.id != null",
    "$.id != null && $.flag == true || $.n == 1",
    "$.list.length > 0",
    "$.list.length == 0",
    "$.list.length != 0",
    "$.list.length >= 2",
    "$.list.length < 2",
    "$.list.length <= 1",
    "$.list.length != 1",
    "!($.list.length > 1)",
    "$.list[?(@.id == '$inputs.id')].length == 0",
    "$.list[?(@.id == '$inputs.id')].length > 0",
    "$.list[?(@.id == $inputs.id && @.n != 2)].length > 0 && $.flag == true",
    "$.list[?(@.gone == null)].length > 0",
    "$.list[0].id == 'x'",
    "$.list[0].id != 'x'",
    "$.list[-1].n == 2",
    "$['odd name'].x == 1",
    "$.status == $inputs.id",
    "$.length > 0",
    "$.length == 0",
    "$.length == 2",
    "$[0].id == 'x'",
    "$[0].id != 'x' && $[0].id != 'y'",
]
ROOTS = [
    {},
    [],
    [{"id": "x"}],
    [{"id": "y"}, {"id": "z"}],
    *(
        {"status": status, "n": n, "flag": flag, "id": found, "list": items, "odd name": {"x": n}}
        for status, n, flag, found, items in itertools.product(
            ["a", "x", None],
            [1, 3],
            [True, False],
            [None, 5],
            [[], [{"id": "x", "n": 1}], [{"id": "y", "gone": 1}, {"id": "x", "n": 2}], None],
        )
    ),
    {"status": "b"},
    {"n": 2.5, "list": "text"},
    {"list": 4},
    {"flag": 0, "list": {"k": 1}},
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_portable_spelling_says_the_same(condition):
    spelling = portable_spelling(parse_boolean(condition).node, "$response.body")
    assert spelling is not None
    portable = Criterion(condition=spelling.condition) if spelling.simple else jsonpath(spelling.condition)
    written = jsonpath(condition)
    compared = 0
    for root in ROOTS:
        if (spelling.caveat.startswith("unless") and not root) or (spelling.caveat == "for a list" and root == {}):
            continue
        if spelling.caveat == "for a list" and not isinstance(root, list):
            continue
        values = context(root, id="x")
        expected = evaluate(written, values, "lenient")
        if expected.undecided:  # the length of a number; a query has nothing there
            continue
        for dialect in ("lenient", "strict"):
            found = evaluate(portable, values, dialect)
            assert found.error is None
            assert found.passed is expected.passed, (root, spelling)
        compared += 1
    assert compared >= 3
    assert check(portable, "strict") == ()
    assert check(portable, "lenient") == ()


def test_where_nothing_portable_says_the_same_none_is_offered():
    (finding,) = check(jsonpath("$.a == $.b && $.items[*].n > 2"))
    assert finding.hint is None


def test_expressions_of_a_criterion():
    condition = "$.a == $inputs.a && $.list[?(@.id == '$steps.s.outputs.id')].length == {$inputs.n}"
    found = expressions(jsonpath(condition))
    assert [field for field, _, _ in found] == ["context", "condition", "condition", "condition"]
    assert [type(one) for _, _, one in found] == [Message, Input, StepOutput, Input]
    assert [condition[offset:].startswith(one.text) for _, offset, one in found[1:]] == [True, True, True]
    simple = expressions(Criterion(condition="$inputs.a[0] == 1 || !('{$inputs.b}' == $inputs.a)"))
    assert [(offset, one.text) for _, offset, one in simple] == [
        (0, "$inputs.a[0]"),
        (25, "$inputs.b"),
        (40, "$inputs.a"),
    ]
    regex = expressions(Criterion(context="$statusCode", condition="^{$inputs.a}$", type="regex"))
    assert [one.text for _, _, one in regex] == ["$statusCode", "$inputs.a"]
