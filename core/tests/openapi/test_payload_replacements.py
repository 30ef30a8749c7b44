"""Values set within payloads: JSON pointer, JSONPath, XPath."""

import copy
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arazzo.absent import ABSENT
from arazzo.document.models import ExpressionType
from arazzo.errors import RequestError
from arazzo.openapi.replacements import Replacement, apply_replacements

JSON, XML = "application/json", "application/xml"
ORDER = {"petId": 1, "items": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}], "a/b": {"~": 0}}


def replaced(target, value, kind=None, payload=ORDER, content_type=JSON):
    return apply_replacements(payload, [Replacement(target, value, kind)], content_type)


@pytest.mark.parametrize(
    ("target", "change"),
    [
        ("/petId", {"petId": 9}),
        ("/new", {"new": 9}),
        ("/items/0/n", {"items": [{"sku": "A", "n": 9}, {"sku": "B", "n": 2}]}),
        ("/items/-", {"items": [*ORDER["items"], 9]}),
        ("/items/2", {"items": [*ORDER["items"], 9]}),
        ("/items", {"items": 9}),
        ("/a~1b/~0", {"a/b": {"~": 9}}),
        ("#/petId", {"petId": 9}),
    ],
)
@pytest.mark.parametrize("kind", [None, "jsonpointer", ExpressionType(type="jsonpointer", version="rfc6901")])
def test_json_pointer(target, change, kind):
    before = copy.deepcopy(ORDER)
    assert replaced(target, 9, kind) == {**ORDER, **change}
    assert before == ORDER


def test_the_empty_pointer_is_the_whole_payload():
    assert replaced("", [1]) == [1]


@pytest.mark.parametrize("content_type", [JSON, None, "application/vnd.x+json"])
def test_text_payloads_are_read_as_json(content_type):
    assert replaced("/a", True, payload='{"a": 1, "b": 2}', content_type=content_type) == {"a": True, "b": 2}


@pytest.mark.parametrize(
    "kind", [None, "jsonpath", ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00")]
)
def test_jsonpath(kind):
    assert replaced("$.petId", 9, kind)["petId"] == 9
    assert [item["n"] for item in replaced("$.items[*].n", 9, kind)["items"]] == [9, 9]
    assert [item["n"] for item in replaced("$.items[?(@.sku=='B')].n", 9, kind)["items"]] == [1, 9]


def test_replacements_come_in_order_and_absent_ones_do_nothing():
    steps = [Replacement("/x", {"y": 1}), Replacement("/x/y", 2), Replacement("/petId", ABSENT)]
    found = apply_replacements(ORDER, steps, JSON)
    assert (found["x"], found["petId"]) == ({"y": 2}, 1)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/missing/x", None),
        ("/items/7", None),
        ("/items/01x", None),
        ("/petId/x", None),
        ("petId", None),
        ("$.nothing[0]", None),
        ("$[", None),
        ("$[", ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00")),
        ("//x", "xpath"),
    ],
)
def test_targets_that_lead_nowhere_are_refused(target, kind):
    with pytest.raises(RequestError, match="replacement target"):
        replaced(target, 9, kind)


def test_text_that_is_no_json_is_refused():
    with pytest.raises(RequestError, match="not JSON text"):
        replaced("/a", 1, payload="plain")


ENVELOPE = (
    '<e:Envelope xmlns:e="urn:e"><Header id="1"><CustomerId>old<b/></CustomerId></Header><n>1</n><n>2</n></e:Envelope>'
)


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        ("/e:Envelope/Header/CustomerId", "a<b", "<CustomerId>a&lt;b</CustomerId>"),
        ("/e:Envelope/Header/@id", 7, '<Header id="7">'),
        ("//n", True, "<n>true</n><n>true</n>"),
        ("//n[2]/text()", "x", "<n>1</n><n>x</n>"),
    ],
)
@pytest.mark.parametrize("kind", [None, ExpressionType(type="xpath", version="xpath-30")])
def test_xpath(target, value, expected, kind):
    assert expected in replaced(target, value, kind, payload=ENVELOPE, content_type=XML)


@pytest.mark.parametrize("target", ["//nothing", "///", "count(//n)"])
def test_xpath_targets_that_lead_nowhere_are_refused(target):
    with pytest.raises(RequestError, match="replacement target"):
        replaced(target, 1, payload=ENVELOPE, content_type=XML)


def test_xml_cannot_hold_control_characters():
    with pytest.raises(RequestError, match="does not have"):
        replaced("//n", "\0", payload=ENVELOPE, content_type=XML)


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(payload=VALUES, target=st.text(max_size=6) | st.just("/0/a"), value=VALUES)
def test_any_target_is_set_or_refused(payload, target, value):
    before = copy.deepcopy(payload)
    with suppress(RequestError):
        replaced(target, value, "jsonpointer", payload=payload)
    assert payload == before
