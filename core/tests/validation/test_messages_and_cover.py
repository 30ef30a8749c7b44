"""Fields of messages where they do not belong, actions that leave nothing, and keys that a document passes itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from arazzo.cli.validate_command import command
from arazzo.engine import load_plan
from arazzo.validation import validate

API = {
    "openapi": "3.1.0",
    "info": {"title": "A", "version": "1"},
    "servers": [{"url": "https://api.example"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "paths": {
        "/a": {"get": {"operationId": "go", "responses": {"200": {"description": "ok"}}}},
        "/b": {
            "get": {"operationId": "locked", "security": [{"key": []}], "responses": {"200": {"description": "ok"}}}
        },
    },
}
EVENTS = {
    "asyncapi": "3.0.0",
    "info": {"title": "E", "version": "1"},
    "channels": {"c": {"address": "c"}},
    "operations": {"say": {"action": "send", "channel": {"$ref": "#/channels/c"}}},
}


def found(folder: Path, *steps: dict[str, Any], events: bool = False, **more: Any) -> dict[str, str]:
    """Return the problems of a document with these steps: by rule where the first stands."""
    sources = [{"name": "api", "url": "api.json", "type": "openapi"}]
    sources += [{"name": "events", "url": "events.json", "type": "asyncapi"}] if events else []
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": sources,
        "workflows": [{"workflowId": "w", "steps": list(steps), **more}],
    }
    (folder / "api.json").write_text(json.dumps(API))
    (folder / "events.json").write_text(json.dumps(EVENTS))
    (folder / "w.arazzo.json").write_text(json.dumps(document))
    return {problem.rule: problem.place.pointer for problem in reversed(validate(folder / "w.arazzo.json"))}


GO = {"stepId": "a", "operationId": "go"}
CHANNEL = "{$sourceDescriptions.%s.url}#/channels/c"


def test_fields_of_messages_stand_where_messages_are(tmp_path: Path) -> None:
    receive = {"stepId": "a", "channelPath": CHANNEL % "events", "action": "receive", "correlationId": "x"}
    assert set(found(tmp_path, receive, events=True)) == {"asyncapi-step"}
    bare = {"stepId": "a", "channelPath": CHANNEL % "events"}
    assert found(tmp_path, bare, events=True)["missing-field"] == "/workflows/0/steps/0/channelPath"
    strange = {**receive, "channelPath": CHANNEL % "api"}
    assert found(tmp_path, strange, events=True)["invalid-value"] == "/workflows/0/steps/0/channelPath"
    said = {**receive, "action": "send"}
    assert found(tmp_path, said, events=True)["conflicting-fields"] == "/workflows/0/steps/0/correlationId"
    assert found(tmp_path, {**GO, "action": "send"})["conflicting-fields"] == "/workflows/0/steps/0/action"
    path = {"stepId": "a", "operationPath": "{$sourceDescriptions.api.url}#/paths/~1a/get"}
    for request in (GO, {**GO, "operationId": "$sourceDescriptions.api.go"}, path, {"stepId": "a", "workflowId": "o"}):
        for field, value in (("action", "send"), ("correlationId", "x")):
            place = found(tmp_path, {**request, field: value}, events=True)["conflicting-fields"]
            assert place == f"/workflows/0/steps/0/{field}"
    assert "unknown-operation" in found(tmp_path, {**GO, "operationId": "nobody"}, events=True)


def test_what_is_depended_on_is_named_once(tmp_path: Path) -> None:
    twice = {"stepId": "b", "operationId": "go", "dependsOn": ["a", "a"]}
    assert found(tmp_path, GO, twice)["duplicate-dependency"] == "/workflows/0/steps/1/dependsOn/1"
    assert "unknown-step" in found(tmp_path, GO, {**twice, "dependsOn": ["nobody"]})


@pytest.mark.parametrize(
    ("criteria", "conditions", "warned"),
    [
        ([], ["$response.body#/ok == true", "$response.body#/ok == false"], False),
        ([], ["$response.body#/ok == true", "$response.body#/ok == 'no'"], True),
        ([], ["$response.body#/ok == true"], True),
        (["$statusCode == 200"], ["$statusCode == 200"], False),
        (["$statusCode == 200 || $statusCode == 204"], ["$statusCode == 200", "$statusCode == 204"], False),
        (["$statusCode == 200 || $statusCode == 204"], ["$statusCode == 200"], True),
        (["$response.body#/s == 'a' || $response.body#/s == 'b'"], ["$response.body#/s == 'a'"], True),
    ],
)
def test_actions_that_leave_nothing_are_not_warned_of(
    tmp_path: Path, criteria: list[str], conditions: list[str], warned: bool
) -> None:
    actions = [{"name": f"n{n}", "type": "end", "criteria": [{"condition": text}]} for n, text in enumerate(conditions)]
    step = {
        **GO,
        "onSuccess": actions,
        **({"successCriteria": [{"condition": c} for c in criteria]} if criteria else {}),
    }
    assert ("fall-through" in found(tmp_path, step, {"stepId": "b", "operationId": "go"})) is warned


@pytest.mark.parametrize(
    ("name", "warned"), [("X-Key", False), ("Authorization", False), ("x-api-key", False), ("X-Trace", True)]
)
def test_a_key_that_the_document_passes_is_not_missed(tmp_path: Path, name: str, warned: bool) -> None:
    key = {"name": name, "in": "header", "value": "$inputs.it"}
    inputs = {"type": "object", "properties": {"it": {"type": "string", "default": "x"}}}
    step = {"stepId": "a", "operationId": "locked", "parameters": [key]}
    assert ("missing-credential" in found(tmp_path, step, inputs=inputs)) is warned


def test_a_workflow_of_another_document_may_be_named_with_workflows(tmp_path: Path) -> None:
    found(tmp_path, GO)
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "other", "url": "w.arazzo.json", "type": "arazzo"}],
        "workflows": [
            {"workflowId": "v", "steps": [{"stepId": "c", "workflowId": "$sourceDescriptions.other.workflows.w"}]}
        ],
    }
    (tmp_path / "v.arazzo.json").write_text(json.dumps(document))
    problems = validate(tmp_path / "v.arazzo.json")
    assert [(problem.rule, problem.hint) for problem in problems] == [
        ("loose-reference", "write '$sourceDescriptions.other.w'")
    ]
    assert load_plan(tmp_path / "v.arazzo.json").steps[0].workflow == "other.w"
    assert "unknown-workflow" in {problem.rule for problem in validate(tmp_path / "v.arazzo.json", dialect="strict")}


@pytest.mark.parametrize(("options", "shown"), [([], False), (["--portable"], True), (["--strict"], True)])
def test_spellings_that_others_do_not_read_are_shown_on_request(
    tmp_path: Path, options: list[str], shown: bool
) -> None:
    outputs = {"x": "$response.body.items[0]"}
    assert "non-portable-expression" in found(tmp_path, {**GO, "outputs": outputs})
    result = CliRunner().invoke(command, [str(tmp_path / "w.arazzo.json"), *options])
    assert ("$response.body#/items/0" in result.output) is shown


@pytest.mark.parametrize(
    ("given", "severity"), [("it", None), ("read", "warning"), ("x-1", None), ("its", "error"), ("other", "error")]
)
def test_an_input_that_a_called_workflow_will_refuse_is_an_error(
    tmp_path: Path, given: str, severity: str | None
) -> None:
    call = {"stepId": "c", "workflowId": "called", "parameters": [{"name": given, "value": 1}]}
    called = {
        "workflowId": "called",
        "inputs": {"properties": {"it": {}}, "patternProperties": {"^x-": {}}},
        "steps": [{**GO, "outputs": {"x": "$inputs.read"}}],
    }
    found(tmp_path, call)
    document = json.loads((tmp_path / "w.arazzo.json").read_text())
    document["workflows"].append(called)
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    problems = validate(tmp_path / "w.arazzo.json")
    told = [each.severity.value for each in problems if each.place.pointer.endswith("/parameters/0/name")]
    assert told == ([severity] if severity else [])
