"""A workflow that watches: it has an event for what is new, and for nothing else; the next run knows what was seen."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import DAG
from test_assets import events

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup
from arazzo.engine import load_plan
from arazzo.engine.document_problems import find_problems
from arazzo.errors import DocumentError, InputError
from arazzo.flow import Plan

API = """\
openapi: 3.1.0
info: {title: Shop, version: 1.0.0}
servers: [{url: 'https://shop.example.com'}]
paths:
  /orders:
    get: {operationId: newest, responses: {'200': {description: ok}}}
    post: {operationId: order, responses: {'201': {description: ok}}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: Orders, version: 1.0.0}
sourceDescriptions: [{name: shop, url: shop.yaml}]
workflows:
- workflowId: orders
  x-airflow: {%s}
  inputs: {type: object, properties: {since: {type: integer, default: 0}, other: {type: integer}}}
  steps:
  - stepId: look
    operationId: newest
    parameters: [{name: since, in: query, value: $inputs.since}]
    outputs: {newest: $response.body#/newest, count: $response.body#/count, token: $response.body#/token}
  outputs: {newest: $steps.look.outputs.newest, count: $steps.look.outputs.count, token: $steps.look.outputs.token}
"""
URI = "https://shop.example.com/orders"


@pytest.fixture
def document(tmp_path):
    def write(settings, text=DOCUMENT):
        (tmp_path / "shop.yaml").write_text(API)
        path = tmp_path / "orders.arazzo.yaml"
        path.write_text(text % settings)
        return path

    return write


@pytest.fixture
def orders(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "arazzo", "host": api.url}))
    return api


def watching(uri, extra=""):
    return f"watch: {{asset: '{uri}', seen: {{since: newest}}}}{extra}"


WATCH = watching(URI)


@pytest.mark.airflow
@pytest.mark.parametrize("granularity", ["step", "workflow"])
def test_each_new_thing_is_one_event_and_the_next_run_begins_there(granularity, document, orders, run_dag):
    uri = f"{URI}/{granularity}"
    dag = ArazzoDag(document(watching(uri, f", granularity: {granularity}")), dag_id=f"watches_{granularity}")
    last = dag.task_ids[-1]
    for since, newest in ((0, 7), (7, 7), (7, 9)):
        orders.on(f"GET /orders?since={since}", 200, {"newest": newest, "count": 1})
    orders.on("GET /orders?since=9", 200, {"count": 0}).on("GET /orders?since=9", 200, {"newest": None})
    ran = [run_dag(dag) for _ in range(5)]
    assert [run.state for run in ran] == ["success"] * 5
    assert [run.tasks[last] for run in ran] == ["success", "skipped", "success", "skipped", "skipped"]
    assert events(uri) == [{"newest": 7, "count": 1}, {"newest": 9, "count": 1}]
    assert orders.lines == [f"GET /orders?since={since}" for since in (0, 7, 7, 9, 9)]


POLL = DOCUMENT.replace(
    "  outputs: {newest: $steps",
    """\
    onSuccess:
    - {name: again, type: goto, stepId: look, criteria: [{condition: $response.body#/count == 0}]}
    - {name: new, type: goto, stepId: more, criteria: [{condition: $response.body#/count > 0}]}
  - stepId: more
    operationId: newest
  outputs: {newest: $steps""",
)


@pytest.mark.airflow
@pytest.mark.parametrize("granularity", ["step", "workflow"])
def test_a_poll_whose_rounds_are_used_up_ends_well_without_an_event(granularity, document, orders, run_dag):
    uri = f"{URI}/poll/{granularity}"
    settings = watching(uri, f", granularity: {granularity}, max_rounds: 2, poke_interval: 0.01")
    dag = ArazzoDag(document(settings, POLL), dag_id=f"watches_poll_{granularity}")
    for count in (0, 0, 0, 1):
        orders.on("GET /orders?since=0", 200, {"newest": 7, "count": count})
    orders.on("GET /orders", 200)
    ran = [run_dag(dag), run_dag(dag)]
    last = "outputs" if granularity == "step" else "orders"
    assert [(run.state, run.tasks[last]) for run in ran] == [("success", "skipped"), ("success", "success")]
    if granularity == "step":
        assert (ran[0].tasks["look"], ran[0].tasks["more"]) == ("success", "skipped")
    assert orders.lines == ["GET /orders?since=0"] * 4 + ["GET /orders"]
    assert events(uri) == [{"newest": 7, "count": 1}]


@pytest.mark.airflow
def test_a_failed_run_has_seen_nothing_and_a_person_may_say_where_to_begin(document, orders, run_dag):
    uri = f"{URI}/failed"
    dag = ArazzoDag(document(watching(uri)), dag_id="watches_failing")
    orders.on("GET /orders?since=0", 404).on("GET /orders?since=0", 200, {"newest": 5})
    assert (run_dag(dag).state, events(uri)) == ("failed", [])
    assert run_dag(dag).state == "success"
    orders.on("GET /orders?since=2", 200, {"newest": 3})
    assert run_dag(dag, since=2).state == "success"
    assert [event["newest"] for event in events(uri)] == [5, 3]
    orders.on("GET /orders?since=3", 200, {"newest": 3})
    assert run_dag(dag, since=0, other=None).tasks["outputs"] == "skipped"  # what the form sends that nobody filled in


@pytest.mark.airflow
def test_what_an_event_cannot_hold_is_not_new_for_ever(document, orders, run_dag):
    uri = f"{URI}/secret"
    settings = f"watch: {{asset: '{uri}', seen: {{since: token}}}}, sensitive: [token]"
    orders.on("GET /orders?since=0", 200, {"token": 4711})
    ran = run_dag(ArazzoDag(document(settings), dag_id="watches_secret"))
    assert (ran.state, events(uri)) == ("failed", [])


@pytest.mark.airflow
@pytest.mark.parametrize("granularity", ["step", "workflow"])
def test_an_answer_that_cannot_be_read_is_not_nothing_new(granularity, document, orders, run_dag):
    uri = f"{URI}/unreadable/{granularity}"
    dag = ArazzoDag(document(watching(uri, f", granularity: {granularity}")), dag_id=f"watches_unread_{granularity}")
    orders.on("GET /orders?since=0", 200, b"<html>Sign in")
    assert (run_dag(dag).state, events(uri)) == ("failed", [])


def test_it_is_an_outlet_of_the_dag_whose_runs_follow_each_other(document):
    path = document(WATCH + ", schedule: '@continuous'")
    dag, plan = ArazzoDag(path), load_plan(path)
    assert [asset.uri for asset in dag.get_task("outputs").outlets] == [URI]
    assert dag.max_active_runs == 1
    assert ArazzoDag(document(WATCH), schedule="@hourly").max_active_runs == 1
    with pytest.raises(InputError, match="'max_active_runs' can only be 1"):
        ArazzoDag(path, max_active_runs=2)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan
    with DAG("own", schedule=None):
        group = ArazzoTaskGroup(document(WATCH), group_id="g")
    assert group.children["g.outputs"].outlets == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("watch: {asset: 's3://a'}", "'seen' is missing"),
        ("watch: {asset: 7, seen: {since: newest}}", "an asset is a URI, or a map of uri, name and group"),
        ("watch: {asset: 's3://a', seen: {}}", "'seen'"),
        ("watch: {asset: 's3://a', sen: {since: newest}}", "there is no 'sen' in it; did you mean 'seen'"),
        ("watch: {asset: 's3://a', seen: {sinc: newest}}", "no input 'sinc'; did you mean 'since'"),
        ("watch: {asset: 's3://a', seen: {since: newst}}", "no output 'newst'; did you mean 'newest'"),
        (f"{WATCH}, inputs: {{since: 3}}", "input 'since' is bound"),
        (f"{WATCH}, max_active_runs: 2", "'max_active_runs' can only be 1"),
    ],
)
def test_what_cannot_be_watched_is_an_error(settings, message, document):
    with pytest.raises((DocumentError, InputError), match=message.replace("(", r"\(")):
        ArazzoDag(document(settings))


def test_who_watches_changes_nothing(document):
    text = DOCUMENT.replace("newest\n    parameters", "order\n    parameters")
    (problem,) = (problem for problem in find_problems(document(WATCH, text)) if problem.is_error)
    assert (problem.rule, problem.place.line) == ("invalid-setting", 6)
    with pytest.raises(InputError, match="sends GET, HEAD and OPTIONS only, and step 'look' sends POST"):
        ArazzoDag(document(WATCH, text))


def test_what_was_seen_needs_a_beginning(document):
    text = DOCUMENT.replace("{type: integer, default: 0}", "{type: integer}").replace(
        "{type: object, ", "{type: object, required: [since], "
    )
    with pytest.raises(InputError, match="cannot have a schedule: nothing gives it 'since'"):
        ArazzoDag(document(WATCH + ", schedule: '@hourly'", text))
