"""Runs whose secrets are random: none is in the metadata database, in a log, in an error (docs/semantics.md, 6)."""

from __future__ import annotations

import json
import logging
import re

import pytest
from airflow.sdk import DAG
from airflow.sdk._shared.secrets_masker import _secrets_masker
from evidence import database_dump
from vault import ALPHABETS, BOUND, CONNECTION, DOCUMENT, answer, connection, found, made_up, random_secrets, used

from airflow_arazzo import (
    ArazzoDag,
    ArazzoOutputsOperator,
    ArazzoSensor,
    ArazzoStepOperator,
    ArazzoTaskGroup,
    ArazzoWorkflowOperator,
)
from airflow_arazzo.operators import region_task
from airflow_arazzo.operators.call_tasks import ArazzoCallOperator, ArazzoInputsOperator, ArazzoReturnOperator
from airflow_arazzo.protocol.secret_ledger import is_sensitive
from airflow_arazzo.triggers.arazzo import ArazzoTrigger

slow = pytest.mark.slow
pytestmark = [
    pytest.mark.airflow,
    pytest.mark.attack("metadata database and logs", "an API that says every secret again, in every answer"),
]


@pytest.fixture(params=["quoted", *(pytest.param(name, marks=slow) for name in ALPHABETS if name != "quoted")])
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
    monkeypatch.setattr(region_task, "SHORT_WAIT", 0)
    with caplog.at_level(logging.DEBUG):
        for name in ("urllib3", "requests", "aiohttp", "asyncio", "airflow_arazzo"):
            caplog.set_level(logging.DEBUG, logger=name)
        yield caplog


@pytest.fixture(autouse=True)
def processes(monkeypatch):
    """Forget all secrets when a task or a trigger starts, as processes of their own do; record what is sent."""
    monkeypatch.setenv("AIRFLOW__ARAZZO__RECORD_EXCHANGES", "True")

    def forgetting(method):
        def begin(*args, **kwargs):
            _secrets_masker().reset_masker()
            return method(*args, **kwargs)

        return begin

    deciding = (ArazzoInputsOperator, ArazzoCallOperator, ArazzoReturnOperator, ArazzoOutputsOperator)
    for operator in (ArazzoStepOperator, ArazzoSensor, ArazzoWorkflowOperator, *deciding):
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
    assert len(run.xcom("waitForJob", "arazzo_recording")["entries"]) == 2
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
    monkeypatch.setattr(region_task, "SHORT_WAIT", 0)
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
    assert re.search(r"\.\.z.{0,200}", database_dump() + out + err) is None


# between tasks and workflows: the API says a secret again under a name that says nothing, to a task that never had it

TOKEN, PASSWORD = made_up("-of-", "token"), made_up("-of-", "password")
BOTH = f"{TOKEN} and {PASSWORD}"
PATHS = {"/sessions": ("post", "signIn"), "/echo": ("post", "echo"), "/jobs": ("get", "poll")}
LOGIN = {"stepId": "login", "operationId": "signIn", "outputs": {"token": "$response.body#/token"}}
ECHO = {"stepId": "echo", "operationId": "echo", "outputs": {"all": "$response.body"}}
SECRET = {"type": "object", "properties": {"password": {"type": "string"}}}
INNOCENT = {"type": "object", "properties": {"key": {"type": "string"}}}


def workflow(name, *steps, **fields):
    return {"workflowId": name, "steps": list(steps), **fields}


def call(name, **fields):
    return {"stepId": f"call_{name}", "workflowId": name, **fields}


def passing(value):
    return {"parameters": [{"name": "key", "value": value}]}


