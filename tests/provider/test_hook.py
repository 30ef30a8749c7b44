from __future__ import annotations

import asyncio
import json

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import Connection
from scripted_api import ScriptedApi

from airflow_arazzo import ArazzoHook
from airflow_arazzo.hooks.connection_hook import ConnectionHook
from airflow_arazzo.hooks.source_hooks import SourceHooks
from arazzo.auth.connections import parse_connection
from arazzo.errors import TransportError
from arazzo.exchange import Request

SENT = "a workflow sends a token only where the API's description asks for it (security)"
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


def test_a_task_keeps_connections_alive_as_it_does():
    adapters = [ConnectionHook("shop").own_adapter(), ArazzoHook("shop").own_adapter()]
    assert [sorted(adapter.socket_options) for adapter in adapters] == [sorted(adapters[1].socket_options)] * 2


def test_its_session_takes_the_connections_headers_to_no_other_origin(monkeypatch, api):
    with ScriptedApi() as other:
        api.on("GET /x", 302, None, Location=f"{other.url}/y").on("GET /z", 302, None, Location="/x2").on("GET /x2")
        other.on("GET /y")
        name_connection(monkeypatch, "shop", host=api.url, extra={"token": "t", "secret_headers": {"X-Gateway": "g"}})
        for path in ("/x", "/z"):
            ArazzoHook("shop", method="GET").run(path)
        assert [asked.headers.get("X-Gateway") for asked in (*api.asked, *other.asked)] == ["g", "g", "g", None]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_connections_proxy_wins_over_the_environments(monkeypatch, api, variable):
    with ScriptedApi() as environments:
        api.on("GET http://api.invalid/x")
        monkeypatch.setenv(variable, environments.url)
        for proxies in (api.url, {"all": api.url}, {"http": api.url}):
            name_connection(monkeypatch, "shop", extra={"proxies": proxies})
            request = Request(method="GET", url="http://api.invalid/x", source="shop")
            assert [found.status for found in sent_both_ways(SourceHooks().hook("shop"), request)] == [200, 200]
        assert environments.asked == []


