"""References of input schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema_specifications import REGISTRY

from arazzo.document.input_declarations import declared_inputs
from arazzo.document.loading import load_document, parse_document
from arazzo.document.schema_checks import schema_errors
from arazzo.errors import DocumentError
from arazzo.limits import limits_set
from arazzo.source.text import parse_source

VOCABULARIES = ("core", "applicator", "unevaluated", "validation", "meta-data", "format-annotation", "content")
META = [REGISTRY.contents(f"https://json-schema.org/draft/2020-12/meta/{name}") for name in VOCABULARIES]


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


@pytest.mark.parametrize("name", ["node", "a/b", "a~b", "a%41", "größe"])
def test_a_schema_that_holds_itself_may_have_any_name(name: str) -> None:
    token = name.replace("~", "~0").replace("/", "~1").replace("%", "%25")
    holds_itself = {"properties": {"next": {"$ref": f"#/components/inputs/{token}"}, "n": {"type": "integer"}}}
    written = inputs({"properties": {"a": {"$ref": f"#/components/inputs/{token}"}}}, {name: holds_itself})
    assert schema_errors(written, {"a": {"next": {"next": {"n": 1}}}}) == []
    assert [list(each.path) for each in schema_errors(written, {"a": {"next": {"next": {"n": "x"}}}})] == [
        ["a", "next", "next", "n"]
    ]


def test_two_schemas_that_hold_themselves_are_told_apart() -> None:
    components = {
        name: {"properties": {"next": {"$ref": f"#/components/inputs/{name}"}, name: {"type": "integer"}}}
        for name in ("a1", "a")
    }
    written = inputs({"properties": {name: {"$ref": f"#/components/inputs/{name}"} for name in components}}, components)
    assert len(schema_errors(written, {name: {"next": {"next": {name: "x"}}} for name in components})) == 2


def test_a_schema_that_holds_itself_still_validates() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/components/inputs/tree"}}, "required": ["name"]}
    validator = Draft202012Validator(inputs({"$ref": "#/components/inputs/tree"}, {"tree": tree}))
    assert validator.is_valid({"name": 1, "next": {"name": 1, "next": {"name": 1, "next": {"name": 2}}}})
    assert not validator.is_valid({"name": 1, "next": {"name": 1, "next": {"name": 1, "next": {"nam": 2}}}})


def test_inputs_that_refer_to_themselves() -> None:
    validator = Draft202012Validator(inputs({"type": "object", "properties": {"a": {"$ref": "#/workflows/0/inputs"}}}))
    assert not validator.is_valid({"a": {"a": {"a": {"a": 1}}}})


TREE = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/inputs/tree"}}}}


@pytest.mark.parametrize(
    ("schema", "components", "pointers"),
    [
        ({"$ref": "#/components/inputs/a"}, {"a": {"$ref": "#/components/inputs/a"}}, ["/components/inputs/a/$ref"]),
        (
            {},
            {"a": {"not": {"$ref": "#/components/inputs/b"}}, "b": {"$ref": "#/components/inputs/a"}},
            ["/components/inputs/a/not/$ref"],
        ),
        (
            {"properties": {"a": {"$ref": "#/properties/a", "default": 1}}},
            {},
            ["/workflows/0/inputs/properties/a/$ref"],
        ),
        (
            {"properties": {"a": {"anyOf": [{"$ref": "#/properties/a"}, {"type": "null"}]}}},
            {},
            ["/workflows/0/inputs/properties/a/anyOf/0/$ref"],
        ),
        ({"properties": {"t": {"$ref": "#/components/inputs/tree"}}}, {"tree": TREE}, []),
        ({"$ref": "#/components/inputs/tree", "allOf": [{"$ref": "#/components/inputs/tree"}]}, {"tree": TREE}, []),
    ],
)
def test_a_reference_that_leads_in_a_circle_is_an_error(schema: dict, components: dict, pointers: list[str]) -> None:
    if not pointers:
        inputs(schema, components)
        return
    found = refused(schema, components)
    assert {(rule, at) for rule, at, _ in found} == {("unknown-reference", at) for at in pointers}


@pytest.mark.parametrize(
    "reference", ["https://example.org/x.yaml", "x.json", "#nowhere", "#/components/inputs/nothing", "#twice"]
)
def test_dynamic_references_are_references(reference: str) -> None:
    components = {"a": {"$dynamicAnchor": "twice"}, "b": {"$dynamicAnchor": "twice"}}
    [(rule, at, _)] = refused({"properties": {"a": {"$dynamicRef": reference}}}, components)
    assert (rule, at) == ("unknown-reference", "/workflows/0/inputs/properties/a/$dynamicRef")


def test_dynamic_references_are_written_out() -> None:
    node = {"$dynamicAnchor": "node", "type": "object", "properties": {"next": {"$dynamicRef": "#node"}}}
    found = inputs({"properties": {"a": {"$dynamicRef": "#node"}}}, {"node": node})
    assert Draft202012Validator(found).is_valid({"a": {"next": {"next": {}}}})
    assert not Draft202012Validator(found).is_valid({"a": {"next": {"next": 1}}})


def test_a_schema_is_of_no_other_draft_and_has_no_address() -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://example.org/a", "type": "integer"}
    assert inputs({"properties": {"a": schema, "$id": {"$id": "b"}}}) == {
        "properties": {"a": {"type": "integer"}, "$id": {}}
    }


def test_the_schema_of_one_input_has_the_definitions_it_needs() -> None:
    leaf = {"properties": {"up": {"$ref": "#/components/inputs/tree"}}}
    components = {"tree": {"properties": {"leaf": {"$ref": "#/components/inputs/leaf"}}}, "leaf": leaf}
    whole = inputs({"properties": {"a": {"$ref": "#/components/inputs/tree"}, "b": {"type": "string"}}}, components)
    alone = declared_inputs(whole).schemas["a"]
    assert Draft202012Validator(alone).is_valid({"leaf": {"up": {"leaf": {"up": {}}}}})
    assert not Draft202012Validator({"type": "object", **alone}).is_valid([])
    assert declared_inputs(whole).schemas["b"] == {"type": "string"}


def nested(depth: int, word: str = "items") -> dict:
    return {word: nested(depth - 1, word)} if depth else {}


@pytest.mark.parametrize("word", ["items", "not"])
def test_schemas_too_deep_in_each_other_are_refused(word: str) -> None:
    inputs(nested(32, word))
    assert {rule for rule, _, _ in refused(nested(33, word))} == {"invalid-schema"}
    halves = {"b": nested(20, word)}
    deep = {"a": json.loads(json.dumps(nested(20, word)).replace("{}", '{"$ref": "#/components/inputs/b"}'))}
    assert {rule for rule, _, _ in refused({"$ref": "#/components/inputs/a"}, deep | halves)} == {"yaml-limits"}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "default": 5}, "'type'"),
        ({"type": "string", "pattern": "^a+$", "default": "ab"}, "'pattern'"),
        ({"type": "string", "pattern": "^(a|a)*$", "default": "a" * 60 + "!"}, "takes longer"),
        ({"patternProperties": {"^(a|a)*$": {}}, "default": {"a" * 60 + "!": 1}}, "takes longer"),
        ({"type": "string", "default": None}, None),
        ({"type": "string", "enum": ["a"], "default": "a"}, None),
        ({"$ref": "#/components/inputs/tree", "default": {"kids": [{"kids": 1}]}}, "'type'"),
        ({"$ref": "#/components/inputs/tree", "default": {"kids": [{"kids": []}]}}, None),
    ],
)
def test_a_default_satisfies_its_own_schema(schema: dict, words: str | None) -> None:
    if words is None:
        inputs({"properties": {"a": schema}}, {"tree": TREE})
        return
    with limits_set(pattern_seconds=0.2), pytest.raises(DocumentError, match=re.escape(words)) as caught:
        inputs({"properties": {"a": schema}}, {"tree": TREE})
    assert [problem.place.pointer for problem in caught.value.problems] == ["/workflows/0/inputs/properties/a/default"]


# every keyword of JSON Schema with values that it may not have
ODD = [
    None,
    True,
    "x",
    "",
    5,
    -1,
    0,
    1.5,
    [],
    ["a"],
    ["a", "a"],
    [1],
    [[1]],
    {},
    {"a": 1},
    {"a": "b"},
    {"(": {}},
    "(",
    "a#b",
]


@pytest.mark.parametrize("keyword", sorted({word for part in META for word in part["properties"]}))
def test_what_the_meta_schema_refuses_is_refused(keyword: str) -> None:
    for value in ODD:
        schema = {keyword: value}
        if keyword in ("$ref", "$dynamicRef", "$recursiveRef", "$vocabulary", "dependencies", "$recursiveAnchor"):
            continue
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError:
            assert {rule for rule, _, _ in refused(schema)} == {"invalid-schema"}, schema


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
        ({"multipleOf": 0}, "/multipleOf"),
        ({"examples": 5}, "/examples"),
        ({"patternProperties": {"(": {}}}, "/patternProperties/("),
        ({"$recursiveRef": "#"}, "/$recursiveRef"),
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
                "$defs": {"b": {"properties": {"c": {"$ref": "#/$defs/b"}}}},
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


def test_a_pattern_of_another_language_is_said_in_ecma_262() -> None:
    ((rule, _, hint),) = refused({"properties": {"a": {"type": "string", "pattern": "(?i)^a$"}}})
    assert rule == "invalid-schema"
    assert hint is not None
    assert hint.endswith("write (?i:...)")
