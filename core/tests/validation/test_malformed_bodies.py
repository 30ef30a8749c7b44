"""Bodies that are not what their content type says, and content types that an operation does not take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arazzo.expressions.context import Dialect
from arazzo.validation import validate

JSON = "application/json"


def problems(
    folder: Path, body: dict[str, Any], schema: Any = None, dialect: Dialect = "lenient"
) -> list[tuple[str, str, str]]:
    """Return the rule, the field and the message of each problem of a step with that body."""
    content = {JSON: {"schema": schema or {}}, "text/*": {}}
    post = {"operationId": "post", "requestBody": {"content": content}, "responses": {"200": {"description": "ok"}}}
    api = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "servers": [{"url": "https://a.example"}]}
    (folder / "api.json").write_text(json.dumps(api | {"paths": {"/a": {"post": post}}}))
    inputs = {"properties": {"a": {"default": 1}, "b": {"default": "x"}}}
    step = {"stepId": "s", "operationId": "post", "requestBody": body}
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "api.json", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "inputs": inputs, "steps": [step]}],
    }
    (folder / "w.arazzo.json").write_text(json.dumps(document))
    found = validate(folder / "w.arazzo.json", dialect=dialect)
    wanted = ("malformed-body", "undeclared-content-type")
    return [(p.rule, p.place.pointer.rpartition("/")[2], p.message) for p in found if p.rule in wanted]


@pytest.mark.parametrize(
    ("payload", "schema", "told"),
    [
        ('{"a": 1,}', None, "is not JSON: "),
        ('{"a": 1', {"type": "object"}, "is not JSON: "),
        ('{"a": {$inputs.a},}', None, "whatever its expressions give"),
        ("name=tea", {"type": "object"}, "takes an object"),
        ("tea {$inputs.a}", {"type": "array"}, "takes an array"),
        ('{"a": 1}', {"type": "object"}, None),
        ('{"a": {$inputs.a}, "b": "$inputs.b"}', None, None),
        ("{{$inputs.b}: 1}", None, None),
        ('[{$inputs.a}, "{$inputs.b}"]', None, None),
        ("$inputs.b", {"type": "object"}, None),
        ('"quoted" and more', {"type": "string"}, None),
        ("name=tea", {"type": ["string", "object"]}, None),
        ("name=tea", None, None),
        ({"a": 1}, {"type": "array"}, None),
    ],
)
def test_text_that_can_never_be_json_is_told(tmp_path: Path, payload: Any, schema: Any, told: str | None) -> None:
    found = problems(tmp_path, {"contentType": JSON, "payload": payload}, schema)
    assert [(rule, field) for rule, field, _ in found] == ([("malformed-body", "payload")] if told else [])
    assert all((told or "") in message for *_, message in found)
    assert problems(tmp_path, {"contentType": "text/plain", "payload": payload}, schema) == []


def test_strict_inserts_text_as_it_is(tmp_path: Path) -> None:
    body = {"contentType": JSON, "payload": '{"a": 1 {$inputs.b}}'}
    assert problems(tmp_path, body)
    assert problems(tmp_path, body, dialect="strict") == []
    assert problems(tmp_path, body | {"payload": '{"a": 1 }}'}, dialect="strict")


@pytest.mark.parametrize(
    ("content_type", "rule"),
    [
        ("json", "malformed-body"),
        ("$inputs.b", "malformed-body"),
        ("application/", "malformed-body"),
        ("application/xml", "undeclared-content-type"),
        ("Application/JSON; charset=utf-8", None),
        ("text/csv", None),
    ],
)
def test_content_types_that_are_none_or_are_not_taken_are_told(
    tmp_path: Path, content_type: str, rule: str | None
) -> None:
    found = problems(tmp_path, {"contentType": content_type, "payload": "x"})
    assert [(name, field) for name, field, _ in found] == ([(rule, "contentType")] if rule else [])


@pytest.mark.parametrize(("target", "told"), [("/a", True), ("", False)])
def test_replacements_need_a_payload(tmp_path: Path, target: str, told: bool) -> None:
    found = problems(tmp_path, {"replacements": [{"target": target, "value": 1}]})
    assert [(name, field) for name, field, _ in found] == ([("malformed-body", "replacements")] if told else [])
