from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    TaskDeferred,
)
from running import Run, first_event, restored

from airflow_arazzo import (
    ArazzoDag,
    ArazzoOutputsOperator,
    ArazzoSensor,
    ArazzoStepOperator,
    ArazzoWorkflowOperator,
)
from airflow_arazzo.operators import region_task
from airflow_arazzo.operators.branching import choose_branch
from airflow_arazzo.protocol.encryption import seal, seal_json, unseal_json
from airflow_arazzo.protocol.envelope import MOST_CARRIED, Carried, pack, unpack
from airflow_arazzo.protocol.stored_forms import FORM
from arazzo.engine import start
from arazzo.secrecy.secrets import Secrets

DOCUMENTS = Path(__file__).parent / "documents"
SCAN, NODES = DOCUMENTS / "scan.arazzo.yaml", DOCUMENTS / "nodes.arazzo.yaml"


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    return api


def step(workflow_id, task_id, **arguments):
    return ArazzoStepOperator(task_id=task_id, plan=NODES, workflow_id=workflow_id, **arguments)


def deferral(task, run):
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(run.context(task.task_id))
    return deferred.value


# steps


def test_a_failure_is_a_line_of_the_log_ahead_of_the_traceback(nodes, capsys, caplog):
    nodes.on("GET /nodes/a", 500)
    run = Run()
    outputs = ArazzoOutputsOperator(task_id="outputs", plan=NODES, workflow_id="diamond")
    whole = ArazzoWorkflowOperator(task_id="whole", document=NODES, workflow_id="diamond")
    for task in (step("diamond", "a"), outputs, whole):
        with pytest.raises(AirflowException) as failure:
            run.execute(task)
        said = capsys.readouterr()
        assert str(failure.value) in said.out + said.err + caplog.text
        caplog.clear()


def test_a_step_returns_its_outputs_and_records_what_happened(nodes):
    nodes.on("GET /nodes/a", 200, {"mark": 1, "next": "b"})
    run = Run()
    assert run.execute(step("diamond", "a")) == {"mark": 1}
    record = run.xcoms["a", "arazzo"]
    assert {name: record[name] for name in ("request", "status", "outcome", "action", "next", "attempts")} == {
        "request": "GET /nodes/{node}",
        "status": 200,
        "outcome": "success",
        "action": "left",
        "next": "b",
        "attempts": 1,
    }
    assert [criterion["passed"] for criterion in record["criteria"]] == [True, True]
    assert ("a", "arazzo_envelope") not in run.xcoms


def test_a_failure_that_stands_fails_the_task_and_is_recorded(nodes):
    nodes.on("GET /nodes/a", 500, {"mark": "x"})
    run = Run()
    with pytest.raises(AirflowException, match=r"GET /nodes/\{node\} answered 500"):
        run.execute(step("diamond", "a"))
    assert run.xcoms["a", "arazzo"]["outcome"] == "failed"
    assert run.xcoms["a", "arazzo"]["next"] is None
    assert run.xcoms["a", "return_value"] == {"mark": "x"}


