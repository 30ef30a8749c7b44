"""What is sent again after a worker has died, and what is not (docs/semantics.md, 5a)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from airflow.sdk import Context
from evidence import database_dump
from hypothesis import given
from hypothesis import strategies as st
from mortals import POST, Killed, Server, end_in_failure, lost, start
from running import Run

from airflow_arazzo import ArazzoDag
from airflow_arazzo.operators.at_most_once import UnknownOutcomeError
from airflow_arazzo.protocol.stored_forms import FORM
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response

NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"
HAS_STORE = "task_state_store" in Context.__annotations__  # Airflow 3.3


@pytest.mark.attack("requests that are sent once", "a worker that is killed at each moment of a POST, once and often")
@pytest.mark.parametrize(
    ("dies_at", "written", "sent_before", "goes_on"),
    [(1, False, 0, True), (1, True, 0, False), (2, False, 1, False), (2, True, 1, True)],
    ids=["before the intent", "before the request", "before the outcome", "after the outcome"],
)
def test_a_restart_after_each_moment_a_worker_can_die(dies_at, written, sent_before, goes_on):
    server, stored = Server(), {}
    with pytest.raises(Killed):
        start(server, stored, dies_at=dies_at, written=written).send(POST)
    assert len(server.received) == sent_before
    if goes_on:
        assert start(server, stored, try_number=2).send(POST).body == b"1"
        assert len(server.received) == 1
    else:
        with pytest.raises(UnknownOutcomeError, match="may have reached the server") as error:
            start(server, stored, try_number=2).send(POST)
        for word in ("step 'order'", "POST /orders", "by try 1", "clear the task", "idempotency_key", "resend"):
            assert word in str(error.value)
        assert len(server.received) == sent_before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT"])
def test_what_may_be_repeated_is_not_recorded(method):
    server, stored = Server(), {}
    request = Request(method=method, url="http://shop.test/orders", step="order")
    for try_number in (1, 2):
        start(server, stored, try_number=try_number).send(request)
    assert len(server.received) == 2
    assert stored == {}


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
def test_every_other_method_is_recorded(method):
    stored = {}
    start(Server(), stored).send(Request(method=method, url="http://shop.test/orders", step="order"))
    [record] = stored.values()
    assert (record["state"], record["status"], record["try"]) == ("answered", 201, 1)


def test_the_answer_is_the_one_that_came():
    answer = Response(202, (("Location", "/jobs/1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")), b"\x00\xff", 0.25)
    stored = {}
    start(Server(answers=[answer]), stored).send(POST)
    assert start(Server(), stored, try_number=2).send(POST) == answer


def test_no_value_of_request_or_answer_is_stored_in_clear():
    answer = Response(201, (("Set-Cookie", "sid=s3cret-cookie"),), b'{"token": "s3cret-token"}')
    request = Request(
        method="POST",
        url="http://shop.test/u/s3cret-path?key=s3cret-query",
        headers=(("Authorization", "Bearer s3cret-header"),),
        body=b"s3cret-body",
        template="/u/{id}",
        step="order",
    )
    stored = {}
    start(Server(answers=[answer]), stored).send(request)
    assert "POST /u/{id}" in json.dumps(stored)
    assert "s3cret" not in json.dumps(stored)


@pytest.mark.attack("requests that are sent once", "a worker that is killed at each moment of a POST, once and often")
@given(st.integers(1, 6), st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=4))
def test_nothing_is_sent_twice_whenever_and_however_often_workers_die(count, deaths):
    server, stored = Server(), {}
    for try_number, (dies_at, written) in enumerate([*deaths, (0, True)], start=1):
        sending = start(server, stored, try_number=try_number, dies_at=dies_at, written=written)
        try:
            answers = [sending.send(POST).body for _ in range(count)]
        except (Killed, UnknownOutcomeError):
            answers = None
        assert len(server.received) <= count
        assert answers in (None, [b"%d" % number for number in range(1, count + 1)])


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=4))
def test_with_a_key_a_repeated_request_is_told_from_a_new_one(count, deaths):
    server, stored = Server(), {}
    request = Request(method="POST", url="http://shop.test/", step="order", idempotency_key="Idempotency-Key")
    for try_number, (dies_at, written) in enumerate([*deaths, (0, True)], start=1):
        sending = start(server, stored, try_number=try_number, dies_at=dies_at, written=written)
        try:
            for _ in range(count):
                sending.send(request)
        except Killed:
            continue
    assert len(set(server.keys_sent())) == count
    assert None not in server.keys_sent()


def test_resend_sends_again_what_may_have_been_sent():
    server, stored = Server(), {}
    request = Request(method="POST", url="http://shop.test/", step="order", resend=True)
    with pytest.raises(Killed):
        start(server, stored, dies_at=2, written=False).send(request)
    start(server, stored, try_number=2).send(request)
    start(server, stored, try_number=3).send(request)
    assert len(server.received) == 2


def test_the_documents_own_key_stays():
    server = Server()
    headers = (("idempotency-key", "mine"),)
    start(server, {}).send(
        Request(method="POST", url="http://shop.test/", headers=headers, idempotency_key="Idempotency-Key")
    )
    assert server.received[0].headers == headers


def test_clearing_the_task_by_hand_sends_again():
    server, stored = Server(), {}
    with pytest.raises(Killed):
        start(server, stored, dies_at=1).send(POST)
    start(server, stored, try_number=2, max_tries=1).send(POST)  # as a clearing sets max_tries
    start(server, stored, try_number=3, max_tries=2).send(POST)
    assert len(server.received) == 2


def test_clearing_by_hand_takes_another_key():
    server, stored = Server(), {}
    request = Request(method="POST", url="http://shop.test/", step="order", idempotency_key="Key")
    for max_tries in (0, 1):
        start(server, stored, try_number=max_tries + 1, max_tries=max_tries).send(request)
    assert len(set(server.keys_sent("Key"))) == 2


def test_without_an_answer_the_failure_is_the_same_after_a_restart():
    server, stored = Server(answers=[lost()]), {}
    with pytest.raises(TransportError):
        start(server, stored).send(POST)
    with pytest.raises(TransportError, match=r"within 60 s.*not again.*clear the task") as error:
        start(server, stored, try_number=2).send(POST)
    assert (error.value.kind, error.value.maybe_sent, len(server.received)) == ("timeout", True, 1)


def test_a_retry_that_the_document_asks_for_is_a_request_of_its_own():
    server, stored = Server(answers=[lost()]), {}
    sending = start(server, stored)
    with pytest.raises(TransportError):
        sending.send(POST)
    assert sending.send(POST).body == b"2"
    again = start(server, stored, try_number=2)
    with pytest.raises(TransportError):
        again.send(POST)
    assert again.send(POST).body == b"2"
    assert len(server.received) == 2


@pytest.mark.parametrize("stored", [{}, None], ids=["recorded", "before Airflow 3.3"])
def test_a_retry_after_no_answer_has_the_same_key_and_one_after_an_answer_another(stored):
    server = Server(answers=[lost(), lost(), Response(503), Response(201)])
    request = Request(method="POST", url="http://shop.test/", step="order", idempotency_key="Key")
    sending = start(server, stored)
    for attempt in (1, 2):
        with pytest.raises(TransportError):
            sending.send(replace(request, attempt=attempt))
    for attempt in (3, 4):
        sending.send(replace(request, attempt=attempt))
    first, second, third, fourth = server.keys_sent("Key")
    assert first == second == third != fourth


@pytest.mark.parametrize("stored", [{}, None], ids=["recorded", "before Airflow 3.3"])
def test_a_step_that_control_comes_to_again_has_another_key(stored):
    """A loop that goes on after an order that got no answer places another order."""
    server = Server(answers=[lost()])
    request = Request(method="POST", url="http://shop.test/", step="order", idempotency_key="Key")
    sending = start(server, stored)
    with pytest.raises(TransportError):
        sending.send(request)
    sending.send(request)
    assert len(set(server.keys_sent("Key"))) == 2


@pytest.mark.parametrize("error", [TransportError("connect", "refused", maybe_sent=False), AirflowException("no conn")])
def test_what_was_certainly_not_sent_leaves_no_record(error):
    server, stored = Server(answers=[error]), {}
    sending = start(server, stored)
    with pytest.raises(type(error)):
        sending.send(POST)
    assert stored == {}
    sending.send(POST)
    assert start(server, stored, try_number=2).send(POST).body == b"1"
    assert len(server.received) == 1


def test_an_answer_too_large_to_keep_is_not_asked_for_again():
    server, stored = (
        Server(answers=[Response(200, body=bytes(range(256)) * 3000 + json.dumps(list(range(60000))).encode())]),
        {},
    )
    start(server, stored).send(POST)
    assert len(json.dumps(stored)) < 64 * 1024
    with pytest.raises(UnknownOutcomeError, match=r"answered with status 200 .* could not be kept"):
        start(server, stored, try_number=2).send(POST)


def test_without_a_fernet_key_no_answer_is_kept(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    server, stored = Server(answers=[Response(200, body=b"s3cret")]), {}
    start(server, stored).send(POST)
    assert "answer" in str(stored)
    with pytest.raises(UnknownOutcomeError, match="could not be kept"):
        start(server, stored, try_number=2).send(POST)


def test_a_workflow_that_has_changed_in_between_is_not_guessed():
    stored = {}
    start(Server(), stored).send(POST)
    server = Server()
    other = Request(method="POST", url="http://shop.test/refunds", template="/refunds", step="order")
    with pytest.raises(UnknownOutcomeError, match=r"POST /refunds, but POST /orders was sent in its place"):
        start(server, stored, try_number=2).send(other)
    assert server.received == []


def test_after_a_deferral_counting_goes_on():
    server, stored = Server(), {}
    first = start(server, stored)
    first.send(POST)
    second = start(server, stored, sent=first.sent)
    assert second.send(POST).body == b"2"
    restarted = start(server, stored, try_number=2)
    assert [restarted.send(POST).body for _ in range(2)] == [b"1", b"2"]


def test_retries_that_somebody_set_begin_anew_after_an_answer():
    server, stored = Server(answers=[Response(500)]), {}
    first = start(server, stored, max_tries=1)
    first.send(POST)
    end_in_failure(first, stored)
    assert start(server, stored, try_number=2, max_tries=1).send(POST).status == 201


def test_retries_repeat_nothing_that_got_no_answer():
    server, stored = Server(answers=[lost()]), {}
    first = start(server, stored, max_tries=1)
    with pytest.raises(TransportError):
        first.send(POST)
    end_in_failure(first, stored)
    with pytest.raises(TransportError, match="not again"):
        start(server, stored, try_number=2, max_tries=1).send(POST)
    assert len(server.received) == 1


def test_retries_repeat_with_the_same_key_what_got_no_answer():
    server, stored = Server(answers=[lost()]), {}
    request = Request(method="POST", url="http://shop.test/", step="order", idempotency_key="Key")
    first = start(server, stored, max_tries=1)
    with pytest.raises(TransportError):
        first.send(request)
    end_in_failure(first, stored)
    assert start(server, stored, try_number=2, max_tries=1).send(request).status == 201
    assert len(set(server.keys_sent("Key"))) == 1


def test_a_restart_after_the_last_try_uses_the_answer():
    server, stored = Server(answers=[Response(500)]), {}
    first = start(server, stored, try_number=2, max_tries=1)
    first.send(POST)
    end_in_failure(first, stored, try_number=2)
    assert start(server, stored, try_number=3, max_tries=1).send(POST).status == 500


def test_before_airflow_3_3_there_is_no_record():
    server = Server()
    for try_number in (1, 2):
        start(server, None, try_number=try_number).send(POST)
    assert len(server.received) == 2


def test_steps_with_names_that_are_no_keys_are_kept_apart():
    server, stored = Server(), {}
    sending = start(server, stored)
    for step in ("pay/1", "pay 1", "pay_1", "ä" * 300):
        sending.send(Request(method="POST", url="http://shop.test/", step=step))
    assert len(stored) == 4
    assert all(key.isascii() and "/" not in key and len(key) < 300 for key in stored)


# tasks


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    return api


def flaky(**settings):
    return ArazzoDag(NODES, "retry-unsafe", **settings).get_task("flaky")


def restarted(run, task, **kwargs):
    """Run a task again as Airflow does after a crash: its XComs are gone, its state is not."""
    run.xcoms.clear()
    return run.execute(task, **kwargs)


def test_a_task_that_is_started_again_uses_its_answer(nodes):
    nodes.on("POST /nodes/flaky", 200, {"mark": 1}).on("POST /nodes/flaky", 200, {"mark": 2})
    run = Run(stored={})
    assert run.execute(flaky()) == restarted(run, flaky(), try_number=2) == {"mark": 1}
    assert len(nodes.lines) == 1
    assert restarted(run, flaky(), try_number=3, max_tries=2) == {"mark": 2}


def test_a_task_that_may_have_sent_fails_and_says_so(nodes):
    run = Run(
        stored={
            "arazzo_sent_flaky_1": {
                "version": FORM,
                "request": "POST /nodes/{node}",
                "state": "sending",
                "try": 1,
                "max_tries": 0,
            }
        }
    )
    with pytest.raises(AirflowFailException, match="may have reached the server") as error:
        run.execute(flaky(), try_number=2)
    assert nodes.lines == []
    assert run.xcoms["flaky", "arazzo"]["message"] == str(error.value)
    assert run.xcoms["flaky", "arazzo"]["next"] is None


def test_waits_between_answers_that_are_used_again_are_not_waited_for_again(nodes):
    nodes.on("POST /nodes/flaky", 503, None, Retry_After="1").on("POST /nodes/flaky", 200, {"mark": "ok"})
    run = Run(stored={})
    assert run.execute(flaky(deferrable=False)) == {"mark": "ok"}
    for key in run.stored:
        run.stored[key]["time"] -= 3600
    task = flaky()  # deferrable: it would have to be resumed
    assert task.execute(run.context("flaky", 2)) == {"mark": "ok"}
    assert len(nodes.lines) == 2
    assert run.xcoms["flaky", "arazzo"]["attempts"] == 2


# the task state store of Airflow itself


@pytest.mark.airflow
@pytest.mark.skipif(not HAS_STORE, reason="this Airflow has no task state store (3.3 has)")
def test_airflows_own_store_keeps_the_record(nodes, run_dag):
    nodes.on("POST /nodes/flaky", 200, {"mark": "mark-4711", "token": "s3cret-answer"})
    assert run_dag(ArazzoDag(NODES, "retry-unsafe")).state == "success"
    dump = database_dump()
    assert "arazzo_sent_flaky_1" in dump
    assert "s3cret-answer" not in dump


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("settings", "state", "times"),
    [
        ({}, *(("failed", 1) if HAS_STORE else ("success", 2))),
        ({"resend": True}, "success", 2),
        ({"idempotency_key": "Idempotency-Key"}, "success", 2),
    ],
    ids=["plain", "resend", "idempotency_key"],
)
def test_a_task_that_is_cut_short_while_it_waits_for_the_answer(nodes, run_dag, settings, state, times):
    """Its time limit strikes as a kill does: at any place, and nothing after it is executed."""
    nodes.on("POST /nodes/flaky", 200, {"mark": 1}, hangs="3").on("POST /nodes/flaky", 200, {"mark": 2})
    given = {"execution_timeout": 1, "retries": 1, "retry_delay": 0}
    dag = ArazzoDag(NODES, "retry-unsafe", settings={**given, **settings})
    run = run_dag(dag)
    assert run.state == state
    assert nodes.lines == ["POST /nodes/flaky"] * times
    if state == "failed":
        assert "may have reached the server" in run.xcom("outputs", "arazzo")["message"]
    keys = {asked.headers.get("Idempotency-Key") for asked in nodes.asked}
    assert len(keys) == 1
    assert (None not in keys) == ("idempotency_key" in settings)


def test_a_caller_is_not_asked_what_to_do_about_an_outcome_that_nobody_knows(tmp_path, monkeypatch):
    """Its failure action is a DELETE."""
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "http", "host": "http://shop.test"}))
    (tmp_path / "api.yaml").write_text(CALLED_API)
    (tmp_path / "calling.arazzo.yaml").write_text(CALLING)
    dag, run = ArazzoDag(tmp_path / "calling.arazzo.yaml", "outer"), Run(stored={})
    run.execute(dag.get_task("call.inputs"))
    server = Server(answers=[Killed()])
    monkeypatch.setattr("airflow_arazzo.hooks.source_hooks.SourceHooks.send", lambda _, request: server.send(request))
    order = dag.get_task("call.order")
    with pytest.raises(Killed):
        order.execute(run.context("call.order"))
    with pytest.raises(UnknownOutcomeError):
        order.execute(run.context("call.order", try_number=2))
    run.states["call.order"] = "failed"
    with pytest.raises(AirflowFailException, match="may have reached the server"):
        run.execute(dag.get_task("call.outputs"))
    record = run.xcoms["call.outputs", "arazzo"]
    assert (record["outcome"], record["next"], record["stopped"]) == ("failed", None, True)


CALLED_API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "http://shop.test"}]
paths:
  /orders:
    post: {operationId: order, responses: {"201": {description: made}}}
    delete: {operationId: drop, responses: {"204": {description: gone}}}
"""
CALLING = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
- workflowId: outer
  steps:
  - stepId: call
    workflowId: inner
    onSuccess: [{name: fine, type: end}]
    onFailure: [{name: cleanUp, type: goto, stepId: drop}]
  - {stepId: drop, operationId: drop}
- workflowId: inner
  steps: [{stepId: order, operationId: order}]
"""
