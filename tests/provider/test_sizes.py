"""Long workflows: built into DAGs, and run right."""

from __future__ import annotations

import json

import pytest
from casebook import BASE
from equivalence import assert_same, executed, in_place_of_the_world, interpreted, outcome
from long_workflows import document
from workflows import Api, load

from airflow_arazzo import ArazzoDag
from arazzo.flow import compile_document

ANSWERS = [(200, number % 3) for number in range(200)]


@pytest.fixture(autouse=True)
def things(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": BASE}))


@pytest.mark.parametrize("branching", [False, True], ids=["linear", "branching"])
@pytest.mark.slow
def test_200_steps_task_by_task(branching):
    plan = compile_document(load(document(200, branching=branching)), "main")
    api, expected_api = Api(ANSWERS), Api(ANSWERS)
    found, execution = executed(ArazzoDag(plan), {}, api)
    assert_same(found, interpreted(plan, {}, expected_api))
    assert found.status == "success"
    assert api.trace == expected_api.trace
    assert len(api.trace) == (101 if branching else 200)
    assert ("skipped" in execution.states.values()) == branching


@pytest.mark.airflow
@pytest.mark.parametrize(("size", "branching"), [(30, False), (12, True)], ids=["linear", "branching"])
def test_with_dag_test(run_dag, size, branching):
    """``dag.test()`` looks at all tasks after each: with 50 steps that branch (238 tasks) it takes minutes."""
    plan = compile_document(load(document(size, branching=branching)), "main")
    dag = ArazzoDag(plan, dag_id=f"long-{branching}")
    api, expected_api = Api(ANSWERS), Api(ANSWERS)
    with in_place_of_the_world(api):
        run = run_dag(dag)
    assert_same(outcome(plan, run.state, run.xcoms()), interpreted(plan, {}, expected_api))
    assert run.state == "success"
    assert api.trace == expected_api.trace


@pytest.mark.parametrize("branching", [False, True], ids=["linear", "branching"])
def test_what_airflow_stores_grows_as_the_workflow(branching):
    """No task carries the plan, or the ids of all others, into the serialized DAG."""
    from executing import serialization

    def stored(size: int) -> int:
        dag = ArazzoDag(compile_document(load(document(size, branching=branching)), "main"))
        return len(json.dumps(serialization.to_dict(dag)))

    assert stored(80) < 2.2 * stored(40)
