"""Redirects: where they are followed, and what does not cross to another origin."""

from __future__ import annotations

import base64
from contextlib import suppress

import aiohttp
import pytest
import requests
from wire import answer

from arazzo.errors import TransportError
from arazzo.exchange import Request
from arazzo.transport import send

pytestmark = pytest.mark.attack("redirects", "a redirect to another origin, to no place, without end, or with a body")
OK = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
SECRETS = (
    ("Authorization", "Bearer hunter2"),
    ("Cookie", "session=hunter2"),
    ("X-Api-Key", "hunter2"),
    ("X-Custom", "hunter2"),
    ("Proxy-Authorization", "hunter2"),
    ("If-None-Match", "hunter2"),
)
KEY = (({"type": "apiKey", "name": "If-None-Match", "location": "header"},),)


def to(location: str, status: int = 302, body: bytes = b"") -> object:
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: {len(body)}\r\n\r\n"
    return answer(head.encode() + body)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_credential_crosses_to_another_origin(way, raw_server, status):
    other = raw_server(OK)
    first = raw_server(to(other.origin + "/landing?x=1", status))
    response = way.send(
        Request("GET", first.origin + "/?token=hunter2", (*SECRETS, ("Accept", "a/b")), security=KEY),
        headers={"X-Session": "hunter2"},
    )
    assert response.body == b"ok"
    assert first.headers()["authorization"] == "Bearer hunter2"
    assert first.headers()["x-session"] == "hunter2"
    assert other.lines()[0] == "GET /landing?x=1 HTTP/1.1"
    assert other.headers()["accept"] == "a/b"
    assert other.headers()["host"] == other.origin.removeprefix("http://")
    assert b"hunter2" not in other.received[0]


#: Spellings of another origin, by what they look like: it has the port ``{port}``, the first server ``{first}``.
ELSEWHERE = {
    "no scheme": "//localhost:{port}/x",
    "user information": "http://hunter3:hunter3@127.0.0.1:{port}/x",
    "the first host as user information": "http://127.0.0.1:{first}@localhost:{port}/x",
    "upper case": "HTTP://LOCALHOST:{port}/x",
    "a dot at the end": "http://localhost.:{port}/x",
    "another port": "http://127.0.0.1:{port}/x",
    "a number for a host": "http://2130706433:{port}/x",
    "a fragment": "http://localhost:{port}/x#@127.0.0.1:{first}/",
    "dots in the path": "http://localhost:{port}/a/../x",
    "white space around it": " http://localhost:{port}/x ",
}
#: What looks like another origin, and is a path of the same one.
SAME = (
    "/\\localhost:{port}/x",
    "\\\\localhost:{port}/x",
    "/%2F/localhost:{port}/x",
    "/..//localhost:{port}/x",
    "./http:/x",
)


