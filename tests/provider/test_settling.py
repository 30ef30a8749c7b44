"""A task is not queued again before the scheduler has heard that it has left its worker."""

from __future__ import annotations

import json

import pytest
from airflow.exceptions import AirflowRescheduleException
from equivalence import in_place_of_the_world
from failures_shown import DOCUMENT, Answers
from running import Run, TaskDeferred, first_event, restored

from airflow_arazzo import ArazzoDag, compat
from airflow_arazzo.compat import settling_time
from airflow_arazzo.operators import region_task

PENDING, READY = (200, {"state": "pending"}), (200, {"state": "ready"})


@pytest.fixture(autouse=True)
def seven_seconds(settled, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": "http://things.example"}))
    for module in (compat, region_task):
        monkeypatch.setattr(module, "settling_time", lambda: 7.0)


def sensor(**arguments):
    return ArazzoDag(DOCUMENT, "polled", poke_interval=1, **arguments).get_task("watch")


@pytest.mark.parametrize(("seconds", "expected"), [("1", 6.0), ("5", 10.0)])
def test_it_takes_a_heartbeat_of_the_worker_and_five_seconds(monkeypatch, seconds, expected):
    monkeypatch.setenv("AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL", seconds)
    assert settling_time() == expected


@pytest.mark.parametrize(("rounds", "seconds"), [(1, 7.0), (6, 7.0), (9, 9.0)])
def test_a_trigger_fires_no_sooner(rounds, seconds):
    api = Answers([PENDING] * rounds + [READY])
    with in_place_of_the_world(api):
        with pytest.raises(TaskDeferred) as deferred:
            sensor(max_rounds=20).execute(Run().context("watch"))
        began = api.now
        event = first_event(restored(deferred.value.trigger))
    assert event["status"] == "done"
    assert api.now - began == seconds
    assert len(api.answers) == 1


def test_a_reschedule_is_due_no_sooner():
    api = Answers([PENDING])
    run = Run(stored={})
    with in_place_of_the_world(api), pytest.raises(AirflowRescheduleException) as rescheduled:
        sensor(deferrable=False, settings={"mode": "reschedule"}).execute(run.context("watch"))
    assert rescheduled.value.reschedule_date.timestamp() - api.now == 7.0
