"""The cookies of a run on the wire: those that an answer sets on the way count, and each URL gets its own."""

from __future__ import annotations

import asyncio

import pytest
from wire import answer, hang, reset

from arazzo.auth.authorizing import authorized, drive, drive_async
from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.signing import SignIn
from arazzo.cookies import Jar
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response

OK = answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: last=4; Path=/\r\nContent-Length: 2\r\n\r\nok")
CHALLENGE = 'Digest realm="r", nonce="n", qop="auth"'


def to(location, *cookies):
    lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    return answer(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n{lines}Content-Length: 0\r\n\r\n".encode())


def sent(server):
    return [server.headers(index).get("cookie") for index in range(len(server.received))]


def test_what_a_redirect_sets_is_sent_to_where_it_leads_and_told(way, raw_server):
    server = raw_server(to("/b/x", "sid=2; Path=/", "gone=; Path=/; Max-Age=0"), to("/c", "b=3"), OK)
    jar = Jar(at=1e9).after(server.origin, (("Set-Cookie", "sid=1; Path=/"), ("Set-Cookie", "gone=1; Path=/")))
    response = way.send(Request("GET", f"{server.origin}/a", (("Cookie", "own=0"),), cookies=jar))
    assert sent(server) == ["own=0; sid=1; gone=1", "own=0; sid=2", "own=0; sid=2"]
    for url, headers in response.visits:
        jar = jar.after(url, headers)
    assert [url.removeprefix(server.origin) for url, _ in response.visits] == ["/a", "/b/x", "/c"]
    assert jar.header(f"{server.origin}/b/y") == "b=3; sid=2; last=4"


@pytest.mark.attack("cookies", "a redirect to another origin and back, which sets cookies on the way")
def test_what_is_of_one_origin_stays_there(way, raw_server):
    other, first = raw_server(), raw_server()
    first.behaviours = (to(f"{other.origin}/there", "sid=mine; Path=/; Domain=127.0.0.1"), OK)
    other.behaviours = (to(f"{first.origin}/back", "sid=evil; Path=/", "sid=evil; Path=/; Domain=127.0.0.1"),)
    response = way.send(Request("GET", f"{first.origin}/a", (("Cookie", "own=0"),), cookies=Jar(at=1e9)))
    assert sent(other) == [None]
    assert sent(first) == ["own=0", "sid=mine"]
    assert len(response.visits) == 3


def test_without_a_jar_nothing_is_kept_or_told(way, raw_server):
    server = raw_server(to("/b", "sid=1; Path=/"), OK)
    response = way.send(Request("GET", f"{server.origin}/a"))
    assert sent(server) == [None, None]
    assert response.visits == ()


@pytest.mark.parametrize(
    "last", [hang, reset, answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nContent-Length: 9\r\n\r\nok")]
)
def test_what_was_set_before_an_answer_failed_to_come_is_told(way, raw_server, last):
    server = raw_server(to("/b", "sid=1; Path=/"), last)
    error = way.failure(Request("GET", f"{server.origin}/a", cookies=Jar(at=1e9)), timeout=1)
    told = [value for _, headers in error.visits for _, value in headers]
    assert told == ["sid=1; Path=/", "b=2"][: 1 if last in (hang, reset) else 2]
    assert sent(server)[:2] == [None, "sid=1"]


@pytest.mark.attack("cookies", "so many cookies that others are pushed out, or the state grows without end")
def test_beyond_a_limit_no_redirect_is_followed(way, raw_server):
    server = raw_server(to("/b", "sid=" + "x" * 5000), OK)
    response = way.send(Request("GET", f"{server.origin}/a", cookies=Jar(at=1e9)))
    assert (response.status, sent(server), len(response.visits)) == (302, [None], 1)
    jar = Jar(at=1e9).after(server.origin, (("Set-Cookie", "sid=" + "x" * 5000),))
    error = way.failure(Request("GET", f"{server.origin}/a", cookies=jar))
    assert str(error) == "not sent: cookie 'sid' has more than 4,096 characters (cookie_characters)"
    assert (error.maybe_sent, len(server.received)) == (False, 1)


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("in_loop", [False, True])
def test_a_login_that_is_asked_for_has_set_its_cookies(in_loop, answers):
    asked = []

    def send(request):
        asked.append(request.cookies.header(request.url))
        refused = len(asked) == 1
        if not refused and not answers:
            raise TransportError("reset", "gone", visits=((request.url, (("Set-Cookie", "sid=2"),)),))
        lines = (("Set-Cookie", f"sid={len(asked)}"),)
        headers = (*lines, ("WWW-Authenticate", CHALLENGE)) if refused else lines
        return Response(401 if refused else 200, headers, visits=((request.url, lines),))

    async def send_async(request):
        return send(request)

    url = f"https://digest-{in_loop}-{answers}.example/x"
    settings = ConnectionSettings(sign_in=SignIn("digest", "ann", "hunter2"))
    steps = authorized(Request("POST", url, cookies=Jar()), settings, "c")
    try:
        found = asyncio.run(drive_async(steps, None, send_async)) if in_loop else drive(steps, None, send)
    except TransportError as error:
        found = error
    assert isinstance(found, Response if answers else TransportError)
    assert asked == ["", "sid=1"]
    assert [lines for _, lines in found.visits] == [(("Set-Cookie", "sid=1"),), (("Set-Cookie", "sid=2"),)]
