"""What a plan carries of a description's schemas: the values that a version says are valid, and no others."""

from __future__ import annotations

import json

import pytest

from arazzo.document.schema_checks import schema_errors
from arazzo.limits import limits_set
from arazzo.openapi.contract_slices import slice_contract, slice_schema
from arazzo.openapi.sources import load_description
from arazzo.source.text import parse_source

ANSWERS, REQUESTS = "writeOnly", "readOnly"


def described(version, schemas, paths=None):
    old = version.startswith("2")
    shared = {"definitions": schemas} if old else {"components": {"schemas": schemas}}
    data = {"swagger" if old else "openapi": version, "info": {}, "paths": paths or {}, **shared}
    return load_description(parse_source(json.dumps(data), "api.json"), "api")


def is_valid(version, schema, value, *, exempt=ANSWERS, **schemas):
    found = slice_schema(described(version, schemas), schema, exempt)
    assert found.unread == ()
    return not schema_errors(json.loads(json.dumps(found.schema_)), value)


NULLABLE = {"type": "string", "nullable": True}


@pytest.mark.parametrize(
    ("version", "schema", "value", "valid"),
    [
        ("3.0.3", NULLABLE, None, True),
        ("3.0.3", NULLABLE, 5, False),
        ("3.1.0", NULLABLE, None, False),
        ("3.1.0", {"type": ["string", "null"]}, None, True),
        ("3.0.3", {"type": "string", "enum": ["a"], "nullable": True}, None, True),
        ("2.0", {"type": "string", "x-nullable": True}, None, True),
        ("3.0.3", {"type": "integer", "minimum": 3, "exclusiveMinimum": True}, 3, False),
        ("3.0.3", {"type": "integer", "minimum": 3, "exclusiveMinimum": True}, 4, True),
        ("3.0.3", {"type": "integer", "minimum": 3, "exclusiveMinimum": False}, 3, True),
        ("2.0", {"type": "number", "maximum": 3, "exclusiveMaximum": True}, 3, False),
        ("3.1.0", {"type": "integer", "exclusiveMinimum": 3}, 3, False),
        ("3.1.0", {"const": "a"}, "b", False),
        ("3.1.0", {"type": "array", "prefixItems": [{"type": "string"}], "items": False}, ["a", 1], False),
        ("2.0", {"type": "file"}, "anything", True),
        ("3.0.3", {"type": "string", "example": 5, "x-mine": 1, "default": 7, "xml": {"name": "a"}}, "a", True),
        ("3.1.0", True, 5, True),
        ("3.1.0", False, 5, False),
    ],
)
def test_each_version_is_read_in_its_own_words(version, schema, value, valid):
    assert is_valid(version, schema, value) is valid


TREE = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Tree"}}, "required": ["id"]}


def test_a_schema_that_holds_itself_is_followed_to_every_depth():
    reference = {"$ref": "#/components/schemas/Tree"}
    assert is_valid("3.0.3", reference, {"id": 1, "next": {"id": 2, "next": {"id": 3}}}, Tree=TREE)
    assert not is_valid("3.0.3", reference, {"id": 1, "next": {"id": 2, "next": {}}}, Tree=TREE)


def test_what_stands_beside_a_reference_counts_from_3_1_on():
    beside = {"$ref": "#/components/schemas/Name", "maxLength": 2}
    assert is_valid("3.0.3", beside, "abc", Name={"type": "string"})
    assert not is_valid("3.1.0", beside, "abc", Name={"type": "string"})


OWNER = {"properties": {"id": {"readOnly": True}, "pin": {"$ref": "#/components/schemas/Pin"}}}
PARTS = {
    "Pin": {"type": "string", "writeOnly": True},
    "Needs": {"type": "object", "required": ["id", "pin", "name"]},
    "Own": {"type": "object", "required": ["id", "pin", "name"], **OWNER},
}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Own"},
        {"allOf": [{"$ref": "#/components/schemas/Needs"}, OWNER]},
        {"allOf": [OWNER, {"allOf": [{"$ref": "#/components/schemas/Needs"}]}]},
    ],
)
def test_what_is_for_the_other_direction_is_not_required(schema):
    assert is_valid("3.0.3", schema, {"id": 1, "name": "a"}, exempt=ANSWERS, **PARTS)
    assert is_valid("3.0.3", schema, {"pin": "1", "name": "a"}, exempt=REQUESTS, **PARTS)
    assert not is_valid("3.0.3", schema, {"pin": "1", "name": "a"}, exempt=ANSWERS, **PARTS)
    assert not is_valid("3.0.3", schema, {"id": 1, "name": "a"}, exempt=REQUESTS, **PARTS)
    assert not is_valid("3.0.3", schema, {"id": 1, "pin": "1"}, exempt=ANSWERS, **PARTS)


