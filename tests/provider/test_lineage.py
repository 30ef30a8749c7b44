"""What the provider of OpenLineage hears of runs by its own listener: resources, assets, workflow and document."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("airflow.providers.openlineage", reason="the provider of OpenLineage is not installed")

from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
from airflow.providers.openlineage.plugins.listener import OpenLineageListener
from airflow.sdk import DAG, Asset
from airflow.sdk.execution_time.task_runner import get_listener_manager
from openlineage.client import OpenLineageClient
from openlineage.client.transport.file import FileConfig, FileTransport

from airflow_arazzo import ArazzoDag, ArazzoWorkflowOperator

SECRET = "tr0ub4dor"
OPENAPI = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: "SERVER/v1/"}]
paths:
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: getOrder, responses: {"200": {description: The order}}}
    put: {operationId: putOrder, responses: {"200": {description: The order}}}
  /bills: {post: {operationId: bill, responses: {"200": {description: The bill}}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Orders, version: "2.3"}
sourceDescriptions: [{name: shop, url: shop.openapi.yaml, type: openapi}]
workflows:
- workflowId: pay
  x-airflow: {outlets: ["https://shop.example:443/paid"]}
  inputs: {type: object, properties: {key: {type: string, format: password}}, required: [key]}
  steps:
  - stepId: watch
    operationId: getOrder
    parameters: [{name: id, in: path, value: $inputs.key}]
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess:
    - {name: again, type: goto, stepId: watch, criteria: [{condition: $response.body == 'busy'}]}
    - {name: ready, type: goto, stepId: close, criteria: [{condition: $response.body == 'ready'}]}
    x-airflow: {poke_interval: 0.05}
  - {stepId: close, workflowId: finish, parameters: [{name: key, value: $inputs.key}]}
- workflowId: finish
  inputs: {type: object, properties: {key: {type: string, format: password}}, required: [key]}
  steps:
  - stepId: put
    operationId: putOrder
    parameters: [{name: id, in: path, value: $inputs.key}]
  - stepId: bill
    operationId: bill
"""


@pytest.fixture
def heard(tmp_path):
    """The events that the listener has sent."""
    file = tmp_path / "events"
    listener = OpenLineageListener()
    client = OpenLineageClient(transport=FileTransport(FileConfig(log_file_path=str(file), append=True)))
    listener.adapter = OpenLineageAdapter(client)
    get_listener_manager().add_listener(listener)
    try:
        yield lambda: [json.loads(line) for line in file.read_text().splitlines()]
    finally:
        get_listener_manager().pm.unregister(listener)


@pytest.fixture
def document(tmp_path, api):
    (tmp_path / "shop.openapi.yaml").write_text(OPENAPI.replace("SERVER", api.url))
    (tmp_path / "pay.arazzo.yaml").write_text(DOCUMENT)
    line = f"GET /v1/orders/{SECRET}"
    api.on(line, 200, "busy").on(line, 200, "busy").on(line, 200, "ready")
    api.on(f"PUT /v1/orders/{SECRET}", 200, {}).on("POST /v1/bills", 409, {"error": SECRET})
    return tmp_path / "pay.arazzo.yaml"


def names(event, side):
    return [(each["namespace"], each["name"]) for each in event[side]]


@pytest.mark.airflow
def test_the_listener_hears_of_each_task(document, api, run_dag, heard):
    api.script["POST /v1/bills"] = [(200, {}, {})]
    assert run_dag(ArazzoDag(document, "pay", inputs={"key": SECRET})).state == "success"
    over = {event["job"]["name"].removeprefix("pay."): event for event in heard() if event["eventType"] == "COMPLETE"}
    order, bills = (api.url, "/v1/orders/{id}"), (api.url, "/v1/bills")
    resources = {task: (names(event, "inputs"), names(event, "outputs")) for task, event in over.items()}
    assert {task: found for task, found in resources.items() if found != ([], [])} == {
        "watch": ([order], []),
        "close.put": ([], [order]),
        "close.bill": ([], [bills]),
        "outputs": ([], [("https://shop.example", "/paid")]),
    }
    facet = over["watch"]["job"]["facets"]["arazzo"]
    assert {name: facet[name] for name in ("workflow", "document", "title", "version")} == {
        "workflow": "pay",
        "document": "pay.arazzo.yaml",
        "title": "Orders",
        "version": "2.3",
    }
    assert len(facet["digest"]) == 64
    assert over["close.put"]["job"]["facets"]["arazzo"]["workflow"] == "finish"
    assert SECRET not in json.dumps([{**event, "run": None} for event in over.values()])


@pytest.mark.airflow
def test_a_workflow_in_one_task_tells_what_it_has_sent_also_if_it_fails(document, api, run_dag, heard):
    with DAG("own", schedule=None) as dag:
        ArazzoWorkflowOperator(
            task_id="pay",
            document=document,
            workflow_id="pay",
            inputs={"key": SECRET},
            inlets=[Asset("https://shop.example/prices")],
            outlets=[Asset("https://shop.example/closed")],
        )
    assert run_dag(dag).state == "failed"
    [event] = [event for event in heard() if event["eventType"] == "FAIL"]
    order = (api.url, "/v1/orders/{id}")
    assert names(event, "inputs") == [("https://shop.example", "/prices"), order]
    assert names(event, "outputs") == [("https://shop.example", "/closed"), order, (api.url, "/v1/bills")]
