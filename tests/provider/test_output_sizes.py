"""Outputs that are too large for an XCom: refused with a message that says what was sent."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from running import Run

from airflow_arazzo import ArazzoOutputsOperator, ArazzoStepOperator, ArazzoWorkflowOperator
from airflow_arazzo.protocol.xcom_limits import OutputSizeError, output_limit

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text("utf-8")
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: nodes, url: orders.openapi.yaml, type: openapi}]
workflows:
- workflowId: fill
  steps:
  - stepId: order
    operationId: order
    outputs: {all: $response.body, number: $response.body#/number, token: $response.body#/token}
  outputs: {first: $steps.order.outputs.all, second: $steps.order.outputs.all}
"""
API = Path(__file__).parent / "documents" / "orders.openapi.yaml"


@pytest.fixture
def document(tmp_path, monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    (tmp_path / API.name).write_bytes(API.read_bytes())
    path = tmp_path / "fill.arazzo.yaml"
    path.write_text(DOCUMENT)
    return path


def answer(api, size, status=201):
    api.on("POST /orders", status, {"number": 17, "token": "hunter2-hunter2", "text": "x" * size})


def limit(monkeypatch, value):
    monkeypatch.setenv("AIRFLOW__ARAZZO__MAX_OUTPUT_BYTES", str(value))


def test_a_step_says_what_is_too_large_and_that_it_was_sent(document, api, monkeypatch):
    limit(monkeypatch, 10_000)
    answer(api, 20_000)
    run = Run(stored={})
    with pytest.raises(OutputSizeError) as refused:
        run.execute(ArazzoStepOperator(task_id="order", plan=document))
    text = str(refused.value)
    for words in (
        "step 'order'",
        "output 'all' has 20,049 bytes of 20,068",
        "more than the 10,000",
        "[arazzo] max_output_bytes",
        "object storage (docs/deployment.md)",
        "POST /orders was sent, and answered with status 201; it is not sent again",
    ):
        assert words in text
    assert "hunter2" not in text
    assert "xxx" not in text
    assert isinstance(refused.value, AirflowFailException)  # Airflow's retries would send it again
    record = run.xcoms["order", "arazzo"]
    assert (record["outcome"], record["next"], record["message"]) == ("failed", None, text)
    assert {key for _, key in run.xcoms} == {"arazzo", "arazzo_envelope"}


def test_what_fits_passes(document, api, monkeypatch):
    limit(monkeypatch, 30_000)
    answer(api, 20_000)
    assert Run().execute(ArazzoStepOperator(task_id="order", plan=document))["number"] == 17


def test_a_failure_keeps_its_own_message(document, api, monkeypatch):
    limit(monkeypatch, 10_000)
    answer(api, 20_000, status=500)
    run = Run()
    with pytest.raises(AirflowException, match="answered 500"):
        run.execute(ArazzoStepOperator(task_id="order", plan=document))
    assert re.search("answered 500.*; and step 'order': output 'all' has", run.xcoms["order", "arazzo"]["message"])


def test_outputs_of_a_workflow_that_are_too_large_together_fail_it(document, api, monkeypatch):
    limit(monkeypatch, 30_000)
    answer(api, 20_000)
    run = Run()
    run.execute(ArazzoStepOperator(task_id="order", plan=document))
    with pytest.raises(AirflowFailException, match=r"workflow 'fill': output 'first' has 20,049 bytes of 40,098"):
        run.execute(ArazzoOutputsOperator(task_id="outputs", plan=document))
    assert run.xcoms["outputs", "arazzo"]["status"] == "failed"
    assert ("outputs", "return_value") not in run.xcoms


def test_a_workflow_in_one_task_too(document, api, monkeypatch):
    limit(monkeypatch, 30_000)
    answer(api, 20_000)
    run = Run()
    with pytest.raises(OutputSizeError, match="its requests were sent"):
        run.execute(ArazzoWorkflowOperator(task_id="fill", document=document))
    assert run.xcoms["fill", "arazzo"]["status"] == "failed"


def test_the_limit_is_that_of_the_backend(monkeypatch):
    assert output_limit() == 1_048_576
    backend = re.search(r"^xcom_backend = (.*)$", PAGE, re.MULTILINE)[1]
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", backend)
    assert output_limit() is None
    limit(monkeypatch, 5000)
    assert output_limit() == 5000
    limit(monkeypatch, 0)
    assert output_limit() is None
    limit(monkeypatch, "much")
    with pytest.raises(AirflowException, match="max_output_bytes is not a number"):
        output_limit()
