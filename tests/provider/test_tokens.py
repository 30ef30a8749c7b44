"""Tokens of OAuth 2.0 and OpenID Connect: how they are got, kept, renewed, and kept out of sight."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import threading
from base64 import b64decode
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from asking import CLIENT, asking, bearers, forms, granting, oauth
from running import Run
from scripted_api import ScriptedApi

from airflow_arazzo import ArazzoDag, ArazzoHook
from airflow_arazzo.hooks.source_hooks import SourceHooks
from arazzo import clock
from arazzo.errors import TransportError
from arazzo.exchange import Request
from arazzo.openapi.operation import SecurityScheme

DOCUMENTS = Path(__file__).parent / "documents"


def test_client_credentials_are_asked_for_once(api, shop, sent):
    granting(api, "tok-1", "tok-2").on("GET /x", 200)
    request = asking(api, oauth(api, scopes=["read", "write"]))
    sent(shop(CLIENT), request, request)
    sent(shop(CLIENT), request)
    assert bearers(api) == ["Bearer tok-1"] * 3
    assert forms(api) == [{"grant_type": "client_credentials", "scope": "read write"}]
    assert b64decode(api.asked[0].headers["Authorization"].split()[1]) == b"me:cs-4711"


@pytest.mark.parametrize(
    ("extra", "fields", "flow", "form"),
    [
        (
            {**CLIENT, "client_auth": "body", "audience": "https://shop"},
            {},
            "clientCredentials",
            {
                "grant_type": "client_credentials",
                "audience": "https://shop",
                "client_id": "me",
                "client_secret": "cs-4711",
            },
        ),
        ({}, {"login": "me", "password": "pw"}, "clientCredentials", {"grant_type": "client_credentials"}),
        ({"client_id": "me"}, {"password": "pw"}, "clientCredentials", {"grant_type": "client_credentials"}),
        (
            {"scopes": ["a", "b"], **CLIENT},
            {},
            "clientCredentials",
            {"grant_type": "client_credentials", "scope": "a b"},
        ),
        (
            {"client_id": "me"},
            {"login": "bob", "password": "pw"},
            "password",
            {"grant_type": "password", "username": "bob", "password": "pw", "client_id": "me"},
        ),
        (
            {"grant_type": "password", **CLIENT},
            {"login": "bob", "password": "pw"},
            "clientCredentials",
            {"grant_type": "password", "username": "bob", "password": "pw"},
        ),
        (
            {"refresh_token": "ref-1", "client_id": "me"},
            {},
            "authorizationCode",
            {"grant_type": "refresh_token", "refresh_token": "ref-1", "client_id": "me"},
        ),
    ],
)
def test_each_grant(api, shop, extra, fields, flow, form):
    granting(api, "tok-1").on("GET /x", 200)
    scheme = oauth(api, flow)
    if form["grant_type"] not in ("refresh_token",) and flow == "clientCredentials" and "grant_type" in extra:
        extra = {**extra, "token_url": f"{api.url}/token"}
    shop(extra, **fields).send(asking(api, scheme))
    assert bearers(api) == ["Bearer tok-1"]
    assert forms(api) == [form]


def test_the_connections_token_url_wins(api, shop):
    granting(api, "tok-1", line="POST /mine").on("GET /x", 200)
    shop({**CLIENT, "token_url": f"{api.url}/mine"}).send(
        asking(api, oauth(tokenUrl="https://elsewhere.invalid/token"))
    )
    assert bearers(api) == ["Bearer tok-1"]


def test_a_token_may_be_created(api, shop):
    api.on("POST /token", 201, {"access_token": "tok-1"}).on("GET /x")
    shop(CLIENT).send(asking(api, oauth(api)))
    assert bearers(api) == ["Bearer tok-1"]


def test_a_relative_token_url_belongs_to_the_api(api, shop):
    granting(api, "tok-1", line="POST /oauth/token").on("GET /x", 200)
    shop(CLIENT).send(asking(api, oauth(tokenUrl="/oauth/token")))
    assert bearers(api) == ["Bearer tok-1"]


def test_a_provider_of_openid_connect_says_where_tokens_are(api, shop, sent):
    granting(api, "tok-1", line="POST /realm/token").on("GET /x", 200)
    api.on("GET /.well-known/openid-configuration", 200, {"token_endpoint": f"{api.url}/realm/token"})
    scheme = {
        "key": "oidc",
        "type": "openIdConnect",
        "open_id_connect_url": f"{api.url}/.well-known/openid-configuration",
        "scopes": ["openid"],
    }
    sent(shop(CLIENT), asking(api, scheme), asking(api, scheme))
    assert bearers(api) == ["Bearer tok-1"] * 2
    assert len(api.asked) == 4
    assert forms(api, "POST /realm/token") == [{"grant_type": "client_credentials", "scope": "openid"}]


@pytest.mark.attack("tokens", "an API description that asks for credentials, in clear or on another host")
@pytest.mark.parametrize("url", ["http://evil.invalid/token", "ftp://evil.invalid/token", "//evil.invalid/token"])
def test_a_description_gets_no_credential_sent_in_clear(api, shop, url):
    with pytest.raises(TransportError, match="over https") as error:
        shop(CLIENT).send(asking(api, oauth(tokenUrl=url)))
    assert not error.value.maybe_sent
    assert api.asked == []


def test_a_refused_token_is_renewed_once(api, shop, sent):
    granting(api, "tok-1", "tok-2").on("POST /x", 201).on("POST /x", 401).on("POST /x", 201)
    hook, request = shop(CLIENT), asking(api, oauth(api), method="POST", body=b"order")
    assert [answer.status for answer in sent(hook, request, request)] == [201, 201]
    assert bearers(api, "POST /x") == ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]
    assert [asked.body for asked in api.asked if asked.line == "POST /x"] == [b"order"] * 3


def test_a_new_token_that_is_refused_is_not_renewed(api, shop, sent):
    granting(api, "tok-1", "tok-2", "tok-3").on("GET /x", 401)
    hook, request = shop(CLIENT), asking(api, oauth(api))
    assert sent(hook, request)[0].status == 401
    assert len(api.asked) == 2
    assert sent(hook, request)[0].status == 401
    assert bearers(api) == ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]


def test_the_answer_stays_when_no_new_token_is_granted(api, shop, sent):
    granting(api, "tok-1").on("POST /token", 400, {"error": "invalid_client"})
    api.on("GET /x", 200).on("GET /x", 401)
    hook, request = shop(CLIENT), asking(api, oauth(api))
    answer = sent(hook, request, request)[-1]
    assert answer.status == 401
    assert answer.hint.startswith("the kept token was refused, and there is no new one: no token for 'oauth'")
    assert "invalid_client" in answer.hint
    assert "sent" not in answer.hint


def test_a_token_is_renewed_before_it_ends(api, shop, monkeypatch):
    granting(api, "tok-1", "tok-2").on("GET /x", 200)
    hook, request, start = shop(CLIENT), asking(api, oauth(api)), clock.now()
    hook.send(request)
    monkeypatch.setattr(clock, "now", lambda: start + 3500)
    hook.send(request)
    monkeypatch.setattr(clock, "now", lambda: start + 3580)
    hook.send(request)
    assert bearers(api) == ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]


@pytest.mark.parametrize("life", [None, "soon", "120", 0, 10**400, math.nan, math.inf, "nan", True, [1]])
def test_whatever_life_a_token_is_said_to_have(api, shop, life):
    api.on("POST /token", 200, {"access_token": "tok-1", **({} if life is None else {"expires_in": life})})
    api.on("GET /x", 200)
    hook, request = shop(CLIENT), asking(api, oauth(api))
    hook.send(request)
    hook.send(request)
    assert len(forms(api)) == (2 if life == 0 else 1)


@pytest.mark.parametrize(
    "url", ["https://[bad", "https://a.test:99999/token", "https:///token", "https://a.test/t\u00f6"]
)
@pytest.mark.parametrize("named", ["tokenUrl", "openIdConnectUrl", "token_endpoint"])
def test_what_is_named_as_the_endpoint_and_is_no_url(api, shop, sent, named, url):
    api.on("GET /oidc", 200, {"token_endpoint": url})
    discovery = url if named == "openIdConnectUrl" else f"{api.url}/oidc"
    oidc = {"key": "oauth", "type": "openIdConnect", "open_id_connect_url": discovery}
    with pytest.raises(TransportError, match="no token for 'oauth'") as error:
        sent(shop(CLIENT), asking(api, oauth(tokenUrl=url) if named == "tokenUrl" else oidc, method="POST"))
    assert (error.value.kind, error.value.maybe_sent) == ("token", False)
    assert "POST /x" not in api.lines


@pytest.mark.parametrize("fields", [{"password": "tok-1\n"}, {"extra": {"token": "tok\r\n1"}}])
def test_a_credential_that_no_header_can_carry_is_not_sent(api, shop, sent, fields):
    bearer = {"key": "jwt", "type": "http", "scheme": "bearer"}
    with pytest.raises(TransportError, match="connection 'shop': the value for 'Authorization' holds") as error:
        sent(shop(**fields), asking(api, bearer, method="POST"))
    assert not error.value.maybe_sent
    assert api.asked == []


@pytest.mark.attack("tokens", "an API description that asks for credentials, in clear or on another host")
def test_discovery_is_redirected_to_where_credentials_may_go_only(api, shop, sent):
    granting(api, "tok-1", line="POST /realm/token").on("GET /x", 200)
    api.on("GET /old", 307, None, Location="/realm/oidc").on("GET /realm/oidc", 200, {"token_endpoint": "token"})
    api.on("GET /evil", 302, None, Location="http://evil.invalid/oidc")
    old, evil = (
        {"key": "o", "type": "openIdConnect", "open_id_connect_url": f"{api.url}/{at}"} for at in ("old", "evil")
    )
    assert sent(shop(CLIENT), asking(api, old))[0].status == 200
    with pytest.raises(TransportError, match=r"evil\.invalid/oidc: credentials go over https only"):
        sent(shop(CLIENT), asking(api, evil))


@pytest.mark.attack("tokens", "an API description that asks for credentials, in clear or on another host")
@pytest.mark.parametrize(
    ("extra", "fields", "gets"),
    [
        ({}, {}, None),
        ({"client_id": "me"}, {}, "tok-1"),
        ({"client_id": "me", "client_secret": "s", "grant_type": "password"}, {}, "tok-1"),
        ({}, {"host": None}, "tok-1"),
    ],
)
def test_a_login_goes_no_further_than_the_connections_host(api, shop, sent, extra, fields, gets):
    with ScriptedApi() as other:
        granting(other, "tok-1")
        api.on("GET /x", 200)
        hook = shop(extra, **{"host": api.url, "login": "bob", "password": "pw", **fields})
        scheme = oauth(tokenUrl=f"{other.url}/token", flow="password")
        if gets is None:
            with pytest.raises(TransportError, match="a login and a password alone go to the connection's host only"):
                sent(hook, asking(api, scheme))
            assert other.asked == api.asked == []
        else:
            sent(hook, asking(api, scheme))
            assert bearers(api) == [f"Bearer {gets}"]


def test_a_refresh_token_that_is_replaced_is_used_next(api, shop):
    api.on("POST /token", 200, {"access_token": "tok-1", "expires_in": 0, "refresh_token": "ref-2"})
    granting(api, "tok-2").on("GET /x", 200)
    hook, request = shop({"refresh_token": "ref-1"}), asking(api, oauth(api))
    hook.send(request)
    hook.send(request)
    assert [form["refresh_token"] for form in forms(api)] == ["ref-1", "ref-2"]


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, {"error": "invalid_client", "error_description": "cs-4711 is wrong"}, r"status 401 \(invalid_client\)"),
        (400, {"error": "<script>cs-4711</script>"}, "status 400; nothing"),
        (500, "oops", "status 500"),
        (200, "oops", "not a JSON object"),
        (200, {"token": "tok-1"}, "no 'access_token'"),
        (302, None, "status 302"),
        (200, b"[" * 200_000, "not a JSON object"),
        (200, b'{"access_token": "tok-1", "expires_in": ' + b"9" * 5000 + b"}", "not a JSON object"),
        (200, {"access_token": "tok-1\n"}, "characters that no header can carry"),
        (200, {"access_token": "\ud800tok"}, "characters that no header can carry"),
    ],
)
def test_no_token_is_a_step_without_an_answer(api, shop, sent, status, body, text):
    api.on("POST /token", status, body, Location="http://evil.invalid/")
    with pytest.raises(TransportError, match=text) as error:
        sent(shop(CLIENT), asking(api, oauth(api)))
    assert (error.value.kind, error.value.maybe_sent) == ("token", False)
    assert "cs-4711" not in str(error.value)
    assert len(api.asked) == 1


def test_an_authorization_server_that_is_not_there(api, shop, sent):
    with pytest.raises(TransportError, match=r"no token for 'oauth': http://127\.0\.0\.1:1: no connection") as error:
        sent(shop(CLIENT), asking(api, oauth(tokenUrl="http://127.0.0.1:1/token")))
    assert not error.value.maybe_sent


def test_many_at_once_ask_for_one_token(api, shop):
    granting(api, "tok-1", "tok-2", "tok-3").on("GET /x", 200)
    api.script["POST /token"] = [(status, body, {"hangs": "0.2"}) for status, body, _ in api.script["POST /token"]]
    hook, request = shop(CLIENT), asking(api, oauth(api))

    async def together():
        await asyncio.gather(*(hook.async_send(request) for _ in range(8)))
        await hook.async_close()

    asyncio.run(together())
    threads = [threading.Thread(target=ArazzoHook("shop").send, args=(request,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bearers(api) == ["Bearer tok-1"] * 12
    assert len(forms(api)) == 1


@pytest.mark.parametrize("way", ["threads", "event loop"])
def test_those_who_wait_for_a_token_share_the_failure(api, shop, way):
    api.on("POST /token", 500, None, hangs="0.3")
    hook, request, failures = shop(CLIENT), asking(api, oauth(api)), []

    def one(hook):
        with pytest.raises(TransportError, match="status 500") as error:
            hook.send(request)
        failures.append(error.value)

    async def together():
        failures.extend(await asyncio.gather(*(hook.async_send(request) for _ in range(5)), return_exceptions=True))
        await hook.async_close()

    if way == "threads":
        threads = [threading.Thread(target=one, args=(ArazzoHook("shop"),)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        asyncio.run(together())
    assert [str(error) for error in failures] == [str(failures[0])] * 5
    assert api.lines == ["POST /token"]
    with pytest.raises(TransportError):
        hook.send(request)
    assert api.lines == ["POST /token"] * 2  # who comes later asks anew


BASIC = {"key": "basic", "type": "http", "scheme": "basic"}
KEY = {"key": "key", "type": "apiKey", "location": "header", "name": "X-Key"}


@pytest.mark.parametrize(
    ("extra", "fields", "alternatives", "headers"),
    [
        ({"token": "tok-0", **CLIENT}, {}, [("oauth",)], {"Authorization": "Bearer tok-0"}),
        ({}, {"login": "me", "password": "pw"}, [("oauth",), ("basic",)], {"Authorization": "Basic bWU6cHc="}),
        (CLIENT, {"login": "me", "password": "pw"}, [("oauth",), ("basic",)], {"Authorization": "Bearer tok-1"}),
        ({"api_keys": {"key": "k-1"}, **CLIENT}, {}, [("key",), ("oauth",)], {"X-Key": "k-1"}),
        (
            {"api_keys": {"key": "k-1"}, **CLIENT},
            {},
            [("key", "oauth")],
            {"X-Key": "k-1", "Authorization": "Bearer tok-1"},
        ),
        ({"api_keys": {"key": "k-1"}}, {}, [("oauth",), ("key",)], {"X-Key": "k-1"}),
        (CLIENT, {}, [("key", "oauth")], {}),
    ],
)
def test_alternatives_and_combinations(api, shop, extra, fields, alternatives, headers):
    granting(api, "tok-1").on("GET /x", 200)
    schemes = {"oauth": oauth(api), "basic": BASIC, "key": KEY}
    security = tuple(tuple(schemes[name] for name in combination) for combination in alternatives)
    shop(extra, **fields).send(Request(method="GET", url=f"{api.url}/x", source="shop", security=security))
    asked = {name: value for name, value in api.asked[-1].headers.items() if name in ("Authorization", "X-Key")}
    assert asked == headers
    assert len(api.asked) == 1 + ("Bearer tok-1" in headers.values())


BEARER = {"key": "bearer", "type": "http", "scheme": "bearer", "scopes": ["role"]}


@pytest.mark.parametrize(
    ("extra", "fields", "security", "sends", "scope"),
    [
        (CLIENT, {}, [["user"], ["read"]], "Bearer tok-1", "read"),
        (CLIENT, {}, [["read"], ["admin"]], "Bearer tok-1", "read"),
        (CLIENT, {}, [["key", "read"], ["admin"]], "Bearer tok-1", "admin"),
        ({}, {"password": "tok-0"}, [["bearer", "read"]], "Bearer tok-0", None),
        (CLIENT, {}, [["read", "other"]], "Bearer tok-1", "read"),
        ({"token": "tok-0"}, {"login": "me", "password": "pw"}, [["basic", "bearer"]], "Basic bWU6cHc=", None),
        ({**CLIENT, "token_url": "/token"}, {}, [["bearer"]], "Bearer tok-1", ""),
        (CLIENT, {}, [["bearer"]], None, None),
    ],
)
def test_which_alternative_is_granted(api, shop, sent, extra, fields, security, sends, scope):
    granting(api, "tok-1").on("GET /x", 200)
    schemes = {
        "user": oauth(api, "authorizationCode", key="user"),
        **{scope: oauth(api, scopes=[scope]) for scope in ("read", "admin")},
        "other": oauth(api, scopes=["other"], key="other"),
        "key": KEY,
        "basic": BASIC,
        "bearer": BEARER,
    }
    if "token_url" in extra:
        extra = {**extra, "token_url": f"{api.url}{extra['token_url']}"}
    alternatives = tuple(tuple(schemes[name] for name in need) for need in security)
    sent(shop(extra, **fields), Request(method="GET", url=f"{api.url}/x", source="shop", security=alternatives))
    assert bearers(api) == [sends]
    assert [form.get("scope", "") for form in forms(api)] == ([] if scope is None else [scope])


def test_the_documents_own_token_wins(api, shop):
    api.on("GET /x", 200)
    shop(CLIENT).send(asking(api, oauth(api), headers=(("Authorization", "Bearer mine"),)))
    assert bearers(api) == ["Bearer mine"]
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        (None, "connection 'shop', which is not there, has no credential"),
        ({"headers": {"X-Tenant": "t"}}, "connection 'shop' has no credential"),
    ],
)
def test_a_refusal_for_want_of_a_credential_says_which(api, monkeypatch, shop, sent, extra, text):
    api.on("GET /x", 401)
    hook = SourceHooks().hook("shop") if extra is None else shop(extra)
    request = asking(api, KEY, {"key": "jwt", "type": "http", "scheme": "bearer"}, oauth(api))
    [answer] = sent(hook, request)
    assert "'key' (API key, header 'X-Key'), 'jwt' (http bearer), 'oauth' (oauth2)" in answer.hint
    assert text in answer.hint


@pytest.mark.parametrize(
    ("extra", "schemes", "text"),
    [
        ({"api_keys": {"key": "k-1"}}, ["key", "jwt"], "asks for 'jwt' (http bearer), and connection 'shop' has"),
        ({}, ["digest"], "'digest' (http digest, which is not supported)"),
        ({**CLIENT, "grant_type": "password"}, ["oauth"], "'oauth' (oauth2 with clientCredentials, which is not how"),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_the_hint_names_what_is_missing_only(api, shop, sent, extra, schemes, text, status):
    api.on("GET /x", status)
    known = {
        "key": KEY,
        "jwt": {"key": "jwt", "type": "http", "scheme": "bearer"},
        "digest": {"key": "digest", "type": "http", "scheme": "digest"},
        "oauth": oauth(api),
    }
    combination = tuple(known[name] for name in schemes)
    request = Request(method="GET", url=f"{api.url}/x", source="shop", security=(combination,))
    assert text in sent(shop(extra), request)[0].hint


def test_a_refusal_says_whose_credential_was_sent(api, shop):
    api.on("GET /x", 401)
    hint = shop({"token": "tok-0"}).send(asking(api, {"key": "jwt", "type": "http", "scheme": "bearer"})).hint
    assert hint == "the credential for 'jwt' (http bearer) came from connection 'shop'"


def test_nothing_of_a_token_is_shown(api, shop):
    from airflow.sdk.log import redact

    granting(api, "tok-shown-4711").on("GET /x", 200)
    hook = shop({"client_id": "me", "client_secret": "cs-shown-4711", "refresh_token": "ref-shown-4711"})
    hook.send(asking(api, oauth(api)))
    assert redact("tok-shown-4711 cs-shown-4711 ref-shown-4711") == "*** *** ***"
    assert redact(f"Basic {base64.b64encode(b'me:cs-shown-4711').decode()}") == "Basic ***"
    assert "4711" not in repr(hook.settings)
    assert "4711" not in repr(vars(hook))


@pytest.mark.parametrize(("granted", "good"), [(200, True), (401, False)])
def test_test_connection_gets_a_token(api, shop, granted, good):
    api.on("POST /token", granted, {"access_token": "tok-1"}).on("HEAD /", 200, None)
    shop({**CLIENT, "token_url": f"{api.url}/token"}, host=api.url)
    assert ArazzoHook("shop").test_connection()[0] is good
    assert bearers(api, "HEAD /") == (["Bearer tok-1"] if good else [])


def test_test_connection_sends_credentials_to_its_host_only(api, shop):
    with ScriptedApi() as other:
        other.on("HEAD /login", 200, None)
        api.on("HEAD /", 302, None, Location=f"{other.url}/login")
        shop({"token": "tok-1"}, host=api.url)
        assert ArazzoHook("shop").test_connection()[0]
        assert bearers(api, "HEAD /") == ["Bearer tok-1"]
        assert bearers(other, "HEAD /login") == [None]


def test_schemes_are_values():
    assert SecurityScheme.model_validate(oauth(key="k")).key == "k"


def test_a_missing_credential_is_named_in_the_message_of_the_step(api, monkeypatch):
    api.on("POST /sessions", 401, {})
    monkeypatch.setenv("AIRFLOW_CONN_VAULT", json.dumps({"conn_type": "arazzo", "host": api.url}))
    bound = dict.fromkeys(("user", "password", "pin", "vaultSecret"), "long enough to be accepted")
    run = Run()
    with pytest.raises(AirflowException, match=r"answered 401.*'basic' \(http basic\), and connection 'vault' has no"):
        run.execute(ArazzoDag(DOCUMENTS / "vault.arazzo.yaml", inputs=bound).get_task("signIn"))
    assert "connection 'vault' has no credential" in run.xcoms["signIn", "arazzo"]["message"]
