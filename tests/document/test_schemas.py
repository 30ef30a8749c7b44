"""References of input schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from airflow_arazzo.core.document import declared_inputs, load_document, parse_document
from airflow_arazzo.core.errors import DocumentError
from airflow_arazzo.core.source import parse_source


def document(inputs: object, components: dict | None = None) -> dict:
    return {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "x"}],
        "workflows": [{"workflowId": "w", "inputs": inputs, "steps": [{"stepId": "a", "operationId": "x"}]}],
        "components": {"inputs": components or {}},
    }


def inputs(schema: object, components: dict | None = None) -> object:
    loaded = parse_document(parse_source(json.dumps(document(schema, components)), "d.json"))
    return loaded.document.workflows[0].inputs


def refused(schema: object, components: dict | None = None) -> list[tuple[str, str, str | None]]:
    with pytest.raises(DocumentError) as caught:
        inputs(schema, components)
    return [(problem.rule, problem.place.pointer, problem.hint) for problem in caught.value.problems]


PAGE = {"type": "object", "properties": {"page": {"type": "integer"}}}


def test_pointers_and_anchors_are_written_out() -> None:
    assert inputs({"$ref": "#/components/inputs/page"}, {"page": PAGE}) == PAGE
    named = {"$anchor": "paging", **PAGE}
    assert inputs({"$ref": "#paging"}, {"page": named}) == named
    nested = inputs({"properties": {"p": {"$ref": "#/components/inputs/page/properties/page"}}}, {"page": PAGE})
    assert nested == {"properties": {"p": {"type": "integer"}}}


def test_escaped_and_encoded_pointers() -> None:
    assert inputs({"$ref": "#/components/inputs/a~1b%20c"}, {"a/b c": PAGE}) == PAGE


def test_references_within_the_schema_itself_are_understood() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert inputs(schema)["properties"] == {"a": {"type": "integer"}}


def test_annotations_beside_a_reference_overrule_and_constraints_add_up() -> None:
    components = {"n": {"type": "integer", "title": "N"}}
    assert inputs({"$ref": "#/components/inputs/n", "title": "Mine"}, components) == {
        "type": "integer",
        "title": "Mine",
    }
    both = inputs({"$ref": "#/components/inputs/n", "minimum": 1}, components)
    assert Draft202012Validator(both).is_valid(1)
    assert not Draft202012Validator(both).is_valid(0)
    assert not Draft202012Validator(both).is_valid("1")


def test_data_and_names_are_not_keywords() -> None:
    schema = {
        "properties": {"default": {"$ref": "#/components/inputs/n"}, "$ref": {"type": "string"}},
        "default": {"$ref": "#/nowhere"},
    }
    assert inputs(schema, {"n": {"type": "null"}}) == {
        "properties": {"default": {"type": "null"}, "$ref": {"type": "string"}},
        "default": {"$ref": "#/nowhere"},
    }


def test_a_schema_that_holds_itself_still_validates() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/components/inputs/tree"}}, "required": ["name"]}
    validator = Draft202012Validator(inputs({"$ref": "#/components/inputs/tree"}, {"tree": tree}))
    assert validator.is_valid({"name": 1, "next": {"name": 1, "next": {"name": 1, "next": {"name": 2}}}})
    assert not validator.is_valid({"name": 1, "next": {"name": 1, "next": {"name": 1, "next": {"nam": 2}}}})


def test_inputs_that_refer_to_themselves() -> None:
    validator = Draft202012Validator(inputs({"type": "object", "properties": {"a": {"$ref": "#/workflows/0/inputs"}}}))
    assert not validator.is_valid({"a": {"a": {"a": {"a": 1}}}})


def test_a_reference_in_a_circle_of_references_does_not_hang() -> None:
    inputs(
        {"$ref": "#/components/inputs/a"},
        {"a": {"$ref": "#/components/inputs/b"}, "b": {"$ref": "#/components/inputs/a"}},
    )


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("#/components/inputs/pgae", "did you mean 'page'?"),
        ("#nowhere", None),
        ("#/x/y", None),
        ("https://example.org/x.yaml#/a", None),
        ("missing.yaml#/a", None),
    ],
)
def test_references_to_nothing(reference: str, hint: str | None) -> None:
    assert refused({"$ref": reference}, {"page": PAGE}) == [("unknown-reference", "/workflows/0/inputs/$ref", hint)]


def test_other_files(tmp_path: Path) -> None:
    (tmp_path / "common.json").write_text(json.dumps({"defs": {"n": {"$ref": "#/defs/m"}, "m": {"type": "integer"}}}))
    (tmp_path / "doc.json").write_text(json.dumps(document({"$ref": "common.json#/defs/n"})))
    assert load_document(tmp_path / "doc.json").document.workflows[0].inputs == {"type": "integer"}


def test_a_resolver_decides_what_other_files_are() -> None:
    source = parse_source(json.dumps(document({"$ref": "https://example.org/x.json#/a"})), "d.json")
    opened: list[str] = []

    def resolver(uri: str):
        opened.append(uri)
        return parse_source('{"a": {"type": "null"}}', uri, uri)

    assert parse_document(source, resolver=resolver).document.workflows[0].inputs == {"type": "null"}
    assert opened == ["https://example.org/x.json"]


def test_references_that_explode_are_refused() -> None:
    bomb = {
        f"s{level}": {"properties": {str(i): {"$ref": f"#/components/inputs/s{level + 1}"} for i in range(10)}}
        for level in range(12)
    }
    found = refused({"$ref": "#/components/inputs/s0"}, {**bomb, "s12": {"type": "null"}})
    assert {rule for rule, _, _ in found} == {"yaml-limits"}


def test_a_long_chain_of_references_is_refused_and_does_not_overflow() -> None:
    chain = {f"s{level}": {"$ref": f"#/components/inputs/s{level + 1}"} for level in range(3000)}
    found = refused({"$ref": "#/components/inputs/s0"}, {**chain, "s3000": {"type": "null"}})
    assert {rule for rule, _, _ in found} == {"yaml-limits"}


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ("text", ""),
        ({"type": "String"}, "/type"),
        ({"type": []}, "/type"),
        ({"properties": {"a": {"required": True}}}, "/properties/a/required"),
        ({"properties": {"a": "string"}}, "/properties/a"),
        ({"properties": ["a"]}, "/properties"),
        ({"items": [{"type": "string"}]}, "/items"),
        ({"allOf": []}, "/allOf"),
        ({"anyOf": [{"enum": "a"}]}, "/anyOf/0/enum"),
        ({"pattern": "("}, "/pattern"),
        ({"minimum": "1"}, "/minimum"),
        ({"maxLength": -1}, "/maxLength"),
        ({"exclusiveMinimum": True}, "/exclusiveMinimum"),
    ],
)
def test_inputs_that_are_no_schema(schema: object, pointer: str) -> None:
    assert [(rule, at) for rule, at, _ in refused(schema)] == [("invalid-schema", f"/workflows/0/inputs{pointer}")]


def test_words_of_other_vocabularies_are_let_through() -> None:
    schema = {"type": ["string", "null"], "nullable": 1, "example": {"type": 5}, "x-y": 1, "maxItems": 2.0}
    assert inputs(schema) == schema


@pytest.mark.parametrize(
    ("schema", "names", "required", "defaults"),
    [
        (None, [], [], {}),
        (True, [], [], {}),
        ({"properties": {"a": {"default": 1}, "b": True}, "required": ["b"]}, ["a", "b"], ["b"], {"a": 1}),
        (
            {"allOf": [{"properties": {"a": {"default": 1}}}, {"required": ["b"], "properties": {"b": {}}}]},
            ["a", "b"],
            ["b"],
            {"a": 1},
        ),
        ({"allOf": [{"allOf": [{"properties": {"a": {"default": 0}}}]}], "required": ["a"]}, ["a"], ["a"], {"a": 0}),
        (
            {"properties": {"a": {"default": 2}}, "allOf": [{"properties": {"a": {"type": "integer", "default": 1}}}]},
            ["a"],
            [],
            {"a": 2},
        ),
        ({"$ref": "#/components/inputs/page", "required": ["page"]}, ["page"], ["page"], {}),
        (
            {
                "properties": {"a": {}},
                "$defs": {"b": {"$ref": "#/$defs/b", "properties": {"c": {}}}},
                "$ref": "#/$defs/b",
            },
            ["a", "c"],
            [],
            {},
        ),
        ({"anyOf": [{"required": ["a"], "properties": {"a": {}}}, {"properties": {"b": {}}}]}, [], [], {}),
    ],
)
def test_inputs_are_gathered_from_all_parts_of_their_schema(schema, names, required, defaults) -> None:
    found = declared_inputs(inputs(schema, {"page": PAGE}) if schema is not None else None)
    assert (list(found.schemas), list(found.required), found.defaults) == (names, required, defaults)


def test_inputs_of_some_branch_are_known_and_not_required() -> None:
    schema = {"anyOf": [{"required": ["a"], "properties": {"a": {}}}, {"properties": {"b": {}}}]}
    found = declared_inputs(schema, choices=True)
    assert (list(found.schemas), found.required) == (["a", "b"], ())
