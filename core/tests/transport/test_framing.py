"""Heads and chunks that are not quite HTTP: both libraries give the same answer, or none of them gives one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import Way, answer

from arazzo.errors import TransportError
from arazzo.exchange import Request, header
from arazzo.transport.framing import FramingError, Heads

OK = b"HTTP/1.1 200 OK\r\n"
END = b"Content-Length: 2\r\n\r\n{}"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

READ = {
    "lines that end with a line feed": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "a folded line": OK + b"X-A: 1\r\n  more\r\n" + END,
    "bytes that are not ASCII": OK + b"X-A: \xff\xe9\x85\r\n" + END,
    "control characters in a value": OK + b"X-A: a\x01\x0b\x1cb\r\n" + END,
    "no reason": b"HTTP/1.1 200\r\n" + END,
    "an unknown status": b"HTTP/1.1 999 Odd\r\n" + END,
    "HTTP/1.0 with chunks": CHUNKED.replace(b"1.1", b"1.0") + b"2\r\n{}\r\n0\r\n\r\n",
    "a chunk with an extension": CHUNKED + b"2 ;a=b\r\n{}\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\n{}\r\n0\r\nX: 1\r\n\r\n",
    "no length": OK + b"\r\n{}",
    "more than the length": OK + END + b"extra",
    "a body after 204": b"HTTP/1.1 204 No Content\r\n" + END,
    "a body after 304": b"HTTP/1.1 304 Not Modified\r\n" + END,
}
REFUSED = {
    "a space before the colon": OK + b"X-A : 1\r\n" + END,
    "a line without a colon": OK + b"garbage\r\n" + END,
    "a last line without a colon": OK + b"Content-Length: 2\r\ngarbage\r\n\r\n{}",
    "a folded first line": OK + b" X-A: 1\r\n" + END,
    "a field without a name": OK + b": 1\r\n" + END,
    "a name that is none": OK + b"X(A): 1\r\n" + END,
    "a null byte": OK + b"X-A: a\0b\r\n" + END,
    "a carriage return": OK + b"X-A: a\rb\r\n" + END,
    "two equal lengths": OK + b"Content-Length: 2\r\n" + END,
    "a list of lengths": OK + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\n{}",
    "a length in other digits": OK + "Content-Length: \u0662\r\n\r\n{}".encode(),
    "a folded length": OK + b"Content-Length: 2\r\n 0\r\n\r\n{}",
    "a length and chunks": CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n") + b"2\r\n{}\r\n0\r\n\r\n",
    "chunks of chunks": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a space before the colon of a coding": OK + b"Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a chunk's size with a prefix": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk's size with a sign": CHUNKED + b"+2\r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer than its size": CHUNKED + b"2\r\n{}XX0\r\n\r\n",
    "chunks without the last line": CHUNKED + b"2\r\n{}\r\n0\r\n",
    "a chunk without a size": CHUNKED + b"2\r\n{}\r\n\r\n",
    "a trailer that is none": CHUNKED + b"2\r\n{}\r\n0\r\ngarbage\r\n\r\n",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\n" + END,
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\n" + END,
    "two spaces": b"HTTP/1.1  200 OK\r\n" + END,
    "a status of four digits": b"HTTP/1.1 0200 OK\r\n" + END,
    "a status with a sign": b"HTTP/1.1 +200 OK\r\n" + END,
    "status 000": b"HTTP/1.1 000 OK\r\n" + END,
    "an empty first line": b"\r\n" + OK + END,
    "a space before all": b" " + OK + END,
    "too many fields": OK + b"X: y\r\n" * 101 + END,
}


@pytest.mark.parametrize("name", READ)
def test_what_one_reads_the_other_reads(way: Way, raw_server, name: str) -> None:
    server = raw_server(answer(READ[name]))
    found = way.send(Request("GET", server.origin + "/x", template="/x"))
    assert found.body == (b"" if "after" in name else b"{}")
    assert header(found.headers, "X-A") in (None, "1 more", "\xff\xe9\x85", "a\x01\x0b\x1cb")


@pytest.mark.parametrize("name", REFUSED)
def test_what_one_refuses_the_other_refuses(way: Way, raw_server, name: str) -> None:
    server = raw_server(answer(REFUSED[name]))
    with pytest.raises(TransportError) as error:
        way.send(Request("GET", server.origin + "/x", template="/x"))
    assert error.value.kind in ("protocol", "reset")


@given(cuts=st.lists(st.integers(0, 120), max_size=8))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    data = hints + OK + b"X-A: 1\r\n  more\r\n" + END + b"extra"
    heads, read = Heads("GET"), b""
    edges = [0, *sorted(cuts), len(data)]
    for begin, end in pairwise(edges):
        read += heads.feed(data[begin:end])
    assert read == hints + OK + b"X-A: 1 more\r\n" + END
    assert heads.lines == 8


def test_the_answer_to_head_has_no_body() -> None:
    assert Heads("HEAD").feed(OK + END) == OK + END.removesuffix(b"{}")
    with pytest.raises(FramingError):
        Heads("HEAD").feed(b"SSH-2.0-OpenSSH\r\n")
