"""Payloads that are JSON as text, and what becomes of structures in their quotes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arazzo.engine.json_text import fill_json_text
from arazzo.expressions.context import Context

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}, "list": {"type": "array"}}}


def filled(payload, schema=True, **inputs):
    return fill_json_text(payload, schema, Context(inputs=inputs), "lenient")


def test_text_without_structures_stays_text():
    assert filled('{"a": "{$inputs.v}"}', v=1) == '{"a": "1"}'


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, {"text": [1], "list": [1]}),
        (SCHEMA, {"text": "[1]", "list": [1]}),
        ({"type": "object", "properties": {"text": {"type": ["string", "null"]}}}, {"text": "[1]", "list": [1]}),
    ],
)
def test_the_schema_may_ask_for_a_string(schema, expected):
    assert filled('{"text": "{$inputs.v}", "list": "{$inputs.v}"}', schema, v=[1]) == expected


def test_a_name_or_a_part_of_a_string_is_text():
    assert filled('{"{$inputs.v}": "x {$inputs.v}"}', v=[1]) == {"[1]": "x [1]"}


def test_what_is_no_json_stays_text():
    assert filled('{a: "{$inputs.v}"}', v=[1]) == '{a: "[1]"}'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=3) | st.dictionaries(st.text(), JSON, max_size=3), st.text())
def test_a_structure_arrives_whatever_stands_beside_it(value, text):
    found = filled('[{"v": "{$inputs.v}", "t": "{$inputs.t}"}]', v=value, t=text)
    assert json.loads(json.dumps(found)) == [{"v": value, "t": text}]
