"""Exchanges over a ``requests.Session``."""

from __future__ import annotations

import socket
import threading
import time
import zlib
from contextvars import ContextVar, Token
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

from arazzo import clock
from arazzo.exchange import Request, Response, origin_of
from arazzo.limits import current_limits
from arazzo.transport.content import grouped, readable
from arazzo.transport.exchange_policy import OpenExchange, first_hop
from arazzo.transport.failures import TooMuchError, causes_of, kind_of
from arazzo.transport.framing import Chunks, read_head
from arazzo.transport.proxies import environment_proxies, proxy_for
from arazzo.transport.tuning import IDLE_TIMEOUT, PIECE

if TYPE_CHECKING:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection

    from arazzo.transport.pace import Pace
else:
    HTTPConnection = object


def send(
    request: Request,
    session: requests.Session,
    *,
    timeout: float | None = None,
    connect_timeout: float | None = None,
    max_bytes: int | None = None,
    sensitive_headers: frozenset[str] = frozenset(),
    follow_redirects: bool | None = None,
    max_redirects: int | None = None,
    use_netrc: bool = True,
    pace: Pace | None = None,
) -> Response:
    """Send a request once and read the response.

    The session's headers, ``auth``, ``verify``, ``cert``, ``proxies``, ``trust_env`` and adapters count. An adapter's
    retries do not, and the session's cookies are neither sent nor kept. The environment's proxies and netrc count only
    with ``trust_env``, and neither netrc nor ``auth`` replaces an ``Authorization`` header.

    :param request: what to send, credentials included.
    :param timeout: seconds for everything, unless the request has a timeout. Here and below, None is the usual limit.
    :param connect_timeout: seconds to connect.
    :param max_bytes: how many bytes of the decompressed body are read; a larger one is not read (``Response.beyond``).
    :param sensitive_headers: names of headers that must not cross to another origin. (Others that do are only harmless
        ones such as ``Accept``.)
    :param follow_redirects: whether a GET or HEAD follows redirects, or the 3xx is the response; None leaves it to the
        request.
    :param max_redirects: how many redirects are followed; with more there is no answer.
    :param use_netrc: whether netrc counts, if the environment does.
    :param pace: the request and each redirect wait for it; the time limits do not count that.
    :raises TransportError: if there is no complete answer, or nothing was sent; the message contains no value.
    """
    import requests

    if pace is not None:
        pace.take_turn()
    bounds = current_limits()
    total = request.timeout or timeout or bounds.timeout
    connect_timeout, max_bytes = connect_timeout or bounds.connect_timeout, max_bytes or bounds.max_bytes
    hop = first_hop(request, session.headers, session.auth, use_netrc and session.trust_env)
    course = OpenExchange(
        request, hop, sensitive_headers, follow=follow_redirects, max_redirects=max_redirects, pace=pace
    )
    watch = _SocketWatch(total, reuse=request.safe)
    try:
        with watch:
            response = _exchange(course, session, watch, connect_timeout, max_bytes)
    except (OSError, HTTPException, zlib.error, requests.RequestException, _urllib3_error()) as error:
        causes = causes_of(error)
    else:
        if pace is not None:
            pace.heed(response)
        return response
    course.sent = course.sent or watch.sent
    raise course.failure(causes, total if watch.sent else min(connect_timeout, total), expired=watch.expired)


def _exchange(
    course: OpenExchange, session: requests.Session, watch: _SocketWatch, connect_timeout: float, max_bytes: int
) -> Response:
    while True:
        answer = _send_hop(course, session, watch, connect_timeout)
        course.sent = True
        try:
            headers = grouped((name, readable(value.encode("latin-1"))) for name, value in answer.raw.headers.items())
            if course.redirected(answer.status_code, headers):
                watch.reuse = False
                continue
            body = course.body(headers, max_bytes)
            while (piece := answer.raw.read(PIECE, decode_content=False)) and body.feed(piece):
                pass
            if watch.expired:  # an answer that ends with its connection looks complete
                raise TimeoutError
            return course.response(answer.status_code, headers, body)
        finally:
            answer.close()