def test_no_answer_is_a_failure(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": "http://127.0.0.1:1"}))
    with pytest.raises(AirflowException, match="no response"):
        Run().execute(step("diamond", "a"))


def test_the_log_has_a_line_for_the_exchange_and_one_for_the_decision(nodes, capfd):
    nodes.on("GET /nodes/a", 200, {"next": "d"})
    Run().execute(step("diamond", "a"))
    log = "".join(capfd.readouterr())
    assert "GET /nodes/{node} -> 200" in log
    assert "short: goto d" in log


def test_a_step_that_the_workflow_does_not_have():
    with pytest.raises(AirflowException, match="has no step 'z'"):
        Run().execute(step("diamond", "z"))


def test_a_mapped_connection_has_to_be_there(nodes):
    with pytest.raises(AirflowNotFoundException, match="elsewhere"):
        Run().execute(step("diamond", "a", connections={"nodes": "elsewhere"}))


def test_where_requests_go(monkeypatch, api):
    api.on("GET /base/nodes/a", 200, {"next": "b"})
    Run().execute(step("diamond", "a", server=f"{api.url}/base"))
    Run().execute(step("diamond", "a", server={"nodes": f"{api.url}/base/"}))
    monkeypatch.setenv("AIRFLOW_CONN_MINE", json.dumps({"conn_type": "arazzo", "host": f"{api.url}/base"}))
    Run().execute(step("diamond", "a", server="http://127.0.0.1:1", connections={"nodes": "mine"}))
    assert len(api.lines) == 3


# inputs


def test_refused_inputs_send_nothing_and_are_recorded(nodes):
    run = Run(params={"since": "2026-01-01", "kind": None, "pages": "many"})
    with pytest.raises(AirflowFailException, match="nothing was sent") as error:
        run.execute(step("report", "outputs"))
    assert nodes.lines == []
    for text in ("'pages' must be integer", "'kind'", "path parameter 'kind'", "allowed values: short, full"):
        assert text in str(error.value)
    assert run.xcoms["outputs", "arazzo"]["message"] == str(error.value)


def test_bound_inputs_are_rendered_at_run_time_in_the_type_of_their_schema(nodes):
    nodes.on("GET /reports/full?since=2026-02-03", 200, {"pages": 3})
    task = step(
        "report", "outputs", inputs={"kind": "{{ params.k }}", "pages": "{{ params.n }}", "since": "2026-02-03"}
    )
    assert Run(params={"k": "full", "n": 4}).execute(task) == {"pages": 3}
    assert task.inputs["kind"] == "{{ params.k }}"
    assert "inputs" not in task.template_fields


# retries


def test_a_long_retry_of_a_safe_request_is_left_to_the_triggerer(nodes):
    nodes.on("GET /nodes/flaky", 503, None).on("GET /nodes/flaky", 200, {"mark": "ok"})
    deferred = deferral(step("retry-safe", "flaky"), Run())
    assert deferred.method_name == "resume"
    assert not deferred.kwargs
    assert deferred.trigger.sends


def test_a_short_retry_is_waited_for_on_the_worker(nodes):
    nodes.on("GET /nodes/flaky", 503, None, Retry_After="0").on("GET /nodes/flaky", 200, {"mark": "ok"})
    run = Run()
    assert run.execute(step("retry-safe", "flaky")) == {"mark": "ok"}
    assert run.xcoms["flaky", "arazzo"]["attempts"] == 2


def test_an_unsafe_request_is_only_sent_by_a_worker(nodes, monkeypatch):
    nodes.on("POST /nodes/flaky", 503, None, Retry_After="1").on("POST /nodes/flaky", 200, {"mark": "ok"})
    monkeypatch.setattr(region_task, "SHORT_WAIT", 0)
    task, run = step("retry-unsafe", "flaky"), Run()
    deferred = deferral(task, run)
    assert not deferred.trigger.sends
    event = first_event(restored(deferred.trigger))
    assert nodes.lines == ["POST /nodes/flaky"]
    assert event["status"] == "waited"
    assert task.resume(run.context("flaky"), event) == {"mark": "ok"}
    assert nodes.lines == ["POST /nodes/flaky"] * 2


# loops


def sensor(**arguments):
    return ArazzoDag(NODES, "two-step-loop", **arguments).get_task("first")


def entered(nodes, rounds=2):
    nodes.on("GET /nodes/first", 200, {"mark": 1})
    for _ in range(rounds - 1):
        nodes.on("GET /nodes/second", 200, {"mark": 2, "next": "first"})
    nodes.on("GET /nodes/second", 200, {"mark": 3, "next": "last"})
    return Run(xcoms={("begin", "arazzo"): {"next": "first"}}, states={"begin": "success"})


def test_the_first_round_runs_on_the_worker_and_the_rest_in_the_triggerer(nodes):
    run = entered(nodes)
    deferred = deferral(sensor(), run)
    assert nodes.lines == ["GET /nodes/first", "GET /nodes/second"]
    assert deferred.timeout.total_seconds() > 6 * 3600
    event = first_event(restored(deferred.trigger))
    assert len(nodes.lines) == 4
    assert sensor().resume(run.context("first"), event) == {"first": {"mark": 1}, "second": {"mark": 3}}
    assert len(nodes.lines) == 4


def test_a_restarted_triggerer_begins_again_from_where_the_task_was_deferred(nodes):
    run = entered(nodes)
    trigger = deferral(sensor(), run).trigger
    first = first_event(restored(trigger))
    assert first["status"] == first_event(restored(trigger))["status"] == "done"


def test_a_loop_sleeps_where_it_may_not_defer(nodes):
    run = entered(nodes)
    assert run.execute(sensor(deferrable=False)) == {"first": {"mark": 1}, "second": {"mark": 3}}


def rescheduling():
    return sensor(deferrable=False, settings={"mode": "reschedule"})


def test_a_reschedule_keeps_its_state_for_this_try(nodes):
    run = entered(nodes)
    run.stored = {}
    with pytest.raises(AirflowRescheduleException) as rescheduled:
        rescheduling().execute(run.context("first"))
    assert rescheduled.value.reschedule_date > datetime(2026, 1, 1, tzinfo=timezone.utc)
    time.sleep(0.06)
    rescheduling().execute(run.context("first"))
    assert nodes.lines == ["GET /nodes/first", "GET /nodes/second"] * 2
    assert run.xcoms["first", "arazzo"]["rounds"] == 2
    assert run.stored == {}


def test_a_new_try_does_not_use_the_state_of_the_last(nodes):
    run = entered(nodes, rounds=3)
    run.stored = {}
    for try_number in (1, 2):
        with pytest.raises(AirflowRescheduleException):
            rescheduling().execute(run.context("first", try_number))
    assert nodes.lines == ["GET /nodes/first", "GET /nodes/second"] * 2


def test_before_airflow_3_3_a_reschedule_is_a_sleep(nodes):
    run = entered(nodes)
    assert run.execute(rescheduling()) == {"first": {"mark": 1}, "second": {"mark": 3}}


@pytest.mark.parametrize("argument", ["soft_fail", "never_fail"])
def test_a_loop_that_fails_is_never_skipped(argument):
    with pytest.raises(ValueError, match="soft_fail and never_fail are not possible"):
        ArazzoSensor(task_id="first", plan=NODES, workflow_id="two-step-loop", **{argument: True})


def test_nobody_says_where_the_loop_begins(nodes):
    run = entered(nodes)
    run.states["begin"] = "skipped"  # what it once said does not count any more
    with pytest.raises(AirflowFailException, match="which of its steps comes first"):
        run.execute(sensor())


# events


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (None, "NoneType"),
        ("done", "str"),
        ({}, r"\[\]"),
        ({"status": "success"}, "status"),
        ({"status": "done"}, "status"),
        ({"status": "done", "state": 1}, "status"),
        ({"status": "done", "state": "fernet:xyz"}, "fernet_key differs"),
        ({"status": "done", "state": seal_json({"state": {}, "done": None})}, "cannot be read: it has form none"),
        ({"status": "waited", "state": seal_json({"version": FORM, "oops": 1})}, "the field 'oops'"),
        (
            {
                "status": "waited",
                "state": seal_json({"version": FORM, "state": {}, "done": None, "sent": {}, "end": None}),
            },
            "state.frames",
        ),
        ({"status": "waited", "state": seal("{")}, "cannot be read"),
        ({"status": "error", "message": "the moon"}, "could not go on: the moon"),
    ],
)
def test_every_event_is_checked(event, message):
    with pytest.raises(AirflowException, match=message):
        sensor().resume(Run().context("first"), event)


