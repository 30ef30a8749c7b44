"""What the network does to an exchange: equal outcomes over requests and over aiohttp, and nothing sent twice."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from aiohttp import ClientPayloadError, http_exceptions
from wire import Way, answer, drip, hang, reset

from arazzo.errors import GaveUpError
from arazzo.exchange import Request
from arazzo.expressions.navigation import apply_pointer
from arazzo.limits import limits_set
from arazzo.openapi.responses import decode_content
from arazzo.transport.failures import causes_of, kind_of

OK = b"HTTP/1.1 200 OK\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n"
CHUNK = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
BOMB = gzip.compress(b"\0" * 50_000_000)

FAULTS = {
    "reset": (reset, "reset"),
    "closed without a word": (answer(b""), "reset"),
    "half a head": (answer(OK + b"Content-Le"), "reset"),
    "an interim answer and no other": (answer(HINTS + b"\r\n"), "reset"),
    "half an interim answer": (answer(HINTS), "reset"),
    "endless interim answers": (drip(HINTS + b"\r\n", HINTS + b"\r\n", 0), "protocol or timeout"),
    "half a body": (answer(OK + b"Content-Length: 10\r\n\r\n12345"), "reset"),
    "half a chunk": (answer(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"), "reset"),
    "chunks without an end": (answer(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), "reset"),
    "chunk of garbage": (answer(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n"), "reset or protocol"),
    "chunk of less than nothing": (answer(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nab\r\n"), "reset or protocol"),
    "length below zero": (answer(OK + b"Content-Length: -5\r\n\r\n12345"), "protocol"),
    "length that is none": (answer(OK + b"Content-Length: x\r\n\r\n12345"), "protocol"),
    "half a gzip": (answer(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 99)[:20]), "reset"),
    "no gzip": (answer(OK + b"Content-Encoding: gzip\r\n\r\nplain text"), "protocol"),
    "garbage": (answer(b"\x00\x01garbage\r\n\r\n"), "protocol"),
    "another protocol": (answer(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol"),
    "no status": (answer(b"HTTP/1.1 ??? OK\r\n\r\n"), "protocol"),
    "endless head": (drip(OK, b"X-Filler: " + b"x" * 9000 + b"\r\n", 0), "protocol"),
    "endless head of short lines": (drip(OK, b"X: y\r\n" * 10_000, 0), "protocol"),
    "endless line": (drip(OK + b"X: ", b"x" * 9000, 0), "protocol"),
    "endless trailers": (drip(CHUNK + b"0\r\n", b"X-Filler: " + b"x" * 9000 + b"\r\n", 0), "protocol or timeout"),
    "endless trailers of short lines": (drip(CHUNK + b"0\r\n", b"X: y\r\n" * 10_000, 0), "protocol or timeout"),
    "endless head after an interim one": (drip(HINTS + b"\r\n" + OK, b"X: y\r\n" * 10_000, 0), "protocol"),
    "endless chunk extension": (drip(CHUNK + b"1;", b"x" * 9000, 0), "protocol or timeout"),
    "hang": (hang, "timeout"),
    "drip of the head": (drip(OK + b"X: ", b"x"), "timeout"),
    "drip of the body": (drip(OK + b"Content-Length: 100000\r\n\r\n", b"x"), "timeout"),
    "drip without length": (drip(OK + b"\r\n", b"x"), "timeout"),
    "drip of chunks": (drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), "timeout"),
}
TOO_LARGE = {
    "gigabytes": drip(OK + b"Content-Length: 9999999999\r\n\r\n", b"x" * 65536, 0),
    "gigabytes without length": drip(OK + b"\r\n", b"x" * 65536, 0),
    "bomb": answer(OK + b"Content-Encoding: gzip\r\n\r\n" + BOMB),
    "bomb in a bomb": answer(OK + b"Content-Encoding: gzip, gzip\r\n\r\n" + gzip.compress(BOMB)),
}


@pytest.mark.attack("answers", "answers that drip, hang, have no end, or are larger than they look")
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("fault", FAULTS)
def test_faults(way, raw_server, caplog, fault, method):
    behaviour, kind = FAULTS[fault]
    server = raw_server(behaviour)
    body = b"{}" if method == "POST" else None
    request = Request(method, server.origin + "/v1/x?secret=hunter2", body=body, template="/v1/{x}", timeout=0.4)
    # On a busy machine the time is up before there is a connection, now and then.
    failures = (way.failure(request, max_bytes=1_000_000) for _ in range(3))
    failure = next(each for each in failures if each.maybe_sent)
    assert failure.kind in kind.split(" or ")
    assert str(failure).startswith(f"{server.origin}: ")
    assert "hunter2" not in f"{failure} {failure.__cause__} {failure.__context__} {caplog.text}"
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (http_exceptions.BadHttpMessage("too many headers"), "protocol"),
        (http_exceptions.LineTooLong("X: y"), "protocol"),
        (http_exceptions.TransferEncodingError("not enough data"), "reset"),
        (http_exceptions.ContentLengthError("not enough data"), "reset"),
    ],
)
def test_an_answer_that_aiohttp_cannot_read_was_not_cut(cause, kind):
    error = ClientPayloadError("response payload is not completed")
    error.__cause__ = cause
    assert kind_of(causes_of(error)) == kind


@pytest.mark.parametrize(
    ("name", "limits", "start", "piece", "said"),
    [
        (
            "requests",
            {"interim_answers": 3},
            HINTS + b"\r\n",
            HINTS + b"\r\n",
            "more than 3 interim answers came before the final one (interim_answers)",
        ),
        (
            "aiohttp",
            {"head_lines": 50},
            OK,
            b"X: y\r\n",
            "the head of the answer has more than 50 lines (head_lines)",
        ),
        (
            "aiohttp",
            {"unread_bytes": 500},
            OK + b"X: ",
            b"y",
            "more than 500 bytes came that are no part of an answer yet (unread_bytes)",
        ),
    ],
)
def test_a_limit_that_is_reached_is_named(way, raw_server, name, limits, start, piece, said):
    if way.name == name:
        server = raw_server(drip(start, piece, 0))
        with limits_set(**limits):
            failure = way.failure(Request("GET", server.origin), timeout=20)
        assert str(failure) == f"{server.origin}: {said}"


def test_a_compressed_answer_within_the_limit_is_whole(way, raw_server):
    server = raw_server(answer(OK + b"Content-Encoding: gzip\r\n\r\n" + BOMB))
    assert len(way.send(Request("GET", server.origin), max_bytes=50_000_000).body) == 50_000_000


@pytest.mark.parametrize("first", range(6))
def test_the_lines_of_a_body_are_none_of_the_head(way, raw_server, first):
    head, body = HINTS + b"\r\n" + OK + b"Content-Length: 200000", b"\n" * 200_000
    whole = head + b"\r\n\r\n" + body

    def in_two_pieces(connection):
        cut = len(head) + first
        connection.sendall(whole[:cut])
        time.sleep(0.05)
        connection.sendall(whole[cut:])

    assert way.send(Request("GET", raw_server(in_two_pieces).origin)).body == body


def test_a_body_of_exactly_the_limit_is_whole(way, raw_server):
    server = raw_server(answer(OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000))
    assert len(way.send(Request("GET", server.origin), max_bytes=1000).body) == 1000
    assert way.send(Request("GET", server.origin), max_bytes=999).beyond


@pytest.mark.attack("answers", "answers that drip, hang, have no end, or are larger than they look")
@pytest.mark.parametrize("size", TOO_LARGE)
def test_a_body_beyond_the_limit_is_not_read_and_fails_nobody(way, raw_server, size):
    response = way.send(Request("GET", raw_server(TOO_LARGE[size]).origin), max_bytes=1_000_000)
    assert (response.status, response.body) == (200, b"")
    assert "1,000,000 bytes (max_bytes)" in response.beyond
    with pytest.raises(GaveUpError, match="max_bytes"):
        apply_pointer(decode_content(response), "/a")


def test_the_timeout_counts_from_the_first_redirect_on(way, raw_server):
    end = raw_server(drip(OK + b"Content-Length: 100000\r\n\r\n", b"x"))
    start = raw_server(answer(f"HTTP/1.1 302 Found\r\nLocation: {end.origin}/\r\n\r\n".encode()))
    failure = way.failure(Request("GET", start.origin), timeout=0.4)
    assert (failure.kind, failure.maybe_sent) == ("timeout", True)
    assert "within 0.4 s" in str(failure)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return unused.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "no-such-host.invalid", "localhost"])
def test_no_connection_means_nothing_was_sent(way, host):
    failure = way.failure(Request("POST", f"http://{host}:{free_port()}/?key=hunter2", body=b"{}"))
    assert (failure.kind, failure.maybe_sent) == ("connect", False)
    assert "no connection" in str(failure)
    assert "hunter2" not in f"{failure} {failure.__cause__} {failure.__context__}"


def test_a_refused_connection_says_so(way):
    assert str(way.failure(Request("GET", f"http://127.0.0.1:{free_port()}/"))).endswith(
        "no connection: Connection refused"
    )


@pytest.mark.parametrize("limits", [{"connect_timeout": 0.3}, {"timeout": 0.3}])
def test_a_connection_that_is_never_accepted(way, limits):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for other in waiting:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        failure = way.failure(Request("POST", f"http://127.0.0.1:{full.getsockname()[1]}/", body=b"{}"), **limits)
        for other in waiting:
            other.close()
    assert (failure.kind, failure.maybe_sent) == ("timeout", False)
    assert "no connection within 0.3 s" in str(failure)


def test_a_stale_connection_is_not_answered_with_a_second_attempt(way, raw_server):
    server = raw_server(answer(OK + b"Content-Length: 1\r\n\r\nx"), answer(b""))
    keep = (("X", "keep-alive-please"),)
    failures = way.failure_of_last(
        [Request("DELETE", server.origin, keep), Request("DELETE", server.origin)], keep=True
    )
    assert failures.kind == "reset"
    assert len(server.received) == 2


def test_a_request_that_is_not_safe_gets_a_connection_of_its_own(raw_server):
    server = raw_server(answer(OK + b"Content-Length: 1\r\n\r\nx"))
    keep = (("X", "keep-alive-please"),)
    Way("requests").send_all([Request(method, server.origin, keep) for method in ("GET", "GET", "POST", "GET", "PUT")])
    assert server.connections == 3


def test_an_adapters_retries_are_not_used(raw_server):
    import requests
    from urllib3.util.retry import Retry

    from arazzo.transport import send

    server = raw_server(answer(b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"))
    with requests.Session() as session:
        retry = Retry(5, status_forcelist=[503], allowed_methods=None)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        assert send(Request("POST", server.origin), session).status == 503
    assert len(server.received) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    alternative = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def test_an_untrusted_certificate(way, certificate, raw_server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = raw_server(answer(b""))
    listener = socket.create_server(("127.0.0.1", 0))

    def handshake():
        connection, _ = listener.accept()
        with pytest.raises(OSError), context.wrap_socket(connection, server_side=True) as wrapped:  # noqa: PT011
            server.received.append(wrapped.recv(100))

    thread = threading.Thread(target=handshake)
    thread.start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/?key=hunter2"
    failure = way.failure(Request("POST", url, body=b"{}"))
    thread.join()
    assert (failure.kind, failure.maybe_sent) == ("tls", False)
    assert "certificate verify failed: self-signed certificate" in str(failure)
    assert "hunter2" not in f"{failure} {failure.__cause__} {failure.__context__}"
    assert server.received == []


def test_no_tls_where_it_was_expected(way, raw_server):
    server = raw_server(answer(OK + b"\r\n"))
    failure = way.failure(Request("GET", server.origin.replace("http:", "https:") + "/", timeout=0.5))
    assert not failure.maybe_sent
    assert server.received == []


def test_plain_http_where_tls_was_expected_is_told(way):
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.settimeout(5)
            while connection.recv(1000):
                pass

    thread = threading.Thread(target=greet)
    thread.start()
    with listener:
        failure = way.failure(Request("GET", f"https://127.0.0.1:{listener.getsockname()[1]}/"))
        thread.join()
    assert (failure.kind, failure.maybe_sent) == ("tls", False)
    assert str(failure).endswith(
        "no trusted connection: what answers does not speak TLS; is its URL http, and not https?"
    )
