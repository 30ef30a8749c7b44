"""Workflows in workflows as groups of tasks, in whole runs with ``dag.test()``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_arazzo import ArazzoDag
from arazzo.engine import load_plan, run_local
from arazzo.exchange import Response

pytestmark = pytest.mark.airflow

TEAMS = Path(__file__).parent / "documents" / "teams.arazzo.yaml"
TOKEN = "tok-81b2c0d7"


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    for node in "abm":
        api.on(f"GET /nodes/{node}", 200, {"mark": node.upper()})
        api.on(f"POST /nodes/{node}", 200, {"token": TOKEN})
    return api


def answer(api, line, status, body=None):
    api.script.pop(line, None)
    api.on(line, status, body)


def states_of(run, group):
    """Return the states that the tasks of a group have."""
    return {state for task, state in run.tasks.items() if task.startswith(f"{group}.")}


VISIT_A, VISIT_B = ["GET /nodes/a", "POST /nodes/a"], ["GET /nodes/b", "POST /nodes/b"]


def test_a_step_that_calls_a_workflow_is_a_group_of_its_tasks():
    dag = ArazzoDag(TEAMS, "tour")
    tasks = {task.task_id: (type(task).__name__, sorted(task.downstream_task_ids)) for task in dag.tasks}
    assert tasks["first.inputs"] == ("ArazzoCallOperator", ["first.look"])
    assert tasks["first.look"] == ("ArazzoStepOperator", ["first.touch"])
    assert tasks["first.begin"] == ("EmptyOperator", ["first.done", "first.inputs"])
    assert tasks["first.touch"] == ("ArazzoStepOperator", ["first.done"])
    assert tasks["first.done"] == ("EmptyOperator", ["first.outputs"])
    assert tasks["first.outputs"] == ("ArazzoReturnOperator", ["first_branch"])
    assert tasks["first_branch"][1] == ["first_leave.begin", "first_to_second", "mended.begin"]
    assert tasks["mended.outputs"][1] == ["second.begin"]
    assert tasks["first_leave.outputs"] == ("ArazzoOutputsOperator", ["outputs"])
    assert dag.get_edge_info("first_branch", "mended.begin")["label"] == "mend"
    assert dag.leaves == [dag.outputs]
    assert dag.get_task("second.begin").trigger_rule == "none_failed_min_one_success"
    assert sorted(group for group in dag.task_group.get_task_group_dict() if group) == [
        "first",
        "first_leave",
        "mended",
        "second",
    ]


def test_a_workflow_called_twice(nodes, run_dag):
    run = run_dag(ArazzoDag(TEAMS, "tour"), word="open")
    assert run.state == "success"
    assert nodes.lines == VISIT_A + VISIT_B
    assert [asked.headers.get("X-Word") for asked in nodes.asked] == [None, "open", None, TOKEN]
    assert run.xcom("outputs") == {"first": "A", "mended": None, "second": "B"}
    assert run.xcom("first.outputs") == {"mark": "A", "token": "***", "status": 200}
    assert states_of(run, "mended") == states_of(run, "first_leave") == {"skipped"}
    assert run.xcom("outputs", "arazzo")["route"] == ["first", "second"]
    assert TOKEN not in json.dumps([value for value in run.xcoms().values() if not isinstance(value, str)])
    assert TOKEN not in json.dumps(list(run.xcoms().values()))


def test_a_failure_in_a_called_workflow_that_its_caller_recovers_leaves_the_run_green(nodes, run_dag):
    answer(nodes, "GET /nodes/a", 404)
    run = run_dag(ArazzoDag(TEAMS, "tour"))
    assert run.state == "success"
    assert nodes.lines == ["GET /nodes/a", "GET /nodes/m", "POST /nodes/m", *VISIT_B]
    assert run.tasks["first.look"] == "failed"
    assert run.tasks["first.touch"] == "upstream_failed"
    assert run.tasks["first.outputs"] == "success"
    assert run.xcom("first.outputs", "arazzo")["outcome"] == "recovered"
    assert run.xcom("outputs") == {"first": None, "mended": "M", "second": "B"}


def test_a_failure_in_a_called_workflow_that_nobody_recovers_is_red(nodes, run_dag):
    answer(nodes, "POST /nodes/a", 500)
    run = run_dag(ArazzoDag(TEAMS, "tour"))
    assert run.state == "failed"
    assert nodes.lines == VISIT_A
    assert (run.tasks["first.touch"], run.tasks["first.outputs"], run.tasks["outputs"]) == ("failed",) * 3
    # Its decision is final, though a task that has lost its worker starts again.
    assert (run.tries["first.outputs"], run.dag.get_task("first.outputs").retries) == (1, 2)
    assert states_of(run, "second") == {"upstream_failed"}
    message = run.xcom("outputs", "arazzo")["message"]
    assert message.startswith(
        "step 'first': workflow 'visit' failed: step 'touch' failed: POST /nodes/{node} answered 500"
    )


def test_criteria_of_the_calling_step_decide_in_the_last_task_of_the_group(nodes, run_dag):
    answer(nodes, "GET /nodes/b", 200, {"mark": "bad"})
    run = run_dag(ArazzoDag(TEAMS, "tour"))
    assert run.state == "failed"
    assert (run.tasks["second.touch"], run.tasks["second.outputs"]) == ("success", "failed")
    assert "$outputs.mark != 'bad'" in run.xcom("outputs", "arazzo")["message"]


def test_a_goto_to_a_workflow_is_one_way_and_its_outputs_are_the_result(nodes, run_dag):
    answer(nodes, "GET /nodes/a", 409)
    nodes.on("GET /nodes/sorry", 200, {"mark": "S"})
    run = run_dag(ArazzoDag(TEAMS, "tour"))
    assert run.state == "success"
    assert nodes.lines == ["GET /nodes/a", "GET /nodes/sorry"]
    assert run.tasks["first_leave.outputs"] == "success"
    assert run.xcom("outputs") == {"second": "S"}


def test_a_workflow_that_took_over_and_failed_fails_the_run(nodes, run_dag):
    answer(nodes, "GET /nodes/a", 409)
    nodes.on("GET /nodes/sorry", 503)
    run = run_dag(ArazzoDag(TEAMS, "tour"))
    assert run.state == "failed"
    assert run.xcom("outputs", "arazzo")["message"].startswith("step 'sorry' failed: GET /nodes/{node} answered 503")


def season(nodes):
    nodes.on("GET /nodes/pack-A", 200, {})
    nodes.on("GET /nodes/A", 200, {"mark": "far"}).on("POST /nodes/A", 200, {})
    nodes.on("GET /nodes/risky", 404).on("POST /nodes/mend", 200, {"mark": "fine"})


def test_workflows_that_come_first_run_once_and_are_read_by_all(nodes, run_dag):
    season(nodes)
    run = run_dag(ArazzoDag(TEAMS, "season"), node="a", secret_word="hush-77")
    assert run.state == "success"
    assert nodes.lines == [
        *VISIT_A,
        "GET /nodes/pack-A",
        "GET /nodes/A",
        "POST /nodes/A",
        "GET /nodes/risky",
        "POST /nodes/mend",
    ]
    assert run.xcom("outputs") == {"travel": "far", "rest": "fine", "word": "A"}
    assert run.tasks["travel.go.look"] == "success"
    assert run.tasks["rest.risky"] == "success"


def test_the_interpreter_does_the_same_with_workflows_that_come_first(nodes):
    season(nodes)
    lines = []

    def send(request):
        line = f"{request.method} {request.url.removeprefix('https://registry.example.com/v1')}"
        lines.append(line)
        status, body, _ = nodes.script[line][0]
        return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())

    run = run_local(load_plan(TEAMS, "season"), {"node": "a"}, send=send)
    assert run.outputs == {"travel": "far", "rest": "fine", "word": "A"}
    assert lines[:3] == [*VISIT_A, "GET /nodes/pack-A"]


def test_what_comes_first_and_fails_fails_the_run(nodes, run_dag):
    answer(nodes, "POST /nodes/a", 500)
    run = run_dag(ArazzoDag(TEAMS, "season"), node="a")
    assert run.state == "failed"
    assert nodes.lines == VISIT_A
    assert run.xcom("outputs", "arazzo")["message"].startswith("workflow 'visit', which runs first, failed: ")
    assert states_of(run, "prepare") == {"upstream_failed"}


def test_refused_inputs_of_a_called_workflow_send_nothing(nodes, run_dag, tmp_path):
    text = (
        TEAMS.read_text()
        .replace("./", f"{TEAMS.parent}/")
        .replace("- {name: node, value: a}", "- {name: node, value: 7}")
    )
    document = tmp_path / "teams.arazzo.yaml"
    document.write_text(text)
    run = run_dag(ArazzoDag(document, "tour"))
    assert run.state == "failed"
    assert nodes.lines == []
    assert (run.tasks["first.inputs"], run.tasks["first.outputs"]) == ("failed", "failed")
    assert "input 'node' must be string" in run.xcom("outputs", "arazzo")["message"]
