"""What would hold up the event loop of a triggerer, a worker does: it asks again, and evaluates the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from running import Run, first_event, restored

from airflow_arazzo import ArazzoStepOperator
from airflow_arazzo.operators import region_task
from arazzo.engine.drivers import TOO_LARGE

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
    assert (event, len(api.lines)) == ({"status": "waited", "state": trigger.state}, 1)
    trigger = deferral(lambda: flaky.resume(run.context("flaky"), event))
    assert trigger.sends, "it was a small one now"
    assert flaky.resume(run.context("flaky"), first_event(trigger)) == {"mark": "ok"}


def test_a_trigger_that_only_waits_does_not_open_what_is_carried(flaky, api):
    api.on("GET /nodes/flaky", 503, LARGE, Retry_After="1")
    trigger = deferral(lambda: flaky.execute(Run().context("flaky")))
    trigger.state = "nothing that could be opened"
    assert first_event(trigger) == {"status": "waited", "state": trigger.state}
