"""``airflow arazzo replay``: what a DAG run has recorded, in how many tasks whatever, runs again, and has no secret."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from played_api import PlayedApi

from airflow_arazzo.cli import main
from airflow_arazzo.protocol.task_recording import RECORDING_KEY
from arazzo.exchange import Request, Response, header
from arazzo.limits import limits_set

pytestmark = pytest.mark.airflow

API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "http://things.invalid/nowhere"}]
paths:
  /login: {post: {operationId: login, responses: {"200": {description: ok}}}}
  /jobs/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: look
      parameters: [{name: X-Tenant, in: header, required: true, schema: {type: string}}]
      responses: {"200": {description: ok}}
    post: {operationId: finish, responses: {"200": {description: ok}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: jobs, url: api.openapi.yaml, type: openapi}]
workflows:
- workflowId: sign-in
  inputs: {type: object, properties: {password: {type: string, minLength: 3}}}
  steps:
  - stepId: login
    operationId: login
    requestBody: {payload: {password: $inputs.password}}
    outputs: {session: $response.body#/session}
  outputs: {session: $steps.login.outputs.session}
- workflowId: watch
  x-airflow: {poke_interval: 0.01, sensitive: [session]}
  inputs:
    type: object
    properties: {password: {type: string, default: hunter2-hunter2}, job: {type: string}}
  steps:
  - stepId: enter
    workflowId: sign-in
    parameters: [{name: password, value: $inputs.password}]
    outputs: {session: $outputs.session}
  - stepId: look
    operationId: look
    parameters: [{name: id, in: path, value: $inputs.job}, {name: key, in: query, value: $steps.enter.outputs.session}]
    outputs: {state: $response.body#/state}
    onSuccess:
    - {name: busy, type: goto, stepId: look, criteria: [{condition: $response.body#/state == 'busy'}]}
    - {name: on, type: goto, stepId: finish}
  - stepId: finish
    operationId: finish
    parameters: [{name: id, in: path, value: $inputs.job}]
    requestBody: {payload: {state: $steps.look.outputs.state}}
  outputs: {state: $steps.look.outputs.state}
"""
DAGS = """
from airflow.sdk import DAG
from airflow_arazzo import ArazzoDag, ArazzoTaskGroup, ArazzoWorkflowOperator

DOCUMENT = {document!r}
ArazzoDag(DOCUMENT, "watch", dag_id="alone", connections={{"jobs": "mine"}})
with DAG("several", schedule=None):
    group = ArazzoTaskGroup(
        DOCUMENT, group_id="one", workflow_id="watch", inputs={{"job": "a"}}, connections={{"jobs": "mine"}}
    )
    each = ArazzoWorkflowOperator.partial(
        task_id="each", document=DOCUMENT, workflow_id="watch", connections={{"jobs": "mine"}}
    ).expand(inputs=[{{"job": "b"}}, {{"job": "c"}}])
"""
SECRETS = ("hunter2-hunter2", "s3ssion-5f1c9e", "c0nnection-header")


class Jobs:
    """Says every secret again; a job is busy for three looks, and cannot be finished."""

    def __init__(self) -> None:
        self.looks: dict[str, int] = {}

    def play(self, request: Request) -> Response:
        path = request.url.partition("?")[0]
        echo = f"you said {SECRETS[0]} and {SECRETS[1]}"
        if path == "/v7/login":
            return self._answer(200, {"session": SECRETS[1], "echo": echo})
        assert header(request.headers, "X-Tenant") == SECRETS[2]
        if request.method == "POST":
            return self._answer(409, {"echo": echo})
        self.looks[path] = self.looks.get(path, 0) + 1
        return self._answer(200, {"state": "busy" if self.looks[path] < 4 else "done", "echo": echo})

    def _answer(self, status: int, body: dict[str, str]) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "api.openapi.yaml").write_text(API)
    (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)
    (tmp_path / "dags.py").write_text(DAGS.format(document=str(tmp_path / "w.arazzo.yaml")))
    path = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundle = {"name": "dags-folder", "classpath": path, "kwargs": {"path": str(tmp_path)}}
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    monkeypatch.setenv("AIRFLOW__ARAZZO__RECORD_EXCHANGES", "True")
    return tmp_path


