"""Outputs of megabytes on a real scheduler, XComs in object storage as docs/deployment.md says."""

import configparser
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from scripted_api import ScriptedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow

pytestmark = [pytest.mark.scheduler, pytest.mark.slow]

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text("utf-8")
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: orders, url: api.yaml, type: openapi}]
workflows:
- workflowId: copy
  steps:
  - {stepId: read, operationId: read, outputs: {all: $response.body, token: $response.body#/token}}
  - stepId: write
    operationId: write
    parameters: [{name: X-Token, in: header, value: $steps.read.outputs.token}]
    requestBody: {contentType: application/json, payload: $steps.read.outputs.all}
  outputs: {all: $steps.read.outputs.all}
"""
API = """
openapi: 3.1.0
info: {title: Orders, version: "1"}
servers: [{url: http://orders.invalid}]
paths:
  /orders:
    get: {operationId: read, responses: {"200": {description: All}}}
    post: {operationId: write, responses: {"201": {description: Made}}}
"""
DAG = """
from airflow_arazzo import ArazzoDag

ArazzoDag(__file__.replace("copy.py", "copy.arazzo.yaml"))
"""
SIZE = 3_000_000


def settings(folder):
    """Return the settings on the page as environment variables, the bucket a folder."""
    parser = configparser.ConfigParser()
    parser.read_string(re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)[1])
    parser["common.io"]["xcom_objectstorage_path"] = f"file://{folder}"
    return {
        f"AIRFLOW__{section.upper().replace('.', '_')}__{name.upper()}": value
        for section in parser.sections()
        for name, value in parser[section].items()
    }


def test_large_outputs_pass_from_task_to_task(tmp_path, migrate):
    dags, storage = tmp_path / "dags", tmp_path / "storage"
    dags.mkdir()
    storage.mkdir()
    for name, text in (("copy.arazzo.yaml", DOCUMENT), ("api.yaml", API), ("copy.py", DAG)):
        (dags / name).write_text(text)
    body = {"token": "hunter2-hunter2", "text": "x" * SIZE}
    with ScriptedApi() as api:
        api.on("GET /orders", 200, body).on("POST /orders", 201, {})
        environment = {"AIRFLOW_CONN_ORDERS": json.dumps({"conn_type": "http", "host": api.url}), **settings(storage)}
        with LocalAirflow(tmp_path / "home", dags, environment, restart=True) as airflow:
            migrate(airflow)
            airflow.start()
            airflow.wait_healthy(240)
            airflow.wait_for_dags("copy", limit=180)
            run_id = airflow.rest.trigger("copy")
            state = airflow.rest.wait("copy", run_id, limit=300)["state"]
            with closing(sqlite3.connect(airflow.home / "airflow.db")) as database:
                rows = dict(database.execute("SELECT task_id || '.' || key, length(value) FROM xcom"))
    assert state == "success"
    assert api.asked[1].json == body
    assert api.asked[1].headers["X-Token"] == "hunter2-hunter2"
    assert {"read.return_value", "read.arazzo_envelope", "outputs.return_value"} <= rows.keys()
    assert max(rows.values()) < 2000
    assert len([path for path in storage.rglob("*") if path.is_file()]) >= 3
    assert b"hunter2" not in b"".join(path.read_bytes() for path in storage.rglob("*") if path.is_file())
