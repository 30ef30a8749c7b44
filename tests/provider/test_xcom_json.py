"""Outputs that Airflow cannot store as they are: steps get them as they are all the same, and people nearly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from running import Run

from airflow_arazzo import ArazzoDag

DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: nodes, url: orders.openapi.yaml, type: openapi}]
workflows:
- workflowId: odd
  steps:
  - {stepId: read, operationId: order, outputs: {all: $response.body}}
  - stepId: write
    operationId: order
    requestBody: {payload: $steps.read.outputs.all}
    outputs: {n: $response.body#/n}
  outputs: {all: $steps.read.outputs.all, n: $steps.write.outputs.n}
"""
API = Path(__file__).parent / "documents" / "orders.openapi.yaml"
ODD = {"text": "a\0b", "__classname__": "x", "list": [{"__type": "y", "__var": "\0"}], "n\0": 1}
SEEN = {
    "text": "a\ufffdb",
    "\ufffd__classname__": "x",
    "list": [{"\ufffd__type": "y", "\ufffd__var": "\ufffd"}],
    "n\ufffd": 1,
}


@pytest.fixture
def document(tmp_path, monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    (tmp_path / API.name).write_bytes(API.read_bytes())
    path = tmp_path / "odd.arazzo.yaml"
    path.write_text(DOCUMENT)
    api.on("POST /orders", 201, ODD).on("POST /orders", 201, {"n": 2})
    return path


@pytest.mark.airflow
@pytest.mark.parametrize("granularity", ["step", "workflow"])
def test_a_run_is_green_and_hands_on_what_was_answered(document, api, run_dag, granularity):
    dag = ArazzoDag(document, dag_id=f"odd_{granularity}", settings={"granularity": granularity})
    run = run_dag(dag)
    assert (run.state, api.asked[1].json) == ("success", ODD)
    assert run.xcom(dag.outputs.task_id) == {"all": SEEN, "n": 2}


def test_that_needs_no_key(document, api, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    dag, run = ArazzoDag(document), Run()
    for task in ("read", "write", "outputs"):
        run.execute(dag.get_task(task))
    assert api.asked[1].json == ODD
    assert run.xcoms["read", "return_value"] == {"all": SEEN}
    assert "\0" not in json.dumps(list(run.xcoms.values()), ensure_ascii=False)


@pytest.mark.parametrize(("levels", "read"), [(200, True), (201, True)])
def test_what_is_read_can_be_stored_however_deep_it_is(document, api, levels, read):
    api.script["POST /orders"] = [(201, b"[" * levels + b"]" * levels, {})]
    run = Run()
    run.execute(ArazzoDag(document).get_task("read"))
    assert (run.xcoms["read", "return_value"]["all"] is not None) is read


def test_what_is_nested_too_deep_to_be_read_is_given_up_on(document, api):
    api.script["POST /orders"] = [(201, b"[" * 100_000 + b"]" * 100_000, {})]
    with pytest.raises(AirflowFailException, match="nested more than 1,000 levels deep"):
        Run().execute(ArazzoDag(document).get_task("read"))
