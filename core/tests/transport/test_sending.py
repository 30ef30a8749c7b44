"""What goes out and what comes back, the same over requests and over aiohttp."""

from __future__ import annotations

import gzip
import time
import zlib

import pytest
from wire import Way, answer

from arazzo.exchange import Request

OK = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def gzipped(body: bytes) -> bytes:
    """Return a body packed without the time, since it is part of a test's name."""
    return gzip.compress(body, mtime=0)


def encoded(coding: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    "target",
    [
        "/v1/images/docker-hub/library%2Fnginx/latest",
        "/v1/images/docker-hub/library%2fnginx/latest",
        "/a/../b/./c//d/%2e%2e/e",
        "/a;b=c/d,e/~f/$g/(h)",
        "/q?a=b%20c&d=e+f&g=%C3%A9&h=%26&tag=docker.io/library/nginx:latest",
        "/q?filter[name]=x&j={%22a%22:1}&k=a|b^c",
        "/",
    ],
)
def test_the_url_is_sent_as_it_was_built(way, raw_server, target):
    server = raw_server(OK)
    way.send(Request("GET", server.origin + target))
    assert server.lines()[0] == f"GET {target} HTTP/1.1"


def test_no_path_is_the_root_and_a_fragment_stays_here(way, raw_server):
    server = raw_server(OK)
    way.send(Request("GET", server.origin + "?a=1#secret"))
    assert server.lines()[0] == "GET /?a=1 HTTP/1.1"


def test_both_ways_send_the_same_bytes_but_for_the_order_of_headers(raw_server):
    sent = {}
    for name in ("requests", "aiohttp"):
        server = raw_server(OK)
        request = Request(
            "POST",
            server.origin + "/x",
            (("Content-Type", "application/json"), ("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1"), ("Cookie", "b=2")),
            b'{"a": "\xc3\xa9"}',
        )
        Way(name).send(request, headers={"X-Session": "s"})
        headers = server.headers()
        assert headers.pop("host") == server.origin.removeprefix("http://")
        headers.pop("connection", None)
        sent[name] = headers, server.received[0].partition(b"\r\n\r\n")[2]
    assert sent["requests"] == sent["aiohttp"]
    headers, body = sent["requests"]
    assert body == b'{"a": "\xc3\xa9"}'
    assert headers["x-a"] == "1, 2"
    assert headers["cookie"] == "a=1; b=2"
    assert headers["x-session"] == "s"
    assert headers["content-length"] == "11"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert headers["user-agent"].startswith("airflow-arazzo/")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "OPTIONS", "QUERY"])
def test_methods_without_a_body(way, raw_server, method):
    server = raw_server(answer(b"HTTP/1.1 204 No Content\r\n\r\n"))
    response = way.send(Request(method, server.origin + "/"))
    assert server.lines()[0] == f"{method} / HTTP/1.1"
    assert "content-type" not in server.headers()
    assert server.headers().get("content-length", "0") == "0"
    assert (response.status, response.body) == (204, b"")


@pytest.mark.parametrize("method", ["purge", "Query", "LOCK"])
def test_a_method_is_sent_as_it_is_written(raw_server, method):
    """Over requests only: a triggerer, which uses aiohttp, sends methods that are safe."""
    server = raw_server(OK)
    Way("requests").send(Request(method, server.origin + "/"))
    assert server.lines()[0] == f"{method} / HTTP/1.1"


def test_the_requests_headers_win_over_the_sessions(way, raw_server):
    server = raw_server(OK)
    request = Request(
        "GET", server.origin + "/", (("accept", "text/plain"), ("X-Tenant", "mine"), ("User-Agent", "me"))
    )
    way.send(request, headers={"Accept": "a/b", "x-tenant": "theirs"})
    assert server.headers()["accept"] == "text/plain"
    assert server.headers()["x-tenant"] == "mine"
    assert server.headers()["user-agent"] == "me"


def test_framing_headers_of_a_document_are_not_sent(way, raw_server):
    server = raw_server(OK)
    way.send(
        Request("POST", server.origin + "/", (("Content-Length", "900"), ("Transfer-Encoding", "chunked")), b"abc")
    )
    assert server.headers()["content-length"] == "3"
    assert "transfer-encoding" not in server.headers()


def test_header_values_outside_ascii_are_utf_8(way, raw_server):
    server = raw_server(OK)
    way.send(Request("GET", server.origin + "/", (("X-Name", "Zoë ☃"),)))
    assert "Zoë ☃".encode() in server.received[0]


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "http://127.0.0.1:1/", (("X-A", "a\r\nX-B: b"),)),
        Request("GET", "http://127.0.0.1:1/", (("X-A: b\r\nX-C", "a"),)),
        Request("GET", "http://127.0.0.1:1/", (("X A", "a"),)),
        Request("GET /x HTTP/1.1\r\nA: b\r\n\r\n", "http://127.0.0.1:1/"),
        Request("GET", "http://127.0.0.1:1/a b"),
        Request("GET", "http://127.0.0.1:1/a\r\nX: y"),
        Request("GET", "http://127.0.0.1:1/é"),
        Request("GET", "http://127.0.0.1:99999/"),
        Request("GET", "http:///x"),
        Request("GET", "/relative"),
        Request("GET", "file:///etc/passwd"),
    ],
)
def test_what_cannot_be_sent_as_it_is_is_refused(way, request_):
    failure = way.failure(request_)
    assert (failure.kind, failure.maybe_sent) == ("protocol", False)
    assert "not sent" in str(failure)


