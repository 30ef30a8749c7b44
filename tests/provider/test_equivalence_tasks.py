"""Whatever the control flow: the DAG of a workflow does, task by task, exactly what the interpreter does.

Workflows and the answers of their API are drawn. Only the clock and the socket are not the real ones.
``HYPOTHESIS_PROFILE=thorough`` runs thousands of cases, CI a few hundred.
"""

from __future__ import annotations

import json

import pytest
from equivalence import THOROUGH, assert_same, executed, interpreted
from hypothesis import HealthCheck, given, settings
from workflows import ANSWERS, INPUTS, ROUTES, Api, graphs, load, workflows

from airflow_arazzo import ArazzoDag
from airflow_arazzo.core.flow import compile_document


@pytest.fixture(scope="module", autouse=True)
def things():
    """The connection of the drawn workflows' API."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": "https://api.example.test/v1"}))
        yield


def cases(number: int):
    return settings(max_examples=4000 if THOROUGH else number, deadline=None, suppress_health_check=list(HealthCheck))


@cases(150)
@given(workflows(), INPUTS, ANSWERS)
def test_a_dag_does_what_the_interpreter_does(text, inputs, answers):
    agree(text, inputs, answers)


@cases(150)
@given(graphs(), ROUTES)
def test_a_dag_takes_the_ways_that_the_interpreter_takes(text, answers):
    agree(text, {}, answers)


@cases(60)
@given(workflows(3, calls=True, depends=True), INPUTS, ANSWERS)
def test_a_dag_calls_workflows_as_the_interpreter_does(text, inputs, answers):
    agree(text, inputs, answers)


def agree(text, inputs, answers):
    plan = compile_document(load(text), "main")
    expected_api = Api(answers)
    api = Api(answers)
    found, _ = executed(ArazzoDag(plan), inputs, api)
    expected = interpreted(plan, inputs, expected_api)
    assert api.trace == expected_api.trace
    assert_same(found, expected)
