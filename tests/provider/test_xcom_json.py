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


def nested(levels):
    return b"[" * levels + b"]" * levels


@pytest.mark.airflow
@pytest.mark.parametrize(("granularity", "levels"), [("step", 99), ("step", 450), ("step", 1000), ("workflow", 1000)])
def test_what_is_nested_is_handed_on_however_deep_it_is(document, api, run_dag, granularity, levels):
    api.script["POST /orders"] = [(201, nested(levels), {}), (201, b"{}", {})]
    run = run_dag(ArazzoDag(document, dag_id=f"deep_{granularity}_{levels}", settings={"granularity": granularity}))
    assert (run.state, api.asked[1].body) == ("success", nested(levels))
    shown = json.dumps(run.xcom("outputs" if granularity == "step" else "odd")["all"])
    assert shown == nested(levels).decode() if levels < 100 else "nested deeper than 100 levels" in shown


@pytest.mark.parametrize("levels", [1001, 100_000])
def test_an_output_nested_deeper_than_is_read_is_given_up_on(document, api, levels):
    api.script["POST /orders"] = [(201, nested(levels), {})]
    run = Run()
    with pytest.raises(
        AirflowFailException, match=r"gave up: .* 1,000 levels deep \(json_depth\); POST /orders was sent"
    ):
        run.execute(ArazzoDag(document).get_task("read"))
    assert len(api.asked) == 1
    assert not run.xcoms.get(("read", "return_value"))