def test_response_headers_are_pairs_with_duplicates(way, raw_server):
    raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Q: caf\xc3\xa9\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    response = way.send(Request("GET", raw_server(answer(raw)).origin))
    assert [value for name, value in response.headers if name.lower() == "set-cookie"] == ["a=1", "b=2"]
    assert response.header("x-q") == "café"


@pytest.mark.parametrize("status", [200, 201, 299, 304, 400, 401, 404, 429, 500, 503, 599])
def test_every_status_is_a_response_and_sent_once(way, raw_server, status):
    server = raw_server(answer(b"HTTP/1.1 %d X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n" % status))
    response = way.send(Request("GET", server.origin))
    assert response.status == status
    assert len(server.received) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("status", [100, 102, 103, 110])
def test_the_answer_is_the_final_one(way, raw_server, status, method):
    """An interim answer (RFC 9110, 15.2) is none, and the next request does not get what comes after it."""

    def behave(connection):
        interim = b"HTTP/1.1 %d X\r\nLink: </a.css>\r\n\r\n" % status
        connection.sendall(interim + interim)
        time.sleep(0.05)
        body = b"%d" % len(server.received)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + (body if method != "HEAD" else b""))

    server = raw_server(behave)
    responses = way.send_all([Request(method, server.origin, (("X", "keep-alive-please"),))] * 3, keep=True)
    assert [response.status for response in responses] == [200] * 3
    assert [response.body for response in responses] == ([b""] * 3 if method == "HEAD" else [b"1", b"2", b"3"])
    assert responses[0].header("Link") is None


def test_a_connection_that_switches_protocols_is_not_used_again(way, raw_server):
    switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    server = raw_server(answer(switched), OK)
    keep = (("X", "keep-alive-please"),)
    first, second = way.send_all([Request("GET", server.origin, keep)] * 2, keep=True)
    assert (first.status, second.status, second.body) == (101, 200, b"ok")
    assert server.connections == 2


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (encoded("gzip", gzipped(b"packed" * 1000)), b"packed" * 1000),
        (encoded("GZIP", gzipped(b"one") + gzipped(b"two")), b"onetwo"),
        (encoded("deflate", zlib.compress(b"zlib")), b"zlib"),
        (encoded("deflate", raw_deflate(b"raw")), b"raw"),
        (encoded("deflate, gzip", gzipped(zlib.compress(b"both"))), b"both"),
        (encoded("identity", b"as is"), b"as is"),
        (encoded("br", b"unasked"), b"unasked"),
        (encoded("gzip", b""), b""),
        (encoded("gzip", gzipped(b"padded") + b"\0"), b"padded"),
        (encoded("gzip", gzipped(b"padded") + bytes(512)), b"padded"),
        (encoded("gzip", gzipped(b"one") + gzipped(b"two") + b"rest"), b"onetwo"),
        (encoded("gzip", gzipped(b"one") + gzipped(b"")), b"one"),
        (encoded("gzip, gzip", gzipped(gzipped(b"twice"))), b"twice"),
    ],
)
def test_bodies(way, raw_server, raw, body):
    assert way.send(Request("GET", raw_server(answer(raw)).origin)).body == body


def test_a_damaged_member_is_none_that_may_be_missing(way, raw_server):
    second = gzip.compress(bytes(range(256)) * 400)
    raw = encoded("gzip", gzip.compress(b"one") + second[:-8] + bytes(8))
    assert "damaged" in str(way.failure(Request("GET", raw_server(answer(raw)).origin)))


def test_a_transfer_coding_that_was_not_asked_for_is_not_taken_for_the_body(way, raw_server):
    packed = gzip.compress(b"{}")
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    error = way.failure(Request("GET", raw_server(answer(raw)).origin))
    assert (error.kind, error.maybe_sent) == ("protocol", True)
    assert "transfer coding" in str(error)


def test_the_case_of_a_host_does_not_count(way, raw_server):
    server = raw_server(OK)
    way.send(Request("GET", server.origin.replace("127.0.0.1", "LocalHost") + "/A"))
    assert (server.lines()[0], server.headers()["host"]) == (
        "GET /A HTTP/1.1",
        server.origin[7:].replace("127.0.0.1", "localhost"),
    )


def test_head_announces_a_body_and_has_none(way, raw_server):
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 999999999999\r\n\r\n"
    assert way.send(Request("HEAD", raw_server(answer(raw)).origin)).body == b""


def test_the_time_of_the_exchange_is_measured(way, raw_server):
    assert way.send(Request("GET", raw_server(OK).origin)).seconds > 0


def test_cookies_are_not_kept_and_the_connection_is(way, raw_server):
    server = raw_server(answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\nContent-Length: 1\r\n\r\nx"))
    way.send_all([Request("GET", server.origin, (("X", "keep-alive-please"),))] * 3, keep=True)
    assert len(server.received) == 3
    assert server.connections == 1
    assert "cookie" not in server.headers()


@pytest.mark.parametrize("ended", range(1, 6))
def test_a_cancelled_exchange_is_cancelled_though_the_answer_comes_at_the_same_time(raw_server, ended):
    """Cancelled where so many tasks beside it have ended: one of them may be what has the answer."""
    import asyncio

    from arazzo.transport import open_session, send_async

    server = raw_server(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))

    async def run():
        async with open_session() as session:
            sending = asyncio.create_task(send_async(Request("GET", server.origin), session))
            before, over = 0, 0
            while not sending.done():
                now = len(asyncio.all_tasks())
                before, over = now, over + max(0, before - now)
                if over >= ended and sending.cancel():
                    with pytest.raises(asyncio.CancelledError):
                        await sending
                await asyncio.sleep(0)

    asyncio.run(run())
