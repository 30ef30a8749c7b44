"""The reader of JSON Schemas, which all that look into schemas ask."""

from __future__ import annotations

import pytest

from arazzo.document.schemas import (
    CHOICES,
    below,
    items_of,
    parts,
    properties_of,
    property_of,
    rewritten,
    subschemas,
    type_of,
    types_of,
)
from arazzo.json_values import objects_in, values_in

TREE = {"properties": {"next": {"$ref": "#/$defs/tree"}, "n": {"type": "integer"}}}


def test_subschemas_are_what_keywords_hold_and_data_is_none():
    schema = {
        "properties": {"default": {"type": "string"}},
        "allOf": [{"minimum": 1}],
        "not": False,
        "default": {"not": {}},
        "x-own": {"properties": {}},
        "patternProperties": None,
    }
    assert list(subschemas(schema)) == [
        (("properties", "default"), {"type": "string"}),
        (("allOf", "0"), {"minimum": 1}),
        (("not",), False),
    ]
    assert list(subschemas(True)) == []


def test_all_that_is_below_a_schema_is_found_once_and_in_order():
    root = {"allOf": [{"$ref": "#/$defs/tree"}], "items": {"title": "last"}, "$defs": {"tree": TREE}}
    found = list(below({"properties": {"a": root["items"], "b": root["allOf"][0]}}, root))
    assert found[1:] == [
        {"title": "last"},
        {"$ref": "#/$defs/tree"},
        TREE,
        {"$ref": "#/$defs/tree"},
        {"type": "integer"},
    ]
    assert list(below({"$ref": "#/$defs/gone"}, root)) == [{"$ref": "#/$defs/gone"}]


def test_parts_are_for_the_same_value_and_choices_only_where_asked_for():
    root = {
        "$ref": "#/$defs/tree",
        "allOf": [{"required": ["n"], "allOf": [{"$ref": "#/$defs/tree"}]}],
        "if": {"title": "if"},
        "anyOf": [{"title": "any"}, True],
        "properties": {"n": {"title": "none of them"}},
        "$defs": {"tree": {**TREE, "allOf": [{"$ref": "#/$defs/tree"}]}},
    }
    always = [part for part, certain in parts(root, root) if certain]
    assert root["$defs"]["tree"] in always
    assert ["n"] in [part.get("required") for part in always]
    assert all("title" not in part for part, _ in parts(root, root))
    assert [part for part, certain in parts(root, root, CHOICES) if not certain] == [{"title": "any"}, {"title": "if"}]


@pytest.mark.parametrize(
    ("keyword", "value", "changed"),
    [
        ("items", True, ["items"]),
        ("properties", {"a": {}, "b": 1}, {"a": ["properties", "a"], "b": ["properties", "b"]}),
        ("anyOf", [{}, {}], [["anyOf", "0"], ["anyOf", "1"]]),
        ("properties", None, None),
        ("anyOf", {}, {}),
        ("enum", [{}], [{}]),
    ],
)
def test_the_value_of_a_keyword_is_rewritten_schema_by_schema(keyword, value, changed):
    assert rewritten(keyword, value, lambda _, way: list(way)) == changed


@pytest.mark.parametrize(
    ("schema", "types", "one"),
    [
        ({"type": "string"}, ["string"], "string"),
        ({"type": ["null", "array"]}, ["array"], "array"),
        ({"type": ["integer", "string"]}, ["integer", "string"], None),
        ({"properties": {}}, ["object"], "object"),
        ({"type": ["null"], "properties": {}}, ["object"], "object"),
        ({"type": {"odd": 1}}, [], None),
        ({}, [], None),
        (True, [], None),
    ],
)
def test_types_are_told_without_null(schema, types, one):
    assert (types_of(schema), type_of(schema)) == (types, one)


def test_what_a_schema_does_not_say_of_items_and_properties_allows_anything():
    assert (items_of({"items": {"type": "null"}}), items_of({}), items_of(None)) == ({"type": "null"}, True, True)
    assert (property_of({"properties": {"a": False}}, "a"), property_of({"properties": {"a": 5}}, "a")) == (False, True)
    assert (property_of({}, "a"), properties_of({"properties": []}), properties_of(False)) == (True, {}, {})


def test_values_are_walked_with_their_pointers():
    value = {"a/b": [{"~": 1}, None], "c": {}}
    assert [at for at, _ in values_in(value, "/x")] == [
        "/x",
        "/x/a~1b",
        "/x/a~1b/0",
        "/x/a~1b/0/~0",
        "/x/a~1b/1",
        "/x/c",
    ]


def test_objects_are_found_once_and_not_where_they_are_passed_over():
    shared = {"s": 1}
    value = {"first": shared, "examples": [{"e": 1}], "list": [shared, [{"deep": []}]]}
    assert list(objects_in(value, {"examples"})) == [value, shared, {"deep": []}]
