"""A login or a token of a connection that no operation of a workflow asks for: said once, not searched for hours."""

from __future__ import annotations

import json
import re

import pytest
from equivalence import in_place_of_the_world
from failures_shown import Answers
from running import Run

from airflow_arazzo import ArazzoDag, ArazzoWorkflowOperator

OPENAPI = """
openapi: 3.1.0
info: {title: Things, version: "1"}
servers: [{url: "http://things.example"}]
components:
  securitySchemes:
    basic: {type: http, scheme: basic}
    bearer: {type: http, scheme: bearer}
    key: {type: apiKey, in: header, name: X-Key}
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}
paths:
  /things: {get: {operationId: list, responses: {"200": {description: some}}}}
  /own: {get: {operationId: own, security: SECURITY, responses: {"200": {description: some}}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Things, version: "1"}
sourceDescriptions: [{name: things, url: things.openapi.yaml, type: openapi}]
workflows:
- workflowId: w
  x-airflow: {poke_interval: 5}
  steps:
  - stepId: watch
    operationId: list
    onSuccess: [{name: again, type: goto, stepId: watch, criteria: [{condition: $statusCode == 202}]}]
  - {stepId: look, operationId: own}
"""
UNASKED = (
    "and no operation of 'things' that workflow 'w' calls asks for one (security in the API's description): it is sent "
    "only where the document itself uses it"
)
LOGIN, TOKEN = {"login": "bob", "password": "hunter2"}, {"password": "hunter2"}


@pytest.fixture
def write(tmp_path, settled, monkeypatch):
    def written(security, **connection):
        fields = {"conn_type": "http", "host": "http://things.example", **connection}
        monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps(fields))
        (tmp_path / "things.openapi.yaml").write_text(OPENAPI.replace("SECURITY", security))
        (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)
        return tmp_path / "w.arazzo.yaml"

    return written


def told(capsys):
    """Return what the log says of it."""
    shown = capsys.readouterr().out
    assert "hunter2" not in shown
    return re.findall("connection 'things' has a .*? uses it", shown)


@pytest.mark.parametrize(
    ("security", "connection", "kind"),
    [
        ("[]", LOGIN, "login"),
        ("[]", TOKEN, "token"),
        ("[{key: []}]", LOGIN, "login"),
        ("[{bearer: []}]", LOGIN, "login"),
        ("[{basic: []}]", TOKEN, "token"),
        ("[{}, {basic: []}]", LOGIN, None),
        ("[{bearer: []}]", TOKEN, None),
        ("[{key: []}]", TOKEN, None),
        ("[{oauth: []}]", {**LOGIN, "conn_type": "arazzo"}, None),
        ("[]", {}, None),
    ],
)
def test_each_task_says_it_once_whichever_operation_it_calls(write, capsys, security, connection, kind):
    dag = ArazzoDag(write(security, **connection))
    expected = [f"connection 'things' has a {kind}, {UNASKED}"] if kind else []
    with in_place_of_the_world(Answers([(202, {}), (202, {}), (200, {})])):
        Run().execute(dag.get_task("watch"))
    assert told(capsys) == expected


def test_a_whole_workflow_in_one_task_says_it_once(write, capsys):
    task = ArazzoWorkflowOperator(task_id="w", document=write("[]", **LOGIN))
    with in_place_of_the_world(Answers([(202, {}), (200, {})])):
        Run().execute(task)
    assert len(told(capsys)) == 1