@pytest.fixture
def ran(folder, run_dag, monkeypatch):
    """Run a DAG of the file against an API that is gone then."""
    from airflow.utils.cli import get_bagged_dag

    def run(dag_id, **conf):
        with PlayedApi(Jobs().play, "") as api:
            extra = {"secret_headers": {"X-Tenant": SECRETS[2]}}
            connection = {"conn_type": "arazzo", "host": f"{api.url}/v7", "extra": extra}
            monkeypatch.setenv("AIRFLOW_CONN_MINE", json.dumps(connection))
            found = run_dag(get_bagged_dag(None, dag_id), **conf)
        assert not api.surprises
        monkeypatch.delenv("AIRFLOW_CONN_MINE")
        return found

    return run


def replay(dag_id, run, *options):
    return CliRunner().invoke(main, ["replay", dag_id, run.run.run_id, *map(str, options)])


def test_a_failed_run_is_replayed_and_then_with_another_answer(ran, folder):
    run = ran("alone", job="a")
    assert (run.state, run.tasks["finish"]) == ("failed", "failed")
    recordings = {task: told for (task, key), told in run.xcoms().items() if key == RECORDING_KEY}
    assert {task: len(told["entries"]) for task, told in recordings.items()} == {
        "enter.login": 1,
        "look": 4,
        "finish": 1,
    }
    login = recordings.pop("enter.login")  # where the called workflow does not know what its caller says is secret
    assert not any(secret in json.dumps([login, recordings]) for secret in (SECRETS[0], SECRETS[2]))
    assert SECRETS[1] not in json.dumps(recordings)

    result = replay("alone", run, "--save", folder / "run.har")
    assert result.exit_code == 1, result.output
    route = "sign-in/login → look ×4 → finish"
    assert [line for line in result.stdout.splitlines() if "→" in line] == [
        f"{run.run.run_id}: {route}",
        f"replay: {route}",
    ]
    assert "step 'finish' failed: POST /jobs/{id} answered 409" in result.stderr

    text = (folder / "run.har").read_text()
    assert not any(secret in text + result.output for secret in SECRETS)
    (folder / "run.har").write_text(text.replace('"status": 409', '"status": 200').replace("busy", "over", 1))
    again = replay("alone", run, "--answers", folder / "run.har")
    assert again.exit_code == 1
    assert "the recording has no answer to POST /jobs/{id}: it has one with another body" in again.stderr
    (folder / "run.har").write_text(text.replace('"status": 409', '"status": 200'))
    again = replay("alone", run, "--answers", folder / "run.har")
    assert (again.exit_code, json.loads(again.stdout.partition("success: ")[2])) == (0, {"state": "done"})


def test_of_a_dag_with_several_workflows_one_is_named(ran):
    run = ran("several")
    result = replay("several", run)
    assert (result.exit_code, result.stderr) == (
        2,
        "DAG 'several' runs no workflow; --task names what does: one, each\n",
    )
    for options, job in ((("--task", "one"), "a"), (("--task", "each", "--map-index", 1), "c")):
        result = replay("several", run, *options)
        assert result.exit_code == 1, result.output
        assert "sign-in/login → look ×4 → finish" in result.stdout
        assert f"/jobs/{job}" in result.stderr


def test_without_a_whole_recording_there_is_no_replay(ran, monkeypatch, folder):
    monkeypatch.setenv("AIRFLOW__ARAZZO__RECORD_EXCHANGES", "False")
    run = ran("alone", job="a")
    result = replay("alone", run)
    assert (result.exit_code, "record_exchanges is on" in result.stderr) == (2, True)
    assert not [key for _, key in run.xcoms() if key == RECORDING_KEY]


def test_a_recording_that_is_too_large_says_so(ran, folder):
    with limits_set(recorded_characters=1500):
        run = ran("alone", job="a")
    result = replay("alone", run, "--save", folder / "run.har")
    assert (result.exit_code, result.stderr) == (
        2,
        "the recording of look is not whole ([arazzo] recorded_characters)\n",
    )
    assert not (folder / "run.har").exists()
