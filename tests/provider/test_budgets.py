"""Budgets of APIs in Airflow: the pools of tasks, and the pace that worker and triggerer keep."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import pairwise
from typing import ClassVar

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowException, AirflowFailException, TaskDeferred
from running import Run

from airflow_arazzo import ArazzoDag, ArazzoSensor, ArazzoStepOperator, ArazzoTaskGroup, ArazzoWorkflowOperator
from airflow_arazzo.factory import load_dags
from airflow_arazzo.hooks.shared_closing import SharedClosing
from arazzo import clock
from arazzo.engine import load_plan
from arazzo.errors import UnsupportedError

DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: shop, url: api.openapi.yaml, type: openapi}]
x-airflow: {SETTINGS}
workflows:
- workflowId: watch
  steps:
  - stepId: look
    operationId: look
    outputs: {state: $response.body#/state}
    onSuccess:
    - {name: wait, type: goto, stepId: look, criteria: [{condition: $response.body#/state == 'busy'}]}
    - {name: call, type: goto, stepId: tell, criteria: [{condition: $response.body#/state == 'done'}]}
    - {name: stop, type: end}
  - {stepId: tell, workflowId: inner}
  - {stepId: last, operationId: look}
  outputs: {state: $steps.look.outputs.state}
- {workflowId: inner, steps: [{stepId: inside, operationId: look}]}
"""
API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "https://api.example.test/v1"}]
components:
  securitySchemes: {oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}}
paths: {/look: {get: {operationId: look, security: [{oauth: []}], responses: {"200": {description: ok}}}}}
"""
BUDGET = "budget: {requests_per_second: 10}"
#: One at a time, with as many seconds between two.
SIX, SECONDS = "budget: {requests_per_second: 6, in_flight: 1}", 1 / 6


@pytest.fixture
def written(tmp_path):
    def write(settings: str):
        (tmp_path / "api.openapi.yaml").write_text(API)
        (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT.replace("SETTINGS", settings))
        return tmp_path / "w.arazzo.yaml"

    return write


def pools(dag):
    return {task.task_id: task.pool for task in dag.tasks}


IN_THE_POOL = {"look", "tell.inside", "last"}


@pytest.mark.parametrize(
    ("settings", "pool"),
    [
        (BUDGET, "shop"),
        (f"{BUDGET}, connection: store", "store"),
        ("budget: {shop: {requests_per_second: 10, pool: mine}}", "mine"),
    ],
)
def test_the_tasks_that_send_are_in_the_pool_and_no_others(written, settings, pool):
    dag = ArazzoDag(written(settings), "watch", dag_id="d")
    assert {task for task, name in pools(dag).items() if name == pool} == IN_THE_POOL
    assert set(pools(dag).values()) == {pool, "default_pool"}


def test_one_task_for_all_is_in_it_too(written):
    dag = ArazzoDag(written(f"{BUDGET}, granularity: workflow"), "watch", dag_id="d")
    assert pools(dag) == {"watch": "shop"}


def test_what_python_says_overrules_and_a_folder_has_it(written):
    path = written("tags: [t]")
    dags = load_dags(path.parent, budget={"requests_per_second": 2, "pool": "two"})
    assert pools(dags["inner"])["inside"] == "two"


@pytest.mark.parametrize("steps", [True, False])
def test_a_source_that_python_names_and_that_is_not_there_is_refused(written, steps):
    budget = {"budget": {"shpo": {"requests_per_second": 2}}}
    with pytest.raises(ValueError, match="budget: workflow 'inner' has no source description 'shpo'; did you mean"):
        ArazzoDag(written("tags: [t]"), "inner", dag_id="d", **({"steps": {"inside": budget}} if steps else budget))


def test_the_pool_of_default_args_gives_way(written):
    with DAG("d", default_args={"pool": "wide"}) as dag:
        ArazzoTaskGroup(written(BUDGET), "inner", group_id="g")
    assert {task: pool for task, pool in pools(dag).items() if pool == "shop"} == {"g.inside": "shop"}


@pytest.mark.parametrize("settings", [f"{BUDGET}, pool: other", f"{BUDGET}, task: {{pool: other}}"])
def test_another_pool_is_refused(written, settings):
    with pytest.raises(UnsupportedError, match="is in the pool 'shop', not in 'other'"):
        ArazzoDag(written(settings), "inner", dag_id="d")


def test_an_operator_by_hand_is_put_into_it(written):
    plan = load_plan(written(BUDGET), "watch")
    assert ArazzoStepOperator(task_id="last", plan=plan).pool == "shop"
    assert ArazzoSensor(task_id="look", plan=plan, connections={"shop": "store"}).pool == "store"
    assert ArazzoWorkflowOperator(task_id="all", document=plan, pool="shop").pool == "shop"
    with pytest.raises(ValueError, match="not in 'other'"):
        ArazzoStepOperator(task_id="last", plan=plan, pool="other")
    with pytest.raises(ValueError, match="its connection is a template"):
        ArazzoStepOperator(task_id="last", plan=plan, connections={"shop": "{{ params.conn }}"})


@pytest.mark.parametrize("pool", [None, "shop"])
def test_a_mapped_task_has_to_name_it(written, shop, api, pool):
    api.on("GET /look", 200, {"state": "done"})
    shop(host=api.url, password="t0ken-value")
    with DAG("d") as dag:
        named = {"pool": pool} if pool else {}
        mapped = ArazzoWorkflowOperator.partial(task_id="ask", document=str(written(SIX)), workflow_id="inner", **named)
        mapped = mapped.expand(inputs=[{}])
    task = mapped.unmap({"inputs": {}, "dag": dag})
    if pool:
        Run().execute(task)
        assert len(api.asked) == 1
    else:
        with pytest.raises(
            AirflowFailException, match=r"not in 'default_pool'.*partial\(\) names it; nothing was sent"
        ):
            Run().execute(task)
        assert api.asked == []


def gaps(api, began):
    return [later - earlier for earlier, later in pairwise([began, *(asked.at for asked in api.asked)])]


@pytest.mark.parametrize("deferrable", [True, False])
def test_worker_and_triggerer_keep_the_pace_with_tokens_redirects_and_rounds(written, shop, api, deferrable):
    """The server stamps what arrives; nothing can make the gaps shorter."""
    api.on("POST /token", 200, {"access_token": "t0ken-value", "expires_in": 3600})
    api.on("GET /look", 200, {"state": "busy"}).on("GET /look", 503).on("GET /look", 307, Location="/there")
    api.on("GET /look", 200, {"state": "done"}).on("GET /there", 200, {"state": "busy"})
    oauth = {"client_id": "c", "client_secret": f"s3cret-value-{deferrable}", "token_url": f"{api.url}/token"}
    shop(oauth, host=api.url)
    plan = load_plan(written(f"{SIX}, poke_interval: 0.01"), "watch")
    began = time.monotonic()
    with DAG("d"):
        task = ArazzoSensor(task_id="look", plan=plan, deferrable=deferrable)
    assert Run().execute(task) == {"state": "done"}
    assert len(api.asked) == 6
    assert min(gaps(api, began)) >= SECONDS


def test_a_hook_without_a_budget_waits_for_nothing(shop, api):
    api.on("GET /a", 200, {})
    hook = shop(host=api.url)
    assert hook.pace is None


def test_a_budget_by_source_leaves_others_alone(written, shop, api):
    plan = load_plan(written("budget: {shop: {requests_per_second: 0.001}}"), "inner")
    from airflow_arazzo.hooks.source_hooks import SourceHooks

    hooks = SourceHooks()
    hooks.keep_to(plan.steps)
    assert (hooks.hook("shop").pace.seconds, hooks.hook("other").pace) == (1000, None)
    assert json.loads(plan.model_dump_json(exclude_defaults=True))["steps"][0]["settings"]["budget"]


@pytest.fixture
def variables(monkeypatch):
    """Airflow's variables, as a task reads and writes them."""
    from airflow_arazzo.hooks import shared_closing

    class Variables:
        kept: ClassVar[dict[str, str]] = {}

        @classmethod
        def get(cls, key, default):
            return cls.kept.get(key, default)

        @classmethod
        def set(cls, key, value, description):
            cls.kept[key] = value

    Variables.kept.clear()
    monkeypatch.setattr(shared_closing, "Variable", Variables)
    return Variables.kept


