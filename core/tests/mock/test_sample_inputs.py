"""Inputs that are made from their schema, and from what the workflow uses them for."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suite import drawn

from arazzo.document.loading import parse_document
from arazzo.engine import check_inputs
from arazzo.expressions.ecma_patterns import compile_ecma
from arazzo.flow import compile_document
from arazzo.openapi.sources import Sources
from arazzo.source.text import parse_source
from arazzo.testing import sample_inputs
from arazzo.testing.sample_values import matching_text

API = """
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /zones/{zone}/things:
    parameters:
    - {name: zone, in: path, required: true, schema: {type: string, enum: [north, south]}}
    post:
      operationId: make
      parameters:
      - {name: since, in: query, schema: {type: string, format: date}}
      - {name: size, in: query, schema: {type: integer, minimum: 5}}
      - {name: shape, in: query, schema: {type: string}, example: round}
      - {name: X-Mode, in: header, schema: {type: string}, examples: {first: {value: quick}}}
      requestBody:
        content:
          application/json:
            schema:
              allOf:
              - {type: object, properties: {colour: {enum: [red, blue]}, code: {type: string, pattern: '^[A-Z]{3}$'}}}
              - type: object
                properties:
                  parts: {type: array, items: {type: object, properties: {kind: {type: string, example: bolt}}}}
      responses: {'200': {description: ok}}
"""
STEP = {
    "stepId": "make",
    "operationId": "make",
    "parameters": [
        {"name": "zone", "in": "path", "value": "$inputs.zone"},
        {"name": "since", "in": "query", "value": "$inputs.since"},
        {"name": "size", "in": "query", "value": "{$inputs.size}"},
        {"name": "shape", "in": "query", "value": "$inputs.shape"},
        {"name": "X-Mode", "in": "header", "value": "$inputs.mode"},
    ],
    "requestBody": {
        "payload": {
            "colour": "$inputs.look.colour",
            "code": "$inputs.look#/code",
            "parts": [{"kind": "$inputs.kind"}],
        }
    },
}
ZONE = {"name": "zone", "in": "path", "value": "north"}
TEXT = {"type": "string"}
INPUTS = {
    "type": "object",
    "required": ["shape"],
    "properties": {
        **dict.fromkeys(("zone", "since", "shape", "mode", "kind"), TEXT),
        "size": {"type": "integer"},
        "look": {"type": "object", "properties": {"colour": TEXT, "code": TEXT}},
    },
}


@pytest.fixture
def sample(tmp_path):
    def make(inputs, steps=(STEP,), described=True, **options):
        (tmp_path / "api.yaml").write_text(API)
        other = {"workflowId": "inner", "inputs": INPUTS, "steps": [STEP]}
        document = {
            "arazzo": "1.1.0",
            "info": {"title": "t", "version": "1"},
            "sourceDescriptions": [{"name": "api", "url": "api.yaml", "type": "openapi"}],
            "workflows": [{"workflowId": "main", "inputs": inputs, "steps": list(steps)}, other],
        }
        loaded = parse_document(parse_source(json.dumps(document), "w.json", str(tmp_path / "w.json")))
        sources = Sources(loaded)
        plan = compile_document(loaded, "main", sources=sources)
        made = sample_inputs(plan, sources.descriptions() if described else None, **options)
        check_inputs(plan, made)
        return made

    return make


def test_what_the_operation_says_of_a_parameter_or_a_member_of_the_body_counts(sample):
    assert sample(INPUTS) == {
        "zone": "north",
        "since": "2026-01-15",
        "size": 5,
        "shape": "round",
        "mode": "quick",
        "kind": "bolt",
        "look": {"colour": "red", "code": "AAA"},
    }


def test_without_descriptions_only_what_the_plan_carries_is_known(sample):
    made = sample(INPUTS, described=False)
    assert (made["zone"], made["since"], made["shape"]) == ("north", "2026-01-15", "shape-1")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"type": "string", "default": "south"}, "south"),
        ({"type": "string", "example": "east"}, "east"),
        ({"type": "string", "examples": ["west"]}, "west"),
        ({"enum": ["south", "north"]}, "south"),
    ],
)
def test_what_the_schema_of_the_inputs_says_comes_first(sample, own, expected):
    assert sample({"type": "object", "properties": {"zone": own}})["zone"] == expected


def test_a_use_that_the_schema_does_not_allow_is_no_help(sample):
    number = {"type": "object", "properties": {"zone": {"type": "integer"}}}
    assert isinstance(sample(number)["zone"], int)


def test_text_that_an_operation_reads_as_a_number(sample):
    assert sample({"type": "object", "properties": {"size": TEXT}})["size"] == "5"


def test_what_an_authorization_header_is_made_of(sample):
    header = {"name": "Authorization", "in": "header", "value": "$inputs.login"}
    made = sample({"type": "object", "properties": {"login": TEXT}}, [{**STEP, "parameters": [ZONE, header]}])
    assert made["login"].startswith("Bearer ")


def test_only_what_is_required_and_what_a_request_needs(sample):
    assert sample(INPUTS, optional=False) == {"zone": "north", "size": 5, "shape": "round"}


def test_an_input_that_is_not_declared_but_needed_by_a_path(sample):
    assert sample(None)["zone"] == "north"


def test_inputs_that_are_passed_on_to_another_workflow(sample):
    call = {
        "stepId": "call",
        "workflowId": "inner",
        "parameters": [
            {"name": "zone", "value": "$inputs.area"},
            {"name": "look", "value": "$inputs.face"},
            {"name": "shape", "value": "square"},
        ],
    }
    made = sample({"type": "object", "properties": {"area": TEXT, "face": {}}}, [call])
    assert made == {"area": "north", "face": {"colour": "red", "code": "AAA"}}


def test_the_same_every_time_and_another_with_another_seed(sample):
    inputs = {"type": "object", "properties": {"a": TEXT, "b": {"type": "number"}}}
    assert sample(inputs) == sample(inputs)
    assert sample(inputs, seed=2) != sample(inputs)


@pytest.mark.parametrize("schema", [None, True, {}, {"type": "object"}])
def test_workflows_that_declare_nothing(sample, schema):
    assert (
        sample(
            schema,
            [{"stepId": "a", "operationId": "make", "parameters": [{"name": "zone", "in": "path", "value": "north"}]}],
        )
        == {}
    )


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9]{4}$",
        r"^\d{4}-\d{2}(-\d\d)?$",
        "^[0-9a-fA-F]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$",
        "^(red|blue)+$",
        "^[^/]+$",
        "^sha256:[a-f0-9]{64}$",
        r"^\p{L}+$",
        r"^(?:x|y)?\.\u0041$",
        r"^[\]a]$",
        "^(?<year>[0-9]{4})$",
    ],
)
def test_texts_that_match_a_pattern(pattern):
    text = matching_text(pattern)
    assert text is not None
    assert r"\p" in pattern or "?<" in pattern or re.search(pattern, text)


def test_a_text_that_matches_is_as_long_as_it_must_be():
    assert len(matching_text("^[a-z]+$", 40) or "") >= 40
    assert matching_text("^[a-z]{3}$", 40) is None


@drawn(70)
@given(st.text(alphabet="ab1[]()^$|\\dw.*+?{},-", max_size=12))
def test_no_text_is_too_strange_for_a_pattern(pattern):
    text = matching_text(pattern)
    assert text is None or compile_ecma(pattern).search(text)
