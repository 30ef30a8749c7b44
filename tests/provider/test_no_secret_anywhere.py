"""Runs whose secrets are random: none is in the metadata database, in a log, in an error (docs/semantics.md, 6)."""

from __future__ import annotations

import json
import logging

import pytest
from airflow.sdk._shared.secrets_masker import _secrets_masker
from evidence import database_dump
from vault import ALPHABETS, BOUND, CONNECTION, DOCUMENT, answer, connection, found, random_secrets, used

from airflow_arazzo import ArazzoDag, ArazzoOutputsOperator, ArazzoSensor, ArazzoStepOperator, ArazzoWorkflowOperator
from airflow_arazzo.hooks import sealing
from airflow_arazzo.operators import driving
from airflow_arazzo.triggers.arazzo import ArazzoTrigger

pytestmark = pytest.mark.airflow


@pytest.fixture(params=ALPHABETS)
def secrets(request):
    return random_secrets(ALPHABETS[request.param])


@pytest.fixture
def connections(airflow_db, api, secrets):
    """The connection of the API and that of the bound inputs, as people store them: in the metadata database."""
    from airflow.models import Connection
    from airflow.utils.session import create_session

    rows = [
        Connection(conn_id="vault", **connection(api.url, secrets)),
        *(Connection(conn_id=f"bound_{name.lower()}", conn_type="generic", password=secrets[name]) for name in BOUND),
    ]
    with create_session() as session:
        session.add_all(rows)
    yield api
    with create_session() as session:
        for row in rows:
            session.delete(session.merge(row))


@pytest.fixture
def everything(caplog, monkeypatch):
    """Log everything there is to log, and defer however short the wait."""
    monkeypatch.setattr(driving, "SHORT_WAIT", 0)
    with caplog.at_level(logging.DEBUG):
        for name in ("urllib3", "requests", "aiohttp", "asyncio", "airflow_arazzo"):
            caplog.set_level(logging.DEBUG, logger=name)
        yield caplog


@pytest.fixture(autouse=True)
def processes(monkeypatch):
    """Forget all secrets whenever a task or a trigger starts, as processes of their own do."""

    def forgetting(method):
        def begin(*args, **kwargs):
            sealing.REGISTERED.clear()
            _secrets_masker().reset_masker()
            return method(*args, **kwargs)

        return begin

    for operator in (ArazzoStepOperator, ArazzoSensor, ArazzoOutputsOperator, ArazzoWorkflowOperator):
        monkeypatch.setattr(operator, "execute", forgetting(operator.execute))
    for operator in (ArazzoStepOperator, ArazzoSensor, ArazzoWorkflowOperator):
        monkeypatch.setattr(operator, "resume", forgetting(operator.resume))
    monkeypatch.setattr(ArazzoTrigger, "run", forgetting(ArazzoTrigger.run))


def dag(**arguments):
    bound = {name: f"{{{{ conn.bound_{name.lower()}.password }}}}" for name in BOUND}
    return ArazzoDag(DOCUMENT, inputs=bound, **arguments)


def test_no_secret_of_a_run_is_stored_or_logged(connections, run_dag, secrets, everything, capfd):
    answer(connections, secrets)
    run = run_dag(dag(), user="bob")
    assert run.state == "success"
    used(connections, secrets)
    out, err = capfd.readouterr()
    assert "waitForJob" in out + err
    assert found(database_dump(), secrets) == {}
    assert found(out + err, secrets) == {}
    assert found(everything.text, {name: secrets[name] for name in (*BOUND, *CONNECTION)}) == {}


@pytest.mark.parametrize("fails", [False, True], ids=["success", "failed"])
def test_no_secret_of_a_workflow_in_one_task_is_stored_or_logged(
    connections, run_dag, secrets, everything, capfd, fails
):
    answer(connections, secrets, fails=fails)
    run = run_dag(dag(dag_id="whole", settings={"granularity": "workflow"}), user="bob")
    assert run.state == ("failed" if fails else "success")
    used(connections, secrets)
    out, err = capfd.readouterr()
    assert "in the triggerer" in out + err
    assert found(database_dump(), secrets) == {}
    assert found(out + err, secrets) == {}


def test_no_secret_of_a_failed_run_is_stored_or_logged(connections, run_dag, secrets, everything, capfd):
    answer(connections, secrets, fails=True)
    run = run_dag(dag(), user="bob")
    assert run.state == "failed"
    assert "***" in run.xcom("waitForJob", "arazzo")["message"]
    out, err = capfd.readouterr()
    assert found(database_dump(), secrets) == {}
    assert found(out + err, secrets) == {}


@pytest.mark.parametrize("granularity", ["step", "workflow"])
@pytest.mark.parametrize("before", [36, 40])
def test_no_part_of_a_connections_secret_is_left_where_a_reason_is_cut(
    airflow_db, api, run_dag, tmp_path, capfd, monkeypatch, granularity, before
):
    """The engine does not know it; worker and triggerer do."""
    monkeypatch.setattr(driving, "SHORT_WAIT", 0)
    operation = {"operationId": "poll", "responses": {}, "security": [{"key": []}]}
    description = {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1"},
        "servers": [{"url": api.url}],
        "paths": {"/poll": {"get": operation}},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    }
    again = {"name": "again", "type": "goto", "stepId": "p", "criteria": [{"condition": "$statusCode == 202"}]}
    step = {
        "stepId": "p",
        "operationId": "poll",
        "successCriteria": [{"condition": "$response.body#/said == null || $response.body#/said == 'x'"}],
        "onSuccess": [again, {"name": "done", "type": "end"}],
    }
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "kept", "url": "./api.json", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [step], "x-airflow": {"poke_interval": 0.1}}],
    }
    (tmp_path / "api.json").write_text(json.dumps(description))
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    said = {"said": "." * before + "zebra-98765" + "." * 40}
    api.on("GET /poll", 202, {}).on("GET /poll", 200, said)
    monkeypatch.setenv("AIRFLOW_CONN_KEPT", json.dumps({"conn_type": "arazzo", "password": "zebra-98765"}))
    settings = {"granularity": granularity}
    run = run_dag(ArazzoDag(tmp_path / "w.arazzo.json", dag_id=f"cut_{granularity}_{before}", settings=settings))
    assert run.state == "failed"
    assert api.asked[-1].headers["X-Key"] == "zebra-98765"
    out, err = capfd.readouterr()
    assert "in the triggerer" in out + err
    assert "..z" not in database_dump() + out + err
