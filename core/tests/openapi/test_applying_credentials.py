"""Credentials of a connection into a request."""

import pytest
from apidoc import SERVER, describe, operation

from arazzo.errors import RequestError
from arazzo.exchange import Request
from arazzo.openapi.operation_lookup import find_operation
from arazzo.openapi.request_building import Argument, build_request
from arazzo.openapi.security import Credentials, authorize

SCHEMES = {
    "basic": {"type": "http", "scheme": "Basic"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "digest": {"type": "http", "scheme": "digest"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "second": {"type": "apiKey", "in": "header", "name": "X-Second"},
    "query": {"type": "apiKey", "in": "query", "name": "api key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "upper": {"type": "apiKey", "in": "Query", "name": "k"},
    "oauth": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "https://x/token", "scopes": {"a": "text"}}},
    },
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://x"},
    "mtls": {"type": "mutualTLS"},
    "swagger": {"type": "apiKey", "in": "header", "name": "Authorization"},
}
ALL = Credentials(login="me", password="pw", token="tok", api_keys={"header": "k1", "api key": "k 2", "SID": "k3"})


def request_for(*alternatives, arguments=(), **fields):
    needs = [need if isinstance(need, dict) else {need: []} for need in alternatives]
    document = {"components": {"securitySchemes": SCHEMES}}
    return build_request(operation(security=needs, document_components=document["components"], **fields), arguments)


def added(request, credentials):
    """Return what authorize adds: headers, and the URL where it changes."""
    after = authorize(request, credentials)
    headers = dict(set(after.headers) - set(request.headers))
    return {**headers, **({"url": after.url} if after.url != request.url else {})}


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("basic", {"Authorization": "Basic bWU6cHc="}),
        ("bearer", {"Authorization": "Bearer tok"}),
        ("oauth", {"Authorization": "Bearer tok"}),
        ("oidc", {"Authorization": "Bearer tok"}),
        ("swagger", {"Authorization": "Bearer tok"}),
        ("header", {"X-Key": "k1"}),
        ("query", {"url": f"{SERVER}/things?api%20key=k%202"}),
        ("cookie", {"Cookie": "sid=k3"}),
        ("digest", {}),
        ("mtls", {}),
        ("undeclared", {}),
    ],
)
def test_each_scheme(scheme, expected):
    assert added(request_for(scheme), ALL) == expected
    assert added(request_for(scheme), Credentials()) == {}


@pytest.mark.parametrize(
    ("alternatives", "credentials", "expected"),
    [
        (["bearer", "basic"], ALL, {"Authorization": "Bearer tok"}),
        (["bearer", "basic"], Credentials(login="me"), {"Authorization": "Basic bWU6"}),
        (["second", "bearer"], ALL, {"Authorization": "Bearer tok"}),
        ([{"header": [], "second": []}, "bearer"], ALL, {"Authorization": "Bearer tok"}),
        ([{"header": [], "bearer": []}], ALL, {"X-Key": "k1", "Authorization": "Bearer tok"}),
        ([{"mtls": [], "bearer": []}], ALL, {"Authorization": "Bearer tok"}),
        ([{}, "bearer"], ALL, {"Authorization": "Bearer tok"}),
        (["digest", {}], ALL, {}),
        ([], ALL, {}),
        (["bearer"], Credentials(password="secret"), {"Authorization": "Bearer secret"}),
        (["bearer"], Credentials(password="Bearer secret"), {"Authorization": "Bearer secret"}),
        (["oauth"], Credentials(token="bearer secret"), {"Authorization": "Bearer secret"}),
        (["swagger"], Credentials(token="Bearer secret"), {"Authorization": "Bearer secret"}),
        ([{"basic": [], "bearer": []}], ALL, {"Authorization": "Basic bWU6cHc="}),
        (["upper"], Credentials(api_keys={"k": "1"}), {"url": f"{SERVER}/things?k=1"}),
        (["second"], Credentials(password="secret"), {"X-Second": "secret"}),
        (["second"], Credentials(login="me", password="secret"), {}),
    ],
)
def test_alternatives(alternatives, credentials, expected):
    assert added(request_for(*alternatives), credentials) == expected


@pytest.mark.parametrize(
    ("alternatives", "argument"),
    [
        (["bearer"], Argument("authorization", "header", "mine")),
        (["header"], Argument("x-key", "header", "mine")),
        (["query"], Argument("api key", "query", "mine")),
        (["cookie"], Argument("sid", "cookie", "mine")),
        (["header", "bearer"], Argument("Authorization", "header", "mine")),
    ],
)
def test_what_the_document_sends_wins(alternatives, argument):
    request = request_for(*alternatives, arguments=[argument])
    assert authorize(request, ALL) == request


