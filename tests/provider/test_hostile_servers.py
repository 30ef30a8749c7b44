"""Servers, values and connections that mean harm, as a task meets them: through hooks, tokens and steps."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from contextlib import contextmanager, nullcontext, suppress

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from requests import TooManyRedirects
from requests.auth import HTTPDigestAuth
from running import Run
from scripted_api import ScriptedApi

from airflow_arazzo import ArazzoHook, ArazzoStepOperator
from arazzo.errors import RequestError, TransportError
from arazzo.exchange import Request
from arazzo.limits import limits_set

pytestmark = pytest.mark.attack("servers", "answers, redirects and token endpoints that mean harm")
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.yaml, type: openapi}]
workflows:
- workflowId: w
  inputs: {type: object, properties: {value: {type: string}}}
  steps:
  - stepId: find
    operationId: find
    outputs: {id: $response.body#/id}
  - stepId: remove
    operationId: remove
    parameters: [{name: id, in: path, value: $steps.find.outputs.id}]
  - stepId: tag
    operationId: find
    parameters: [{name: X-Tag, in: header, value: $steps.find.outputs.id}]
"""
API = """
openapi: 3.1.0
info: {title: Things, version: "1"}
servers: [{url: http://things.invalid}]
paths:
  /things: {get: {operationId: find, responses: {"200": {description: Found}}}}
  /things/{id}: {delete: {operationId: remove, responses: {"204": {description: Gone}}}}
"""
SCHEMES = (
    {"key": "bearer", "type": "http", "scheme": "bearer"},
    {"key": "header", "type": "apiKey", "name": "X-Key", "location": "header"},
    {"key": "cookie", "type": "apiKey", "name": "sid", "location": "cookie"},
    {"key": "query", "type": "apiKey", "name": "key", "location": "query"},
)


@pytest.fixture
def connect(monkeypatch):
    def make(**fields):
        monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps({"conn_type": "arazzo", **fields}))
        return ArazzoHook("things")

    return make


def send_async(hook, request):
    async def send():
        try:
            return await hook.async_send(request)
        finally:
            await hook.async_close()

    return asyncio.run(send())


WAYS = pytest.mark.parametrize("send", [ArazzoHook.send, send_async], ids=["worker", "triggerer"])


@WAYS
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_credential_of_a_connection_follows_a_redirect_to_another_host(api, connect, send, status):
    keys = {"header": "hunter2-h", "cookie": "hunter2-c", "query": "hunter2-q"}
    hook = connect(extra={"token": "hunter2-t", "api_keys": keys, "headers": {"X-Tenant": "hunter2-x"}})
    request = Request("GET", f"{api.url}/a", source="things", template="/a", security=(SCHEMES,))
    with ScriptedApi() as other:
        api.on("GET /a?key=hunter2-q", status, None, Location=f"{other.url}/b")
        other.on("GET /b", 200, {})
        assert send(hook, request).status == 200
        (first,), (second,) = api.asked, other.asked
    assert {"hunter2-h", "sid=hunter2-c", "Bearer hunter2-t", "hunter2-x"} <= set(first.headers.values())
    assert "hunter2" not in f"{second.headers} {second.target}"


@WAYS
@pytest.mark.parametrize(
    ("conn_type", "extra", "status", "asked"),
    [
        ("http", {"allow_redirects": False}, 302, 1),
        ("http", {"max_redirects": 1}, None, 2),
        ("arazzo", {"redirects": "never"}, 302, 1),
        ("arazzo", {"max_redirects": 2}, 200, 3),
        ("arazzo", {"redirects": "follow"}, 200, 3),
    ],
)
def test_a_connection_says_whether_redirects_are_followed(api, monkeypatch, send, conn_type, extra, status, asked):
    fields = {"conn_type": conn_type, "host": api.url, "extra": json.dumps(extra)}
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps(fields))
    api.on("GET /a", 302, None, Location="/b").on("GET /b", 302, None, Location="/c").on("GET /c", 200)
    request = Request("GET", f"{api.url}/a", source="things")
    with nullcontext() if status else pytest.raises(TransportError, match="more than 1 redirects"):
        assert send(ArazzoHook("things"), request).status == status
    assert len(api.asked) == asked


@pytest.mark.parametrize(("extra", "asked"), [({"allow_redirects": False}, 1), ({"max_redirects": 1}, 2), ({}, 3)])
def test_what_the_hook_inherits_obeys_the_connection(api, monkeypatch, extra, asked):
    fields = {"conn_type": "http", "host": api.url, "extra": json.dumps(extra)}
    monkeypatch.setenv("AIRFLOW_CONN_THINGS", json.dumps(fields))
    api.on("GET /a", 302, None, Location="/b").on("GET /b", 302, None, Location="/c").on("GET /c", 200)
    with suppress(TooManyRedirects):
        ArazzoHook("things", method="GET").run("/a")
    assert len(api.asked) == asked


def test_a_way_to_log_in_that_is_not_used_is_refused():
    with pytest.raises(ValueError, match="ArazzoHook has no auth_type"):
        ArazzoHook("things", auth_type=HTTPDigestAuth)


