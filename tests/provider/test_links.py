"""The link from a task to its last response."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from equivalence import in_place_of_the_world
from failures_shown import DOCUMENT, Answers
from running import Run

from airflow_arazzo import ArazzoDag


@dataclass
class Key:
    dag_id: str = "the dag"
    run_id: str = "manual__2026-01-01T00:00:00+00:00"
    task_id: str = "watch"
    map_index: int = -1


def link(task, **key):
    return task.operator_extra_links[0].get_link(task, ti_key=Key(**key))


@pytest.fixture
def watch(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": "http://things.example"}))
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/base/")
    return ArazzoDag(DOCUMENT, "polled", settings={"tolerate": 0}).get_task("watch")


def test_it_leads_to_the_page_of_the_task_and_names_the_status(watch):
    with in_place_of_the_world(Answers([(503, {})])), pytest.raises(AirflowException):
        watch.execute(Run().context("watch"))
    page = (
        "https://airflow.example/base/arazzo/dags/the%20dag/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/watch"
    )
    assert link(watch) == f"{page}#status=503"
    assert link(watch, map_index=4) == f"{page}/4#status=503"


def test_it_says_that_there_was_no_response(watch):
    with in_place_of_the_world(Answers(["connection refused"])), pytest.raises(AirflowException):
        watch.execute(Run().context("watch"))
    assert link(watch).endswith("/watch#no-response")


def test_the_interface_is_told_of_it(watch):
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    tasks = [task["__var"] for task in LazyDeserializedDAG.from_dag(watch.dag).data["dag"]["tasks"]]
    (links,) = [task["_operator_extra_links"] for task in tasks if task["task_id"] == "watch"]
    assert links == {"Last response": "_link_LastResponseLink"}


SHOP = Path(__file__).parents[2] / "dags" / "workflows" / "order-and-ship.arazzo.yaml"


@pytest.mark.parametrize(
    ("task", "url"), [("ship", "https://shop.example.com/docs/shipment"), ("place", "https://shop.example.com/docs")]
)
def test_another_leads_to_the_documentation_of_the_operation(task, url):
    found = ArazzoDag(SHOP).get_task(task)
    assert found.operator_extra_links[1].get_link(found, ti_key=Key()) == url


def test_an_operation_without_documentation_has_none(watch):
    assert [link.name for link in watch.operator_extra_links] == ["Last response"]


@pytest.mark.airflow
def test_a_call_that_is_a_group_of_tasks_has_the_status_of_its_last_request(run_dag, watch):
    dag = ArazzoDag(DOCUMENT, "calling", dag_id="linked")
    with in_place_of_the_world(Answers([(500, {"state": "bad"})])):
        run = run_dag(dag)
    assert run.xcom("call.outputs", "_link_LastResponseLink").endswith("/tasks/call.outputs#status=500")
