"""Approval before a request: a person answers while ``dag.test()`` waits, as the REST API does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from person import person

from airflow_arazzo import ArazzoDag
from arazzo.errors import UnsupportedError

DOCUMENTS = Path(__file__).parent / "documents"
NODES, TEAMS = DOCUMENTS / "nodes.arazzo.yaml", DOCUMENTS / "teams.arazzo.yaml"
APPROVE = {"b": {"approval": True}}


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    return api.on("GET /nodes/a", 200, {"next": "b"}).on("GET /nodes/b", 200, {"next": "end", "mark": 2})


def diamond(**arguments):
    return ArazzoDag(NODES, "diamond", steps=APPROVE, **arguments)


def test_a_task_asks_before_the_step():
    dag = diamond()
    assert dag.get_task("a_branch").downstream_task_ids == {"b_approval", "a_to_d"}
    assert dag.get_task("b_approval").downstream_task_ids == {"b"}
    assert dag.get_edge_info("a_branch", "b_approval")["label"] == "left"
    assert dag.get_task("b_approval").subject == (
        "GET /nodes/{node} of 'nodes': may step 'b' of workflow 'diamond' do this?"
    )


def test_what_the_run_has_been_given_is_not_asked_for_again():
    dag = ArazzoDag(DOCUMENTS / "scan.arazzo.yaml", steps={"waitForScan": {"approval": True}})
    assert "user" in dag.params
    assert not dag.get_task("waitForScan_approval").params


@pytest.mark.airflow
@pytest.mark.skipif("not hasattr(__import__('airflow.sdk.exceptions').sdk.exceptions, 'TaskAwaitingInput')")
def test_approved_it_goes_on(nodes, run_dag):
    with person("b_approval", "Approve") as asked:
        run = run_dag(diamond(dag_id="approved"))
    assert run.state == "success"
    assert asked == ["GET /nodes/{node} of 'nodes': may step 'b' of workflow 'diamond' do this?"]
    assert nodes.lines == ["GET /nodes/a", "GET /nodes/b"]
    assert run.xcom("outputs")["b"] == 2


@pytest.mark.airflow
@pytest.mark.skipif("not hasattr(__import__('airflow.sdk.exceptions').sdk.exceptions, 'TaskAwaitingInput')")
def test_refused_the_step_fails_and_sends_nothing(nodes, run_dag):
    with person("b_approval", "Reject"):
        run = run_dag(diamond(dag_id="refused"))
    assert run.state == "failed"
    assert nodes.lines == ["GET /nodes/a"]
    assert (run.tasks["b_approval"], run.tasks["b"], run.tasks["outputs"]) == ("failed", "upstream_failed", "failed")
    message = "step 'b': GET /nodes/{node} of 'nodes' was refused by grace; nothing was sent"
    assert run.xcom("outputs", "arazzo")["message"] == message


def test_a_step_within_a_group_asks_there():
    dag = ArazzoDag(TEAMS, "tour", settings={"approval": True})
    assert dag.get_task("first_approval").downstream_task_ids == {"first.begin"}
    assert dag.get_task("first.inputs").downstream_task_ids == {"first.look_approval"}


def test_a_step_that_is_part_of_another_task_cannot_ask():
    with pytest.raises(UnsupportedError, match="asks for approval"):
        ArazzoDag(TEAMS, "tour", settings={"approval": True, "granularity": "workflow"})


@pytest.mark.airflow
@pytest.mark.skipif("not hasattr(__import__('airflow.sdk.exceptions').sdk.exceptions, 'TaskAwaitingInput')")
@pytest.mark.parametrize(
    ("fails", "state", "states"),
    [(True, "failed", ("failed", "upstream_failed", "failed")), (False, "success", ("success", "skipped", "success"))],
)
def test_when_nobody_answers_nothing_is_sent(fails, state, states, nodes, run_dag):
    asking = {"b": {"approval": {"timeout": 60, "fail_on_timeout": fails}}}
    with person("b_approval", None):
        run = run_dag(ArazzoDag(NODES, "diamond", steps=asking, dag_id=f"unanswered_{fails}"))
    assert run.state == state
    assert nodes.lines == ["GET /nodes/a"]
    assert (run.tasks["b_approval"], run.tasks["b"], run.tasks["outputs"]) == states
    told = run.xcom("b_approval", "arazzo")["message"]
    assert told == "step 'b': nobody approved GET /nodes/{node} of 'nodes' within 60 s; nothing was sent"
