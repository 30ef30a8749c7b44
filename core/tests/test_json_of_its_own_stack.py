"""JSON that the library cannot read at once, for an integer of many digits or its depth, comes to the same."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arazzo.json_values import read_own_json, write_json

LONG_INTEGER = "9" * 5000  # which Python's int does not read
DEEP = 100_000
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([',"', "],", "},{", '\\"']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES, st.sampled_from([None, 2]))
def test_any_value_beside_a_long_integer_is_read(value, indent):
    text = f" [{json.dumps(value, indent=indent)} , {LONG_INTEGER}]\n"
    found = read_own_json(text)
    assert found[0] == value
    assert write_json(found[0], ascii_only=True) == json.dumps(value, separators=(",", ":"))


def test_any_depth_is_read_and_written():
    text = '{"in":[' * DEEP + "1" + "]}" * DEEP
    assert write_json(read_own_json(text)) == text


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


@pytest.mark.parametrize("text", [f'[{LONG_INTEGER},7,{{"a":[1,2]}}]', f'{{"n":{LONG_INTEGER},"a":7,"b":[{{}},"x"]}}'])
@pytest.mark.parametrize("broken", BROKEN)
def test_text_with_a_long_integer_that_is_no_json_is_refused(text, broken):
    with pytest.raises(ValueError, match=r"line 1 column|Expecting|NaN|JSON"):
        read_own_json(BROKEN[broken](text))
