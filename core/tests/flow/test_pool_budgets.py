"""Budgets of APIs: what they mean in slots and seconds, whose requests they hold for, and what ``validate`` refuses."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arazzo.document.budgets import Budget
from arazzo.document.settings import Settings
from arazzo.engine import load_plan
from arazzo.engine.document_problems import find_problems
from arazzo.errors import UnsupportedError
from arazzo.flow import Options, budgets_of, pool_budget

API = """
openapi: 3.1.0
info: {title: t, version: '1'}
servers: [{url: https://api.example.test}]
paths: {/OP: {get: {operationId: OP, responses: {'200': {description: ok}}}}}
"""
DOCUMENT = """
arazzo: 1.1.0
info: {title: t, version: '1'}
sourceDescriptions: [{name: a, url: a.yaml, type: openapi}, {name: b, url: b.yaml, type: openapi}]
x-airflow: {OF_ALL}
workflows:
- workflowId: main
  x-airflow: {OF_MAIN}
  steps:
  - {stepId: one, operationId: $sourceDescriptions.a.ask, x-airflow: {OF_ONE}}
  - {stepId: two, operationId: $sourceDescriptions.b.tell, x-airflow: {OF_TWO}}
  - {stepId: call, workflowId: other, dependsOn: [two], x-airflow: {OF_CALL}}
- {workflowId: other, steps: [{stepId: three, operationId: $sourceDescriptions.a.ask}]}
"""
TEN, FIVE = "{requests_per_second: 10}", "{requests_per_second: 5}"


@pytest.fixture
def written(tmp_path):
    def write(**settings: str):
        text = DOCUMENT
        for name in ("all", "main", "one", "two", "call"):
            text = text.replace(f"OF_{name.upper()}", settings.get(name, ""))
        for name, operation in (("a", "ask"), ("b", "tell")):
            (tmp_path / f"{name}.yaml").write_text(API.replace("OP", operation))
        (tmp_path / "w.arazzo.yaml").write_text(text)
        return tmp_path / "w.arazzo.yaml"

    return write


@pytest.mark.parametrize(
    ("rate", "in_flight", "slots", "pace"),
    [
        (10, None, 10, 1),
        (10, 1, 1, 0.1),
        (10, 5, 5, 0.5),
        (10, 3, 3, 1 / 3),
        (10, 4, 4, 0.5),
        (2.9, None, 2, 1),
        (1, None, 1, 1),
        (0.2, None, 1, 5),
        (0.2, 1, 1, 5),
    ],
)
def test_a_budget_is_slots_that_each_keep_a_pace(rate, in_flight, slots, pace):
    budget = Budget(requests_per_second=rate, in_flight=in_flight)
    assert (budget.slots, budget.pace) == (slots, pytest.approx(pace))


@given(st.floats(0.001, 10_000), st.data())
def test_all_slots_together_never_send_more_than_the_budget(rate, data):
    in_flight = data.draw(st.none() | st.integers(1, max(int(rate), 1)))
    budget = Budget(requests_per_second=rate, in_flight=in_flight)
    seconds = max(1.0, 1 / rate)  # below one a second, in as many seconds as one takes
    assert budget.slots * ceil(seconds / budget.pace - 1e-9) <= rate * seconds + 1e-9


@pytest.mark.parametrize(
    ("settings", "pools"),
    [
        ({"all": f"budget: {TEN}"}, {"a": ("a", 10), "b": ("b", 10)}),
        ({"all": f"budget: {{a: {TEN}}}"}, {"a": ("a", 10)}),
        ({"all": f"budget: {{a: {TEN}}}, connection: {{a: shop}}"}, {"a": ("shop", 10)}),
        ({"all": f"budget: {{a: {TEN}}}", "main": f"budget: {{b: {FIVE}}}"}, {"a": ("a", 10), "b": ("b", 5)}),
        ({"all": f"budget: {TEN}, connection: shop"}, {"a": ("shop", 10), "b": ("shop", 10)}),
        ({"one": f"budget: {TEN}, connection: shop"}, {"a": ("shop", 10)}),
        (
            {"all": "budget: {a: {requests_per_second: 4, pool: p}, b: {requests_per_second: 4, pool: p}}"},
            {"a": ("p", 4), "b": ("p", 4)},
        ),
    ],
)
def test_the_pool_is_that_of_the_connection(written, settings, pools):
    plan = load_plan(written(**settings), "main")
    found = budgets_of(plan.steps)
    assert {source: (kept.pool, kept.budget.slots) for source, kept in found.items()} == pools


def test_it_stays_in_a_plan_that_is_stored(written):
    plan = load_plan(written(all=f"budget: {{a: {TEN}}}"), "main")
    stored = type(plan).model_validate_json(plan.model_dump_json(exclude_defaults=True))
    assert budgets_of(stored.steps) == budgets_of(plan.steps) != {}


def test_python_overrules_the_document(written):
    options = Options(settings=Settings(budget={"requests_per_second": 3}))
    plan = load_plan(written(all=f"budget: {TEN}"), "main", options)
    assert {kept.budget.slots for kept in budgets_of(plan.steps).values()} == {3}


def test_connections_that_a_task_is_given_name_the_pool(written):
    plan = load_plan(written(all=f"budget: {TEN}"), "main")
    assert budgets_of(plan.steps, {"a": "mine"})["a"].pool == "mine"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"all": f"budget: {TEN}"}, "'a', 'b'"),
        ({"all": f"budget: {TEN}, connection: shop", "two": f"budget: {FIVE}"}, "another budget"),
    ],
)
def test_a_task_is_in_one_pool(written, settings, words):
    plan = load_plan(written(**settings), "main")
    with pytest.raises(UnsupportedError, match=words):
        pool_budget(plan.all_steps())


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ({"all": f"budget: {TEN}"}, []),
        ({"all": f"budget: {{c: {TEN}}}"}, ["unknown-source"]),
        ({"call": f"budget: {TEN}"}, ["idle-field"]),
        ({"all": f"budget: {TEN}", "main": "granularity: workflow"}, ["invalid-setting"]),
        ({"all": f"budget: {{a: {TEN}}}", "main": "granularity: workflow"}, []),
        ({"all": f"budget: {TEN}, connection: shop", "main": "granularity: workflow"}, []),
        ({"all": f"budget: {TEN}, pool: c"}, ["invalid-setting"]),
        ({"all": f"budget: {TEN}", "one": "pool: c"}, ["invalid-setting"]),
        ({"all": f"budget: {TEN}", "one": "task: {pool: c}"}, ["invalid-setting"]),
        ({"all": f"budget: {TEN}", "one": "pool: a"}, []),
        ({"all": f"budget: {{a: {TEN}}}", "two": "pool: c"}, []),
        ({"all": f"budget: {{b: {TEN}}}", "call": "pool: c"}, []),
    ],
)
def test_validate_knows_what_the_factory_refuses(written, settings, rules):
    found = find_problems(written(**settings))
    assert sorted({problem.rule for problem in found}) == rules