def test_a_schema_that_others_require_more_of_is_written_for_each():
    whole = {"properties": {"a": {"allOf": [{"$ref": "#/components/schemas/Needs"}, OWNER]}, "b": {}}}
    whole["properties"]["b"] = {"$ref": "#/components/schemas/Needs"}
    assert is_valid("3.1.0", whole, {"a": {"id": 1, "name": ""}, "b": {"id": 1, "pin": "", "name": ""}}, **PARTS)
    assert not is_valid("3.1.0", whole, {"b": {"id": 1, "name": ""}}, **PARTS)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"a": {"$ref": "#/components/schemas/Gone"}}}, "there is no 'Gone'"),
        ({"properties": {"a": {"required": True}}}, "#/properties/a/required is not a valid value of that keyword"),
        ({"pattern": "("}, "#/pattern is not a valid value of that keyword"),
        ({"items": 5}, "#/items is not a schema"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_rest_is_held_against(schema, said):
    found = slice_schema(described("3.0.3", {}), {"type": "object", **schema}, ANSWERS)
    assert said in found.unread[0]
    assert schema_errors(found.schema_, 5)


def test_a_schema_beyond_the_limit_is_said_to_be():
    with limits_set(schema_values=5):
        found = slice_schema(described("3.0.3", {}), {"properties": {name: {} for name in "abcdef"}}, ANSWERS)
    assert (found.schema_, found.unread) == (True, ("it holds more than 5 values (schema_values)",))


def test_a_chain_of_references_may_be_as_long_as_it_likes():
    chain = {f"S{n}": {"properties": {"next": {"$ref": f"#/components/schemas/S{n + 1}"}}} for n in range(2000)}
    described_chain = described("3.0.3", {**chain, "S2000": {"type": "integer"}})
    found = slice_schema(described_chain, {"$ref": "#/components/schemas/S0"}, ANSWERS)
    assert (found.unread, len(found.schema_["$defs"])) == ((), 2001)


def test_a_schema_that_is_too_deep_is_said_to_be():
    deep = {}
    for _ in range(1000):
        deep = {"items": deep}
    found = slice_schema(described("3.0.3", {}), deep, ANSWERS)
    assert (found.schema_, found.unread) == (True, ("it is nested too deep",))


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.0"])
def test_a_contract_has_answers_headers_and_bodies_of_every_version(version):
    schema, left = {"type": "integer"}, {"type": "string", "pattern": "a"}
    if version == "2.0":
        answer = {"description": "", "schema": schema, "headers": {"X-Left": left}}
        operation = {
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "parameters": [{"in": "body", "name": "b", "schema": schema}],
            "responses": {"200": answer},
        }
    else:
        content = {"content": {"application/json": {"schema": schema}}}
        answer = {"description": "", "headers": {"X-Left": {"schema": left}}, **content}
        operation = {"requestBody": content, "responses": {"200": answer}}
    description = described(version, {}, {"/a": {"post": {"operationId": "a", **operation}}})
    operation = next(description.operations())
    contract = slice_contract(description, operation)
    (answer,) = contract.answers
    assert (answer.status, list(answer.content), list(contract.bodies)) == (
        "200",
        ["application/json"],
        ["application/json"],
    )
    assert contract.schemas[answer.content["application/json"]].schema_ == schema
    assert contract.schemas[contract.bodies["application/json"]].schema_ == schema
    assert contract.schemas[answer.headers[0].schema_].schema_ == left
    assert len(contract.schemas) == 2
    bare = slice_contract(description, operation, schemas=False)
    assert (len(bare.schemas), bare.answers[0].headers) == (1, ())
    assert slice_contract(description, operation) is contract
