"""Answers held against their description: what is found, what is said of it, and what it does to a run."""

from __future__ import annotations

import json

import pytest
import yaml

from arazzo.document.settings import Settings
from arazzo.engine import load_plan, run_local
from arazzo.exchange import Response
from arazzo.flow import Options
from arazzo.limits import limits_set

DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: '1'}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- workflowId: w
  steps:
  - stepId: ask
    operationId: ask
    onFailure: [{name: more, type: retry, retryLimit: 1}]
"""


@pytest.fixture
def run(tmp_path):
    """Run one step whose operation has these responses, against one answer; return the run, notes and requests."""

    def play(responses, answers, level="warn", method="get", responding=None):
        paths = {"/a": {method: {"operationId": "ask", "responses": responses}}}
        api = {"openapi": "3.0.3", "info": {}, "servers": [{"url": "https://api.example"}], "paths": paths}
        (tmp_path / "api.yaml").write_text(yaml.safe_dump(api))
        (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)
        plan = load_plan(tmp_path / "w.arazzo.yaml", "w", Options(settings=Settings(contract=level)))
        left, notes = list(answers), []
        found = run_local(
            plan, {}, send=lambda _: left.pop(0), sleep=lambda _: None, note=lambda note: notes.append(note.text)
        )
        return found, notes, left

    return play


def answer(value, status=200, kind="application/json", **headers):
    given = (*([("Content-Type", kind)] if kind else []), *((k.replace("_", "-"), v) for k, v in headers.items()))
    return Response(status, given, value.encode() if isinstance(value, str) else json.dumps(value).encode())


def of(schema, kind="application/json", status="200", **headers):
    return {status: {"description": "", "headers": headers, "content": {kind: {"schema": schema}}}}


INTEGERS = {"type": "array", "items": {"type": "integer"}}
STRING = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("responses", "got", "drift"),
    [
        (of(STRING), answer({"a": "b"}), []),
        (of(STRING), answer({"a": 1}), ["$response.body#/a has to be string, not number"]),
        (of(STRING, "*/*"), answer({"a": 1}), ["$response.body#/a has to be string, not number"]),
        (of(STRING, "application/*"), answer({"a": "b"}, kind="application/vnd.x+json"), []),
        (of(STRING, status="2XX"), answer({"a": "b"}, 202), []),
        (of(STRING, status="default"), answer({"a": "b"}, 202), []),
        (of(STRING), answer({"a": "b"}, 202), ["$statusCode is 202, but the description has 200"]),
        ({}, answer({"a": "b"}, 202), []),
        (
            of(STRING),
            answer({"a": "b"}, kind=""),
            ["$response.header.Content-Type is missing, but the description has application/json"],
        ),
        (
            of(STRING),
            answer({"a": 1}, kind="text/plain"),
            [
                "$response.header.Content-Type is text/plain, but the description has application/json",
                "$response.body#/a has to be string, not number",
            ],
        ),
        (
            of(STRING),
            answer("<a>1</a>", kind="text/xml"),
            ["$response.header.Content-Type is text/xml, but the description has application/json"],
        ),
        (of(STRING), answer(""), ["$response.body is empty, but the description has application/json"]),
        (of(STRING, status="204"), answer("", 204), []),
        ({"200": {"description": ""}}, answer({"a": 1}), []),
        (of({"type": "string"}, "application/xml"), answer("<a/>", kind="application/xml"), []),
        (of({}, X_Left={"required": True, "schema": {"type": "integer"}}), answer({}), []),
        (
            {"200": {"description": "", "headers": {"X-Left": {"required": True}}}},
            answer({}),
            ["$response.header.X-Left is required, but missing"],
        ),
        (
            {
                "200": {
                    "description": "",
                    "headers": {"X-Ids": {"schema": {"type": "array", "items": {"type": "integer"}}}},
                }
            },
            answer({}, X_Ids="1, 2,x"),
            ["$response.header.X-Ids#/2 has to be integer, not string"],
        ),
    ],
)
def test_what_an_answer_has_of_its_description(run, responses, got, drift):
    headers = responses.get("200", {}).get("headers", {})
    if "X_Left" in headers:  # a keyword cannot be spelled as the header is
        headers["X-Left"] = headers.pop("X_Left")
        drift = ["$response.header.X-Left is required, but missing"]
    found, notes, _ = run(responses, [got])
    assert [str(each) for record in found.records for each in record.drift] == drift
    assert [note for note in notes if note.startswith("contract: ")] == [f"contract: {text}" for text in drift]
    assert found.status == "success"


def test_head_has_no_body_to_look_at(run):
    found, _, _ = run(of(STRING), [answer("")], method="head")
    assert found.records[0].drift == ()


def test_a_warning_is_of_every_try_and_a_failure_asks_the_actions(run):
    wrong, right = answer({"a": 1}), answer({"a": "b"})
    found, _, left = run(of(STRING), [wrong, right], "fail")
    assert (found.status, found.records[0].attempts, left) == ("success", 2, [])
    assert [str(each) for each in found.records[0].drift] == ["$response.body#/a has to be string, not number"]
    found, _, _ = run(of(STRING), [wrong, wrong], {"schema": "fail"})
    assert found.status == "failed"
    assert "GET /a answered 200, which does not match its description: $response.body#/a has to be" in found.message
    assert found.records[0].drift[0].times == 2
    found, _, left = run(of(STRING), [wrong, wrong], {"status": "fail"})
    assert (found.status, len(left)) == ("success", 1)


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"note": {"type": "integer"}}},
        {"properties": {"note": {"enum": ["a"]}}},
        {"properties": {"note": {"const": "a"}}},
        {"properties": {"note": {"pattern": "^a$"}}},
        {"properties": {"note": {"format": "uuid"}}},
        {"properties": {"note": {"maxLength": 3}}},
        {"properties": {"note": {"not": {}}}},
        {"properties": {"note": {"oneOf": [{"type": "string"}, {}]}}},
        {"additionalProperties": False},
        {"additionalProperties": {"type": "integer"}},
        {"maxProperties": 0},
        {"propertyNames": {"maxLength": 2}},
        {"type": "array"},
    ],
)
@pytest.mark.parametrize("body", [{"note": SECRET}, {SECRET: "a", "note": SECRET}])
def test_no_value_and_no_name_that_may_be_one_is_told(run, schema, body):
    found, notes, _ = run(of(schema), [answer(body)])
    assert found.records[0].drift
    assert SECRET not in repr([record.drift for record in found.records]) + repr(notes)


def test_what_takes_too_long_is_said_and_is_no_pass(run):
    slow = {
        "type": "array",
        "items": {"anyOf": [{"properties": {"a": {"pattern": f"^{'a?' * n}$"}}} for n in range(60)]},
    }
    with limits_set(condition_seconds=0.001):
        found, _, _ = run(of({"type": "array", "items": slow}), [answer([[{"a": "b"}] * 200] * 20)])
        assert "was not checked to the end" in found.records[0].drift[0].message
        assert found.status == "success"
        found, _, left = run(of({"type": "array", "items": slow}), [answer([[{"a": "b"}] * 200] * 20)], "fail")
    assert (found.status, left) == ("failed", [])
    assert "gave up" in found.message


def test_what_of_a_schema_cannot_be_read_is_said(run):
    schema = {"properties": {"a": {"type": "string", "pattern": "("}}}
    found, _, _ = run(of(schema), [answer({"a": 1})])
    partly, wrong = found.records[0].drift
    assert partly.message == (
        "was checked against only part of its schema: #/properties/a/pattern is not a valid value of that keyword"
    )
    assert str(wrong) == "$response.body#/a has to be string, not number"
    found, _, _ = run(of(schema), [answer({"a": "b"})] * 2, "fail")
    assert found.status == "failed"


def test_elements_that_are_wrong_alike_are_counted(run):
    schema = {"type": "array", "items": STRING}
    found, _, _ = run(of(schema), [answer([{"a": 1}] * 5000)])
    assert [str(each) for each in found.records[0].drift] == [
        "$response.body#/0/a has to be string, not number (5000 times)"
    ]
