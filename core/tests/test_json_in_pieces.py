"""Long JSON is read and written piece by piece, so that other threads get a turn; it comes to the same."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arazzo.json_values import read_own_json, write_json

LONG = 300 * 1024
ITEM = {"id": 1, "name": 'a, "b" {c} [d], é', "labels": ["x", "y,z"], "size": 1.5, "none": None, "in": {"deep": [{}]}}
SHAPES = {
    "objects": [ITEM] * 3000,
    "an object of objects": {f"k{number}": ITEM for number in range(3000)},
    "a list in an object": {"items": [ITEM] * 3000, "next": 2},
    "integers": [*range(100_000)],
    "texts": ["a,b", "c]", "{d", 'e"\\', "\n☃"] * 20_000,
    "members": {f"k,{number}": f"v{number}" for number in range(40_000)},
    "integers of members": {f"k{number}": number for number in range(40_000)},
    "a long text": ["x\n" * LONG, {"y": "z☃" * LONG}],
    "lists": [[number, [number], []] for number in range(40_000)],
    "deep": json.loads("[" * 40 + ",".join(["[1]"] * 100_000) + "]" * 40),
    "long numbers": [10**4000] * 100,
    "nulls": [None, True, False] * 50_000,
    "long in long": {"a": {"b": [["x" * 20_000, {"c": "y" * 20_000}]] * 10, "d": [1] * 100_000}, "e": "f"},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("indent", [None, 1])
def test_long_json_is_what_the_library_makes_of_it(shape, indent):
    value = SHAPES[shape]
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    assert len(text) > LONG
    assert read_own_json(f" {text}\n") == value
    assert read_own_json(json.dumps(value, indent=indent)) == value
    assert write_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert write_json(value, ascii_only=True) == json.dumps(value, separators=(",", ":"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([',"', "],", "},{", '\\"']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=15)
@given(st.lists(VALUES, min_size=3, max_size=30), st.sampled_from([None, 2]), st.booleans())
def test_any_long_json_is_read_and_written(members, indent, named):
    many = members * (300 // len(members)) + [" " * LONG]
    value = {str(number): member for number, member in enumerate(many)} if named else many
    assert read_own_json(json.dumps(value, indent=indent)) == value
    assert write_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


BROKEN = {
    "cut off": lambda text: text[:-1],
    "cut off within": lambda text: text[:-40],
    "more": lambda text: text + "]",
    "no comma": lambda text: text.replace(",", " ", 1),
    "a comma too many": lambda text: text.replace(",", ",,", 1),
    "a comma at the end": lambda text: text[:-1] + "," + text[-1],
    "a constant": lambda text: re.sub(r"(?<=[:,\[])7\b", "NaN", text, count=1),
    "another bracket": lambda text: text[:-1] + ("}" if text[-1] == "]" else "]"),
}


@pytest.mark.parametrize("shape", ["objects", "an object of objects", "integers", "integers of members", "lists"])
@pytest.mark.parametrize("broken", BROKEN)
def test_long_text_that_is_no_json_is_refused(shape, broken):
    text = BROKEN[broken](json.dumps(SHAPES[shape], separators=(",", ":")).replace('"id":1', '"id":7'))
    with pytest.raises(ValueError, match=r"line 1 column|Expecting|NaN|JSON"):
        read_own_json(text)