def _send_hop(
    course: OpenExchange, session: requests.Session, watch: _SocketWatch, connect_timeout: float
) -> requests.Response:
    """Send one hop; again over a new connection if the server has closed the kept one meanwhile.

    That can only happen to safe requests: others get no kept connection (RFC 9112, 9.3.1).
    """
    import requests

    try:
        return _open(course, session, watch, connect_timeout)
    except (OSError, HTTPException, requests.RequestException, _urllib3_error()) as error:
        if not watch.reused or watch.expired or kind_of(causes_of(error)) != "reset":
            raise
    watch.reuse = watch.reused = False
    return _open(course, session, watch, connect_timeout)


def _open(
    course: OpenExchange, session: requests.Session, watch: _SocketWatch, connect_timeout: float
) -> requests.Response:
    """Send one hop through the session's adapter and return the answer with its body unread.

    ``Session.send`` would read the body of a redirect whatever its size, and keep cookies.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    hop = course.outgoing
    prepared = requests.PreparedRequest()
    headers = {name: value if value.isascii() else value.encode() for name, value in hop.headers.items()}
    prepared.prepare(method=hop.method, url=hop.url, headers=headers, data=hop.body, auth=hop.auth)
    prepared.url = watch.url = hop.url  # requests quotes it again
    prepared.method = hop.method  # and it writes the method in capitals; methods are case-sensitive (RFC 9110, 9.1)
    verify = None if session.verify is True else session.verify  # the session's setting wins over the environment
    settings: Any = session.merge_environment_settings(hop.url, {}, True, verify, None)
    proxy = proxy_for(hop.url, session.proxies, environment_proxies() if session.trust_env else {})
    settings["proxies"] = {"all": proxy} if proxy else {}
    if hop.foreign:
        settings["cert"] = None
    adapter = session.get_adapter(hop.url)
    if isinstance(adapter, HTTPAdapter):
        adapter.max_retries = Retry(0, read=False)
        pool: Any = adapter.get_connection_with_tls_context(
            prepared, settings["verify"], proxies=settings["proxies"], cert=settings["cert"]
        )
        if not issubclass(pool.ConnectionCls, _Watched):
            pool.ConnectionCls = type("WatchedConnection", (_Watched, pool.ConnectionCls), {})
        _hide_urls(adapter)
    watch.stand_still(course.turn())
    left = watch.left
    try:
        return adapter.send(prepared, timeout=(min(connect_timeout, left), left), **settings)
    finally:
        course.over()


def _hide_urls(adapter: HTTPAdapter) -> None:
    """Hide path and query from urllib3, which logs URLs; :class:`_Watched` puts them back."""

    def request_url(request: requests.PreparedRequest, proxies: Any) -> str:
        url = type(adapter).request_url(adapter, request, proxies)
        return "/" if url.startswith("/") else f"{origin_of(url)}/"

    adapter.request_url = request_url  # type: ignore[method-assign]


class _SocketWatch:
    """Bounds one exchange in time: at the deadline the socket in use is shut down, which wakes its reader.

    A socket's own timeout bounds only the next byte, so a server that drips would never exceed it.
    """

    def __init__(self, seconds: float, *, reuse: bool) -> None:
        self.deadline = time.monotonic() + seconds
        self.expired = self.sent = self.reused = False
        self.reuse = reuse
        self.url = ""
        self.socket: socket.socket | None = None
        self._timer = self._new_timer()
        self._token: Token[_SocketWatch | None] | None = None

    @property
    def left(self) -> float:
        return max(self.deadline - time.monotonic(), 0.001)

    @property
    def target(self) -> str:
        return self.url[self.url.index("/", self.url.index("//") + 2) :]

    def _new_timer(self) -> threading.Timer:
        timer = threading.Timer(self.left, self._expire)
        timer.daemon = True
        return timer

    def stand_still(self, seconds: float) -> None:
        """Wait, and move the deadline by the same time."""
        if seconds > 0:
            self._timer.cancel()
            clock.sleep(seconds)
            self.deadline += seconds
            self._timer = self._new_timer()
            self._timer.start()

    def __enter__(self) -> None:
        self._timer.start()
        self._token = _WATCH.set(self)

    def __exit__(self, *_: object) -> None:
        self.socket = None
        self._timer.cancel()
        if self._token is not None:
            _WATCH.reset(self._token)

    def _expire(self) -> None:
        self.expired = True
        sock = self.socket
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's, which would say goodbye first
            except OSError:
                return  # already closed


_WATCH: ContextVar[_SocketWatch | None] = ContextVar("watch", default=None)


class _WholeHead(HTTPResponse):
    """The final answer, whose head must end.

    The standard library takes an interim answer such as 103 (RFC 9110, 15.2), though not 100, for the final one, and a
    connection that is closed half-way for the end of the head.
    """

    def begin(self) -> None:
        stream = self.fp
        lines = _Lines(stream)
        self.fp = lines  # type: ignore[assignment]
        try:
            self._begin_final()
        finally:
            if self.fp is not None:  # it is None if what came is not a head, and closed
                self.fp = stream
        if not lines.last:
            raise ConnectionResetError
        if self.chunked:  # from here on this is for us to read
            self.fp, self.chunked = Chunks(stream), False  # type: ignore[assignment]

    def _begin_final(self) -> None:
        most = current_limits().interim_answers
        for _ in range(most + 1):
            super().begin()
            if self.status == 101:  # what follows is no longer HTTP
                self.will_close = True
            if self.status >= 200 or self.status == 101:
                return
            self.headers = self.msg = None  # type: ignore[assignment] # so that the next head is read
        raise TooMuchError(f"more than {most:,} interim answers came before the final one (interim_answers)")


class _Lines:
    """Reads the lines of heads, checks each head at its end, and remembers the last line."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.last = self._head = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = self.stream.readline(limit)
        self._head += self.last
        if self.last in (b"\r\n", b"\n"):
            read_head(self._head)
            self._head = b""
        return self.last

    def close(self) -> None:
        self.stream.close()


