"""An Airflow of one's own: it runs a DAG, survives the loss of a component, and leaves nothing behind."""

import pytest

from airflow_arazzo.testing.local_airflow import LocalAirflow, StartError
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


@pytest.mark.scheduler
def test_runs_a_dag_survives_a_kill_and_leaves_nothing(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "greetings.py").write_text(DAG)
    with LocalAirflow(tmp_path / "home", tmp_path / "dags") as airflow:
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
        airflow.wait_healthy()
        leaders = [session.process.pid for session in airflow.sessions.values()]
        assert len(leaders) == 4
    assert [pid for leader in leaders for pid in members(leader)] == []
    assert list((tmp_path / "home" / "run").iterdir()) == []