def test_what_one_task_is_told_all_obey(written, shop, api, variables):
    """The second task is another process as far as it can tell: all that they share is the variable."""
    api.on("GET /look", 429, Retry_After="60").on("GET /look", 200, {"state": "done"})
    shop(host=api.url, password="t0ken-value")
    plan = load_plan(written(SIX), "watch")
    with DAG("d"):
        first = ArazzoStepOperator(task_id="last", plan=plan)
        second = ArazzoSensor(task_id="look", plan=plan)
    with pytest.raises(AirflowException, match="429"):
        Run().execute(first)
    now = clock.now()
    (until,) = map(float, variables.values())
    assert list(variables) == ["arazzo_closed_until_shop"]
    assert 0 < until - now <= 60
    with pytest.raises(TaskDeferred):
        second.execute(Run().context("look"))
    assert len(api.asked) == 1
    variables["arazzo_closed_until_shop"] = str(now - 1)
    assert Run().execute(second) == {"state": "done"}


@pytest.mark.parametrize("written_value", ["", "soon", "nan", "inf"])
def test_a_variable_that_says_nothing_closes_nothing(variables, written_value):
    variables["arazzo_closed_until_p"] = written_value
    closing = SharedClosing("p")
    assert closing.until() == 0.0
    closing.close(50.0)
    closing.close(20.0)
    assert (closing.until(), asyncio.run(closing.until_async())) == (50.0, 50.0)
    asyncio.run(closing.close_async(60.0))
    assert SharedClosing("p").until() == 60.0
