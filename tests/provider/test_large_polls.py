"""What would hold up the event loop of a triggerer, a worker does: it asks again, and evaluates the answer."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred
from running import Run, first_event, restored

from airflow_arazzo import ArazzoStepOperator
from airflow_arazzo.operators import region_task
from arazzo.engine.drivers import TOO_LARGE
from arazzo.limits import limits_set

NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"
LARGE = {"mark": "ok", "rest": "x" * TOO_LARGE}
pytestmark = pytest.mark.attack("the triggerer's event loop", "a poll with an answer that a worker has to evaluate")


@pytest.fixture
def flaky(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    monkeypatch.setattr(region_task, "SHORT_WAIT", 0)
    return ArazzoStepOperator(task_id="flaky", plan=NODES, workflow_id="retry-safe")


def deferral(going_on):
    with pytest.raises(TaskDeferred) as deferred:
        going_on()
    return restored(deferred.value.trigger)


def test_a_triggerer_leaves_a_request_with_a_large_answer_to_a_worker(flaky, api):
    api.on("GET /nodes/flaky", 503, None, Retry_After="1").on("GET /nodes/flaky", 200, LARGE)
    run = Run()
    trigger = deferral(lambda: flaky.execute(run.context("flaky")))
    assert trigger.sends
    event = first_event(trigger)
    assert (event["status"], len(api.lines)) == ("waited", 2)
    assert flaky.resume(run.context("flaky"), event) == {"mark": "ok"}
    assert (len(api.lines), run.xcoms["flaky", "arazzo"]["attempts"]) == (3, 2)


def test_a_worker_that_has_got_a_large_answer_asks_again_itself(flaky, api):
    api.on("GET /nodes/flaky", 503, LARGE, Retry_After="1").on("GET /nodes/flaky", 503, None, Retry_After="1")
    api.on("GET /nodes/flaky", 200, LARGE)
    run = Run()
    trigger = deferral(lambda: flaky.execute(run.context("flaky")))
    assert (trigger.sends, trigger.until > 0) == (False, True)
    event = first_event(trigger)
    assert (event, len(api.lines)) == ({"status": "waited", "state": trigger.state, "left": True}, 1)
    trigger = deferral(lambda: flaky.resume(run.context("flaky"), event))
    assert trigger.sends, "it was a small one now"
    assert flaky.resume(run.context("flaky"), first_event(trigger)) == {"mark": "ok"}


def test_a_trigger_that_only_waits_does_not_open_what_is_carried(flaky, api):
    api.on("GET /nodes/flaky", 503, LARGE, Retry_After="1")
    trigger = deferral(lambda: flaky.execute(Run().context("flaky")))
    trigger.state = "nothing that could be opened"
    assert first_event(trigger) == {"status": "waited", "state": trigger.state, "left": True}


def test_a_triggerer_reads_no_more_of_an_answer_than_it_evaluates(flaky, api, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "arazzo", "host": api.url}))
    endless = json.dumps({"mark": "ok", "rest": "x" * 30 * TOO_LARGE}).encode()
    api.on("GET /nodes/flaky", 503, None, Retry_After="1").on("GET /nodes/flaky", 200, endless)
    trigger = deferral(lambda: flaky.execute(Run().context("flaky")))
    tracemalloc.start()
    try:
        event = first_event(trigger)
        assert tracemalloc.get_traced_memory()[1] < 16 * TOO_LARGE
    finally:
        tracemalloc.stop()
    assert (event["status"], event["left"], len(api.lines)) == ("waited", True, 2)


JSON, XML = "application/json", "application/xml"
#: What takes long for a small answer: a pattern that tries all ways, and queries that look at all for each.
SLOW = {
    "a pattern": ("regex", "$response.body#/text", "^(a|aa)+$", JSON, json.dumps({"text": "a" * 60 + "b"})),
    "a query": ("jsonpath", "$response.body", "$..[?count($..*) == 1]", JSON, json.dumps([[0] * 30] * 30)),
    "a path": ("xpath", "$response.body", "//*[count(//*) = 1]", XML, f"<a>{'<b/>' * 1000}</a>"),
}


@pytest.fixture
def slow(tmp_path, api, monkeypatch):
    """Return a task that polls until a condition holds."""
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))

    def task(kind, context, condition):
        done = {"type": kind, "context": context, "condition": condition}
        step = {
            "stepId": "look",
            "operationPath": "{$sourceDescriptions.nodes.url}#/paths/~1look/get",
            "successCriteria": [{"condition": "$statusCode == 200"}],
            "onSuccess": [
                {"name": "done", "type": "end", "criteria": [done]},
                {"name": "again", "type": "goto", "stepId": "look"},
            ],
        }
        info = {"title": "t", "version": "1"}
        paths = {"/look": {"get": {"responses": {"200": {"description": "ok"}}}}}
        (tmp_path / "api.json").write_text(json.dumps({"openapi": "3.1.0", "info": info, "paths": paths}))
        source = {"name": "nodes", "url": "api.json", "type": "openapi"}
        workflow = {"workflowId": "slow", "x-airflow": {"poke_interval": 0.01}, "steps": [step]}
        document = {"arazzo": "1.0.1", "info": info, "sourceDescriptions": [source], "workflows": [workflow]}
        (tmp_path / "slow.arazzo.json").write_text(json.dumps(document))
        return ArazzoStepOperator(task_id="look", plan=tmp_path / "slow.arazzo.json", workflow_id="slow")

    return task


@pytest.mark.parametrize("name", SLOW)
def test_a_small_answer_that_takes_long_does_not_hold_up_the_loop(slow, api, name):
    kind, context, condition, content_type, answer = SLOW[name]
    task, run = slow(kind, context, condition), Run()
    api.on("GET /look", 200, b"{}" if content_type == JSON else b"<a><b/></a>", content_type=content_type)
    api.on("GET /look", 200, answer.encode(), content_type=content_type)
    trigger = deferral(lambda: task.execute(run.context("look")))
    assert trigger.sends
    with limits_set(condition_seconds=0.5, pattern_seconds=0.5):
        begun = time.thread_time()
        event = first_event(trigger)
        assert time.thread_time() - begun < 0.4, "what the loop's own thread has worked"
        assert (event["status"], event["left"], len(api.lines)) == ("waited", True, 2)
        with pytest.raises(AirflowException, match=r"step 'look' gave up: .* takes longer than 0\.5 s"):
            task.resume(run.context("look"), event)


def test_a_worker_goes_on_until_answers_are_quick_again(slow, api):
    task, run = slow("jsonpath", "$response.body", "$..[?count($..*) == 1]"), Run()
    for answer in ([], [[0] * 30] * 20, [[0] * 30] * 20, [], [[]]):
        api.on("GET /look", 200, answer)
    trigger = deferral(lambda: task.execute(run.context("look")))
    assert trigger.sends
    trigger = deferral(lambda: task.resume(run.context("look"), first_event(trigger)))
    assert (trigger.sends, len(api.lines)) == (False, 3)
    trigger = deferral(lambda: task.resume(run.context("look"), first_event(trigger)))
    assert (trigger.sends, len(api.lines)) == (True, 4)
    assert task.resume(run.context("look"), first_event(trigger)) == {}
    assert len(api.lines) == 5


def test_a_triggerer_exempts_its_modules_from_garbage_collection(slow, api):
    api.on("GET /look", 200, []).on("GET /look", 200, [1])
    first_event(deferral(lambda: slow("jsonpath", "$response.body", "$[0]").execute(Run().context("look"))))
    assert gc.get_freeze_count() > 1000
