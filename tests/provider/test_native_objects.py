"""Bound inputs that are no templates, or are rendered as native objects."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException
from running import Run

from airflow_arazzo import ArazzoWorkflowOperator

STEP = {
    "stepId": "a",
    "operationId": "put",
    "requestBody": {"contentType": "application/json", "payload": {"x": "$inputs.x"}},
}
PARAMS = {"digits": "0042", "list": "[1, 2]", "number": 7, "nothing": None}


@pytest.fixture
def task(tmp_path, monkeypatch, api):
    def make(schema, written, native=True):
        description = {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "paths": {"/x": {"put": {"operationId": "put", "requestBody": {"content": {"application/json": {}}}}}},
        }
        document = {
            "arazzo": "1.0.1",
            "info": {"title": "T", "version": "1"},
            "sourceDescriptions": [{"name": "shop", "url": "api.json", "type": "openapi"}],
            "workflows": [
                {"workflowId": "w", "inputs": {"type": "object", "properties": {"x": schema}}, "steps": [STEP]}
            ],
        }
        (tmp_path / "api.json").write_text(json.dumps(description))
        (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
        with DAG("objects", schedule=None, render_template_as_native_obj=native):
            return ArazzoWorkflowOperator(
                task_id="a", document=tmp_path / "w.arazzo.json", inputs={"x": written}, server=api.url
            )

    api.on("PUT /x")
    return make


@pytest.mark.parametrize(
    ("schema", "written", "sent"),
    [
        ({"type": "string"}, "42", "42"),
        ({"type": "string"}, "{{ params.digits }}", "0042"),
        ({"type": "string"}, "{{ params.list }}", "[1, 2]"),
        ({"type": "string"}, "v{{ params.number }}", "v7"),
        ({"type": ["string", "integer"]}, "{{ params.number }}", 7),
        ({"type": ["string", "null"], "default": None}, "{{ params.nothing }}", None),
        ({"type": "integer"}, "{{ params.number }}", 7),
        ({"type": "array"}, "{{ [params.number, '2'] }}", [7, "2"]),
        ({}, "42", "42"),
        ({}, "{{ params.number }}", 7),
        ({}, {"a": ["1", "{{ params.number }}"]}, {"a": ["1", 7]}),
    ],
)
def test_what_is_written_as_text_stays_text(task, api, schema, written, sent):
    Run(params=PARAMS).execute(task(schema, written))
    assert api.asked[0].json == {"x": sent}


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("written", ["a\n", "\n", {"a": ["b\n"]}])
def test_what_is_no_template_keeps_its_end(task, api, written, native):
    Run(params=PARAMS).execute(task({}, written, native))
    assert api.asked[0].json == {"x": written}


def test_an_object_is_no_text(task, api):
    with pytest.raises(AirflowFailException, match="'x' must be string, not"):
        Run(params=PARAMS).execute(task({"type": "string"}, "{{ params.number }}"))
    assert api.asked == []
