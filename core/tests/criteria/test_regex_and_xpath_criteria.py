"""Criteria of type regex and xpath."""

from __future__ import annotations

import pytest
from criteria_samples import context

from arazzo.absent import ABSENT
from arazzo.criteria import check, evaluate
from arazzo.document.models import Criterion, ExpressionType
from arazzo.errors import GaveUpError
from arazzo.limits import limits_set

XML = "<root><status code='7'>Active</status><n>3</n><zero>0</zero><none/><e>it's</e><flag>false</flag></root>"


def regex(condition, body, dialect="lenient", where="$response.body#/v", **inputs):
    return evaluate(
        Criterion(context=where, condition=condition, type="regex"), context({"v": body}, **inputs), dialect
    )


def xpath(condition, body=XML, version=None, dialect="lenient", **inputs):
    kind = ExpressionType(type="xpath", version=version) if version else "xpath"
    return evaluate(
        Criterion(context="$response.body", condition=condition, type=kind), context(body, **inputs), dialect
    )


@pytest.mark.parametrize(
    ("pattern", "value", "passed"),
    [
        (r"^2\d{2}$", 200, True),
        (r"^2\d{2}$", "204", True),
        (r"^2\d{2}$", 404, False),
        ("ctiv", "Active", True),
        ("active", "Active", False),
        ("(?i:active)", "Active", True),
        ("^true$", True, True),
        ("^1.5$", 1.5, True),
        ('"a":1', {"a": 1}, True),
        ("^$", "", True),
        (".*", None, False),
        (".*", ABSENT, False),
        ("^({$inputs.pattern})$", "on", True),
        ("^({$inputs.pattern})$", "one", False),
        (r"^\{x\}$", "{x}", True),
    ],
)
@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_regex_matches_anywhere(pattern, value, passed, dialect):
    verdict = regex(pattern, value, dialect, pattern="on|off")
    assert verdict.error is None
    assert verdict.passed is passed


def test_regex_on_the_status():
    verdict = regex("^20[0-9]$", None, where="$statusCode")
    assert verdict.passed
    assert verdict.reason == "^20[0-9]$: $statusCode was 200"


def test_javascript_spelling_is_lenient():
    assert regex("/^AB+$/i", "abb").passed
    assert regex("/^AB+$/", "ABB").passed
    assert not regex("/^AB+$/", "abb").passed
    assert not regex("/^AB+$/i", "abb", "strict").passed
    assert regex("/api/", "/api/v1").passed
    (finding,) = check(Criterion(context="$statusCode", condition="/^AB+$/i", type="regex"))
    assert (finding.rule, finding.hint) == ("non-portable-condition", "(?i:^AB+$)")


def test_a_pattern_that_backtracks_is_given_up():
    said = pytest.raises(GaveUpError, match=r"pattern takes longer than 0\.2 s of CPU time .*pattern_seconds")
    with limits_set(pattern_seconds=0.2), said:
        regex("^(a|aa)+$", "a" * 60 + "!")


@pytest.mark.parametrize("pattern", ["(", "[a", "a{2}{3}", "*a", "(?P<x", "((a{1000}){1000}){1000}", "a{999999999}"])
def test_patterns_that_are_none_are_found_when_read(pattern):
    criterion = Criterion(context="$statusCode", condition=pattern, type="regex")
    (finding,) = check(criterion)
    assert (finding.rule, finding.severity.value) == ("unreadable-condition", "error")
    verdict = evaluate(criterion, context(), "lenient")
    assert not verdict.passed
    assert verdict.error is not None


@pytest.mark.parametrize(
    "pattern", ["((a{999}){999}){999}", "(?i:(?:a{999}){999}){999}", "[](a{999}){999}[]", r"(\[a{999}){999}]"]
)
def test_nothing_hides_how_large_a_pattern_is(pattern):
    (finding,) = check(Criterion(context="$statusCode", condition=pattern, type="regex"))
    assert "multiply" in finding.message


def test_long_values_of_patterns_from_data_are_bounded():
    verdict = regex("{$inputs.pattern}", "a", pattern="(a{5000}){5000}")
    assert not verdict.passed
    assert verdict.error is not None


@pytest.mark.parametrize(
    ("condition", "passed"),
    [
        ("/root/status", True),
        ("/root/gone", False),
        ("/root/none", True),
        ("/root/status = 'Active'", True),
        ("/root/status = 'active'", False),
        ("/root/status/@code = 7", True),
        ("count(/root/*) > 3", True),
        ("count(/root/gone)", False),
        ("string(/root/none)", False),
        ("string(/root/flag)", True),
        ("number(/root/zero)", False),
        ("number(/root/n)", True),
        ("/root[n > {$inputs.least}]", True),
        ("/root[n > {$inputs.most}]", False),
        ("/root/status = '{$inputs.wanted}'", True),
        ("not(/root/gone)", True),
    ],
)
@pytest.mark.parametrize("version", [None, "xpath-31", "xpath-30", "xpath-20", "xpath-10"])
@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_effective_boolean_value(condition, passed, version, dialect):
    verdict = xpath(condition, XML, version, dialect, least=2, most=3, wanted="Active")
    assert verdict.error is None
    assert verdict.passed is passed


def test_what_only_later_versions_have():
    assert xpath("some $x in /root/* satisfies $x = 'Active'").passed
    assert xpath("exists(map{'a': 1}?a)").passed
    assert not xpath("(0)").passed
    assert xpath("(0, 1)").error is not None
    (finding,) = check(
        Criterion(context="$response.body", condition="1 eq 1", type=ExpressionType(type="xpath", version="xpath-10"))
    )
    assert finding.rule == "unreadable-condition"


def test_quotes_in_values_stay_in_the_string():
    assert xpath("/root/e = '{$inputs.e}'", e="it's").passed
    assert not xpath("/root/status = '{$inputs.e}'", e="x' or '1' = '1").passed
    verdict = xpath("/root/status = '{$inputs.e}'", version="xpath-10", e="x' or '1' = '1")
    assert not verdict.passed
    assert verdict.error is not None


def test_variables_of_xpath_are_left_alone():
    assert xpath("let $url := 3 return /root/n = $url").passed


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>',
        '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]><r>&e;</r>',
        "no xml",
        "",
        {"json": 1},
        [1],
    ],
)
def test_what_is_no_plain_xml_is_an_error(body):
    verdict = xpath("/*", body)
    assert not verdict.passed
    assert verdict.error is not None


def test_no_context_no_match():
    for body in (None, ABSENT):
        verdict = xpath("not(/gone)", body)
        assert (verdict.passed, verdict.error) == (False, None)


@pytest.mark.parametrize("condition", ["((", "/root/a[", "1 +", "doc('x')", "unparsed-text('file:///etc/hostname')"])
def test_expressions_that_are_none_are_found_when_read(condition):
    criterion = Criterion(context="$response.body", condition=condition, type="xpath")
    (finding,) = check(criterion)
    assert (finding.rule, finding.severity.value) == ("unreadable-condition", "error")
    assert evaluate(criterion, context(XML), "lenient").error is not None


def test_prefixes_are_those_of_the_data():
    criterion = Criterion(context="$response.body", condition="//p:a = 1", type="xpath")
    assert check(criterion) == ()
    assert evaluate(criterion, context('<r xmlns:p="urn:x"><p:a>1</p:a></r>'), "lenient").passed


def test_division_by_zero_is_an_error():
    verdict = xpath("1 idiv /root/zero = 1")
    assert not verdict.passed
    assert verdict.error is not None
