"""Servers that close connections when they like: no request fails for that, and none that is not safe is sent twice."""

from __future__ import annotations

import socket
import struct
import time

import pytest
from wire import Way, answer

from arazzo.errors import TransportError
from arazzo.exchange import Request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEEP = (("X", "keep-alive-please"),)


def closing(connection: socket.socket) -> None:
    """Answer as if the connection were kept, and close it."""
    connection.sendall(OK)
    connection.shutdown(socket.SHUT_RDWR)


def hanging_up(connection: socket.socket) -> None:
    """Take a request and close, as a server does whose close has crossed with it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def methods(server):
    return [data.split(b" ", 1)[0].decode() for data in server.received]


@pytest.mark.parametrize("pause", [0.0, 0.05])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_a_server_that_closes_idle_connections_at_once(way, raw_server, method, pause):
    server = raw_server(closing)

    class Slowly(list):
        def __iter__(self):
            for request in super().__iter__():
                time.sleep(pause)
                yield request

    asked = Slowly([Request("GET", server.origin, KEEP), *(Request(method, server.origin, KEEP) for _ in range(3))])
    keep = {"keep": method == "GET"}  # the triggerer's session, which sends safe requests only
    assert [response.body for response in way.send_all(asked, **keep)] == [b"ok"] * 4
    assert len(server.received) <= 4 + 3 * (method == "GET")
    assert methods(server)[1:].count(method) == 3 or method == "GET"


def test_a_safe_request_that_crosses_with_the_close_is_sent_once_more(way, raw_server):
    server = raw_server(answer(OK), hanging_up, answer(OK))
    responses = way.send_all([Request("GET", server.origin, KEEP)] * 2, keep=True)
    assert [response.body for response in responses] == [b"ok", b"ok"]
    assert (len(server.received), server.connections) == (3, 2)


def test_but_not_when_its_own_connection_was_closed(way, raw_server):
    server = raw_server(answer(OK), hanging_up, hanging_up, answer(OK))
    failure = way.failure_of_last([Request("GET", server.origin, KEEP)] * 2, keep=True)
    assert isinstance(failure, TransportError)
    assert failure.kind == "reset"
    assert len(server.received) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_other_request_is_sent_twice(way, raw_server, method):
    server = raw_server(answer(OK), hanging_up, answer(OK))
    failure = way.failure_of_last(
        [Request("GET", server.origin, KEEP), Request(method, server.origin, KEEP)], keep=True
    )
    assert (failure.kind, failure.maybe_sent) == ("reset", True)
    assert methods(server) == ["GET", method]


def test_no_connection_is_kept_idle_for_long(raw_server, monkeypatch):
    monkeypatch.setattr("arazzo.transport.requests_client.IDLE_TIMEOUT", 0.0)
    server = raw_server(answer(OK))
    Way("requests").send_all([Request("GET", server.origin, KEEP)] * 2)
    assert server.connections == 2