def test_a_combination_is_completed():
    request = request_for({"header": [], "bearer": []}, arguments=[Argument("X-Key", "header", "mine")])
    assert added(request, ALL) == {"Authorization": "Bearer tok"}


def test_query_keys_and_cookies_join_what_is_there():
    request = request_for("query", arguments=[Argument("a", "query", 1)])
    assert authorize(request, ALL).url == f"{SERVER}/things?a=1&api%20key=k%202"
    request = request_for("cookie", arguments=[Argument("a", "cookie", 1)])
    assert dict(authorize(request, ALL).headers)["Cookie"] == "a=1; sid=k3"


def test_headers_of_the_connection_are_sent_unless_the_document_has_them():
    credentials = Credentials(headers={"X-Extra": "1", "Accept": "text/csv"})
    assert added(request_for(), credentials) == {"X-Extra": "1"}


def test_a_credential_that_is_no_header_is_refused_without_showing_it():
    with pytest.raises(RequestError) as error:
        authorize(request_for("bearer"), Credentials(token="abc\r\nX: 1"))
    assert "abc" not in str(error.value)
    with pytest.raises(RequestError, match="semicolon") as error:
        authorize(request_for("cookie"), Credentials(api_keys={"sid": "abc; admin=1"}))
    assert "abc" not in str(error.value)


def test_operation_security_replaces_that_of_the_description():
    whole = {"document_components": {"securitySchemes": SCHEMES}, "document_security": [{"bearer": ["read"]}]}
    assert build_request(operation(**whole)).security[0][0]["scopes"] == ["read"]
    assert build_request(operation(security=[], **whole)).security == ()


@pytest.mark.parametrize("version", ["2.0", "3.0.4", "3.1.0"])
@pytest.mark.parametrize(("own", "expected"), [(None, ["path"]), ([{"oauth": []}], ["oauth"]), ([], [])])
def test_security_of_a_path_is_read_for_its_operations_without(version, own, expected):
    definitions = {"path": {"type": "apiKey", "in": "header", "name": "X"}, "oauth": {"type": "oauth2"}}
    item = {"security": [{"path": []}], "get": {"operationId": "it", **({} if own is None else {"security": own})}}
    if version == "2.0":
        raw = {"swagger": "2.0", "host": "a.test", "securityDefinitions": definitions}
    else:
        raw = {"openapi": version, "components": {"securitySchemes": definitions}}
    description = describe({**raw, "paths": {"/x": item}, "security": [{"oauth": []}]})
    found = find_operation("it", None, {"api": description})
    assert [scheme.key for need in found.security for scheme in need] == expected


@pytest.mark.parametrize(
    ("server", "url", "expected"),
    [
        (None, "/token", "https://api.example.com/token"),
        ("https://a.test/v2", "oauth/token", "https://a.test/oauth/token"),
        ("https://a.test/v2/shop", "oauth/token", "https://a.test/v2/oauth/token"),
        ("https://a.test/v2", "//b.test/token", "https://b.test/token"),
        ("https://a.test/v2", "https://[bad", "https://[bad"),
    ],
)
def test_relative_urls_of_a_scheme_are_relative_to_the_server(server, url, expected):
    schemes = {
        "oauth": {"type": "oauth2", "flows": {"password": {"tokenUrl": url}}},
        "oidc": {"type": "openIdConnect", "openIdConnectUrl": url},
    }
    made = operation(security=[{"oauth": [], "oidc": []}], document_components={"securitySchemes": schemes})
    ((oauth, oidc),) = build_request(made, server_url=server).security
    assert oauth["flows"]["password"]["tokenUrl"] == expected
    assert oidc["open_id_connect_url"] == expected


def test_security_of_a_request_is_json_and_names_the_token_url():
    ((scheme,),) = request_for("oauth").security
    assert scheme == {"key": "oauth", "type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://x/token"}}}


def test_credentials_show_no_secret():
    shown = repr(ALL)
    assert not [secret for secret in ("pw", "tok", "k1", "k3") if f"'{secret}'" in shown]


def test_requests_without_security_stay():
    request = Request("GET", "https://x/")
    assert authorize(request, ALL) is request or authorize(request, ALL) == request
