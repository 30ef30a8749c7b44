"""Cookie sessions in Airflow: one jar for a run whatever its form, none for two runs, sealed, and seen by nobody."""

from __future__ import annotations

import json
import logging
from itertools import count

import pytest
from airflow.providers.common.compat.sdk import DAG, TaskDeferred
from airflow.sdk import task_group
from casebook import BASE, Script, cases, sent_cookie
from equivalence import executed_in_a_group, executed_in_one_task, in_place_of_the_world, interpreted
from executing import Execution
from mortals import POST, Server, start
from played_api import PlayedApi
from running import Run, first_event, restored

from airflow_arazzo import ArazzoDag, ArazzoSensor, ArazzoStepOperator, ArazzoTaskGroup, ArazzoWorkflowOperator
from airflow_arazzo.protocol.encryption import unseal_json
from arazzo.engine import load_plan
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response
from arazzo.limits import limits_set

CASES = [case for case in cases() if case.folder.name == "cookies"]
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.openapi.yaml, type: openapi}]
workflows:
- workflowId: visit
  x-airflow: {cookies: true, poke_interval: 0.01}
  inputs: {type: object, properties: {user: {type: string}}}
  steps:
  - {stepId: login, operationId: login, parameters: [{name: user, in: query, value: $inputs.user}]}
  - stepId: look
    operationId: look
    outputs: {seen: $response.body#/seen, echo: $response.body#/echo}
    onSuccess:
    - {name: busy, type: goto, stepId: look, criteria: [{condition: $response.body#/busy == true}]}
    - {name: on, type: goto, stepId: again}
  - {stepId: again, operationId: look, outputs: {seen: $response.body#/seen}}
  outputs: {first: $steps.look.outputs.echo, last: $steps.again.outputs.seen}
"""
API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "https://api.example.test/v1"}]
paths:
  /login:
    post:
      operationId: login
      parameters: [{name: user, in: query, schema: {type: string}}]
      responses: {"204": {description: ok}}
  /look: {get: {operationId: look, responses: {"200": {description: ok}}}}
"""


class Sessions:
    """An API that knows who asks by a cookie, which it renews with every answer, and repeats in its body."""

    def __init__(self) -> None:
        self.users: dict[str, str] = {}
        self.numbers = count()
        self.now = 1e9
        self.cookies: list[str] = []

    def send(self, request: Request) -> Response:
        cookie = sent_cookie(request)
        self.cookies.append(cookie)
        if "/login" in request.url:
            return self._answer(request.url.partition("user=")[2] or "nobody", 204, b"")
        user = self.users.get(cookie, "a stranger")
        looks = sum(name == user for name in self.users.values())
        body = {"seen": user, "busy": looks < 3, "echo": f"you are {cookie.partition('=')[2]}"}
        return self._answer(user, 200, json.dumps(body).encode())

    def _answer(self, user: str, status: int, body: bytes) -> Response:
        value = f"t0p-secret-{next(self.numbers)}-x"
        self.users[f"sid={value}"] = user
        headers = (("Content-Type", "application/json"), ("Set-Cookie", f"sid={value}; Path=/; HttpOnly"))
        return Response(status, headers, body, 0.001)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def document(tmp_path, monkeypatch):
    (tmp_path / "api.openapi.yaml").write_text(API)
    (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": BASE}))
    return tmp_path / "w.arazzo.yaml"


@pytest.mark.parametrize("form", ["task", "group"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case_in_one_task_and_in_a_group(case, form, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": BASE}))
    plan, script = case.plan, Script(case.script)
    with limits_set(**case.limits):
        if form == "task":
            found = executed_in_one_task(plan, case.inputs, script)
        else:
            found, _ = executed_in_a_group(plan, case.inputs, script)
    script.finished()
    assert (found.status, found.outputs or {}) == (case.status, case.outputs)
    assert case.message in found.message


def test_nobody_sees_a_cookie(document, caplog):
    caplog.set_level(logging.DEBUG)
    api = Sessions()
    dag = ArazzoDag(document)
    execution = Execution(dag, {"user": "ann"}, api)
    with in_place_of_the_world(api):
        assert execution.finish() == "success"
    assert execution.run.xcoms["outputs", "return_value"] == {"first": "you are ***", "last": "ann"}
    assert execution.deferrals == 1
    assert "t0p-secret" not in json.dumps([[*key, value] for key, value in execution.run.xcoms.items()])
    assert "t0p-secret" not in caplog.text
    sealed = execution.run.xcoms["again", "arazzo_envelope"]
    assert "t0p-secret" in json.dumps(unseal_json(sealed)["cookies"])
    assert "cookies" not in unseal_json(execution.run.xcoms["outputs", "arazzo_envelope"])


def test_the_interpreter_does_the_same(document):
    api = Sessions()
    run = interpreted(load_plan(document), {"user": "ann"}, api)
    assert run.outputs["last"] == "ann"
    assert api.cookies[0] == ""
    assert len({*api.cookies}) == len(api.cookies) == 5


def test_the_jar_survives_a_triggerer_that_dies(document):
    api = Sessions()
    with in_place_of_the_world(api):
        sensor = ArazzoSensor(task_id="look", plan=document, step="look")
        with pytest.raises(TaskDeferred) as deferred:
            sensor.execute(Run().context("look"))
        row = json.dumps(deferred.value.trigger.serialize())
        before = dict(api.users)
        first_event(restored(deferred.value.trigger))
        api.users, asked = before, len(api.cookies)
        event = first_event(restored(deferred.value.trigger))
    assert api.cookies[1] == api.cookies[asked] == "sid=t0p-secret-0-x"
    assert "t0p-secret" not in row + json.dumps(event)


@pytest.mark.airflow
@pytest.mark.parametrize("lost", [1, 2], ids=["on a worker", "in the triggerer"])
def test_what_a_redirect_has_set_is_kept_where_no_answer_follows(document, run_dag, monkeypatch, lost):
    api = Sessions()
    looks = count(1)

    def send(request):
        if request.url.endswith("/gone"):
            raise TransportError("reset", "gone")
        response = api.send(request)
        if request.url.endswith("/look") and next(looks) == lost:
            return Response(302, (*response.headers, ("Location", "/v1/gone")), b"")
        return response

    with PlayedApi(send, BASE.removesuffix("/v1")) as played:
        monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": f"{played.url}/v1"}))
        run = run_dag(ArazzoDag(document), user="ann")
    assert run.state == "success"
    assert run.xcoms()["outputs", "return_value"]["last"] == "ann"
    assert run.xcoms()["look", "arazzo"]["tolerated"] == 1
    assert api.cookies == ["", *(f"sid=t0p-secret-{number}-x" for number in range(len(api.cookies) - 1))]


def test_what_was_set_by_an_answer_that_broke_off_is_not_lost_by_a_restart():
    visits = ((POST.url, (("Set-Cookie", "sid=t0p-secret"),)),)
    stored = {}
    with pytest.raises(TransportError):
        start(Server(answers=[TransportError("reset", "gone", visits=visits)]), stored).send(POST)
    with pytest.raises(TransportError, match="and not again") as error:
        start(Server(), stored, try_number=2).send(POST)
    assert error.value.visits == visits
    assert "t0p-secret" not in json.dumps(stored)


def test_what_a_request_has_set_that_is_not_sent_twice(document, monkeypatch):
    api, run = Sessions(), Run(stored={})
    with PlayedApi(api.send, BASE.removesuffix("/v1")) as played:
        monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": f"{played.url}/v1"}))
        step = ArazzoStepOperator(task_id="login", plan=document, step="login", inputs={"user": "ann"})
        step.execute(run.context("login"))
        told = run.xcoms.pop(("login", "arazzo_envelope"))
        step.execute(run.context("login", try_number=2))  # the worker had died before anything was stored
    assert api.cookies == [""]
    again = unseal_json(run.xcoms["login", "arazzo_envelope"])["cookies"]
    assert [cookie["value"] for cookie in again["cookies"]] == ["t0p-secret-0-x"]
    assert again["cookies"] == unseal_json(told)["cookies"]["cookies"]
    assert "t0p-secret" not in json.dumps(run.stored)


def test_two_groups_are_two_runs(document):
    api = Sessions()
    with DAG("own") as dag:
        one = ArazzoTaskGroup(document, group_id="one", inputs={"user": "ann"})
        other = ArazzoTaskGroup(document, group_id="other", inputs={"user": "bob"})
        one.last >> other.first
    execution = Execution(dag, {}, api)
    with in_place_of_the_world(api):
        assert execution.finish() == "success"
    assert [execution.run.xcoms[f"{name}.outputs", "return_value"]["last"] for name in ("one", "other")] == [
        "ann",
        "bob",
    ]
    assert [at for at, cookie in enumerate(api.cookies) if not cookie] == [0, 5]


@pytest.mark.airflow
@pytest.mark.parametrize("mapped", ["task", "group"])
def test_each_mapped_item_has_a_jar_of_its_own(document, run_dag, monkeypatch, mapped):
    api = Sessions()
    users = ["ann", "bob", "eve"]
    with DAG(f"mapped_{mapped}", schedule=None) as dag:
        if mapped == "task":
            visit = ArazzoWorkflowOperator.partial(task_id="visit", document=str(document))
            visit.expand(inputs=[{"user": user} for user in users])
        else:

            @task_group
            def each(user):
                ArazzoTaskGroup(document, group_id="go", inputs={"user": user})

            each.expand(user=users)
    with PlayedApi(api.send, BASE.removesuffix("/v1")) as played:
        monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": f"{played.url}/v1"}))
        run = run_dag(dag)
    assert not played.surprises
    assert run.state == "success"
    assert sorted(api.users.values()) == sorted(users * 5)
    assert "t0p-secret" not in json.dumps(list(run.xcoms().values()))
