from __future__ import annotations

import asyncio
import json

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException

from airflow_arazzo import ArazzoHook
from airflow_arazzo.core.errors import TransportError
from airflow_arazzo.core.exchange import Request
from airflow_arazzo.hooks.arazzo import SourceHooks

BEARER = (({"key": "bearer", "type": "http", "scheme": "bearer"},),)


def name_connection(monkeypatch, conn_id, **fields):
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "arazzo", **fields}))


def get(api, path="/x", **fields):
    return Request(method="GET", url=f"{api.url}{path}", source="shop", template=path, **fields)


def sent_both_ways(hook, request):
    """Send a request from a thread and from an event loop."""

    async def send():
        try:
            return await hook.async_send(request)
        finally:
            await hook.async_close()

    return [hook.send(request), asyncio.run(send())]


def test_sends_with_the_credentials_that_the_operation_asks_for(monkeypatch, api):
    api.on("GET /x", 200, {"ok": True})
    name_connection(monkeypatch, "shop", extra={"token": "tok-1", "headers": {"X-Tenant": "t"}})
    responses = sent_both_ways(SourceHooks().hook("shop"), get(api, security=BEARER))
    assert [response.status for response in responses] == [200, 200]
    assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer tok-1"] * 2
    assert [asked.headers["X-Tenant"] for asked in api.asked] == ["t"] * 2


def test_the_documents_own_credential_wins(monkeypatch, api):
    api.on("GET /x")
    name_connection(monkeypatch, "shop", login="bob", password="pw")
    request = get(api, headers=(("Authorization", "Bearer mine"),), security=BEARER)
    sent_both_ways(SourceHooks().hook("shop"), request)
    assert [asked.headers["Authorization"] for asked in api.asked] == ["Bearer mine"] * 2


def test_an_operation_that_asks_for_none_gets_no_credential(monkeypatch, api):
    api.on("GET /x")
    name_connection(monkeypatch, "shop", login="bob", password="pw")
    sent_both_ways(SourceHooks().hook("shop"), get(api))
    assert all("Authorization" not in asked.headers for asked in api.asked)


def test_a_source_without_a_connection_is_asked_without_credentials(api):
    api.on("GET /x")
    assert [response.status for response in sent_both_ways(SourceHooks().hook("shop"), get(api))] == [200, 200]


def test_a_connection_that_is_named_has_to_be_there(api):
    with pytest.raises(AirflowNotFoundException, match="nowhere"):
        SourceHooks({"shop": "nowhere"}).send(get(api))


def test_a_silent_server_is_left_after_the_connections_timeout(monkeypatch):
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        name_connection(monkeypatch, "shop", extra={"timeout": 0.2})
        request = Request(method="GET", url=f"http://127.0.0.1:{silent.getsockname()[1]}/", source="shop")
        with pytest.raises(TransportError, match=r"within 0\.2 s"):
            SourceHooks().send(request)


def test_its_session_serves_as_one_of_http_hook(monkeypatch, api):
    api.on("GET /x", 200, {"ok": True})
    name_connection(monkeypatch, "shop", host=api.url, login="bob", password="pw")
    hook = ArazzoHook("shop", method="GET")
    assert hook.run("/x").json() == {"ok": True}
    hook.run("/x", headers={"Authorization": "Bearer mine"})
    assert [asked.headers["Authorization"] for asked in api.asked] == ["Basic Ym9iOnB3", "Bearer mine"]


@pytest.mark.parametrize(
    ("status", "works", "text"), [(404, True, "status 404"), (401, False, "refuses"), (503, False, "trouble")]
)
def test_test_connection(monkeypatch, api, status, works, text):
    api.on("HEAD /", 405, None).on("GET /", status)
    name_connection(monkeypatch, "shop", host=api.url, password="tok-1")
    good, message = ArazzoHook("shop").test_connection()
    assert good is works
    assert text in message
    assert api.asked[0].headers["Authorization"] == "Bearer tok-1"


def test_test_connection_without_a_host_or_an_answer(monkeypatch):
    name_connection(monkeypatch, "shop")
    assert "names no host" in ArazzoHook("shop").test_connection()[1]
    name_connection(monkeypatch, "shop2", host="http://127.0.0.1:1")
    assert ArazzoHook("shop2").test_connection()[0] is False