@pytest.fixture
def document(api, tmp_path):
    """Write a document of these workflows, and the description of an API that gives a token and says a text."""

    def write(workflows, said="", **components):
        api.on("POST /sessions", 200, {"token": TOKEN, "session": {"api_key": TOKEN}})
        api.on("POST /echo", 200, {"said": said, "page": 1})
        answers = {"responses": {"200": {"description": "ok"}}}
        paths = {path: {method: {"operationId": name, **answers}} for path, (method, name) in PATHS.items()}
        description = {"openapi": "3.1.0", "info": {"title": "S", "version": "1"}, "servers": [{"url": api.url}]}
        (tmp_path / "shop.json").write_text(json.dumps({**description, "paths": paths, **components}))
        about = {"arazzo": "1.0.1", "info": {"title": "T", "version": "1"}}
        sources = [{"name": "shop", "url": "./shop.json", "type": "openapi"}]
        path = tmp_path / "w.arazzo.json"
        path.write_text(json.dumps({**about, "sourceDescriptions": sources, "workflows": workflows}))
        return path

    return write


@pytest.fixture
def bound(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_BOUND", json.dumps({"conn_type": "generic", "password": PASSWORD}))
    return "{{ conn.bound.password }}"


RESULT = {"outputs": {"all": "$steps.echo.outputs.all"}}
BETWEEN = {
    "a step that calls a workflow": [
        workflow("w", LOGIN, call("child", outputs={"r": "$outputs.all"}), inputs=SECRET),
        workflow("child", ECHO, **RESULT),
    ],
    "what comes after a call": [
        workflow("w", call("child"), ECHO, inputs=SECRET, **RESULT),
        workflow("child", LOGIN),
    ],
    "a workflow that takes over": [
        workflow("w", {**LOGIN, "onSuccess": [{"name": "on", "type": "goto", "workflowId": "other"}]}, inputs=SECRET),
        workflow("other", ECHO, **RESULT),
    ],
    "a workflow that comes first": [
        workflow("w", {**ECHO, "stepId": "then"}, inputs=SECRET, dependsOn=["first"]),
        workflow("first", LOGIN, ECHO, **RESULT),
    ],
    "a call in one task": [
        workflow(
            "w",
            LOGIN,
            call("child", outputs={"r": "$outputs.all"}, **{"x-airflow": {"granularity": "workflow"}}),
            inputs=SECRET,
        ),
        workflow("child", ECHO, **RESULT),
    ],
    "a loop that calls": [
        workflow(
            "w",
            call(
                "child",
                onSuccess=[{"name": "on", "type": "retry", "retryLimit": 1, "criteria": [{"condition": "1 == 2"}]}],
            ),
            ECHO,
            inputs=SECRET,
            **RESULT,
        ),
        workflow("child", LOGIN),
    ],
    "members of an output with an innocent name": [
        workflow("w", {**LOGIN, "outputs": {"session": "$response.body#/session"}}, ECHO, inputs=SECRET, **RESULT)
    ],
}


@pytest.mark.parametrize("granularity", ["step", pytest.param("workflow", marks=slow)])
@pytest.mark.parametrize("name", BETWEEN)
def test_every_task_knows_the_secrets_of_those_before(document, bound, run_dag, api, capfd, name, granularity):
    settings = {"granularity": granularity} if granularity == "workflow" else {}
    run = run_dag(ArazzoDag(document(BETWEEN[name], BOTH), "w", inputs={"password": bound}, settings=settings))
    assert run.state == "success", run.xcoms()
    assert "POST /sessions" in api.lines
    assert "POST /echo" in api.lines
    secrets = {"token": TOKEN, "password": PASSWORD}
    assert found(database_dump(), secrets) == {}
    assert found("".join(capfd.readouterr()), secrets) == {}
    said = [value for (_, key), value in run.xcoms().items() if key == "return_value"]
    assert granularity == "workflow" or "*** and ***" in str(said)


ONE_TASK = {
    "an output of the workflow": [
        workflow("w", LOGIN, outputs={"handle": "$steps.login.outputs.token", "n": "pair {$steps.login.outputs.token}"})
    ],
    "an output of a workflow that is called": [
        workflow(
            "w", call("child", outputs={"handle": "$outputs.value"}), outputs={"r": "$steps.call_child.outputs.handle"}
        ),
        workflow("child", LOGIN, outputs={"value": "$steps.login.outputs.token"}),
    ],
    "an input of a workflow that is called": [
        workflow("w", LOGIN, call("child", **passing("$steps.login.outputs.token"))),
        workflow(
            "child",
            {**ECHO, "successCriteria": [{"condition": "$response.body#/said == $inputs.key"}]},
            inputs=INNOCENT,
        ),
    ],
}


@pytest.mark.parametrize("name", ONE_TASK)
def test_a_workflow_in_one_task_shows_no_secret_under_another_name(document, run_dag, capfd, name):
    run = run_dag(ArazzoDag(document(ONE_TASK[name], TOKEN), "w", settings={"granularity": "workflow"}))
    assert "***" in str(run.xcoms())
    assert found(database_dump(), {"token": TOKEN}) == {}
    assert found("".join(capfd.readouterr()), {"token": TOKEN}) == {}


@pytest.mark.parametrize("granularity", ["step", "workflow"])
def test_names_that_only_this_airflow_takes_for_secret(document, run_dag, monkeypatch, granularity):
    masker = _secrets_masker()
    names = {*masker.sensitive_variables_fields, "kennwort"}
    monkeypatch.setattr(masker, "sensitive_variables_fields", names)
    is_sensitive.cache_clear()
    login = {**LOGIN, "outputs": {"kennwort": "$response.body#/token"}}
    workflows = [workflow("w", call("child"), ECHO, **RESULT), workflow("child", login)]
    run = run_dag(ArazzoDag(document(workflows, TOKEN), "w", settings={"granularity": granularity}))
    is_sensitive.cache_clear()
    assert run.state == "success"
    assert found(database_dump(), {"token": TOKEN}) == {}


ASKS = {
    **ECHO,
    "successCriteria": [{"condition": "$response.body#/said == $inputs.key && 1 == 2"}],
    "onFailure": [{"name": "on", "type": "end"}],
}
NUMBER = {"type": "object", "properties": {"key": {"type": "string", "pattern": "^[0-9]+$"}}}
PASSED_ON = [
    workflow("w", call("child", **passing("$inputs.key")), inputs=INNOCENT),
    workflow("child", ASKS, inputs=INNOCENT, **RESULT),
]
#: Whether the workflow is a group of somebody's DAG, and the document.
UNDER_ANY_NAME = {
    "echoed": (False, [workflow("w", ASKS, inputs=INNOCENT, **RESULT)]),
    "echoed in a group": (True, [workflow("w", ASKS, inputs=INNOCENT, **RESULT)]),
    "passed on": (False, PASSED_ON),
    "passed on in a group": (True, PASSED_ON),
    "refused": (False, [workflow("w", ASKS, inputs=NUMBER)]),
    "refused in a group": (True, [workflow("w", ASKS, inputs=NUMBER)]),
    "refused by what comes first": (
        False,
        [workflow("w", ASKS, inputs=INNOCENT, dependsOn=["first"]), workflow("first", ECHO, inputs=NUMBER)],
    ),
}


@pytest.mark.parametrize("name", UNDER_ANY_NAME)
def test_the_password_of_a_connection_is_secret_under_any_name(document, bound, run_dag, name):
    grouped, workflows = UNDER_ANY_NAME[name]
    path, inputs = document(workflows, PASSWORD), {"key": bound}
    if grouped:
        with DAG("with_a_group", schedule=None) as dag:
            ArazzoTaskGroup(path, "w", inputs=inputs)
    else:
        dag = ArazzoDag(path, "w", inputs=inputs)
    run = run_dag(dag)
    assert "***" in str(run.xcoms())
    assert found(database_dump(), {"password": PASSWORD}) == {}


POLL = {
    "stepId": "wait",
    "operationId": "poll",
    "outputs": {"said": "$response.body#/said"},
    "onSuccess": [
        {
            "name": "on",
            "type": "goto",
            "stepId": "wait",
            "criteria": [{"condition": "$response.body#/status == 'pending'"}],
        },
        {"name": "done", "type": "end"},
    ],
}


def test_tokens_that_the_triggerer_has_got_are_known_to_the_worker(document, run_dag, api, monkeypatch, capfd):
    tokens = {number: made_up("-of-", f"{number}.") for number in (1, 2)}
    for token in tokens.values():  # none lives as long as the poll waits
        api.on("POST /token", 200, {"access_token": token, "token_type": "bearer", "expires_in": 1})
    for status in ("pending", "done"):
        api.on(
            "GET /jobs",
            200,
            {"status": status, "said": tokens[1] if status == "pending" else f"{tokens[1]} and {tokens[2]}"},
        )
    client = {"client_id": "me", "client_secret": PASSWORD, "grant_type": "client_credentials"}
    extra = json.dumps({**client, "token_url": f"{api.url}/token"})
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "arazzo", "host": api.url, "extra": extra}))
    scheme = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {}}}}
    path = document(
        [workflow("w", POLL, **{"x-airflow": {"poke_interval": 2}})],
        security=[{"oauth": []}],
        components={"securitySchemes": {"oauth": scheme}},
    )
    run = run_dag(ArazzoDag(path, "w"))
    assert [asked.headers["Authorization"] for asked in api.asked if asked.target == "/jobs"] == [
        f"Bearer {token}" for token in tokens.values()
    ]
    assert run.xcom("wait") == {"said": "*** and ***"}
    assert found(database_dump(), tokens) == {}
    assert found("".join(capfd.readouterr()), tokens) == {}


