"""What a new start of a task, or a retry, takes for the same request, and what for another (docs/sending.md)."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from mortals import POST, Killed, Server, end_in_failure, lost, start
from running import Run

from airflow_arazzo import ArazzoDag, ArazzoWorkflowOperator
from airflow_arazzo.operators.at_most_once import UnknownOutcomeError
from arazzo.errors import TransportError
from arazzo.exchange import Response

KEYED = replace(POST, idempotency_key="Key")
REFUSED = TransportError("connect", "no connection: Connection refused", maybe_sent=False)
CAPTURE = replace(
    POST, url="http://shop.test/orders/A/capture?dry=0", headers=(("If-Match", "1"),), body=b'{"sum": 1}', step="pay"
)


def fail(sending, request):
    with pytest.raises(TransportError) as error:
        sending.send(request)
    return error.value


@pytest.mark.parametrize("setting", [{}, {"idempotency_key": "Key"}], ids=["plain", "idempotency_key"])
@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://shop.test/orders/B/capture?dry=0"},
        {"url": "http://shop.test/orders/A/capture?dry=1"},
        {"body": b'{"sum": 2}'},
        {"headers": (("If-Match", "2"),)},
    ],
    ids=["path", "query", "body", "header"],
)
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(Response(201), "answered with status 201"), (lost(), "no answer"), (Killed(), "no answer")],
    ids=["answered", "unanswered", "sending"],
)
def test_what_came_of_a_request_is_not_taken_for_another(answer, outcome, change, setting):
    server, stored = Server(answers=[answer]), {}
    request = replace(CAPTURE, **setting)
    with suppress(TransportError, Killed):
        start(server, stored).send(request)
    with pytest.raises(UnknownOutcomeError, match=f"another POST /orders was sent .* by try 1 .*{outcome}") as error:
        start(server, stored, try_number=2).send(replace(request, **change))
    assert "clear the task" in str(error.value)
    assert len(server.received) == 1
    assert "orders/A" not in json.dumps(stored)


def test_where_sending_again_does_no_harm_the_other_request_is_sent_with_a_key_of_its_own():
    server, stored = Server(), {}
    request = replace(CAPTURE, resend=True, idempotency_key="Key")
    other = replace(request, body=b'{"sum": 2}')
    start(server, stored).send(request)
    for try_number in (2, 3):
        assert start(server, stored, try_number=try_number).send(other).body == b"2"
    assert len(set(server.keys_sent("Key"))) == len(server.received) == 2


def test_renewed_credentials_make_no_other_request():
    api_key = {"type": "apiKey", "name": "X-Key", "location": "header"}
    in_query = {"type": "apiKey", "name": "key", "location": "query"}
    server, stored = Server(), {}
    for token in ("one", "two"):
        headers = (("Authorization", token), ("x-key", token), ("Cookie", token), ("If-Match", "1"))
        url = f"http://shop.test/orders?a=b&key={token}"
        request = replace(POST, url=url, headers=headers, security=((api_key, in_query),))
        assert start(server, stored, try_number=1 + len(server.received)).send(request).body == b"1"
    assert len(server.received) == 1


def test_without_a_fernet_key_requests_are_told_apart_by_their_line_only(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    server, stored = Server(), {}
    start(server, stored).send(KEYED)
    start(server, stored, try_number=2).send(replace(KEYED, body=b"other"))
    assert len(server.received) == 2
    assert len(set(server.keys_sent("Key"))) == 1


def test_steps_of_one_id_in_two_workflows_are_two_steps():
    server, stored = Server(answers=[lost(), lost()]), {}
    sending = start(server, stored)
    inner = replace(KEYED, within=("sub",))
    fail(sending, KEYED)
    fail(sending, inner)
    sending.send(replace(KEYED, attempt=2))
    sending.send(replace(inner, attempt=2))
    first, second, again, inner_again = server.keys_sent("Key")
    assert (first, second) == (again, inner_again)
    assert first != second
    assert len(stored) == 4


@pytest.mark.parametrize("deferred", [False, True], ids=["in one go", "deferred"])
@pytest.mark.parametrize(
    ("script", "begins_anew"),
    [
        ([(1, lost()), (2, Response(500))], True),
        ([(1, lost()), (2, REFUSED), (3, Response(500))], True),
        ([(1, REFUSED)], False),
        ([(1, lost()), (2, REFUSED)], False),
        ([(1, lost()), (1, Response(500))], False),
        ([(1, lost()), (1, REFUSED), (2, Response(500))], False),
        ([(1, lost()), (1, lost()), (2, Response(500))], False),
        ([(1, Response(500)), (1, lost())], False),
    ],
    ids=lambda value: None if isinstance(value, bool) else "-".join(f"{n} {type(a).__name__}" for n, a in value),
)
def test_airflows_retries_begin_anew_if_every_request_was_answered_in_the_end(script, begins_anew, deferred):
    """An answer is one to the requests since control came to the step, and to no other."""
    server, stored = Server(answers=[answer for _, answer in script]), {}
    sending = start(server, stored, max_tries=1)
    for attempt, _ in script:
        with suppress(TransportError):
            sending.send(replace(POST, attempt=attempt))
        if deferred:
            sending = start(server, stored, max_tries=1, sent=sending.sent)
    end_in_failure(sending, stored)
    assert ("arazzo_concluded" in stored) == begins_anew


@pytest.mark.parametrize("stored", [{}, None], ids=["recorded", "before Airflow 3.3"])
def test_a_retry_after_a_deferral_has_the_same_key(stored):
    server = Server(answers=[lost(), REFUSED, Response(201)])
    sending = start(server, stored)
    for attempt in (1, 2):
        fail(sending, replace(KEYED, attempt=attempt))
        sending = start(server, stored, sent=sending.sent)
    sending.send(replace(KEYED, attempt=3))
    assert len(server.received) == 2
    assert len(set(server.keys_sent("Key"))) == 1


def test_what_may_have_been_sent_stays_so_when_sending_it_again_gets_no_connection():
    server, stored = Server(answers=[Killed(), REFUSED]), {}
    with pytest.raises(Killed):
        start(server, stored, max_tries=2).send(KEYED)
    second = start(server, stored, try_number=2, max_tries=2)
    fail(second, KEYED)
    end_in_failure(second, stored, try_number=2, max_tries=2)
    start(server, stored, try_number=3, max_tries=2).send(KEYED)
    assert len(set(server.keys_sent("Key"))) == 1
    assert len(server.received) == 2


def test_a_key_that_the_document_got_later_does_not_cover_what_was_sent_without():
    server, stored = Server(answers=[Killed()]), {}
    with pytest.raises(Killed):
        start(server, stored).send(POST)
    with pytest.raises(UnknownOutcomeError):
        start(server, stored, try_number=2).send(KEYED)


# deletions

DELETE = replace(POST, method="DELETE", url="http://shop.test/orders/a", template="/orders/{id}")


@pytest.mark.parametrize(
    ("earlier", "hint"),
    [
        (Killed(), "try 1 sent this DELETE .* its answer was lost"),
        (lost(), "try 1 sent this DELETE .* its answer was lost"),
        (Response(204), "try 1 sent this DELETE .* was answered with status 204"),
        (Response(500), "^$"),
        (Response(404), "^$"),
        (None, "^$"),
    ],
    ids=["sending", "unanswered", "answered", "refused", "not there", "first"],
)
@pytest.mark.parametrize("status", [404, 410])
def test_a_deletion_that_finds_nothing_says_what_an_earlier_one_may_have_done(earlier, hint, status):
    """A DELETE is sent again, whatever came of it before."""
    server, stored = Server(), {}
    if earlier is not None:
        server.answers.append(earlier)
        with suppress(Killed, TransportError):
            start(server, stored, max_tries=3).send(DELETE)
    server.answers += [TransportError("connect", "refused", maybe_sent=False), Response(status), Response(status)]
    with suppress(TransportError):
        start(server, stored, try_number=2, max_tries=3).send(DELETE)
    for try_number in (3, 4):
        response = start(server, stored, try_number=try_number, max_tries=3).send(DELETE)
        assert response.status == status
        if try_number == 3 or hint != "^$":
            assert re.search(hint, response.hint)


def test_a_retry_says_it_too_and_another_deletion_does_not():
    server, stored = Server(answers=[lost(), Response(404), Response(404)]), {}
    sending = start(server, stored)
    fail(sending, DELETE)
    assert "may have succeeded" in sending.send(replace(DELETE, attempt=2)).hint
    assert start(server, stored, try_number=2).send(replace(DELETE, url="http://shop.test/orders/b")).hint == ""
    assert "orders/a" not in json.dumps(stored)


def test_a_deletion_needs_no_record():
    failing = frozenset({"set sending", "set answered"})
    assert start(Server(), {}, fails=failing).send(DELETE).status == 201
    assert start(Server(), None).send(DELETE).status == 201


# a store that fails


@pytest.mark.parametrize("fails", [{"delete"}, {"delete", "set unsent"}])
def test_a_record_that_cannot_be_taken_back_does_not_hide_the_failure(fails):
    server, stored = Server(answers=[REFUSED]), {}
    sending = start(server, stored, fails=frozenset(fails))
    assert fail(sending, POST) is REFUSED
    assert sending.send(replace(POST, attempt=2)).body == b"1"


def test_nor_does_it_stop_the_next_try():
    server, stored = Server(answers=[REFUSED]), {}
    fail(start(server, stored, fails=frozenset({"delete"})), POST)
    assert start(server, stored, try_number=2).send(POST).body == b"1"


def test_an_end_that_cannot_be_recorded_does_not_hide_the_failure():
    server, stored = Server(answers=[Response(500)]), {}
    sending = start(server, stored, max_tries=1)
    sending.send(POST)
    end_in_failure(sending, stored, fails=frozenset({"set"}))
    assert start(server, stored, try_number=2, max_tries=1).send(POST).status == 500


# tasks

DOCUMENT = """
arazzo: 1.0.1
info: {title: Shop, version: "1"}
sourceDescriptions: [{name: shop, url: shop.openapi.yaml, type: openapi}]
workflows:
- workflowId: newest
  steps:
  - {stepId: which, operationId: next, outputs: {id: $response.body#/id}}
  - {stepId: pay, operationId: pay, parameters: [{name: id, in: path, value: $steps.which.outputs.id}]}
  - {stepId: after, operationId: last}
  outputs: {id: $steps.which.outputs.id}
- workflowId: job
  x-airflow: {poke_interval: 0.05}
  steps:
  - {stepId: begin, operationId: order, outputs: {id: $response.body#/id}}
  - stepId: watch
    operationId: job
    parameters: [{name: id, in: path, value: $steps.begin.outputs.id}]
    successCriteria: [{condition: $response.body#/state != 'failed'}]
    onSuccess:
    - {name: again, type: goto, stepId: watch, criteria: [{condition: $response.body#/state == 'running'}]}
    - {name: fine, type: end, criteria: [{condition: $response.body#/state == 'done'}]}
  outputs: {id: $steps.begin.outputs.id}
- workflowId: keyed
  steps:
  - stepId: pay
    operationId: order
    x-airflow: {idempotency_key: Key}
    onFailure: [{name: again, type: retry, workflowId: first}]
- workflowId: first
  steps:
  - stepId: pay
    operationId: refund
    x-airflow: {idempotency_key: Key}
    onFailure: [{name: go, type: goto, stepId: after}]
  - {stepId: after, operationId: last}
"""
API = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /next: {get: {operationId: next}}
  /last: {get: {operationId: last}}
  /orders: {post: {operationId: order}}
  /refunds: {post: {operationId: refund}}
  /orders/{id}/pay:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    post: {operationId: pay}
  /jobs/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: job}
"""


@pytest.fixture
def shop(monkeypatch, api, tmp_path):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "http", "host": api.url, "extra": EXTRA}))
    (tmp_path / "shop.openapi.yaml").write_text(API)
    (tmp_path / "shop.arazzo.yaml").write_text(DOCUMENT)
    return api


EXTRA = json.dumps({"timeout": 0.4})


@pytest.fixture
def document(shop, tmp_path):
    return tmp_path / "shop.arazzo.yaml"


def test_a_task_that_comes_to_another_order_does_not_take_it_for_paid(shop, document):
    """A request that is not idempotent depends on one that is asked again."""
    shop.on("GET /next", 200, {"id": "A"}).on("GET /next", 200, {"id": "B"})
    shop.on("POST /orders/A/pay").on("POST /orders/B/pay")
    shop.on("GET /last", 500).on("GET /last", 200)

    def task():
        return ArazzoWorkflowOperator(task_id="t", document=document, workflow_id="newest")

    run = Run(stored={})
    with pytest.raises(AirflowException, match="500"):
        run.execute(task())
    with pytest.raises(AirflowFailException, match=r"another POST /orders/\{id\}/pay was sent in its place by try 1"):
        run.execute(task(), try_number=2)
    assert shop.lines.count("POST /orders/A/pay") == 1
    assert "POST /orders/B/pay" not in shop.lines


@pytest.mark.parametrize("deferrable", [True, False])
def test_retries_begin_anew_wherever_the_failure_was_seen(shop, document, deferrable):
    shop.on("POST /orders", 201, {"id": "1"}).on("POST /orders", 201, {"id": "2"})
    shop.on("GET /jobs/1", 200, {"state": "running"}).on("GET /jobs/1", 200, {"state": "failed"})
    shop.on("GET /jobs/2", 200, {"state": "done"})

    def task():
        return ArazzoWorkflowOperator(task_id="t", document=document, workflow_id="job", deferrable=deferrable)

    run = Run(stored={})
    with pytest.raises(AirflowException, match="failed"):
        run.execute(task(), max_tries=1)
    assert run.execute(task(), try_number=2, max_tries=1) == {"id": "2"}


def test_a_workflow_that_a_retry_runs_first_has_keys_of_its_own(shop, document):
    for line in ("POST /orders", "POST /refunds"):
        shop.on(line, 200, None, hangs="0.6").on(line)
    shop.on("GET /last")
    Run(stored={}).execute(ArazzoDag(document, "keyed").get_task("pay"))
    keys = {(asked.line, asked.headers["Key"]) for asked in shop.asked if asked.method == "POST"}
    assert [line for line, _ in sorted(keys)] == ["POST /orders", "POST /refunds"]
    assert len({key for _, key in keys}) == 2
    assert shop.lines.count("POST /orders") == 2
