"""``@task.arazzo``: a function gives the inputs, the workflow is the task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from airflow.sdk import DAG, task
from running import Run, finish

from airflow_arazzo.operators.decorated import arazzo_task

TEAMS = Path(__file__).parent / "documents" / "teams.arazzo.yaml"
POLL = """
arazzo: 1.0.1
info: {title: Nodes, version: "1"}
sourceDescriptions: [{name: nodes, url: DESCRIPTION, type: openapi}]
workflows:
- workflowId: watch
  steps:
  - stepId: look
    operationId: getNode
    parameters: [{name: node, in: path, value: c}]
    onSuccess:
    - {name: busy, type: goto, stepId: look, criteria: [{condition: $response.body#/mark == 'busy'}]}
    - {name: done, type: end, criteria: [{condition: $response.body#/mark == 'done'}]}
    outputs: {mark: $response.body#/mark}
    x-airflow: {poke_interval: 0.05}
  outputs: {mark: $steps.look.outputs.mark}
"""
EVIL = "{{ conn.vault.password }}"


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    monkeypatch.setenv("AIRFLOW_CONN_VAULT", json.dumps({"conn_type": "generic", "password": "word-5d21e9"}))
    for node in "ab":
        api.on(f"GET /nodes/{node}", 200, {"mark": node.upper()}).on(f"POST /nodes/{node}", 200, {"token": "t"})
    return api


@pytest.fixture
def made():
    """Return the task that a function becomes."""

    def make(function, *args, **arguments):
        with DAG("teams", schedule=None) as dag:
            arazzo_task(function, **{"document": TEAMS, "workflow_id": "visit", **arguments})(*args)
        return dag.get_task(function.__name__)

    return make


@pytest.mark.airflow
def test_functions_give_the_inputs_of_tasks_mapped_ones_too(nodes, run_dag):
    with DAG("teams", schedule=None) as dag:

        @task
        def first() -> str:
            return "a"

        @task
        def told(mark: str, whole: dict) -> str:
            return f"{mark} {sorted(whole)}"

        @task.arazzo(document=TEAMS, workflow_id="visit")
        def visit(node: str, run_id=None):
            """Visit a node."""
            assert run_id
            return {"node": node}

        one = visit(first())
        told(one["mark"], one)
        visit.override(task_id="each").expand(node=["a", "b"])

    run = run_dag(dag)
    assert run.state == "success"
    assert run.xcom("told") == "A ['mark', 'token']"
    assert dag.get_task("visit").doc_md == "Visit a node."
    assert sorted(nodes.lines) == ["GET /nodes/a"] * 2 + ["GET /nodes/b"] + ["POST /nodes/a"] * 2 + ["POST /nodes/b"]


@pytest.mark.airflow
def test_what_a_function_gets_or_returns_is_no_template(nodes, run_dag):
    nodes.others = [(200, {"mark": "x", "token": "t"}, {})]
    with DAG("teams", schedule=None) as dag:

        @task
        def evil() -> list[str]:
            return [EVIL]

        @task.arazzo(document=TEAMS, workflow_id="visit")
        def visit(node):
            return {"node": node[0]}

        visit(evil())
        visit.override(task_id="each").expand(node=evil.override(task_id="more")())

    assert run_dag(dag).state == "success"
    assert len(nodes.lines) == 4
    assert not any("word-5d21e9" in line for line in nodes.lines)


def test_a_function_wins_over_inputs_that_the_author_has_bound(made, nodes):
    def visit():
        return {"node": "b"}

    found = made(visit, inputs={"node": "{{ 1 / 0 if false else 'a' }}"})
    assert Run().execute(found)["mark"] == "B"


@pytest.mark.parametrize("returned", [None, "a", ["node"]])
def test_a_function_that_returns_no_inputs_by_name_is_told_so(made, nodes, returned):
    def visit():
        return returned

    kind = type(returned).__name__
    with pytest.raises(AirflowFailException, match=f"inputs of workflow 'visit' by name, and has returned {kind}"):
        Run().execute(made(visit))
    assert nodes.lines == []


def test_inputs_that_the_workflow_does_not_take_are_refused(made, nodes):
    def visit():
        return {"nodee": "a"}

    with pytest.raises(AirflowFailException, match=r"'nodee'.*did you mean 'node'.*nothing was sent"):
        Run().execute(made(visit))
    assert nodes.lines == []


@pytest.mark.parametrize("error", [ValueError("own"), AirflowSkipException("not today")])
def test_what_a_function_raises_is_the_tasks_with_its_traceback(made, nodes, error):
    def visit():
        raise error

    with pytest.raises(type(error)) as caught:
        Run().execute(made(visit))
    assert caught.traceback[-1].name == "visit"


def test_a_function_is_asked_once_a_try_however_often_the_task_defers(made, nodes, tmp_path):
    watch = tmp_path / "watch.arazzo.yaml"
    watch.write_text(POLL.replace("DESCRIPTION", str(TEAMS.parent / "images.openapi.yaml")))
    for mark in ("busy", "busy", "done"):
        nodes.on("GET /nodes/c", 200, {"mark": mark})
    asked = []

    def visit():
        asked.append(1)
        return {}

    run = Run()
    assert finish(made(visit, document=watch, workflow_id=None), run.context("visit")) == {"mark": "done"}
    assert asked == [1]
    assert nodes.lines == ["GET /nodes/c"] * 3
