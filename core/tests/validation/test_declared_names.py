"""One reader of names for a run and for validation: the longest declared name wins, whatever is in it."""

from __future__ import annotations

import json

import pytest

from arazzo.engine import check_inputs, load_plan, run_local
from arazzo.errors import InputError
from arazzo.exchange import Response
from arazzo.validation import validate

API = """
openapi: 3.1.0
info: {title: A, version: "1"}
servers: [{url: "http://h.test"}]
paths: {/t: {get: {operationId: it, responses: {"200": {description: ok}}}}}
"""


@pytest.mark.parametrize("mark", list("<|{}&=?'!/:,*+;@%~$>^"))
@pytest.mark.parametrize("shape", ["a{}b", "a{0}", "a {} b"])
def test_a_declared_output_is_read_and_known(tmp_path, mark, shape):
    name = shape.replace("{}", mark).replace("{0}", mark)
    (tmp_path / "a.yaml").write_text(API)
    step = {"stepId": "s", "operationId": "it", "outputs": {name: "$response.body#/v", "a": "$statusCode"}}
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "a", "url": "a.yaml", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [step], "outputs": {"o": f"$steps.s.outputs.{name}"}}],
    }
    path = tmp_path / "w.arazzo.json"
    path.write_text(json.dumps(document))
    run = run_local(
        load_plan(path, "w"), {}, send=lambda _: Response(200, (("Content-Type", "application/json"),), b'{"v": 7}')
    )
    assert run.outputs == {"o": 7}
    assert not {problem.rule for problem in validate(path)} & {"undeclared-output", "unreadable-expression"}


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("q: {$steps.c.outputs.mine}", True),
        ("q $steps.c.outputs.held", True),
        ("q: {$workflows.inner.outputs.held}", True),
        ("q: {$steps.c.outputs.mine#/0}", False),
        ("q: {$steps.c.outputs.other}", False),
    ],
)
def test_nor_does_it_where_a_called_workflow_has_handed_it_on(tmp_path, value, refused):
    (tmp_path / "a.yaml").write_text(API)
    look = {"stepId": "s", "operationId": "it", "outputs": {"c": "$response.header.Set-Cookie"}}
    call = {"stepId": "c", "workflowId": "inner", "outputs": {"mine": "$outputs.held", "other": "$statusCode"}}
    use = {"stepId": "t", "operationId": "it", "parameters": [{"name": "q", "in": "query", "value": value}]}
    inner = {"workflowId": "inner", "steps": [look], "outputs": {"held": "$steps.s.outputs.c"}}
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "a", "url": "a.yaml", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [call, use]}, inner],
    }
    path = tmp_path / "w.arazzo.json"
    path.write_text(json.dumps(document))
    assert any("list of cookies" in problem.message for problem in validate(path) if problem.is_error) is refused


@pytest.mark.parametrize(
    ("declared", "value", "refused"),
    [
        ("$response.header.Set-Cookie", "q: {$steps.s.outputs.c}", True),
        ("$response.header.set-cookie", "q $steps.s.outputs.c", True),
        ("$response.header.Set-Cookie", "{$steps.s.outputs.c}", False),
        ("$response.header.X-Tag", "q: {$steps.s.outputs.c}", False),
    ],
)
def test_a_text_embeds_no_list_of_cookies(tmp_path, declared, value, refused):
    (tmp_path / "a.yaml").write_text(API)
    steps = [
        {"stepId": "s", "operationId": "it", "outputs": {"c": declared}},
        {"stepId": "t", "operationId": "it", "parameters": [{"name": "q", "in": "query", "value": value}]},
    ]
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "a", "url": "a.yaml", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "inputs": {"type": "array"}, "steps": steps}],
    }
    path = tmp_path / "w.arazzo.json"
    path.write_text(json.dumps(document))
    assert any("list of cookies" in problem.message for problem in validate(path) if problem.is_error) is refused
    if not refused:
        with pytest.raises(InputError, match="the whole of the inputs must be array, not object"):
            check_inputs(load_plan(path, "w"), {})
