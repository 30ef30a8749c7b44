"""Selectors: what they select, what they refuse, and that they cannot reach out or run away."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suite import drawn

from arazzo.absent import ABSENT
from arazzo.errors import ArazzoError, EvaluationError, ExpressionSyntaxError, GaveUpError
from arazzo.expressions.selectors import (
    check_selector,
    enumerates,
    jsonpath_goessner,
    jsonpath_rfc9535,
    select,
    xpath,
)
from arazzo.limits import limits_set

DATA = {"items": [{"id": 1, "name": "aaa"}, {"id": 2, "name": "b"}], "empty": [], "a/b": {"m~n": 3}}
XML = '<a xmlns:p="urn:p"><b id="1">é</b><b id="2">x</b><p:c><d/></p:c><n>3</n></a>'
GOESSNER = "draft-goessner-dispatch-jsonpath-00"


@pytest.mark.parametrize("version", [None, "rfc9535", GOESSNER])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$.items[0].id", 1),
        ("$.items[*].id", [1, 2]),
        ("$.items[0:1].id", [1]),
        ("$..id", [1, 2]),
        ("$.items[?(@.id==2)].name", "b"),
        ("$.items[?(@.id>0)].name", ["aaa", "b"]),
        ("$.items[?(@.id>9)].name", ABSENT),
        ("$.empty[*]", []),
        ("$.empty[0:1].id", []),
        ("$.items[*].nothing", []),
        ("$..nothing", []),
        ("$.nothing", ABSENT),
        ("$.nothing[*]", ABSENT),
        ("$.nothing.*", ABSENT),
        ("$['nothing'][0:1].id", ABSENT),
        ("$.nothing[*]..id", ABSENT),
        ("$.items[0].name[*]", ABSENT),
        ("$.items[0].name[0:1]", ABSENT),
        ("$.items[0][*]", [1, "aaa"]),
        ("$.items[0][0:1]", []),
        ("$.items[?(@.id>9)].name[*]", ABSENT),
        ("$", DATA),
    ],
)
def test_jsonpath_selects(query, expected, version):
    assert select(DATA, query, "jsonpath", version) == expected


def test_only_rfc_9535_has_functions():
    assert jsonpath_rfc9535('$.items[?match(@.name, "a.a")].id', DATA) == [1]
    with pytest.raises(ExpressionSyntaxError):
        jsonpath_goessner('$.items[?match(@.name, "a.a")].id', DATA)


@pytest.mark.parametrize("query", ["$.items[", "items", "$.items[?nope(@.id)]", "", "$.a b", "$" + "[?(" * 3000])
def test_rfc_9535_syntax_errors_are_located(query):
    with pytest.raises(ExpressionSyntaxError) as caught:
        jsonpath_rfc9535(query, DATA)
    assert 0 <= caught.value.offset <= len(query)


def test_a_runaway_pattern_is_an_error_not_a_hang():
    with limits_set(pattern_seconds=0.2), pytest.raises(GaveUpError, match="takes longer"):
        jsonpath_rfc9535('$[?match(@, "((((a|aa)+)+)+)+b")]', ["a" * 5000])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$.a[*]", True),
        ("$.a[1,2]", True),
        ("$.a[:2]", True),
        ("$..a", True),
        ("$['*']", False),
        ("$[?@.a[*]]", False),
        ("$[?(@.a == 'x,y')].b", False),
        ("$[?@['b'] == 1]['c,d']", False),
        ("$.a[0]", False),
    ],
)
def test_enumerating_queries(query, expected):
    assert enumerates(query) is expected


@pytest.mark.parametrize("version", ["xpath-31", "xpath-30", "xpath-20", "xpath-10"])
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("/a/b", ["é", "x"]),
        ("/a/b/@id", ["1", "2"]),
        ("/a/b[1]/text()", ["é"]),
        ("/a/nothing", []),
        ("/a/p:c", ['<p:c xmlns:p="urn:p"><d/></p:c>']),
        ("count(/a/b)", 2),
        ("/a/n > 2", True),
        ("/a/n + 1", 4),
        ("string(/a/n)", "3"),
    ],
)
def test_xpath_results(expression, expected, version):
    assert xpath(expression, XML, version) == expected


def test_xpath_versions_differ():
    assert xpath("let $x := 3 return $x", XML) == 3
    with pytest.raises(ExpressionSyntaxError):
        xpath("let $x := 3 return $x", XML, "xpath-20")


@pytest.mark.parametrize(
    ("text", "pattern", "found"),
    [
        ("helloworld", "hello world", True),
        ("helloworld", "hello[ ]world", False),
        ("hello world", "hello\\ sworld", True),
        ("a#b", "a # b", True),
        ("a[b", "a \\ [ b", True),
    ],
)
def test_flag_x_takes_white_space_out_of_a_pattern(text, pattern, found):
    assert xpath(f"matches('{text}', '{pattern}', 'x')", XML) is found


def test_select_by_xpath_yields_one_item_or_an_array():
    assert select(XML, "/a/n", "xpath") == "3"
    assert select(XML, "/a/b", "xpath", "xpath-10") == ["é", "x"]
    assert select(XML, "/a/zz", "xpath") is ABSENT
    assert select(XML.replace("<a", '<?xml version="1.0" encoding="latin-1"?><a', 1), "/a/b[1]", "xpath") == "é"


@pytest.mark.parametrize(
    "expression",
    [
        "doc('x')",
        "doc (: comment :) ('x')",
        "unparsed-text('file:///etc/hostname')",
        "fn:unparsed-text('file:///etc/hostname')",
        "unparsed-text#1('file:///etc/hostname')",
        "environment-variable('HOME')",
        "fn:json-doc('file:///x.json')",
        "/a/[",
        "nope()",
        "x:y",
        "",
        "'",
        "(" * 5000,
    ],
)
def test_xpath_refused(expression):
    with pytest.raises(ExpressionSyntaxError):
        xpath(expression, XML)


@pytest.mark.parametrize(
    ("expression", "data"),
    [
        ("$x", XML),
        ("1 idiv 0", XML),
        ("/a", "{}"),
        ("/a", ""),
        ("/a", {"a": 1}),
        ("/a", "<a>"),
        ("/a", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'),
        ("/a", '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>'),
    ],
)
def test_xpath_that_the_data_defeats(expression, data):
    with pytest.raises(EvaluationError):
        xpath(expression, data)


def test_a_range_that_is_too_long_is_given_up():
    with pytest.raises(GaveUpError, match="xpath_items"):
        xpath("count(1 to 10000000000)", XML)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", DATA),
        ("/items/0/id", 1),
        ("/items/2", ABSENT),
        ("/items/00", ABSENT),
        ("/items/-", ABSENT),
        ("/a~1b/m~0n", 3),
        ("#/a~1b/m%7E0n", 3),
    ],
)
def test_pointers(pointer, expected):
    assert select(DATA, pointer, "jsonpointer") == expected


@pytest.mark.parametrize("pointer", ["items", "$.items", "/a~2", "/a~"])
def test_pointers_refused(pointer):
    with pytest.raises(ExpressionSyntaxError):
        select(DATA, pointer, "jsonpointer")


def test_unknown_types_and_versions_are_refused_with_a_hint():
    with pytest.raises(ExpressionSyntaxError) as caught:
        select(DATA, "$", "jsonpath", "rfc9536")
    assert caught.value.hint == f"use rfc9535, {GOESSNER}"
    with pytest.raises(ExpressionSyntaxError):
        select(DATA, "$", "jq")


@pytest.mark.parametrize(
    ("query", "found"), [("$.a[(@.length-1)].b", 2), ("$.a[( @.length - 2 )].b", 1), ("$.a[(@.length-9)]", ABSENT)]
)
def test_the_last_element_as_goessner_wrote_it(query, found):
    assert select({"a": [{"b": 1}, {"b": 2}]}, query, "jsonpath", GOESSNER) == found


@pytest.mark.parametrize(
    ("query", "found"), [("$..b[0]", [2]), ("$..b[-1]", [3]), ("$..b[-2]", [2]), ("$..b[2]", []), ("$..b[-3]", [])]
)
def test_an_index_is_one_of_an_array_and_else_finds_nothing(query, found):
    assert jsonpath_goessner(query, {"a": {"b": "text"}, "b": [2, 3], "c": {"b": {"d": 1}}}) == found


def test_selectors_of_nothing_are_absent():
    assert select(ABSENT, "$.a", "jsonpath") is ABSENT


def test_checking_needs_no_data():
    check_selector("/soap:Envelope/soap:Body", "xpath")
    check_selector("$.a", "jsonpath", GOESSNER)
    with pytest.raises(ExpressionSyntaxError):
        check_selector("$.a[", "jsonpath")


@drawn(40)
@given(
    st.text(alphabet="$.[]*?@()'\"=<>&|!,:0a -~/x{}#", max_size=25),
    st.sampled_from(["jsonpath", "xpath", "jsonpointer"]),
)
def test_no_selector_breaks_anything(selector, kind):
    versions = {"jsonpath": ["rfc9535", GOESSNER], "xpath": ["xpath-31", "xpath-10"], "jsonpointer": ["rfc6901"]}
    for version in versions[kind]:
        try:
            select(XML if kind == "xpath" else DATA, selector, kind, version)
        except ArazzoError:
            continue


def test_libraries_are_imported_on_first_use():
    code = (
        "import sys, arazzo.expressions.selectors;"
        "print([m for m in ('lxml', 'elementpath', 'jsonpath_rfc9535', 'jsonpath_ng', 'regex') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
