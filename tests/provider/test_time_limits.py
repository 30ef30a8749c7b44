"""A loop's deadline is for all tries of its task, a try's ``execution_timeout`` for its deferrals too."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowTaskTimeout, TaskDeferred
from equivalence import in_place_of_the_world
from failures_shown import DOCUMENT, Answers
from running import Run, first_event, restored

from airflow_arazzo import ArazzoDag

PENDING, READY = (200, {"state": "pending"}), (200, {"state": "ready"})


@pytest.fixture(autouse=True)
def things(settled, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": "http://things.example"}))


def polled(**arguments):
    return ArazzoDag(DOCUMENT, "polled", max_rounds=99, **arguments)


def sensor(**arguments):
    return polled(**arguments).get_task("watch")


def deferred_by(task, run, **start):
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(run.context("watch", **start))
    return deferred.value


def resumed(task, run, deferred, **start):
    event = json.loads(json.dumps(first_event(restored(deferred.trigger))))
    return task.resume_execution(deferred.method_name, {"event": event}, run.context("watch", **start))


def test_a_second_try_has_what_is_left_of_the_deadline():
    api, run, task = Answers([PENDING] * 4), Run(stored={}), sensor(poke_interval=40, timeout=100)
    with in_place_of_the_world(api):
        deferred_by(task, run, max_tries=2)
        api.sleep(70)
        deferred = deferred_by(task, run, try_number=2, max_tries=2)
        with pytest.raises(AirflowFailException, match="timeout of 100 s reached after 1 round"):
            resumed(task, run, deferred, try_number=2, max_tries=2)
        with pytest.raises(AirflowFailException, match="timeout of 100 s reached after 0 rounds"):
            task.execute(run.context("watch", try_number=3, max_tries=2))
    assert run.xcoms["watch", "arazzo"]["stopped"]


def test_clearing_a_poll_begins_a_new_one():
    api, run, task = Answers([PENDING] * 3), Run(stored={}), sensor(poke_interval=40, timeout=100)
    with in_place_of_the_world(api):
        deferred_by(task, run, max_tries=1)
        api.sleep(1000)
        deferred_by(task, run, try_number=2, max_tries=2)
        api.sleep(1000)
        with pytest.raises(AirflowFailException):
            task.execute(run.context("watch", try_number=3, max_tries=2))
    assert len(api.answers) == 1


@pytest.mark.parametrize(("timeout", "seconds"), [(None, 1000 + 600), (100, 100 + 60), (5000, 1000 + 600)])
def test_the_scheduler_ends_a_deferral_that_nobody_else_has_ended(timeout, seconds):
    settings = {} if timeout is None else {"execution_timeout": timeout}
    task = sensor(poke_interval=40, timeout=1000, settings=settings)
    with in_place_of_the_world(Answers([PENDING])):
        assert deferred_by(task, Run()).timeout == timedelta(seconds=seconds)


@pytest.mark.parametrize("retries", [0, 3])
def test_a_try_ends_with_its_execution_timeout_though_it_is_deferred(retries):
    task = sensor(poke_interval=40, timeout=1000, settings={"execution_timeout": 100})
    api, run = Answers([PENDING] * 9), Run(stored={})
    with in_place_of_the_world(api):
        began = api.now
        deferred = deferred_by(task, run, max_tries=retries)
        with pytest.raises(AirflowTaskTimeout, match="longer than its execution_timeout of 100 s, waits in the trig"):
            resumed(task, run, deferred, max_tries=retries)
        assert api.now - began == 100
    assert len(api.answers) == 9 - 3
    assert "execution_timeout of 100 s" in run.xcoms["watch", "arazzo"]["message"]


def test_a_poll_that_ends_in_time_has_succeeded_even_if_its_worker_comes_late():
    task = sensor(poke_interval=40, timeout=1000, settings={"execution_timeout": 100})
    api, run = Answers([PENDING, READY]), Run()
    with in_place_of_the_world(api):
        deferred = deferred_by(task, run)
        event = json.loads(json.dumps(first_event(restored(deferred.trigger))))
        api.sleep(500)
        task.resume_execution(deferred.method_name, {"event": event}, run.context("watch"))
    assert run.xcoms["watch", "arazzo"]["outcome"] == "success"


def test_rescheduled_tries_end_as_well():
    settings = {"execution_timeout": 50, "mode": "reschedule"}
    task = sensor(poke_interval=40, deferrable=False, settings=settings)
    run, api = Run(stored={}), Answers([PENDING] * 2)
    with in_place_of_the_world(api):
        with pytest.raises(AirflowRescheduleException):
            task.execute(run.context("watch"))
        api.sleep(60)
        with pytest.raises(AirflowTaskTimeout, match="execution_timeout of 50 s"):
            task.execute(run.context("watch"))
    assert len(api.answers) == 1


# what the record says where a task has not come to an end


def test_the_reason_is_in_the_record_where_a_connection_is_gone(monkeypatch):
    dag = polled(connections={"things": "gone"})
    run = Run()
    with pytest.raises(AirflowException, match="gone"):
        dag.get_task("watch").execute(run.context("watch"))
    assert "gone" in run.xcoms["watch", "arazzo"]["message"]
    run.states["watch"] = "failed"
    with pytest.raises(AirflowFailException, match="gone"):
        run.execute(dag.outputs)


def test_the_reason_is_in_the_record_where_the_triggerer_has_failed():
    run, task = Run(), sensor()
    with pytest.raises(AirflowException):
        task.resume_execution("__fail__", {"error": "Trigger failure"}, run.context("watch"))
    assert "Trigger failure" in run.xcoms["watch", "arazzo"]["message"]


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ({"watch": "failed"}, "its task 'watch' failed without a message: it was killed or marked as failed"),
        ({}, "its task 'watch' did not run"),
    ],
)
def test_who_was_killed_is_named(states, message):
    with pytest.raises(AirflowFailException, match=message):
        Run(states=states).execute(polled().outputs)


@pytest.mark.parametrize("killed", [True, False])
def test_who_was_killed_could_call_nobody_so_the_last_task_does(killed):
    record = {"step": "watch", "outcome": "failed", "message": "no", "next": None}
    run = Run(states={"watch": "failed"}, xcoms={} if killed else {("watch", "arazzo"): record})
    outputs = polled(default_args={"on_failure_callback": [print]}).outputs
    with pytest.raises(AirflowFailException):
        run.execute(outputs)
    assert outputs.on_failure_callback == ([print] if killed else [])
