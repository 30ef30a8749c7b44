"""An Airflow of one's own: it runs a DAG, survives the loss of a component, and leaves nothing behind."""

import os
import signal
import time

import pytest
import requests
from scripted_api import ScriptedApi

from airflow_arazzo.testing.airflow_rest import AirflowRest
from airflow_arazzo.testing.local_airflow import LocalAirflow, Pulses, StartError
from airflow_arazzo.testing.sessions import members

DAG = """
from airflow.sdk import DAG, task

with DAG("greetings"):

    @task
    def greet(**context):
        return {"hello": context["params"].get("name")}

    @task
    def fail(greeting):
        raise ValueError(f"nobody is called {greeting['hello']}")

    fail(greet())
"""


def until(look, limit=60):
    end = time.monotonic() + limit
    while not look():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_command_that_fails_shows_its_log(tmp_path):
    airflow = LocalAirflow(tmp_path / "home", tmp_path, {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "nonsense"})
    with pytest.raises(StartError, match=r"(?s)db migrate` ended with code 1:.*ValueError"):
        airflow.migrate()


def test_settings_of_the_caller_do_not_leak_in(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_SOMETHING", "http://elsewhere")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environment = LocalAirflow(tmp_path, tmp_path, {"AIRFLOW_CONN_MINE": "http://here"}).environment
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert environment["AIRFLOW_CONN_MINE"] == "http://here"
    assert {"AIRFLOW_CONN_SOMETHING", "PYTHONDONTWRITEBYTECODE"}.isdisjoint(environment)


def test_a_component_that_ends_by_itself_is_named_with_the_end_of_its_log(tmp_path):
    with LocalAirflow(tmp_path / "home", tmp_path) as airflow:
        airflow.home.mkdir()
        assert airflow.troubles() == ""
        airflow.start("nonsense")
        airflow.sessions["nonsense"].process.wait(60)
        assert "nonsense ended with code 2.\nThe end of " in airflow.troubles()
        assert "invalid choice: 'nonsense'" in airflow.troubles()


def test_a_run_that_does_not_end_says_what_has_become_of_the_components():
    with ScriptedApi() as api:
        api.on("GET /auth/token", 200, {"access_token": "t"})
        api.on("GET /api/v2/dags/d/dagRuns/r", 200, {"state": "running"})
        task = {"task_id": "a", "state": "queued", "start_date": None}
        api.on("GET /api/v2/dags/d/dagRuns/r/taskInstances?limit=100", 200, {"task_instances": [task]})
        rest = AirflowRest(api.url, lambda: "scheduler ended with code 1.")
        with pytest.raises(TimeoutError, match=r"d r still running: \{'a': 'queued'\}\nscheduler ended with code 1\."):
            rest.wait("d", "r", limit=0)
        rest.close()


def test_an_api_server_that_does_not_answer_is_waited_for():
    with pytest.raises(TimeoutError, match=r"the API server does not answer\napi-server ended with code 1\."):
        AirflowRest("http://127.0.0.1:1", lambda: "api-server ended with code 1.").wait("d", "r", limit=0)


def beats(**heartbeats):
    return {"metadatabase": "", **heartbeats}


def test_a_component_whose_heart_stands_still_is_noticed_by_a_clock_of_ours():
    pulses = Pulses(60)
    assert pulses.still(beats(scheduler="1", triggerer="1"), 0) == frozenset()
    assert pulses.still(beats(scheduler="1", triggerer="2"), 60) == frozenset()
    assert pulses.still(beats(scheduler="1", triggerer="3"), 61) == {"scheduler"}
    pulses.forget("scheduler")  # it was started again, and its first heartbeat is not there yet
    assert pulses.still(beats(scheduler="1", triggerer="4"), 62) == frozenset()
    assert pulses.still(beats(scheduler="1", triggerer="5"), 123) == {"scheduler"}


def test_while_the_api_server_is_silent_nobody_else_is_blamed():
    pulses = Pulses(60)
    pulses.still(beats(scheduler="1"), 0)
    assert pulses.still({}, 30) == frozenset()
    assert pulses.still({}, 91) == {"api-server"}
    assert pulses.still(beats(scheduler="1"), 92) == frozenset()


def test_an_api_server_that_is_at_fault_is_asked_again():
    with ScriptedApi() as api:
        api.on("GET /auth/token", 200, {"access_token": "t"})
        path = "GET /api/v2/dags/d/dagRuns/r"
        api.on(path, 500, {"detail": "database is locked"}).on(path, 200, {"state": "success"})
        rest = AirflowRest(api.url)
        assert rest.wait("d", "r", limit=30, interval=0)["state"] == "success"
        with pytest.raises(requests.HTTPError, match="-> 404"):
            rest.wait("d", "other")
        rest.close()


@pytest.mark.scheduler
@pytest.mark.slow
def test_a_component_that_is_stopped_is_told_and_started_again(tmp_path):
    (tmp_path / "dags").mkdir()
    with LocalAirflow(tmp_path / "home", tmp_path / "dags", restart=True, patience=20) as airflow:
        airflow.migrate()
        airflow.start()
        airflow.wait_healthy()
        airflow.kill("scheduler", signal.SIGSTOP)
        until(lambda: "scheduler" in airflow.restarted, 120)
        reason = airflow.reasons[airflow.restarted.index("scheduler")]
        log = airflow.log_path("scheduler")
        assert reason == f"scheduler stood still: no heartbeat for 20 s. It was started again; see {log}."
        assert reason.split(" It was")[0] in airflow.troubles()
        assert "Fatal Python error: Aborted" in log.read_text()
        airflow.wait_healthy()


@pytest.mark.scheduler
@pytest.mark.slow
def test_runs_a_dag_survives_a_kill_and_leaves_nothing(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "greetings.py").write_text(DAG)
    with LocalAirflow(tmp_path / "home", tmp_path / "dags", restart=True) as airflow:
        airflow.migrate()
        airflow.start()
        airflow.wait_healthy()
        airflow.wait_for_dags("greetings")
        airflow.kill("triggerer")
        assert "triggerer" not in airflow.sessions
        airflow.start("triggerer")
        run_id = airflow.rest.trigger("greetings", {"name": "Ada"})
        assert airflow.rest.wait("greetings", run_id)["state"] == "failed"
        assert airflow.rest.task_states("greetings", run_id) == {"greet": "success", "fail": "failed"}
        assert airflow.rest.xcom("greetings", run_id, "greet") == {"hello": "Ada"}
        assert airflow.rest.xcom("greetings", run_id, "fail") is None
        assert "ValueError: nobody is called Ada" in airflow.rest.task_log("greetings", run_id, "fail")
        os.kill(airflow.sessions["dag-processor"].process.pid, signal.SIGKILL)
        until(lambda: airflow.restarted == ["dag-processor"])
        assert "dag-processor ended with code -9." in airflow.troubles()
        airflow.wait_healthy()
        leaders = [session.process.pid for session in airflow.sessions.values()]
        assert len(leaders) == 4
    assert [pid for leader in leaders for pid in members(leader)] == []
    assert list((tmp_path / "home" / "run").iterdir()) == []