@pytest.mark.parametrize(
    ("state", "done", "sent", "message"),
    [
        ({"frames": []}, None, {}, "document has changed"),
        ({"frames": [{"step": "gone"}]}, None, {}, "document has changed"),
        ({"frames": [{"step": "last"}]}, None, {}, "document has changed"),
        ({"frames": [{"step": "first", "plan": ["gone"]}]}, None, {}, "document has changed"),
        ({"frames": [{"step": "first", "detour": {"step": "gone"}}]}, None, {}, "document has changed"),
        ({"frames": [{"step": "first"}], "scope": ["first"]}, None, {}, "document has changed"),
        ({"frames": [{"step": "first"}]}, {"outcome": "end", "step": "gone"}, {}, "document has changed"),
        (
            {"frames": [{"step": "last"}]},
            {"outcome": "step", "step": "first", "target": "gone"},
            {},
            "document has changed",
        ),
        ({"frames": [{"step": "first"}]}, {"outcome": "banana", "step": "first"}, {}, "cannot be read"),
        ({"frames": [{"step": "first"}]}, None, {"counts": {"first": "x"}}, "cannot be read"),
        ({"frames": [{"step": "first"}]}, None, ["first"], "cannot be read"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(state, done, sent, message):
    """The document may be edited while a task waits."""
    status = "done" if done else "waited"
    event = {
        "status": status,
        "state": seal_json({"version": FORM, "state": state, "done": done, "sent": sent, "end": None}),
    }
    with pytest.raises(AirflowException, match=message):
        sensor().resume(Run().context("first"), event)


def test_a_triggerer_with_another_key_says_so(nodes, monkeypatch):
    trigger = deferral(sensor(), entered(nodes)).trigger
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "aW5zZWN1cmUga2V5IGZvciB0ZXN0cyBvbmx5ISEhISE=")
    event = first_event(restored(trigger))
    assert event["status"] == "error"
    with pytest.raises(AirflowException, match=r"could not go on.*fernet_key differs"):
        sensor().resume(Run().context("first"), event)


def test_a_triggerer_of_another_version_says_so(nodes):
    trigger = deferral(sensor(), entered(nodes)).trigger
    trigger.plan = trigger.plan.replace('"steps"', '"stairs"')
    assert "different versions" in first_event(restored(trigger))["message"]


def test_a_triggerer_without_the_connection_says_so(nodes, monkeypatch):
    run = entered(nodes)
    monkeypatch.setenv("AIRFLOW_CONN_MINE", json.dumps({"conn_type": "http", "host": nodes.url}))
    trigger = deferral(sensor(connections={"nodes": "mine"}), run).trigger
    monkeypatch.delenv("AIRFLOW_CONN_MINE")
    assert "mine" in first_event(restored(trigger))["message"]


# secrets


def signed_in(monkeypatch, api, **arguments):
    monkeypatch.setenv("AIRFLOW_CONN_REGISTRY", json.dumps({"conn_type": "arazzo", "host": api.url}))
    api.on("POST /sessions", 200, {"token": "tok-unit-4711", "session": 5})
    api.on("POST /scans", 202, None)
    dag = ArazzoDag(SCAN, inputs={"password": "{{ params.p }}"}, **arguments)
    run = Run(params={"user": "bob", "image": "nginx", "depth": None, "limit": 10, "p": "pw-unit-0815"})
    run.execute(dag.get_task("signIn"))
    run.execute(dag.get_task("startScan"))
    return dag, run


def test_a_secret_output_is_hidden_and_still_there_for_the_next_step(monkeypatch, api):
    _, run = signed_in(monkeypatch, api)
    assert run.xcoms["signIn", "return_value"] == {"token": "***", "session": 5}
    assert api.asked[1].headers["Authorization"] == "Bearer tok-unit-4711"
    assert api.asked[0].json == {"user": "bob", "password": "pw-unit-0815"}
    assert "tok-unit-4711" not in json.dumps(list(run.xcoms.values()))


def test_a_trigger_holds_no_secret_in_clear(monkeypatch, api):
    api.on("GET /images/nginx", 200, {"status": "pending"})
    dag, run = signed_in(monkeypatch, api)
    trigger = deferral(dag.get_task("waitForScan"), run).trigger
    stored = json.dumps(trigger.serialize())
    assert "getImage" in stored
    assert "tok-unit-4711" not in stored + repr(trigger)
    assert "pw-unit-0815" not in stored
    assert "params.p" not in stored


def test_marked_names_are_secret_too(monkeypatch, api):
    _, run = signed_in(monkeypatch, api, settings={"sensitive": ["session"]})
    assert run.xcoms["signIn", "return_value"] == {"token": "***", "session": "***"}


def test_a_secret_needs_a_key_to_travel(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    with pytest.raises(AirflowException, match="fernet_key is not set"):
        signed_in(monkeypatch, api)


def test_what_is_not_secret_travels_without_a_key(nodes, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    assert entered(nodes).execute(sensor()) == {"first": {"mark": 1}, "second": {"mark": 3}}


# what the tasks before have known


class Asked(dict):
    """The XComs of a run, and which of them tasks have asked for."""

    def __init__(self):
        self.asked = []

    def get(self, key, default=None):
        self.asked.append(key)
        return super().get(key, default)


def chain(tmp_path, api, size):
    """Make a DAG of a workflow that signs in and then has to do with other things, step by step."""
    operation = {"operationId": "signIn", "responses": {"200": {"description": "ok"}}}
    about = {"openapi": "3.1.0", "info": {"title": "S", "version": "1"}, "servers": [{"url": api.url}]}
    (tmp_path / "shop.json").write_text(json.dumps({**about, "paths": {"/sessions": {"post": operation}}}))
    later = [{"stepId": f"s{number}", "outputs": {"said": "$response.body#/said"}} for number in range(size)]
    steps = [{"stepId": "login", "outputs": {"token": "$response.body#/said"}}, *later]
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "shop", "url": "./shop.json", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [{**step, "operationId": "signIn"} for step in steps]}],
    }
    path = tmp_path / "w.arazzo.json"
    path.write_text(json.dumps(document))
    api.on("POST /sessions", 200, {"said": "tok-of-a-chain-4711"})
    return ArazzoDag(path)


def test_a_task_asks_only_the_one_before_it_for_secrets(tmp_path, api):
    dag, run = chain(tmp_path, api, 6), Run(xcoms=Asked())
    for task in dag.topological_sort():
        run.xcoms.asked.clear()
        run.execute(task)
        asked = [task_id for task_id, key in run.xcoms.asked if key == "arazzo_envelope"]
        assert asked == [*task.upstream_task_ids]
    assert run.xcoms["s5", "return_value"] == {"said": "***"}


def test_a_task_that_has_told_nothing_is_looked_past(tmp_path, api):
    dag, run = chain(tmp_path, api, 3), Run()
    run.execute(dag.get_task("login"))
    run.states |= {"s0": "success", "s1": "failed"}  # as a person has set them, and as its worker has died
    assert run.execute(dag.get_task("s2")) == {"said": "***"}
    assert "tok-of-a-chain-4711" in unseal_json(run.xcoms["s2", "arazzo_envelope"])["secrets"]


def carried(secrets):
    plan = step("diamond", "a").plan
    return unpack(pack(Carried(replace(start(plan, {}, at="a"), secrets=Secrets(secrets))))).state.secrets.texts


def test_secrets_travel_with_a_task_that_waits_whatever_their_characters():
    secrets = {"tok-4711 \ud800/ä": False, "of-a-connection": True}
    assert carried(secrets) == secrets


def test_of_the_tokens_that_nobody_has_shown_the_newest_travel():
    tokens = [f"token-{number}-4711" for number in range(MOST_CARRIED + 5)]
    secrets = {"tok-of-an-earlier-task": False, **dict.fromkeys(tokens, True)}
    assert list(carried(secrets)) == ["tok-of-an-earlier-task", *tokens[5:]]


# branches and outputs


def test_a_branch_goes_where_the_record_says():
    run = Run(xcoms={("a", "arazzo"): {"next": ""}, ("b", "arazzo"): {"next": None}})
    ways = {"x": "task_x", "": "outputs"}
    assert choose_branch(ti=run.context("br")["ti"], source="a", ways=ways, ds="ignored") == "outputs"
    for source in ("b", "c"):
        with pytest.raises(AirflowFailException, match="not one of its routes"):
            choose_branch(ti=run.context("br")["ti"], source=source, ways=ways)


def outputs(workflow_id="diamond"):
    return ArazzoOutputsOperator(task_id="outputs", plan=NODES, workflow_id=workflow_id)


def test_outputs_follow_the_route_and_use_nothing_beside_it():
    run = Run(
        states={"a": "success", "b": "success", "c": "skipped", "d": "skipped"},
        xcoms={
            ("a", "arazzo"): {"step": "a", "outcome": "success", "next": "b"},
            ("a", "return_value"): {"mark": 1},
            ("b", "arazzo"): {"step": "b", "outcome": "success", "next": ""},
            ("b", "return_value"): {"mark": 2},
            ("d", "arazzo"): {"step": "d", "outcome": "success", "next": ""},
            ("d", "return_value"): {"mark": "of another time"},
        },
    )
    assert run.execute(outputs()) == {"a": 1, "b": 2, "c": None, "d": None}
    told = run.xcoms["outputs", "arazzo"]
    assert (told["status"], told["route"], told["document"]["version"]) == ("success", ["a", "b"], "0.1.0")
    assert len(told["document"]["digest"]) == 64


def test_outputs_fail_where_the_route_breaks_off():
    run = Run(
        states={"a": "success", "b": "upstream_failed"},
        xcoms={("a", "arazzo"): {"step": "a", "outcome": "success", "next": "b"}},
    )
    with pytest.raises(AirflowFailException, match="step 'b' did not finish"):
        run.execute(outputs())
    assert ("outputs", "return_value") not in run.xcoms


def passed(step, following):
    return {(step, "arazzo"): {"step": step, "outcome": "success", "next": following}}


def test_outputs_fail_where_a_task_failed_after_it_had_told_what_happened():
    told = passed("a", "b") | passed("b", "") | {("a", "return_value"): {"mark": 1}}
    run = Run(states={"a": "success", "b": "failed"}, xcoms=told)
    with pytest.raises(AirflowFailException, match="step 'b' had finished when its task failed"):
        run.execute(outputs())
    assert run.xcoms["outputs", "arazzo"]["route"] == ["a", "b"]


def refused(step):
    return {(step, "arazzo"): {"step": step, "outcome": "failed", "message": "who knows", "next": None}}


@pytest.mark.parametrize("told", [refused("c"), {}], ids=["refused", "never run"])
def test_a_step_that_a_person_marks_as_a_success_is_one(told):
    before = passed("a", "b") | passed("b", "c") | passed("d", "") | {("d", "return_value"): {"mark": 4}}
    run = Run(states=dict.fromkeys("abcd", "success"), xcoms=before | told)
    assert run.execute(outputs()) == {"a": None, "b": None, "c": None, "d": 4}
    assert run.xcoms["outputs", "arazzo"]["route"] == ["a", "b", "c", "d"]


def test_where_several_ways_lead_on_a_person_has_to_say_which():
    run = Run(states={"a": "success"}, xcoms=refused("a"))
    with pytest.raises(AirflowFailException, match="step 'a' was marked as a success, but several routes lead on"):
        run.execute(outputs())


def marked_branch(run, workflow_id, task):
    branch = ArazzoDag(NODES, workflow_id).get_task(f"{task}_branch")
    return choose_branch(ti=run.context(branch.task_id)["ti"], **branch.op_kwargs)


def test_a_branch_goes_on_after_what_a_person_has_marked_as_a_success():
    run = Run(states={"risky": "success", "a": "success"}, xcoms=refused("risky") | refused("a"))
    assert marked_branch(run, "recover", "risky") == "outputs"
    with pytest.raises(AirflowFailException, match="'a' was marked as a success, and its actions lead to 'b', 'd'"):
        marked_branch(run, "diamond", "a")


def test_outputs_fail_with_the_message_of_the_step_that_failed():
    run = Run(
        states={"a": "failed"},
        xcoms={("a", "arazzo"): {"step": "a", "outcome": "failed", "next": None, "message": "step 'a' failed: why"}},
    )
    with pytest.raises(AirflowFailException, match="step 'a' failed: why"):
        run.execute(outputs())
    assert run.xcoms["outputs", "arazzo"]["status"] == "failed"


def test_operators_take_a_document_and_keywords_only():
    assert ArazzoSensor(task_id="first", plan=NODES, workflow_id="two-step-loop").region.steps == ("first", "second")
    with pytest.raises(TypeError):
        ArazzoStepOperator("a", NODES)


# servers


RELATIVE = """
openapi: 3.1.0
info: {title: B, version: "1"}
servers: [{url: SERVER}]
paths: {/nodes/b: {get: {operationId: look, responses: {"200": {description: ok}}}}}
"""
TWO = """
arazzo: 1.0.1
info: {title: T, version: "1"}
sourceDescriptions: [{name: a, url: a.yaml, type: openapi}, {name: b, url: b.yaml, type: openapi}]
workflows:
- workflowId: w
  steps:
  - {stepId: one, operationId: $sourceDescriptions.a.look}
  - {stepId: two, operationId: $sourceDescriptions.b.look}
"""


@pytest.fixture
def two(tmp_path, monkeypatch, api):
    """A document of two sources, of which the second has a server without a host."""
    monkeypatch.setenv("AIRFLOW_CONN_A", json.dumps({"conn_type": "http", "host": api.url}))
    (tmp_path / "a.yaml").write_text(RELATIVE.replace("SERVER", "/v1"))
    (tmp_path / "b.yaml").write_text(RELATIVE.replace("SERVER", "/v1"))
    (tmp_path / "two.arazzo.yaml").write_text(TWO)
    return tmp_path / "two.arazzo.yaml"


def first_task(kind, path):
    if kind == "step":
        return ArazzoStepOperator(task_id="one", plan=path)
    return ArazzoWorkflowOperator(task_id="one", document=path)


@pytest.mark.parametrize("kind", ["step", "workflow"])
def test_a_server_that_cannot_be_called_fails_the_first_task_before_it_sends(two, api, kind, monkeypatch):
    first = first_task(kind, two)
    with pytest.raises(AirflowFailException, match=r"step 'two'.*has only the server '/v1'.*nothing was sent"):
        Run().execute(first)
    assert api.asked == []
    monkeypatch.setenv("AIRFLOW_CONN_B", json.dumps({"conn_type": "http", "host": api.url}))
    api.on("GET /nodes/b", 200, {})
    Run().execute(first)
    assert len(api.asked) == (1 if kind == "step" else 2)


@pytest.mark.parametrize("place", ["in: path, ", ""])
@pytest.mark.parametrize("kind", ["step", "workflow"])
def test_a_parameter_that_has_no_place_fails_the_first_task_before_it_sends(two, api, kind, place):
    parameter = f"{{name: id, {place}value: a}}"
    two.write_text(TWO.replace("b.look}", f"a.look, parameters: [{parameter}]}}"))
    first = first_task(kind, two)
    with pytest.raises(AirflowFailException, match=r"step 'two': .*parameter 'id'.*; nothing was sent"):
        Run().execute(first)
    assert api.asked == []