# without a Fernet key


@pytest.fixture
def keyless(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")


def test_without_a_key_a_poll_does_not_wait_with_a_password_in_its_state(document, run_dag, api, keyless, monkeypatch):
    connection = {"conn_type": "arazzo", "host": api.url, "login": "me", "password": PASSWORD}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(connection))
    monkeypatch.setattr(region_task, "SHORT_WAIT", 0)
    path = document([workflow("w", POLL, **{"x-airflow": {"poke_interval": 0.05}})])
    for said, state in ((PASSWORD, "failed"), ("nothing", "success")):
        api.on("GET /jobs", 200, {"status": "pending", "said": said}).on("GET /jobs", 200, {"status": "done"})
        run = run_dag(ArazzoDag(path, "w", dag_id=f"keyless-{state}"))
        assert run.tasks["wait"] == state
        assert found(database_dump(), {"password": PASSWORD}) == {}


@pytest.mark.parametrize(
    ("inputs", "state"),
    [({"password": "{{ conn.bound.password }}"}, "failed"), ({}, "success")],
    ids=["secret", "none"],
)
def test_without_a_key_a_workflow_with_a_secret_enters_no_other(document, bound, run_dag, api, keyless, inputs, state):
    workflows = [workflow("w", call("child"), inputs=SECRET), workflow("child", ECHO)]
    run = run_dag(ArazzoDag(document(workflows), "w", dag_id=f"keyless-call-{state}", inputs=inputs))
    assert run.tasks["call_child.inputs"] == state
    assert api.lines == (["POST /echo"] if state == "success" else [])
    assert found(database_dump(), {"password": PASSWORD}) == {}


def test_without_a_key_a_workflow_by_itself_may_have_secret_inputs(document, bound, run_dag, keyless):
    steps = [{**ECHO, "stepId": name, "outputs": {"page": "$response.body#/page"}} for name in "ab"]
    path = document([workflow("w", *steps, inputs=SECRET)], PASSWORD)
    run = run_dag(ArazzoDag(path, "w", dag_id="keyless-alone", inputs={"password": bound}))
    assert run.state == "success"
    assert run.xcom("b") == {"page": 1}
    assert found(database_dump(), {"password": PASSWORD}) == {}