class _Watched(HTTPConnection):
    """A connection that reports to the watch of the exchange that uses it."""

    opening = False
    answered: float | None = None
    response_class = _WholeHead

    @property
    def is_connected(self) -> bool:
        """Whether the pool may give this connection out again, but not to a request that must not fail half-way.

        A server may close an idle connection at any time, and then nobody knows whether it got the request. It mostly
        does so after a while, so connections are not kept for long either.
        """
        watch = _WATCH.get()
        idle = time.monotonic() - (self.answered or 0.0)
        return (watch is None or (watch.reuse and idle < IDLE_TIMEOUT)) and super().is_connected

    def connect(self) -> None:
        self.opening = True
        self.answered = None
        try:
            super().connect()
        finally:
            self.opening = False
        watch = _WATCH.get()
        if watch is not None and watch.expired:
            raise TimeoutError

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        watch = _WATCH.get()
        if watch is not None:
            url = watch.target if url.startswith("/") else watch.url  # urllib3 quotes it again
        super().putrequest(method, url, *args, **kwargs)

    def getresponse(self) -> Any:
        response = super().getresponse()
        self.answered = time.monotonic()
        return response

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        watch = _WATCH.get()
        if watch is not None and not self.opening:
            watch.sent = True
            watch.reused = watch.reuse and self.answered is not None
            watch.socket = self.sock  # not the connection, which forgets its socket if an answer ends with it
        super().send(data)


def _urllib3_error() -> type[Exception]:
    from urllib3.exceptions import HTTPError

    return HTTPError
