"""What a task does once each time it starts, and a trigger: look up a connection and a task's state, copy its plan."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import BaseHook, TaskDeferred
from running import Run, TaskInstance, first_event, restored

from airflow_arazzo import ArazzoDag, ArazzoSensor, ArazzoStepOperator, ArazzoWorkflowOperator
from arazzo.flow import Plan

NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"


@pytest.fixture
def done(monkeypatch):
    """What has been done since it was last cleared: connections looked up, by id, and copies of plans."""
    counted = Counter()

    def looked_up(method):
        def counting(conn_id):
            counted[conn_id] += 1
            return method(conn_id)

        return staticmethod(counting)

    for name in ("get_connection", "aget_connection"):
        monkeypatch.setattr(BaseHook, name, looked_up(getattr(BaseHook, name)))
    copy = Plan.model_copy

    def copying(plan, **changes):
        counted["copies"] += 1
        return copy(plan, **changes)

    monkeypatch.setattr(Plan, "model_copy", copying)
    return counted


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    for node, following in {"a": "b", "first": "second", "flaky": None, "ok": None}.items():
        api.on(f"GET /nodes/{node}", 200, {"mark": "ok", "next": following})
    return api


def starts(task, run, done):
    """Run a task to its end; return what each of its starts has done, and each of its triggers."""
    found, method, event = [], "execute", None
    while True:
        done.clear()
        try:
            context = run.context(task.task_id)
            if event is None:
                result = task.execute(context)
            else:
                result = task.resume_execution(method, {"event": event}, context)
        except TaskDeferred as deferred:
            found.append(dict(done))
            done.clear()
            method, event = deferred.method_name, json.loads(json.dumps(first_event(restored(deferred.trigger))))
            found.append(dict(done))
            continue
        context["ti"].xcom_push("return_value", result)
        run.states[task.task_id] = "success"
        return [*found, dict(done)]


ONCE, LOOKED_UP = {"nodes": 1, "copies": 1}, {"nodes": 1}


def test_a_step(nodes, done):
    step = ArazzoStepOperator(task_id="a", plan=NODES, workflow_id="diamond")
    assert starts(step, Run(), done) == [ONCE]


def test_a_sensor_and_its_trigger(nodes, done):
    nodes.on("GET /nodes/second", 200, {"next": "first"}).on("GET /nodes/second", 200, {"next": "last"})
    run = Run(xcoms={("begin", "arazzo"): {"next": "first"}}, states={"begin": "success"})
    sensor = ArazzoDag(NODES, "two-step-loop").get_task("first")
    assert isinstance(sensor, ArazzoSensor)
    assert starts(sensor, run, done) == [ONCE, LOOKED_UP, ONCE]


def test_a_step_that_logs_in_with_oauth(tmp_path, monkeypatch, api, done):
    flows = {"clientCredentials": {"tokenUrl": f"{api.url}/token", "scopes": {}}}
    description = {
        "openapi": "3.1.0",
        "info": {"title": "S", "version": "1"},
        "security": [{"login": []}],
        "paths": {"/it": {"get": {"operationId": "getIt", "responses": {"200": {"description": "ok"}}}}},
        "components": {"securitySchemes": {"login": {"type": "oauth2", "flows": flows}}},
    }
    (tmp_path / "nodes.json").write_text(json.dumps(description))
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "nodes", "url": "./nodes.json", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [{"stepId": "it", "operationId": "getIt"}]}],
    }
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    extra = {"client_id": "me", "client_secret": "hunter2-hunter2", "token_url": f"{api.url}/token"}
    connection = {"conn_type": "arazzo", "host": api.url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps(connection))
    api.on("POST /token", 200, {"access_token": "tok-4711-4711", "token_type": "Bearer"}).on("GET /it", 200, {})
    step = ArazzoStepOperator(task_id="it", plan=tmp_path / "w.arazzo.json")
    assert starts(step, Run(), done) == [ONCE]
    assert [asked.headers.get("Authorization") for asked in api.asked][-1] == "Bearer tok-4711-4711"


def test_a_called_workflow(nodes, done):
    run, dag = Run(), ArazzoDag(NODES, "caller")
    found = {}
    for task in dag.topological_sort():
        if task.task_type.startswith("Arazzo"):
            found[task.task_id] = starts(task, run, done)
    assert found == {
        "call.inputs": [{"copies": 1}],
        "call.flaky": [ONCE],
        "call.outputs": [{"copies": 1}],
        "after": [ONCE],
        "outputs": [{}],
    }


def test_the_state_of_each_other_task(nodes, monkeypatch):
    asked, ask = Counter(), TaskInstance.get_task_states

    def asking(ti, dag_id, task_ids, run_ids):
        asked.update((ti.task_id, each) for each in task_ids)
        return ask(ti, dag_id, task_ids, run_ids)

    monkeypatch.setattr(TaskInstance, "get_task_states", asking)
    run = Run()
    for task in ArazzoDag(NODES, "caller").topological_sort():
        if task.task_type.startswith("Arazzo"):
            run.execute(task)
    assert asked["outputs", "after"] == asked["outputs", "call.outputs"] == 1
    assert set(asked.values()) == {1}


def test_a_workflow_in_one_task(nodes, done):
    whole = ArazzoWorkflowOperator(task_id="whole", document=NODES, workflow_id="retry-safe")
    assert starts(whole, Run(), done) == [ONCE]