def test_netrc_counts_for_the_host_of_a_connection_only(monkeypatch, api, tmp_path):
    from airflow.sdk.log import redact

    (tmp_path / "netrc").write_text("default login bob password sesame-netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    api.on("GET /x").on("POST /token", 200, {"access_token": "tok-1"})
    expected = "Basic Ym9iOnNlc2FtZS1uZXRyYw=="
    sent_both_ways(SourceHooks().hook("shop"), get(api))
    name_connection(monkeypatch, "shop")
    sent_both_ways(SourceHooks().hook("shop"), get(api))
    assert redact(f"sesame-netrc {expected}") == "*** Basic ***"
    name_connection(monkeypatch, "shop", extra={"trust_env": False})
    sent_both_ways(SourceHooks().hook("shop"), get(api))
    assert [asked.headers.get("Authorization") for asked in api.asked] == [None, None, expected, expected, None, None]
    api.asked.clear()
    extra = {"client_id": "me", "client_secret": "s", "client_auth": "body", "token_url": f"{api.url}/token"}
    name_connection(monkeypatch, "shop", extra=extra)
    sent_both_ways(SourceHooks().hook("shop"), get(api, security=BEARER))
    assert [asked.headers.get("Authorization") for asked in api.asked] == [None, "Bearer tok-1", "Bearer tok-1"]


# "Test connection"


def tried(**fields):
    """Return what the button says, and that it shows no secret."""
    with pytest.MonkeyPatch.context() as patch:
        name_connection(patch, "tried", **fields)
        good, message = ArazzoHook("tried").test_connection()
    assert "hunter2" not in message
    return good, message


@pytest.mark.parametrize(
    ("status", "works", "text"),
    [
        (404, True, "answers: status 404, asked with a token"),
        (401, False, "refuses the credentials: status 401, asked with a token"),
        (403, False, "refuses the credentials: status 403, asked with a token"),
        (503, False, "has a problem: status 503"),
    ],
)
def test_the_host_is_asked(api, status, works, text):
    api.on("HEAD /", 405, None).on("GET /", status)
    good, message = tried(host=api.url, password="hunter2-token")
    assert (good, text in message) == (works, True), message
    assert api.lines == ["HEAD /", "GET /"]
    assert api.asked[0].headers["Authorization"] == "Bearer hunter2-token"


def test_a_host_without_credentials_may_refuse(api):
    api.on("HEAD /", 401, None).on("GET /", 401)
    good, message = tried(host=api.url, extra={"api_keys": {"key": "hunter2"}})
    assert good
    assert message == f"{api.url} answers: status 401, asked without credentials; API keys were not tried"
    assert all("hunter2" not in f"{asked.headers} {asked.target}" for asked in api.asked)


def test_a_login_is_tried(api):
    api.on("HEAD /", 200, None)
    assert tried(host=api.url, login="bob", password="hunter2") == (
        True,
        f"{api.url} answers: status 200, asked with the login; a workflow sends the login only where the API's "
        "description asks for it (security)",
    )
    assert api.asked[0].headers["Authorization"].startswith("Basic ")


CLIENT = {"client_id": "me", "client_secret": "hunter2-client"}


def test_a_token_endpoint_alone_is_asked(api):
    api.on("POST /token", 200, {"access_token": "hunter2-token"})
    assert tried(extra={**CLIENT, "token_url": f"{api.url}/token"}) == (True, f"{api.url}/token gives a token")
    assert api.lines == ["POST /token"]


def test_a_token_is_used_at_the_host(api):
    api.on("POST /token", 200, {"access_token": "hunter2-token"}).on("HEAD /", 200, None)
    good, message = tried(host=api.url, extra={**CLIENT, "token_url": f"{api.url}/token"})
    assert good
    assert message == f"{api.url}/token gives a token; {api.url} answers: status 200, asked with a token; {SENT}"
    assert api.asked[1].headers["Authorization"] == "Bearer hunter2-token"


def test_a_token_that_is_refused_says_where_and_why(api):
    api.on("POST /token", 401, {"error": "invalid_client", "error_description": "hunter2-client is wrong"})
    good, message = tried(host=api.url, extra={**CLIENT, "token_url": f"{api.url}/token"})
    assert not good
    assert f"from {api.url}/token: status 401 (invalid_client)" in message


def test_a_refresh_token_is_not_spent(api):
    api.on("HEAD /token", 405, None).on("HEAD /", 200, None)
    extra = {"client_id": "me", "refresh_token": "hunter2-refresh", "token_url": f"{api.url}/token"}
    good, message = tried(host=api.url, extra=extra)
    assert good
    assert f"{api.url}/token answers: status 405 (no token was asked for" in message
    assert api.lines == ["HEAD /token", "HEAD /"]


@pytest.mark.parametrize("extra", [CLIENT, {"refresh_token": "hunter2-refresh"}])
def test_the_connections_headers_do_not_go_to_the_token_endpoint(api, extra):
    with ScriptedApi() as other:
        other.on("POST /token", 200, {"access_token": "hunter2-token"}).on("HEAD /token", 200, None)
        api.on("HEAD /", 200, None)
        headers = {"headers": {"X-Gateway": "hunter2"}, "secret_headers": {"Authorization": "Basic hunter2"}}
        token = {"token_url": f"{other.url}/token", "client_auth": "body"}
        assert tried(host=api.url, extra={**extra, **headers, **token})[0]
        assert [{"X-Gateway", "Authorization"} & set(asked.headers) for asked in other.asked] == [set()]
        assert api.asked[0].headers["X-Gateway"] == "hunter2"


def test_a_kept_token_says_nothing_of_a_client_that_is_no_longer_known(api):
    api.on("POST /token", 200, {"access_token": "hunter2-token"}).on("POST /token", 401, {"error": "invalid_client"})
    extra = {**CLIENT, "token_url": f"{api.url}/token"}
    assert [tried(extra=extra)[0] for _ in range(2)] == [True, False]


def test_nothing_to_test_and_nobody_there():
    assert tried()[0] is False
    assert "neither host nor token URL" in tried()[1]
    good, message = tried(host="http://127.0.0.1:1", password="hunter2")
    assert (good, message) == (False, "http://127.0.0.1:1: no connection: Connection refused")


@pytest.mark.parametrize(
    "host", ["bob:hunter2@a.test", "ftp://bob:hunter2@a.test", "https://bob:hunter2/x@a.test", "["]
)
def test_a_host_that_is_none_is_not_shown(host):
    good, message = tried(host=host)
    assert not good
    assert "host" in message


@pytest.mark.parametrize(
    "text",
    [
        "https://bob:p%40ss@api.example.com:8443/v1",
        "http://https%3A%2F%2Fapi.example.com",
        "http://https://api.example.com",
        "arazzo://:tok@/",
        "arazzo://Api.Example.com/?token=t&verify=false",
        "arazzo://h?__extra__=%7B%22api_keys%22%3A+%7B%22K%22%3A+%22v%22%7D%7D",
        "my-type://[::1]:80",
        '{"conn_type": "arazzo", "host": "h", "port": "81", "extra": {"token": "t"}}',
        '{"conn_type": "http", "host": null, "extra": "{}"}',
    ],
)
def test_the_command_reads_a_connection_as_airflow_does(text):
    ours = parse_connection("api", text)
    theirs = Connection.from_json(text, "api") if text.startswith("{") else Connection.from_uri(text, "api")
    names = ("conn_id", "conn_type", "host", "schema", "port", "login", "password")
    assert [getattr(ours, name) or None for name in names] == [getattr(theirs, name) or None for name in names]
    assert json.loads(ours.extra or "{}") == json.loads(theirs.extra or "{}")
