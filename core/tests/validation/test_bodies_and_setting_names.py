"""Bodies of which nothing may be left, and names under ``x-airflow`` that nothing has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arazzo.validation import validate

API = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "servers": [{"url": "https://{region}.example.com", "variables": {"region": {"default": "us"}}}],
    "paths": {
        "/a": {
            method: {
                "operationId": method,
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"type": "object", "required": ["must"]}},
                        "text/plain": {},
                    }
                },
                "responses": {"200": {"description": "ok"}},
            }
            for method in ("put", "patch", "post")
        }
    },
}
INPUTS = {
    "type": "object",
    "required": ["given"],
    "properties": {"given": {}, "maybe": {"properties": {"inner": {}}}, "defaulted": {"default": 1}},
}


def problems(
    folder: Path, step: dict[str, Any], extension: Any = None, on_workflow: Any = None
) -> list[tuple[str, str]]:
    (folder / "api.json").write_text(json.dumps(API))
    steps = [
        {"stepId": "a", "operationId": "put", "requestBody": {"payload": {"x": 1}}, "outputs": {"out": "$statusCode"}}
    ]
    workflow = {
        "workflowId": "w",
        "inputs": INPUTS,
        "steps": [*steps, {"stepId": "b", **step}],
        "outputs": {"all": "x"},
    }
    other = {"workflowId": "v", "inputs": {"properties": {"elsewhere": {}}}, "steps": steps}
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
        "workflows": [workflow | ({"x-airflow": on_workflow} if on_workflow else {}), other],
        **({"x-airflow": extension} if extension else {}),
    }
    (folder / "w.arazzo.json").write_text(json.dumps(document))
    wanted = ("empty-body", "unknown-sensitive", "unknown-variable")
    found = validate(folder / "w.arazzo.json")
    return [(problem.rule, problem.hint or "") for problem in found if problem.rule in wanted]


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"x": "$inputs.maybe"}, True),
        ({"x": "$inputs.maybe", "y": "$steps.a.outputs.out"}, True),
        ({"x": {"context": "$steps.a.outputs.out", "selector": "/a", "type": "jsonpointer"}}, True),
        ('{"x": {$inputs.maybe}, "y": "{$steps.a.outputs.out}"}', True),
        ('{"x": {$inputs.maybe}, "y": 1}', False),
        ({"x": "$inputs.maybe", "y": "lit"}, False),
        ({"x": "$inputs.given"}, False),
        ({"x": "$inputs.defaulted"}, False),
        ({"x": "see {$inputs.maybe}"}, False),
        ({"x": "{$inputs.maybe}"}, False),
        ('{"x": "see {$inputs.maybe}"}', False),
        ({"x": {"y": "$inputs.maybe"}}, False),
        ({"must": "$inputs.maybe"}, False),
        ({}, False),
        ("$inputs.maybe", False),
    ],
)
@pytest.mark.parametrize("operation", ["put", "patch", "post"])
def test_a_body_of_which_nothing_may_be_left(tmp_path: Path, operation: str, payload: Any, told: bool) -> None:
    step = {"operationId": operation, "requestBody": {"contentType": "application/json", "payload": payload}}
    assert problems(tmp_path, step) == (
        [("empty-body", "list an input under 'required', or add a member that is always there")]
        if told and operation != "post"
        else []
    )


@pytest.mark.parametrize("name", ["given", "inner", "out", "all", "read"])
def test_what_a_mark_may_name(tmp_path: Path, name: str) -> None:
    step = {"operationId": "post", "parameters": [{"name": "q", "in": "query", "value": "$inputs.read"}]}
    assert problems(tmp_path, step, {"sensitive": [name]}) == []
    assert problems(tmp_path, step, None, {"sensitive": [name]}) == []


def test_a_mark_that_names_nothing_there(tmp_path: Path) -> None:
    step = {"operationId": "post"}
    assert problems(tmp_path, step, {"sensitive": ["givne"]}) == [("unknown-sensitive", "did you mean 'given'?")]
    assert problems(tmp_path, step, {"sensitive": ["elsewhere"]}) == []
    assert problems(tmp_path, step, None, {"sensitive": ["elsewhere"]}) == [("unknown-sensitive", "")]


@pytest.mark.parametrize(
    ("settings", "hints"),
    [
        ({"server_variables": {"region": "eu"}}, []),
        ({"server_variables": {"regoin": "eu"}}, ["did you mean 'region'?"]),
        ({"server": "https://{zone}.example.com", "server_variables": {"zone": "eu"}}, []),
        (
            {"server": {"api": "https://{zone}.example.com"}, "server_variables": {"zoen": "eu"}},
            ["did you mean 'zone'?"],
        ),
    ],
)
def test_variables_that_no_server_has(tmp_path: Path, settings: dict[str, Any], hints: list[str]) -> None:
    expected = [("unknown-variable", hint) for hint in hints]
    assert problems(tmp_path, {"operationId": "post"}, settings) == expected
    assert problems(tmp_path, {"operationId": "post"}, None, settings) == expected
    assert problems(tmp_path, {"operationId": "post", "x-airflow": settings}) == expected
