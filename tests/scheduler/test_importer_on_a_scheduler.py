"""A folder with a document, its API description and no Python, on a scheduler: a DAG that runs (Airflow 3.4)."""

from __future__ import annotations

import json

import pytest
from scripted_api import ScriptedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow

pytest.importorskip("airflow.sdk.importers", reason="Airflow has no DAG importers before 3.4")
pytestmark = pytest.mark.scheduler

API = """\
openapi: 3.1.0
info: {title: Tea, version: 1.0.0}
paths: {/leaves: {get: {operationId: list, responses: {'200': {description: ok}}}}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: Tea, version: 1.0.0}
sourceDescriptions: [{name: tea, url: tea.openapi.yaml}]
workflows:
- workflowId: brew
  steps:
  - stepId: look
    operationId: list
    successCriteria: [{condition: $statusCode == 200}]
    outputs: {first: $response.body#/0}
  outputs: {leaf: $steps.look.outputs.first}
"""
IMPORTERS = [{"classpath": "airflow_arazzo.importer.ArazzoDagImporter", "kwargs": {"connections": {"tea": "tea_test"}}}]


def test_a_folder_without_python_runs(tmp_path, migrate):
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "tea.openapi.yaml").write_text(API)
    (folder / "tea.arazzo.yaml").write_text(DOCUMENT)
    (folder / "milk.arazzo.yaml").write_text(DOCUMENT.replace("operationId: list", "operationId: lits"))
    with ScriptedApi() as api:
        api.on("GET /leaves", 200, ["oolong"])
        environment = {
            "AIRFLOW__DAG_PROCESSOR__DAG_IMPORTER_CONFIGS": json.dumps(IMPORTERS),
            "AIRFLOW_CONN_TEA_TEST": json.dumps({"conn_type": "arazzo", "host": api.url}),
        }
        with LocalAirflow(tmp_path / "home", folder, environment, restart=True) as airflow:
            migrate(airflow)
            airflow.start()
            airflow.wait_healthy(180)
            airflow.wait_for_dags("brew", limit=120)
            run = airflow.rest.trigger("brew")
            assert airflow.rest.wait("brew", run, 240)["state"] == "success"
            assert airflow.rest.call("GET", "/dagSources/brew")["content"] == DOCUMENT
            errors = airflow.rest.call("GET", "/importErrors")["import_errors"]
        assert api.lines == ["GET /leaves"]
        (error,) = errors
        assert (error["filename"], "milk.arazzo.yaml:8:" in error["stack_trace"]) == ("milk.arazzo.yaml", True)
