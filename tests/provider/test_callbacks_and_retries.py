"""What callbacks find in the context of a task that has run, and what a retry policy makes of how it has failed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowException, BaseNotifier, TaskDeferred
from running import Run, first_event, restored

from airflow_arazzo import ArazzoDag, ArazzoWorkflowOperator
from arazzo import clock

SECRET = "tr0ub4dor"
OPENAPI = """
openapi: 3.1.0
info: {title: Things, version: "1"}
servers: [{url: "SERVER"}]
paths:
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: getThing, responses: {"200": {description: The thing}}}
    post: {operationId: makeThing, responses: {"200": {description: The thing}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Things, version: "1"}
sourceDescriptions: [{name: things, url: things.openapi.yaml, type: openapi}]
workflows:
- workflowId: order
  inputs: {type: object, properties: {key: {type: string, format: password}}, required: [key]}
  steps:
  - stepId: look
    operationId: getThing
    parameters: [{name: id, in: path, value: $inputs.key}]
    successCriteria: [{condition: $response.body#/state == 'there'}]
  - stepId: make
    operationId: makeThing
    parameters: [{name: id, in: path, value: x}]
- workflowId: outer
  inputs: {type: object, properties: {key: {type: string, format: password}}, required: [key]}
  steps:
  - {stepId: call, workflowId: order, parameters: [{name: key, value: $inputs.key}]}
- workflowId: watch
  steps:
  - stepId: poll
    operationId: getThing
    parameters: [{name: id, in: path, value: x}]
    successCriteria: [{condition: $statusCode == 200}]
    onSuccess:
    - {name: again, type: goto, stepId: poll, criteria: [{condition: $response.body#/state == 'busy'}]}
    - {name: done, type: end, criteria: [{condition: $response.body#/state == 'done'}]}
    x-airflow: {poke_interval: 0.05, tolerate: 0}
"""
THERE = {"state": "there"}


@pytest.fixture
def order(tmp_path, api):
    """Return what becomes of a workflow of the document: a DAG, or one task."""

    def made(kind=ArazzoDag, workflow="order", document=DOCUMENT, **arguments):
        (tmp_path / "things.openapi.yaml").write_text(OPENAPI.replace("SERVER", api.url))
        (tmp_path / "order.arazzo.yaml").write_text(document)
        inputs = {} if workflow == "watch" else {"key": SECRET}
        if kind is ArazzoDag:
            return ArazzoDag(tmp_path / "order.arazzo.yaml", workflow, inputs=inputs, **arguments)
        return kind(
            task_id="all", document=tmp_path / "order.arazzo.yaml", workflow_id=workflow, inputs=inputs, **arguments
        )

    return made


def found(task):
    """Return what the context of a task has when it has run, and what it has raised."""
    context = Run().context(task.task_id)
    try:
        task.execute(context)
    except TaskDeferred as deferred:
        event = json.loads(json.dumps(first_event(restored(deferred.trigger))))
        with pytest.raises(AirflowException) as caught:
            task.resume_execution(deferred.method_name, {"event": event}, context)
        return context["arazzo"], caught.value
    except AirflowException as error:
        return context["arazzo"], error
    return context["arazzo"], None


@pytest.mark.airflow
def test_callbacks_and_notifiers_are_told_of_the_step(order, api, run_dag):
    class Notifier(BaseNotifier):
        template_fields = ("text",)

        def __init__(self, text):
            super().__init__()
            self.text = text

        def notify(self, context):
            heard.append(self.text)

    heard, text = [], "{{ arazzo.step }} of {{ arazzo.workflow }} ({{ arazzo.operation }}): {{ arazzo.status }}"
    api.on(f"GET /things/{SECRET}", 200, THERE).on("POST /things/x", 409, {"error": f"{SECRET} {{{{ 1 + 1 }}}}"})
    callbacks = {
        "on_success_callback": lambda context: heard.append(context["arazzo"]),
        "on_failure_callback": [lambda context: heard.append(context["arazzo"]), Notifier(text)],
    }
    assert run_dag(order(default_args=callbacks)).state == "failed"
    looked, made, told = heard
    assert {name: looked[name] for name in ("workflow", "step", "operation", "request", "status", "message")} == {
        "workflow": "order",
        "step": "look",
        "operation": "getThing",
        "request": "GET /things/{id}",
        "status": 200,
        "message": "",
    }
    assert looked["url"] == f"{api.url}/things/***"
    assert made["message"].startswith("step 'make' failed: POST /things/{id} answered 409")
    assert "*** {{ 1 + 1 }}" in made["message"]
    assert told == "make of order (makeThing): 409"
    assert SECRET not in json.dumps(heard)


def test_a_workflow_in_one_task_tells_of_its_last_step(order, api):
    api.on(f"GET /things/{SECRET}", 200, THERE).on("POST /things/x", 409)
    told, error = found(order(ArazzoWorkflowOperator))
    assert (told["workflow"], told["step"], told["status"]) == ("order", "make", 409)
    assert told["message"] == str(error)


def test_a_task_that_refuses_to_begin_says_why(order, api):
    told, error = found(order(ArazzoWorkflowOperator, connections={"things": "nowhere"}))
    assert (told["operation"], told["status"]) == ("", None)
    assert told["message"] == str(error)
    assert "nowhere" in told["message"]


# retries


@pytest.fixture
def decided():
    """Return what the policy decides about an error."""
    pytest.importorskip("airflow.sdk.definitions.retry_policy", reason="Airflow has no retry policies before 3.3")
    from airflow_arazzo import ArazzoRetryPolicy

    def decide(error):
        decision = ArazzoRetryPolicy().evaluate(error, 1, 3)
        return decision.action.value, decision.retry_delay

    return decide


@pytest.mark.parametrize(
    ("setting", "decision"),
    [(None, "fail"), ("resend: true", "default"), ("idempotency_key: Idempotency-Key", "default")],
)
@pytest.mark.parametrize(
    ("kind", "workflow"),
    [(ArazzoDag, "order"), (ArazzoWorkflowOperator, "order"), (ArazzoWorkflowOperator, "outer")],
)
def test_an_unknown_outcome_is_not_tried_again(order, api, decided, monkeypatch, kind, workflow, setting, decision):
    impatient = {"conn_type": "arazzo", "host": api.url, "extra": {"timeout": 0.3}}
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps(impatient))
    api.on(f"GET /things/{SECRET}", 200, THERE).on("POST /things/x", 200, None, hangs="1")
    step = "    operationId: makeThing\n"
    made = order(
        kind, workflow, document=DOCUMENT.replace(step, step + (f"    x-airflow: {{{setting}}}\n" if setting else ""))
    )
    _, error = found(made.get_task("make") if kind is ArazzoDag else made)
    assert "no complete answer within 0.3 s" in str(error)
    assert decided(error) == (decision, None)


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_says_when(order, api, decided, monkeypatch, status):
    monkeypatch.setattr(clock, "now", lambda: 1_750_000_000.0)
    api.on(f"GET /things/{SECRET}", status, None, Retry_After="120")
    _, error = found(order().get_task("look"))
    assert decided(error) == ("retry", timedelta(seconds=120))
    monkeypatch.setattr(clock, "now", lambda: 1_750_000_100.0)
    assert decided(error) == ("retry", timedelta(seconds=20))
    monkeypatch.setattr(clock, "now", lambda: 1_750_000_500.0)
    assert decided(error) == ("retry", timedelta(0))


@pytest.mark.parametrize(("asked", "action"), [("86400", "retry"), ("86402", "fail"), ("9" * 400, "fail")])
def test_a_retry_after_of_more_than_a_day_is_refused(order, api, decided, monkeypatch, asked, action):
    monkeypatch.setattr(clock, "now", lambda: 1_750_000_000.0)
    api.on(f"GET /things/{SECRET}", 503, None, Retry_After=asked)
    _, error = found(order().get_task("look"))
    assert decided(error)[0] == action


def test_a_retry_after_that_the_triggerer_has_seen_says_when(order, api, decided):
    api.on("GET /things/x", 200, {"state": "busy"}).on("GET /things/x", 429, None, Retry_After="3600")
    _, error = found(order(workflow="watch").get_task("poll"))
    action, delay = decided(error)
    assert action == "retry"
    assert timedelta(minutes=50) < delay <= timedelta(hours=1)


def test_other_failures_are_as_without_a_policy(order, api, decided):
    api.on(f"GET /things/{SECRET}", 500)
    assert decided(found(order().get_task("look"))[1]) == ("default", None)
    assert decided(ValueError("of somebody else")) == ("default", None)