@pytest.mark.parametrize("location", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("status", [302, 308])
def test_no_spelling_of_another_origin_takes_a_credential_along(way, raw_server, location, status):
    other = raw_server(OK)
    first = raw_server()
    ports = {"port": other.origin.rpartition(":")[2], "first": first.origin.rpartition(":")[2]}
    first.behaviours = (to(location.format(**ports), status),)
    request = Request("GET", first.origin + "/?token=hunter2", SECRETS, security=KEY)
    with suppress(TransportError):  # not every resolver knows every spelling
        way.send(request, headers={"X-Session": "hunter2"})
    assert b"hunter2" in first.received[0]
    assert len(first.received) == 1
    assert not any(b"hunter" in received or b"uthorization" in received for received in other.received)


@pytest.mark.parametrize("location", SAME)
def test_what_only_looks_like_another_origin_is_none(way, raw_server, location):
    other, first = raw_server(OK), raw_server()
    first.behaviours = (to(location.format(port=other.origin.rpartition(":")[2])), OK)
    assert way.send(Request("GET", first.origin + "/", SECRETS)).status == 200
    assert other.received == []
    assert first.headers()["authorization"] == "Bearer hunter2"


def test_headers_named_sensitive_stay_behind(way, raw_server):
    other = raw_server(OK)
    first = raw_server(to(other.origin))
    way.send(Request("GET", first.origin, (("Range", "hunter2"),)), sensitive_headers=frozenset({"range"}))
    assert b"hunter2" in first.received[0]
    assert b"hunter2" not in other.received[0]


def test_what_stayed_behind_does_not_come_back(way, raw_server):
    first = raw_server()
    other = raw_server(to(first.origin + "/back"))
    first.behaviours = (to(other.origin + "/"), OK)
    way.send(Request("GET", first.origin, SECRETS, security=KEY))
    assert first.lines()[0] == "GET /back HTTP/1.1"
    assert b"hunter2" not in first.received[1]


def test_another_host_name_is_another_origin(way, raw_server):
    server = raw_server()
    server.behaviours = (to(server.origin.replace("127.0.0.1", "localhost") + "/"), OK)
    way.send(Request("GET", server.origin, SECRETS, security=KEY))
    assert b"hunter2" not in server.received[1]


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ("/next", "GET /next HTTP/1.1"),
        ("next?y=2", "GET /a/next?y=2 HTTP/1.1"),
        ("?z=%2F", "GET /a/b?z=%2F HTTP/1.1"),
        ("../up%2Fdown#part", "GET /up%2Fdown HTTP/1.1"),
        ("/spaced out/é?q=ü b", "GET /spaced%20out/%C3%A9?q=%C3%BC%20b HTTP/1.1"),
    ],
)
def test_the_same_origin_keeps_everything(way, raw_server, location, line):
    server = raw_server(to(location), OK)
    way.send(Request("GET", server.origin + "/a/b?x=1", SECRETS))
    assert server.lines()[0] == line
    assert server.headers()["authorization"] == "Bearer hunter2"
    assert server.headers()["x-api-key"] == "hunter2"


@pytest.mark.parametrize("method", ["HEAD"])
def test_the_method_stays(way, raw_server, method):
    server = raw_server(to("/next", 303), answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    assert way.send(Request(method, server.origin)).status == 200
    assert server.lines()[0] == f"{method} /next HTTP/1.1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
def test_a_request_that_is_not_safe_is_not_redirected(way, raw_server, method, status):
    server = raw_server(to("/next", status, b"see there"))
    response = way.send(Request(method, server.origin, body=b"{}"))
    assert (response.status, response.header("location"), response.body) == (status, "/next", b"see there")
    assert len(server.received) == 1


def test_a_body_is_not_sent_again(way, raw_server):
    server = raw_server(to("/next", 307))
    assert way.send(Request("GET", server.origin, body=b"{}")).status == 307
    assert len(server.received) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://host/", "javascript:alert(1)", "http://h:x/", ""])
def test_a_redirect_that_leads_nowhere_is_the_response(way, raw_server, location):
    server = raw_server(to(location))
    assert way.send(Request("GET", server.origin)).status == 302
    assert len(server.received) == 1


def test_a_300_and_a_304_are_responses(way, raw_server):
    for status in (300, 304):
        assert way.send(Request("GET", raw_server(to("/next", status)).origin)).status == status


def test_ten_redirects_are_followed_and_no_more(way, raw_server):
    server = raw_server(*[to(f"/{n}") for n in range(10)], OK)
    assert way.send(Request("GET", server.origin)).status == 200
    endless = raw_server(to("/again"))
    failure = way.failure(Request("GET", endless.origin))
    assert (failure.kind, failure.maybe_sent) == ("protocol", True)
    assert len(endless.received) == 11


def test_the_body_of_a_redirect_is_not_read(way, raw_server):
    from wire import drip

    head = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 99999999999\r\n\r\n"
    server = raw_server(drip(head, b"x" * 65536, 0), OK)
    assert way.send(Request("GET", server.origin)).body == b"ok"


def test_a_login_in_a_redirects_location_is_not_used(way, raw_server):
    other = raw_server(OK)
    first = raw_server(to(other.origin.replace("//", "//user:pass@")))
    way.send(Request("GET", first.origin))
    assert "authorization" not in other.headers()


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login from password netrc\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("trust_env", "headers", "expected"),
    [
        (False, (), None),
        (True, (), basic("from:netrc")),
        (True, (("authorization", "Bearer mine"),), "Bearer mine"),
        (False, (("Authorization", "Bearer mine"),), "Bearer mine"),
    ],
)
def test_netrc_is_read_where_it_is_trusted_and_replaces_nothing(way, raw_server, netrc, trust_env, headers, expected):
    server = raw_server(OK)
    way.send(Request("GET", server.origin, headers), trust_env=trust_env)
    assert server.headers().get("authorization") == expected


