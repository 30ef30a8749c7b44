"""Steps side by side: tasks without an edge between them, a join that waits for all, and what a failure leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_arazzo import ArazzoDag
from arazzo.engine import load_plan, run_local
from arazzo.exchange import Response

DOCUMENT = Path(__file__).parent / "documents" / "beside.arazzo.yaml"


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    for prefix in ("", "one-", "two-"):
        for node in ("left", "right", "slow"):
            api.on(f"GET /nodes/{prefix}{node}", 200, {"mark": f"{prefix}{node}"})
        api.on(f"POST /nodes/{prefix}join", 201, {"mark": f"{prefix}joined"})
    for node in ("a", "after", "end"):
        api.on(f"GET /nodes/{node}", 200, {"mark": node})
    return api


def answer(api, line, status, body=None):
    api.script.pop(line, None)
    api.on(line, status, body)


def edges(dag):
    return {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}


def interpreted(workflow, api):
    def send(request):
        line = f"{request.method} {request.url.removeprefix('https://registry.example.com/v1')}"
        status, body, _ = api.script[line][0]
        data = b"" if body is None else json.dumps(body).encode()
        return Response(status, (("Content-Type", "application/json"),), data)

    return run_local(load_plan(DOCUMENT, workflow), {}, send=send)


def message(workflow, api):
    return interpreted(workflow, api).message.replace("https://registry.example.com/v1", api.url)


def test_nothing_leads_from_a_step_to_one_that_does_not_need_it():
    dag = ArazzoDag(DOCUMENT, "gather")
    assert edges(dag) == {
        "left": ["join", "outputs"],
        "right": ["join", "outputs"],
        "slow": ["outputs"],
        "join": ["outputs"],
        "outputs": [],
    }
    assert {task.task_id for task in dag.roots} == {"left", "right", "slow"}
    assert dag.get_task("join").trigger_rule == "all_success"
    assert type(dag.get_task("slow")).__name__ == "ArazzoSensor"


def test_the_last_task_waits_for_steps_that_still_run_when_the_one_behind_them_is_given_up():
    """Airflow gives ``join`` up as soon as ``left`` has failed, whatever ``right`` does."""
    dag = ArazzoDag(DOCUMENT, "gather")
    assert dag.outputs.upstream_task_ids == {"left", "right", "slow", "join"}
    assert dag.outputs.trigger_rule == "all_done"


def test_called_workflows_are_groups_side_by_side():
    dag = ArazzoDag(DOCUMENT, "calling")
    tasks = edges(dag)
    assert tasks["one.inputs"] == ["one.left", "one.right", "one.slow"]
    assert (tasks["one.outputs"], tasks["two.outputs"]) == (["end", "outputs"],) * 2
    assert {task.task_id for task in dag.roots} == {"one.begin", "two.begin"}


def test_a_group_that_others_lead_to_begins_with_one_task():
    dag = ArazzoDag(DOCUMENT, "ahead")
    tasks = edges(dag)
    assert tasks["inputs"] == ["gather.begin"]
    assert tasks["gather.begin"] == ["gather.done", "gather.left", "gather.right", "gather.slow"]
    assert tasks["gather.outputs"] == ["look"]
    assert tasks["look_branch"] == ["look_again.begin", "outputs"]
    assert tasks["look_again.begin"] == ["look_again.done", "look_again.left", "look_again.right", "look_again.slow"]


def test_an_approval_is_asked_for_as_soon_as_what_the_step_needs_is_over():
    dag = ArazzoDag(DOCUMENT, "gather", steps={"join": {"approval": True}, "slow": {"approval": True}})
    tasks = edges(dag)
    assert (tasks["left"], tasks["join_approval"], tasks["slow_approval"]) == (
        ["join_approval", "outputs"],
        ["join"],
        ["slow"],
    )


def test_a_workflow_in_one_task_stays_in_order():
    dag = ArazzoDag(DOCUMENT, "gather", settings={"granularity": "workflow"})
    assert edges(dag) == {"gather": []}


@pytest.mark.airflow
def test_all_run_and_the_join_comes_after_both(nodes, run_dag):
    answer(nodes, "GET /nodes/slow", 200, {"mark": "pending"})
    nodes.on("GET /nodes/slow", 200, {"mark": "slow"})
    run = run_dag(ArazzoDag(DOCUMENT, "gather"))
    assert run.state == "success"
    assert sorted(nodes.lines) == [
        *(f"GET /nodes/{node}" for node in ("left", "right", "slow", "slow")),
        "POST /nodes/join",
    ]
    join = nodes.lines.index("POST /nodes/join")
    assert {"GET /nodes/left", "GET /nodes/right"} <= set(nodes.lines[:join])
    assert nodes.asked[join].headers["X-Left"] == "left"
    assert run.xcom("outputs") == {"left": "left", "right": "right", "slow": "slow", "join": "joined"}
    assert run.xcom("outputs", "arazzo")["route"] == ["left", "right", "slow", "join"]


@pytest.mark.airflow
def test_a_failure_stops_what_needs_the_step_and_nothing_else(nodes, run_dag):
    answer(nodes, "GET /nodes/left", 500)
    run = run_dag(ArazzoDag(DOCUMENT, "gather"))
    assert run.state == "failed"
    assert run.tasks == {
        "left": "failed",
        "right": "success",
        "slow": "success",
        "join": "upstream_failed",
        "outputs": "failed",
    }
    assert sorted(nodes.lines) == ["GET /nodes/left", "GET /nodes/right", "GET /nodes/slow"]
    assert run.xcom("outputs", "arazzo")["message"] == message("gather", nodes)
    assert run.xcom("outputs", "arazzo")["route"] == ["left", "right", "slow"]


@pytest.mark.airflow
def test_of_two_failures_the_first_in_order_comes_first(nodes, run_dag):
    answer(nodes, "GET /nodes/right", 500)
    answer(nodes, "GET /nodes/slow", 404)
    run = run_dag(ArazzoDag(DOCUMENT, "gather"))
    told = run.xcom("outputs", "arazzo")["message"]
    assert told.startswith(f"{message('gather', nodes)}; and step 'slow' failed: GET /nodes/{{node}} answered 404")
    assert run.tasks["left"] == "success"


@pytest.mark.airflow
def test_workflows_called_side_by_side(nodes, run_dag):
    run = run_dag(ArazzoDag(DOCUMENT, "calling"))
    assert run.state == "success"
    assert len(nodes.lines) == 9
    assert nodes.lines[-1] == "GET /nodes/end"
    assert run.xcom("outputs") == {"left": "one-left", "join": "two-joined", "status": 201}


@pytest.mark.airflow
def test_a_call_that_fails_leaves_the_other_alone(nodes, run_dag):
    answer(nodes, "GET /nodes/one-right", 500)
    run = run_dag(ArazzoDag(DOCUMENT, "calling"))
    assert run.state == "failed"
    assert (run.tasks["one.outputs"], run.tasks["two.outputs"], run.tasks["end"]) == (
        "failed",
        "success",
        "upstream_failed",
    )
    told = run.xcom("outputs", "arazzo")["message"]
    assert told.startswith("step 'one': workflow 'gather' failed: step 'right' failed: GET /nodes/{node} answered 500")


@pytest.mark.airflow
def test_who_recovers_a_call_sees_what_an_interpreter_would_have_come_to(nodes, run_dag):
    answer(nodes, "GET /nodes/left", 500)
    answer(nodes, "GET /nodes/slow", 404)
    run = run_dag(ArazzoDag(DOCUMENT, "recovering"))
    assert run.state == "success"
    assert (
        run.xcom("outputs") == interpreted("recovering", nodes).outputs == {"left": None, "right": None, "status": 500}
    )
    assert (run.tasks["call.right"], run.tasks["call.join"]) == ("success", "upstream_failed")


@pytest.mark.airflow
def test_before_and_after_other_workflows(nodes, run_dag):
    answer(nodes, "GET /nodes/a", 200, {"mark": "again"})
    run = run_dag(ArazzoDag(DOCUMENT, "ahead"))
    assert run.state == "success"
    assert len(nodes.lines) == 9
    assert nodes.lines[4] == "GET /nodes/a"
    assert run.xcom("outputs")["join"] == "joined"
    assert run.tasks["look_again.begin"] == "success"