@WAYS
def test_a_request_with_a_body_and_credentials_is_not_redirected(api, connect, send):
    with ScriptedApi() as other:
        api.on("POST /a", 307, None, Location=f"{other.url}/b")
        request = Request("POST", f"{api.url}/a", body=b"{}", source="things", security=((SCHEMES[0],),))
        assert send(connect(extra={"token": "hunter2"}), request).status == 307
        assert other.asked == []


@WAYS
def test_a_redirect_of_the_token_endpoint_is_not_followed(api, connect, send):
    oauth = {"key": "oauth", "type": "oauth2"}
    with ScriptedApi() as other:
        api.on("POST /token", 307, None, Location=f"{other.url}/token")
        hook = connect(extra={"client_id": "me", "client_secret": "hunter2", "token_url": f"{api.url}/token"})
        with pytest.raises(TransportError, match="status 307"):
            send(hook, Request("GET", f"{api.url}/a", source="things", security=((oauth,),)))
        assert other.asked == []
    assert api.lines == ["POST /token"]


@contextmanager
def streaming(head, piece, pause):
    """Serve every request an answer without end; yield the URL."""
    stopped = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(head)
                    while not stopped.wait(pause):
                        connection.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stopped.set()
    listener.close()


ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


@WAYS
@pytest.mark.parametrize(
    ("piece", "pause", "said"), [(b" ", 0.02, "no complete answer within 0.5 s"), (b" " * 65536, 0, "larger than")]
)
@pytest.mark.parametrize("endpoint", ["token", "host"])
def test_answers_without_end_are_given_up(connect, send, piece, pause, said, endpoint):
    with streaming(ENDLESS, piece, pause) as url, limits_set(token_timeout=0.5 if pause else 20):
        extra = {"timeout": 0.5 if pause else 20, "max_bytes": 5_000_000}
        security = ()
        if endpoint == "token":
            extra |= {"client_id": "me", "client_secret": "hunter2", "token_url": f"{url}/token"}
            security = (({"key": "oauth", "type": "oauth2"},),)
        request = Request("GET", f"{url}/a", source="things", security=security)
        if endpoint == "host" and not pause:  # of what is too large nothing is kept, and who looks into it gives up
            assert send(connect(extra=extra), request).body == b""
            return
        with pytest.raises(TransportError, match=said):
            send(connect(extra=extra), request)


@WAYS
@pytest.mark.parametrize(
    "extra",
    [
        {"headers": {"X-Tenant": "hunter2\r\nX-Evil: 1"}},
        {"headers": {"X-Tenant\r\nX-Evil": "hunter2"}},
        {"token": "hunter2\r\nX-Evil: 1"},
        {"api_keys": {"header": "hunter2\nX-Evil: 1"}},
        {"api_keys": {"cookie": "hunter2\r\nX-Evil: 1"}},
    ],
)
def test_no_value_of_a_connection_makes_a_second_header(api, connect, send, extra):
    name = next(iter(extra.get("api_keys", {"bearer": ""})))
    security = tuple((scheme,) for scheme in SCHEMES if scheme["key"] == name)
    request = Request("GET", f"{api.url}/a", source="things", security=security)
    with pytest.raises((TransportError, RequestError)) as refused:
        send(connect(extra=extra), request)
    assert "hunter2" not in str(refused.value)
    assert api.asked == []


def test_a_login_with_a_line_break_is_one_header(api, connect):
    api.on("GET /a")
    basic = (({"key": "basic", "type": "http", "scheme": "basic"},),)
    connect(login="bob\r\nX-Evil: 1", password="p\r\nq").send(Request("GET", f"{api.url}/a", security=basic))
    assert "X-Evil" not in api.asked[0].headers
    sent = api.asked[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"bob\r\nX-Evil: 1:p\r\nq"


@pytest.mark.parametrize(
    ("step", "value"),
    [
        *(("remove", value) for value in ("..", ".", "../admin", "a/../../admin", "..\\..\\admin")),
        *(("tag", value) for value in ("a\r\nX-Evil: 1", "a\nX-Evil: 1", "X-Evil\0", "X-Evil\x7f")),
    ],
)
def test_what_a_server_answers_leads_no_request_astray(api, connect, tmp_path, step, value):
    connect(host=api.url)
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)
    api.on("GET /things", 200, {"id": value})
    run = Run()
    run.execute(ArazzoStepOperator(task_id="find", plan=tmp_path / "w.arazzo.yaml"))
    with pytest.raises(AirflowException, match="nothing was sent") as refused:
        run.execute(ArazzoStepOperator(task_id=step, plan=tmp_path / "w.arazzo.yaml"))
    assert "admin" not in str(refused.value)
    assert "X-Evil" not in str(refused.value)
    assert api.lines == ["GET /things"]


def test_a_value_that_is_decoded_twice_is_still_one_segment(api, connect, tmp_path):
    connect(host=api.url)
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "w.arazzo.yaml").write_text(DOCUMENT)
    api.on("GET /things", 200, {"id": "%2e%2e%2fadmin"}).on("DELETE /things/%252e%252e%252fadmin", 204, None)
    run = Run()
    run.execute(ArazzoStepOperator(task_id="find", plan=tmp_path / "w.arazzo.yaml"))
    run.execute(ArazzoStepOperator(task_id="remove", plan=tmp_path / "w.arazzo.yaml"))
    assert api.lines[-1] == "DELETE /things/%252e%252e%252fadmin"
