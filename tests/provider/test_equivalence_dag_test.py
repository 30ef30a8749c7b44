"""The case folders and a few dozen drawn workflows with ``dag.test()``: they do what the interpreter does."""

from __future__ import annotations

import json
from itertools import count

import pytest
from airflow.providers.common.compat.sdk import ParamValidationError
from casebook import BASE, Case, Script, cases
from equivalence import (
    Outcome,
    assert_in_order,
    assert_same,
    assert_side_by_side,
    executed,
    going_by,
    in_place_of_the_world,
    interpreted,
    outcome,
)
from executing import Execution
from hypothesis import HealthCheck, Phase, given, seed, settings
from played_api import PlayedApi
from suite import THOROUGH
from workflows import ANSWERS, INPUTS, ROUTES, Api, ApiOfPlaces, graphs, load, side_by_side, workflows

from airflow_arazzo import ArazzoDag
from arazzo.flow import compile_document
from arazzo.limits import limits_set

pytestmark = pytest.mark.airflow

NUMBERS = count()
SOME = settings(
    max_examples=10 if THOROUGH else 2,
    deadline=None,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=list(HealthCheck),
)


SOURCES = ("THINGS", "STRICT", "REQUIRES", "API")
#: Without Airflow's database and its API in between a run takes a tenth of the time: so all runs are made task by task,
#: and with ``dag.test()`` the first of every third folder, or all where there is time.
#: Those that a server can play: it does not know when it is not asked.
PLAYED = [case for case in cases() if not any("closed" in entry for entry in case.script)]
SOME_OF_THEM = list({case.folder: case for case in reversed(PLAYED)}.values())[::-3]


def dag_of(case: Case) -> ArazzoDag:
    settings = case.settings.model_dump(exclude_none=True)
    return ArazzoDag(case.document, case.workflow or "main", dialect=case.dialect, settings=settings)


def script_of(case: Case, dag: ArazzoDag) -> Script:
    return Script([*case.script, *case.meanwhile], in_order=dag.plan.needs is None)


def assert_as_written(case: Case, found: Outcome) -> None:
    assert found.status == ("failed" if case.status == "refused" else case.status)
    assert case.message.removesuffix(": connection refused") in found.message  # the transport has its own words
    if found.outputs is not None or case.status == "success":
        assert found.outputs == case.outputs


@pytest.mark.parametrize("case", cases(), ids=str)
def test_case_task_by_task(case: Case, monkeypatch):
    for source in SOURCES:
        monkeypatch.setenv(f"AIRFLOW_CONN_{source}", json.dumps({"conn_type": "http", "host": BASE}))
    dag = dag_of(case)
    script = script_of(case, dag)
    execution = Execution(dag, case.inputs, script)
    with in_place_of_the_world(script), limits_set(**case.limits):
        state = execution.finish()
    script.finished()
    if (dag.outputs.task_id, "arazzo") not in execution.run.xcoms:  # Airflow takes no such run
        assert (case.status, case.script, state) == ("refused", [], "failed")
        return
    assert_as_written(case, outcome(dag.plan, state, execution.run.xcoms, dag.outputs.task_id))


@pytest.mark.parametrize("case", PLAYED if THOROUGH else SOME_OF_THEM, ids=str)
def test_case(case: Case, run_dag, monkeypatch):
    """Over real sockets; only waits are not waited for."""
    dag = dag_of(case)
    script = script_of(case, dag)
    with PlayedApi(script.send, BASE.removesuffix("/v1")) as api, going_by(script), limits_set(**case.limits):
        for source in SOURCES:
            connection = json.dumps({"conn_type": "http", "host": f"{api.url}/v1"})
            monkeypatch.setenv(f"AIRFLOW_CONN_{source}", connection)
        try:
            run = run_dag(dag, **case.inputs)
        except (ParamValidationError, ValueError):  # Airflow takes no such run; 3.2 says so by a ValueError
            assert (case.status, case.script) == ("refused", [])
            return
    assert not api.surprises
    script.finished()
    assert_as_written(case, outcome(dag.plan, run.state, run.xcoms()))


@pytest.fixture
def things(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": BASE}))


@seed(20261121)
@SOME
@given(workflows(), INPUTS, ANSWERS)
def test_drawn_workflows(run_dag, things, text, inputs, answers):
    agree(run_dag, text, inputs, answers)


@seed(20261122)
@SOME
@given(graphs(), ROUTES)
def test_drawn_graphs(run_dag, things, text, answers):
    agree(run_dag, text, {}, answers)


@seed(20261123)
@SOME
@given(workflows(2, calls=True, depends=True), INPUTS, ANSWERS)
def test_drawn_calls(run_dag, things, text, inputs, answers):
    agree(run_dag, text, inputs, answers)


@seed(20261124)
@SOME
@given(side_by_side(), INPUTS, ROUTES)
def test_drawn_steps_side_by_side(run_dag, things, text, inputs, answers):
    plan = compile_document(load(text), "main")
    dag = ArazzoDag(plan, dag_id=f"drawn{next(NUMBERS)}")
    api, expected_api, step_api = ApiOfPlaces(answers), ApiOfPlaces(answers), ApiOfPlaces(answers)
    with in_place_of_the_world(api):
        run = run_dag(dag, **inputs)
    found = outcome(plan, run.state, run.xcoms(), dag.outputs.task_id)
    expected = interpreted(plan, inputs, expected_api)
    assert_side_by_side(found, expected, (api.trace, expected_api.trace), red="failed" in run.tasks.values())
    assert_in_order(plan, api.trace)
    stepped, execution = executed(dag, inputs, step_api)
    assert stepped == found
    assert execution.states == run.tasks


def agree(run_dag, text, inputs, answers):
    """Hold ``dag.test()`` against the interpreter, and the run task by task against ``dag.test()``."""
    plan = compile_document(load(text.replace('"reschedule"', '"poke"')), "main")
    dag = ArazzoDag(plan, dag_id=f"drawn{next(NUMBERS)}")
    api, expected_api, step_api = Api(answers), Api(answers), Api(answers)
    with in_place_of_the_world(api):
        run = run_dag(dag, **inputs)
    found = outcome(plan, run.state, run.xcoms(), dag.outputs.task_id)
    expected = interpreted(plan, inputs, expected_api)
    assert api.trace == expected_api.trace
    assert_same(found, expected)
    stepped, execution = executed(dag, inputs, step_api)
    assert stepped == found
    assert execution.states == run.tasks
