"""Workflows in people's own DAGs: as one task, mapped over many inputs, and as a group of tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowException, AirflowFailException, TaskDeferred
from airflow.sdk import task
from running import Run, first_event, restored

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup, ArazzoWorkflowOperator
from arazzo.errors import InputError, UnsupportedError

DOCUMENTS = Path(__file__).parent / "documents"
TEAMS, NODES, SCAN = (DOCUMENTS / f"{name}.arazzo.yaml" for name in ("teams", "nodes", "scan"))
TOKEN, WORD = "tok-81b2c0d7", "word-5d21e9"


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    monkeypatch.setenv("AIRFLOW_CONN_VAULT", json.dumps({"conn_type": "generic", "password": WORD}))
    for node in "ab":
        api.on(f"GET /nodes/{node}", 200, {"mark": node.upper()}).on(f"POST /nodes/{node}", 200, {"token": TOKEN})
    return api


VISIT_A, VISIT_B = ["GET /nodes/a", "POST /nodes/a"], ["GET /nodes/b", "POST /nodes/b"]


# one task


def test_a_workflow_in_one_task(nodes):
    run = Run()
    visit = ArazzoWorkflowOperator(task_id="visit", document=TEAMS, workflow_id="visit", inputs={"node": "a"})
    assert run.execute(visit) == {"mark": "A", "token": "***"}
    assert nodes.lines == VISIT_A
    record = run.xcoms["visit", "arazzo"]
    assert (record["workflow"], record["status"], list(record["steps"])) == ("visit", "success", ["look", "touch"])
    assert len(record["history"]) == 2
    assert TOKEN not in json.dumps(list(run.xcoms.values()))


def test_a_workflow_in_one_task_calls_others_and_those_that_come_first(nodes):
    nodes.on("GET /nodes/pack-A", 200, {}).on("GET /nodes/A", 200, {"mark": "far"}).on("POST /nodes/A", 200, {})
    nodes.on("GET /nodes/risky", 404).on("POST /nodes/mend", 200, {"mark": "fine"})
    season = ArazzoWorkflowOperator(task_id="season", document=TEAMS, workflow_id="season", inputs={"node": "a"})
    assert Run().execute(season) == {"travel": "far", "rest": "fine", "word": "A"}


def test_a_failure_fails_the_task(nodes):
    nodes.script["POST /nodes/a"] = [(500, None, {})]
    run = Run()
    visit = ArazzoWorkflowOperator(task_id="visit", document=TEAMS, workflow_id="visit", inputs={"node": "a"})
    with pytest.raises(AirflowException, match=r"POST /nodes/\{node\} answered 500"):
        run.execute(visit)
    assert run.xcoms["visit", "arazzo"]["status"] == "failed"
    assert ("visit", "return_value") not in run.xcoms


def test_refused_inputs_send_nothing(nodes):
    visit = ArazzoWorkflowOperator(task_id="visit", document=TEAMS, workflow_id="visit", inputs={"node": 7})
    with pytest.raises(AirflowFailException, match="nothing was sent"):
        Run(params={"node": "a"}).execute(visit)
    assert nodes.lines == []


def test_params_are_inputs_only_where_that_is_said(nodes):
    visit = {"task_id": "visit", "document": TEAMS, "workflow_id": "visit"}
    with pytest.raises(AirflowFailException, match="required input 'node' is missing"):
        Run(params={"node": "a"}).execute(ArazzoWorkflowOperator(**visit))
    Run(params={"node": "a"}).execute(ArazzoWorkflowOperator(**visit, from_params=True))
    assert nodes.lines == VISIT_A


def test_the_triggerer_goes_on_with_safe_requests_and_leaves_the_others_to_a_worker(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_REGISTRY", json.dumps({"conn_type": "arazzo", "host": f"{api.url}/v1"}))
    api.on("POST /v1/sessions", 200, {"token": TOKEN, "session": {}}).on("POST /v1/scans", 202, None)
    image = "GET /v1/images/nginx"
    api.on(image, 200, {"status": "pending"}).on(image, 200, {"status": "pending"}).on(image, 200, {"status": "failed"})
    api.on("DELETE /v1/images/nginx", 204, None)
    inputs = {"image": "nginx", "user": "u", "password": WORD}
    scan = ArazzoWorkflowOperator(task_id="scan", document=SCAN, inputs=inputs, settings={"poke_interval": 0.05})
    run = Run()
    context = run.context("scan")
    with pytest.raises(TaskDeferred) as deferred:
        scan.execute(context)
    assert api.lines == ["POST /v1/sessions", "POST /v1/scans", image]
    event = first_event(restored(deferred.value.trigger))
    assert event["status"] == "waited"
    assert api.lines[3:] == [image, image]
    assert WORD not in json.dumps([deferred.value.trigger.serialize(), event])
    outputs = scan.resume_execution(deferred.value.method_name, {"event": event}, context)
    assert api.lines[5:] == ["DELETE /v1/images/nginx"]
    assert outputs == {"status": "failed", "findings": None, "removed": 204}
    record = run.xcoms["scan", "arazzo"]["steps"]["removeImage"]
    assert record["attempts"] == 1


def test_a_step_that_asks_for_approval_cannot_be_part_of_a_task():
    with pytest.raises(UnsupportedError, match="step 'look' of workflow 'visit' asks for approval"):
        ArazzoWorkflowOperator(task_id="t", document=TEAMS, workflow_id="visit", settings={"approval": True})


@pytest.mark.airflow
def test_a_workflow_for_each_of_several_inputs(nodes, run_dag):
    with DAG("own_mapped", schedule=None) as dag:
        inputs = [{"node": "a"}, {"node": "b", "secret_word": "{{ conn.vault.password }}"}]
        visit = ArazzoWorkflowOperator.partial(task_id="visit", document=str(TEAMS), workflow_id="visit")
        visit.expand(inputs=inputs)
    run = run_dag(dag)
    assert run.state == "success"
    assert sorted(nodes.lines) == sorted(VISIT_A + VISIT_B)
    assert {asked.headers.get("X-Word") for asked in nodes.asked if asked.line == "POST /nodes/b"} == {WORD}
    assert WORD not in json.dumps(list(run.xcoms().values()))


@pytest.mark.airflow
def test_a_dag_of_one_task(nodes, run_dag):
    dag = ArazzoDag(TEAMS, "visit", dag_id="visit_whole", settings={"granularity": "workflow"})
    assert [task.task_id for task in dag.tasks] == ["visit"]
    run = run_dag(dag, node="a")
    assert run.state == "success"
    assert run.xcom("visit") == {"mark": "A", "token": "***"}


# a group


@task
def choose():
    return "a"


@task
def note(mark):
    return f"noted {mark}"


@pytest.mark.airflow
def test_a_group_in_a_dag_of_ones_own(nodes, run_dag):
    with DAG("own_group", schedule=None) as dag:
        word = "{{ conn.vault.password }}"
        visit = ArazzoTaskGroup(TEAMS, "visit", group_id="go", inputs={"node": choose(), "secret_word": word})
        note(visit.outputs["mark"])
    assert dag.get_task("choose").downstream_task_ids == {"go.begin"}
    assert dag.get_task("go.outputs").downstream_task_ids == {"note"}
    run = run_dag(dag)
    assert run.state == "success"
    assert nodes.lines == VISIT_A
    assert nodes.asked[1].headers["X-Word"] == WORD
    assert run.xcom("go.outputs") == {"mark": "A", "token": "***"}
    assert run.xcom("note") == "noted A"
    stored = json.dumps(list(run.xcoms().values()))
    assert WORD not in stored
    assert TOKEN not in stored


@pytest.mark.airflow
def test_a_group_whose_inputs_are_refused_is_red_and_sends_nothing(nodes, run_dag):
    with DAG("own_refused", schedule=None) as dag:
        visit = ArazzoTaskGroup(TEAMS, "visit", inputs={"node": 7})
        note(visit.outputs["mark"])
    run = run_dag(dag)
    assert run.state == "failed"
    assert nodes.lines == []
    assert (run.tasks["visit.inputs"], run.tasks["visit.outputs"], run.tasks["note"]) == (
        "failed",
        "failed",
        "upstream_failed",
    )
    assert "input 'node' must be string" in run.xcom("visit.outputs", "arazzo")["message"]


def test_two_groups_of_one_workflow_and_one_that_others_come_before():
    with DAG("own_groups", schedule=None) as dag:
        first = ArazzoTaskGroup(TEAMS, "visit", group_id="one", inputs={"node": "a"})
        second = ArazzoTaskGroup(TEAMS, "season", group_id="two", inputs={"node": first.outputs["mark"]})
    assert dag.get_task("one.outputs").downstream_task_ids == {"two.begin"}
    assert dag.get_task("two.inputs").downstream_task_ids == {"two.visit.begin"}
    assert dag.get_task("two.visit.outputs").downstream_task_ids == {"two.prepare.begin"}
    assert dag.get_task("two.prepare.outputs").downstream_task_ids == {"two.travel.begin"}
    assert dag.leaves == [second.last]


def test_a_group_takes_no_input_that_the_workflow_does_not_have():
    with DAG("own_unknown", schedule=None), pytest.raises(InputError, match="has no input 'nod'"):
        ArazzoTaskGroup(TEAMS, "visit", inputs={"nod": "a"})
