"""Runs whose secrets are random: none is in the metadata database, in a log, in an error (docs/semantics.md, 6)."""

from __future__ import annotations

import json
import logging
import random
import string
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from airflow.sdk._shared.secrets_masker import _secrets_masker
from evidence import database_dump
from scripted_api import ScriptedApi

from airflow_arazzo import ArazzoDag, ArazzoOutputsOperator, ArazzoSensor, ArazzoStepOperator
from airflow_arazzo.hooks import sealing
from airflow_arazzo.operators import driving
from airflow_arazzo.triggers.arazzo import ArazzoTrigger

pytestmark = pytest.mark.airflow

VAULT = Path(__file__).parent / "documents" / "vault.arazzo.yaml"
BOUND = ("password", "pin", "vaultSecret", "apiToken", "marked")
OUTPUT = ("token", "cookie", "api_key")
CONNECTION = ("login_password", "query_key", "header_key", "cookie_key")


def made_up(alphabet, name):
    """Return a secret of its own for each name: letters around characters that are written differently everywhere."""
    text = "".join(random.choices(string.ascii_letters + string.digits, k=8))
    return f"{text[:4]}{alphabet}{text[4:]}{name[:2]}"


@pytest.fixture(params=["", "/+= %&?#", "\"'\\<ä€>"], ids=["plain", "reserved", "quoted"])
def secrets(request):
    found = {name: made_up(request.param, name) for name in (*BOUND, *OUTPUT, *CONNECTION)}
    for name in ("cookie", "cookie_key", "header_key", "marked", "token"):  # what a header can hold
        found[name] = made_up(request.param.replace("ä€", "").replace(" ", ""), name)
    return found


@pytest.fixture
def connections(airflow_db, api, secrets):
    """The connection of the API and that of the bound inputs, as people store them: in the metadata database."""
    from airflow.models import Connection
    from airflow.utils.session import create_session

    keys = {"queryKey": secrets["query_key"], "headerKey": secrets["header_key"], "cookieKey": secrets["cookie_key"]}
    rows = [
        Connection(
            conn_id="vault",
            conn_type="arazzo",
            host=api.url,
            login="svc",
            password=secrets["login_password"],
            extra=json.dumps({"api_keys": keys}),
        ),
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

    for operator in (ArazzoStepOperator, ArazzoSensor, ArazzoOutputsOperator):
        monkeypatch.setattr(operator, "execute", forgetting(operator.execute))
    for operator in (ArazzoStepOperator, ArazzoSensor):
        monkeypatch.setattr(operator, "resume", forgetting(operator.resume))
    monkeypatch.setattr(ArazzoTrigger, "run", forgetting(ArazzoTrigger.run))


def dag(**arguments):
    bound = {name: f"{{{{ conn.bound_{name.lower()}.password }}}}" for name in BOUND}
    return ArazzoDag(VAULT, inputs=bound, **arguments)


def answer(api: ScriptedApi, secrets, *, fails=False):
    echo = {name: f"you said {value}" for name, value in secrets.items()} | {"password": secrets["password"]}
    api.on(
        "POST /sessions",
        200,
        {"token": secrets["token"], "session": {"api_key": secrets["api_key"], "user": "bob"}, "echo": echo},
        Set_Cookie=f"sid={secrets['cookie']}",
    )
    wrong = {**echo, "password": secrets["token"]}
    last = {"status": "pending", "echo": wrong} if fails else {"status": "done", "echo": echo}
    for status, body in (
        (503, {"echo": echo}),
        (201, {"echo": echo}),
        (200, {"status": "pending", "echo": echo}),
        (200, last),
    ):
        api.others.append((status, body, {}))


def spellings(secret):
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]


def found(text, secrets):
    """Return the secrets of which a spelling is in a text, with what stands around it."""
    return {
        name: text[max(text.index(spelling) - 160, 0) : text.index(spelling) + 80]
        for name, secret in secrets.items()
        for spelling in spellings(secret)
        if spelling in text
    }


def test_no_secret_of_a_run_is_stored_or_logged(connections, run_dag, secrets, everything, capfd):
    answer(connections, secrets)
    run = run_dag(dag(), user="bob")
    assert run.state == "success"
    assert len(connections.asked) == 5, connections.lines
    posted, polled = connections.asked[2], connections.asked[-1]
    assert posted.headers["Authorization"] == f"Bearer {secrets['token']}"
    assert quote(secrets["vaultSecret"], safe="") in polled.target
    assert quote(secrets["query_key"], safe="") in polled.target
    assert polled.headers["headerKey"] == secrets["header_key"]
    out, err = capfd.readouterr()
    assert "waitForJob" in out + err
    assert found(database_dump(), secrets) == {}
    assert found(out + err, secrets) == {}
    assert found(everything.text, {name: secrets[name] for name in (*BOUND, *CONNECTION)}) == {}


def test_no_secret_of_a_failed_run_is_stored_or_logged(connections, run_dag, secrets, everything, capfd):
    answer(connections, secrets, fails=True)
    run = run_dag(dag(), user="bob")
    assert run.state == "failed"
    assert "***" in run.xcom("waitForJob", "arazzo")["message"]
    out, err = capfd.readouterr()
    assert found(database_dump(), secrets) == {}
    assert found(out + err, secrets) == {}
