"""Warnings: which expressions only lenient reads, and their portable spelling."""

import pytest

from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate_value
from arazzo.expressions.parser import parse_context
from arazzo.expressions.portability import declared_name, find_loose


def names(*declared):
    return lambda expression: declared


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$inputs.a", []),
        ("{$inputs.a}/x", []),
        ("$inputs.a.b", []),
        ("plain $pageSize", []),
        ("Bearer $inputs.token", [(7, "{$inputs.token}")]),
        ("$inputs.a {$inputs.b} $inputs.c", [(0, "{$inputs.a}"), (22, "{$inputs.c}")]),
        ("$response.body.a['b c'][0]", [(0, "$response.body#/a/b c/0")]),
        ("x {$response.body.a/b}", [(3, "{$response.body#/a~1b}")]),
        ("$steps.x.outputs.a.b[0]", [(0, "$steps.x.outputs.a#/b/0")]),
        ("$steps.x.outputs.Policy object", [(0, None)]),
        ("$inputs", []),
        ("$inputs.a\n", [(0, "$inputs.a")]),
    ],
)
def test_loose_expressions_and_their_spelling(text, expected):
    assert [(loose.offset, loose.portable) for loose in find_loose(text)] == expected


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("$inputs.a.b", ("a.b", "a"), []),
        ("$inputs.a.b", ("a",), ["$inputs.a#/b"]),
        ("$inputs.a.b#/c", ("a",), ["$inputs.a#/b/c"]),
        ("$inputs.filter[name]", ("filter[name]",), [None]),
        ("$inputs.filter[name]", ("filter",), ["$inputs.filter#/name"]),
        ("x-$inputs.a.b", ("a",), ["{$inputs.a#/b}"]),
    ],
)
def test_declared_names_tell_names_from_navigation(text, declared, expected):
    assert [loose.portable for loose in find_loose(text, names(*declared))] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Bearer $inputs.token",
        "$inputs.user.tags[0]",
        "$inputs.user.name",
        "$inputs.token/$inputs.user.name",
        "$inputs.token.",
    ],
)
def test_the_portable_spelling_means_the_same_in_strict(text):
    inputs = {"token": "t", "user": {"tags": ["x"], "name": "n"}}
    rewritten = text
    for loose in reversed(find_loose(text, lambda expression: inputs)):
        end = loose.offset + len(loose.expression.text)
        rewritten = rewritten[: loose.offset] + loose.portable + rewritten[end:]
    assert evaluate_value(rewritten, Context(inputs=inputs), "strict") == evaluate_value(text, Context(inputs=inputs))


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("$inputs.a", {"a"}, "a"),
        ("$inputs.a", {"b"}, None),
        ("$inputs.a.b[0]", {"a", "a.b"}, "a.b"),
        ("$inputs.a.b[0]", {"a"}, "a"),
        ("$steps.s.outputs.Policy object", {"Policy object", "Policy"}, "Policy object"),
        ("$inputs.name is here", {"name"}, "name"),
        ("$inputs.items[*].id", {"items"}, "items"),
        ("$url", {"url"}, "url"),
        ("$inputs", {"a"}, None),
    ],
)
def test_declared_name(text, declared, expected):
    assert declared_name(parse_context(text), declared) == expected