@pytest.mark.parametrize("trust_env", [False, True])
def test_the_environments_proxy_is_used_where_it_is_trusted(way, raw_server, monkeypatch, trust_env):
    proxy = raw_server(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy"))
    server = raw_server(OK)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.origin)
    url = server.origin + "/a%2Fb?x=1"
    assert way.send(Request("GET", url), trust_env=trust_env).body == (b"proxy" if trust_env else b"ok")
    if trust_env:
        assert proxy.lines()[0] == f"GET {url} HTTP/1.1"


def test_a_proxy_needs_no_scheme(way, raw_server, monkeypatch):
    proxy = raw_server(OK)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.origin.removeprefix("http://"))
    assert way.send(Request("GET", "http://api.invalid/x"), trust_env=True).status == 200
    assert proxy.lines()[0] == "GET http://api.invalid/x HTTP/1.1"


def test_a_login_in_the_url_is_sent_as_basic_and_stays_out_of_messages(way, raw_server):
    server = raw_server(OK)
    url = server.origin.replace("//", "//us%40er:hunter2@") + "/x"
    way.send(Request("GET", url))
    assert server.lines()[0] == "GET /x HTTP/1.1"
    assert server.headers()["authorization"] == basic("us@er:hunter2")
    server.behaviours = (answer(b""),)
    assert "hunter2" not in str(way.failure(Request("GET", url)))


def test_a_sessions_auth_replaces_no_header(raw_server):
    server = raw_server(OK)
    with requests.Session() as session:
        session.auth = ("login", "password")
        send(Request("GET", server.origin), session)
        assert server.headers()["authorization"] == basic("login:password")
        send(Request("GET", server.origin, (("Authorization", "Bearer mine"),)), session)
        assert server.headers()["authorization"] == "Bearer mine"


class Stamp(requests.auth.AuthBase):
    def __call__(self, request):
        request.headers["Authorization"] = "Stamp hunter2"
        return request


def test_a_sessions_auth_does_not_cross(raw_server):
    other = raw_server(OK)
    first = raw_server(to(other.origin))
    with requests.Session() as session:
        session.auth = Stamp()
        send(Request("GET", first.origin), session)
    assert first.headers()["authorization"] == "Stamp hunter2"
    assert "authorization" not in other.headers()


def test_a_session_of_aiohttp_with_auth(raw_server):
    import asyncio
    import warnings

    from arazzo.transport import send_async

    other = raw_server(OK)
    first = raw_server(to(other.origin))

    async def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            session = aiohttp.ClientSession(auth=aiohttp.BasicAuth("login", "password"))
        async with session:
            await send_async(Request("GET", first.origin), session)
            await send_async(Request("GET", first.origin, (("Authorization", "Bearer mine"),)), session)

    asyncio.run(run())
    assert first.headers(0)["authorization"] == basic("login:password")
    assert first.headers(1)["authorization"] == "Bearer mine"
    assert "authorization" not in other.headers(0)
    assert "authorization" not in other.headers(1)


@pytest.mark.parametrize(
    ("fields", "connection", "followed"),
    [
        ({}, None, True),
        ({"kept_redirects": (302,)}, None, False),
        ({"kept_redirects": (303,)}, None, True),
        ({"kept_redirects": (302,)}, True, True),
        ({}, False, False),
        ({"redirects": "follow", "kept_redirects": (302,)}, None, True),
        ({"redirects": "follow"}, False, True),
        ({"redirects": "never"}, True, False),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_step_then_connection_then_what_is_expected_decides(way, raw_server, fields, connection, followed, method):
    last = answer(b"HTTP/1.1 204 Gone on\r\nContent-Length: 0\r\n\r\n")
    server = raw_server(to("/next"), last)
    given = {} if connection is None else {"follow_redirects": connection}
    response = way.send(Request(method, server.origin + "/", **fields), **given)
    assert response.status == (204 if followed and method in ("GET", "HEAD") else 302)


@pytest.mark.parametrize("status", [300, 304])
def test_answers_that_are_no_redirects_are_never_followed(way, raw_server, status):
    server = raw_server(to("/next", status), OK)
    assert way.send(Request("GET", server.origin + "/", redirects="follow")).status == status
