"""The limits: set by the environment, told of in docs/limits.md, and kept."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from arazzo.errors import ArazzoError, DocumentError, ExpressionSyntaxError
from arazzo.limits import Limits, current_limits, from_environment, limits_set, parse_limits, read_from

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
CODE = Path(__file__).parents[1] / "arazzo"
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<default>[\d,.]+) \| (?P<meaning>.+) \|$", re.MULTILINE)


def test_the_page_lists_every_limit_with_its_default():
    told = [
        (row["name"], float(row["default"].replace(",", "")), row["meaning"]) for row in ROW.finditer(PAGE.read_text())
    ]
    assert told == [(each.name, each.default, each.metadata["meaning"]) for each in fields(Limits)]


@pytest.mark.parametrize("name", [each.name for each in fields(Limits)])
def test_every_limit_is_kept_somewhere(name):
    """A setting that nobody reads would be one that does nothing."""
    assert any(f".{name}" in path.read_text() for path in CODE.rglob("*.py"))


def test_the_environment_sets_limits(monkeypatch):
    monkeypatch.setenv("ARAZZO_LIMIT_PATTERN_SECONDS", "0.5")
    monkeypatch.setenv("ARAZZO_LIMIT_JSON_DEPTH", "7")
    monkeypatch.setenv("ARAZZO_LIMIT_CALLS", " ")
    found = from_environment()
    assert (found.pattern_seconds, found.json_depth, found.calls) == (0.5, 7, Limits().calls)


@pytest.mark.parametrize("text", ["x", "0", "-1", "1e400", "nan", "1.5"])
def test_a_setting_that_is_no_limit_is_refused(text):
    with pytest.raises(ArazzoError, match=r"here: limit 'json_depth' is a number above 0"):
        parse_limits({"json_depth": text}, "here")


def test_a_setting_that_names_nothing_is_refused():
    with pytest.raises(ArazzoError, match="there is no limit 'json_deepth'"):
        parse_limits({"json_deepth": "1"}, "here")


def test_limits_are_read_when_they_are_asked_for():
    asked = []

    def source() -> Limits:
        asked.append(True)
        return Limits(calls=3)

    try:
        read_from(source)
        assert asked == []
        assert [current_limits().calls, current_limits().calls] == [3, 3]
        assert asked == [True]
        with limits_set(calls=4):
            assert current_limits().calls == 4
        assert current_limits().calls == 3
    finally:
        read_from(from_environment)


@pytest.mark.parametrize(
    ("limit", "refused"),
    [
        ("file_characters", lambda: _source("a: [1, 2, 3]")),
        ("file_depth", lambda: _source("a: [[[[[[[[[[[1]]]]]]]]]]]")),
        ("file_values", lambda: _source("a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]")),
        ("file_depth", lambda: _source('{"a": [[[[[[[[[[[1]]]]]]]]]]]}')),
        ("expression_characters", lambda: _expression("$inputs." + "a" * 20)),
        ("expression_characters", lambda: _template("Bearer $inputs." + "a" * 20)),
        ("expression_characters", lambda: _condition("$inputs." + "a" * 20 + " == 1")),
        ("selector_characters", lambda: _selector("$." + "a" * 20)),
        ("pattern_pieces", lambda: _pattern("a{20}")),
        ("condition_depth", lambda: _condition("(" * 20 + "1 == 1" + ")" * 20)),
        ("number_digits", lambda: _selector("$[?@ == 123456789012]")),
        ("number_exponent", lambda: _condition("$statusCode == 1.5e11")),
    ],
)
def test_a_small_limit_refuses_what_stands_in_a_document(limit, refused):
    with limits_set(**{limit: 10}), pytest.raises((DocumentError, ExpressionSyntaxError), match=limit):
        refused()


def _source(text):
    from arazzo.source.text import parse_source

    parse_source(text, "a.json" if text.startswith("{") else "a.yaml")


def _expression(text):
    from arazzo.expressions.parser import parse_expression

    parse_expression(text)


def _template(text):
    from arazzo.expressions.templates import parse_template

    parse_template(text)


def _selector(text):
    from arazzo.expressions.selectors import check_selector

    check_selector(text, "jsonpath")


def _pattern(text):
    from arazzo.expressions.regular_expressions import compile_pattern

    compile_pattern(text)


def _condition(text):
    from arazzo.criteria import parse_simple

    parse_simple(text)
