"""docs/failures.md: what Airflow shows of each failure, from runs with ``dag.test()``.

After a change that is meant, run with UPDATE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from typing import Any

import pytest
from casebook import BASE
from equivalence import assert_same, in_place_of_the_world, interpreted, outcome
from failures_shown import DOCUMENT, FAILURES, GROUPS, HEAD, PAGE, Answers, Failure, Shown

from airflow_arazzo import ArazzoDag

pytestmark = pytest.mark.airflow


@pytest.mark.skipif(version("apache-airflow-core") < "3.3", reason="the page has the tasks in the order of Airflow 3.3")
def test_the_page_says_what_airflow_shows(run_dag, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": BASE}))
    page = "\n".join([HEAD, *(section(failure, number, run_dag) for number, failure in enumerate(FAILURES))])
    found, _, groups = PAGE.read_text().partition(f"\n{GROUPS}")
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(f"{page}\n{GROUPS}{groups}")
    else:
        assert page == found


def section(failure: Failure, number: int, run_dag: Any) -> str:
    dag = ArazzoDag(DOCUMENT, failure.workflow, dag_id=f"failure{number}")
    with in_place_of_the_world(Answers(list(failure.answers))):
        run = run_dag(dag, **failure.inputs)
    found = outcome(dag.plan, run.state, run.xcoms(), dag.outputs.task_id)
    assert_same(found, interpreted(dag.plan, failure.inputs, Answers(list(failure.answers))))
    tasks = {task.task_id: run.tasks[task.task_id] for task in dag.topological_sort()}
    return Shown(tasks, run.state, found.outputs, found.message).section(failure.title)
