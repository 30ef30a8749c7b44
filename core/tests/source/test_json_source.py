"""JSON, located."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suite import drawn

from arazzo.errors import DocumentError
from arazzo.source.text import parse_source


@pytest.mark.parametrize(
    ("text", "rule", "line", "column", "words"),
    [
        ('{"a": 1,\n "a": 2}', "duplicate-key", 2, 2, "'a' is given twice"),
        ('{"a": 1,\n "\\u0061": 2}', "duplicate-key", 2, 2, "'a' is given twice"),
        ('{"a": NaN}', "json-syntax", 1, 7, "NaN"),
        ('{"a": [1, -Infinity]}', "json-syntax", 1, 11, "-Infinity"),
        ('{"a": 1e4301}', "yaml-limits", 1, 7, "number_exponent"),
        ('{"a":}', "json-syntax", 1, 6, "missing"),
        ('{"a": 1} x', "json-syntax", 1, 10, "after the end"),
        ('{"a": "x', "json-syntax", 1, 7, "not closed"),
        ('{\n  "a": 1,\n}', "json-syntax", 3, 1, "key in double quotes"),
        ('{"a": "\\ud800"}', "json-syntax", 1, 7, "surrogate"),
        ('{"a": "\\udc00\\ud800"}', "json-syntax", 1, 7, "surrogate"),
        ("", "json-syntax", 1, 1, "empty"),
        ('{"a":' * 300 + "1" + "}" * 300, "yaml-limits", 1, 1001, "deep"),
        ("[" * 100_000 + "]" * 100_000, "yaml-limits", 1, 201, "deep"),
    ],
)
def test_json_problems_are_located(text: str, rule: str, line: int, column: int, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_source(text, "d.json")
    (found,) = caught.value.problems
    assert found.rule == rule
    assert words in found.message or rule == "json-syntax"
    if words != "key in double quotes":  # newer Pythons point to the comma
        assert (found.place.line, found.place.column) == (line, column)


def test_surrogate_pairs_are_characters() -> None:
    assert parse_source('{"a": "\\ud83d\\ude00"}', "d.json").data == {"a": "😀"}


def test_a_flow_mapping_is_yaml_unless_the_name_says_json() -> None:
    assert parse_source("{a: 1}", "d.yaml").data == {"a": 1}
    assert parse_source("{a: 1}", "stdin").data == {"a": 1}
    with pytest.raises(DocumentError):
        parse_source("{a: 1}", "d.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


def pointers(value: object, here: str = "") -> list[tuple[str, object]]:
    found = [(here, value)]
    match value:
        case dict():
            for key, item in value.items():
                found += pointers(item, f"{here}/{key.replace('~', '~0').replace('/', '~1')}")
        case list():
            for index, item in enumerate(value):
                found += pointers(item, f"{here}/{index}")
    return found


@drawn(40)
@given(json_values, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_value_is_found_where_it_stands(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    source = parse_source(text, "d.json")
    assert source.data == value
    lines = text.split("\n")
    for pointer, item in pointers(value):
        place = source.place(pointer)
        rest = "\n".join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        assert json.JSONDecoder().raw_decode(rest)[0] == item
