"""Exchanges over an ``aiohttp.ClientSession``."""

from __future__ import annotations

import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from ssl import SSLContext
from types import SimpleNamespace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from arazzo import clock
from arazzo.exchange import Request, Response
from arazzo.limits import current_limits
from arazzo.transport.content import grouped, readable
from arazzo.transport.exchange_policy import OpenExchange, first_hop
from arazzo.transport.failures import causes_of
from arazzo.transport.proxies import environment_proxies, proxy_for
from arazzo.transport.tuning import PIECE

if TYPE_CHECKING:
    import aiohttp

    from arazzo.transport.pace import Pace

Wait = Callable[[float], Awaitable[None]]
#: By session, the bare one that sends, and the proxies of the environment at the time of its first request.
_BARE: WeakKeyDictionary[aiohttp.ClientSession, tuple[aiohttp.ClientSession, Mapping[str, str]]] = WeakKeyDictionary()


async def send_async(
    request: Request,
    session: aiohttp.ClientSession,
    *,
    timeout: float | None = None,
    connect_timeout: float | None = None,
    max_bytes: int | None = None,
    sensitive_headers: frozenset[str] = frozenset(),
    follow_redirects: bool | None = None,
    max_redirects: int | None = None,
    use_netrc: bool = True,
    proxies: Mapping[str, str] | None = None,
    ssl_elsewhere: SSLContext | bool = True,
    pace: Pace | None = None,
) -> Response:
    """Send a request once and read the response, as :func:`send` does, on an event loop.

    The session's connector (with its TLS settings), headers, ``auth`` and ``trust_env`` count.

    :param proxies: URLs of proxies, as ``requests`` has them; for other requests, the environment's count if the
        session trusts it.
    :param ssl_elsewhere: TLS settings without a client certificate, for redirects to another origin;
        True takes the connector's.
    :raises TransportError: if there is no complete answer; the message contains no value of the request.
    """
    import asyncio

    import aiohttp

    if pace is not None:
        await pace.take_turn_async()
    bounds = current_limits()
    total = request.timeout or timeout or bounds.timeout
    connect_timeout, max_bytes = connect_timeout or bounds.connect_timeout, max_bytes or bounds.max_bytes
    hop = first_hop(request, session.headers, session.auth, use_netrc and session.trust_env)
    course = OpenExchange(
        request, hop, sensitive_headers, follow=follow_redirects, max_redirects=max_redirects, pace=pace
    )
    limits = aiohttp.ClientTimeout(total=None, sock_connect=min(connect_timeout, total))
    expired = False
    try:
        if session not in _BARE or _BARE[session][0].closed:
            _BARE[session] = _bare_session(session), environment_proxies() if session.trust_env else {}
        bare, environment = _BARE[session]
        # The limit on connecting speaks first: it knows that nothing was sent.
        # wait_for loses a cancellation that comes together with the answer.
        async with _within(total + 0.02) as stand_still:
            request_by = partial(bare.request, allow_redirects=False, timeout=limits, trace_request_ctx=course)
            proxy = partial(proxy_for, named=proxies or {}, environment=environment)
            response = await _exchange_async(course, request_by, proxy, max_bytes, ssl_elsewhere, stand_still)
    except asyncio.TimeoutError as error:
        causes, expired = causes_of(error), True
    except (OSError, aiohttp.ClientError, zlib.error, CutError) as error:
        causes = causes_of(error)
    else:
        if pace is not None:
            await pace.heed_async(response)
        return response
    raise course.failure(causes, total if course.sent else min(connect_timeout, total), expired=expired)


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[Wait]:
    """End a block with ``asyncio.TimeoutError`` after so many seconds; a cancellation from outside stays one.

    It gets a function that waits, in time that does not count.
    """
    import asyncio

    task, late = asyncio.current_task(), []

    def stop() -> None:
        late.append(True)
        if task is not None:
            task.cancel()

    loop = asyncio.get_running_loop()
    timer = loop.call_later(seconds, stop)

    async def stand_still(longer: float) -> None:
        nonlocal timer
        if longer > 0:
            timer.cancel()
            timer = loop.call_at(timer.when() + longer, stop)
            await clock.sleep_async(longer)

    try:
        yield stand_still
    except asyncio.CancelledError:
        if not late or (sys.version_info >= (3, 11) and task is not None and task.uncancel() > 0):
            raise
        raise asyncio.TimeoutError from None
    finally:
        timer.cancel()


def open_session(
    *, ssl: SSLContext | bool = True, headers: Mapping[str, str] | None = None, trust_env: bool = False
) -> aiohttp.ClientSession:
    """Return a session for :func:`send_async`, in which each exchange has a connection of its own.

    A server may close a kept connection at the very moment when the next request is sent. aiohttp would send again;
    here that would be an exchange without an answer.

    :param ssl: TLS settings; False trusts every certificate.
    :param headers: sent with every request that does not have them itself; they stay on its origin.
    :param trust_env: whether the environment's proxies and netrc count.
    """
    import aiohttp

    connector = aiohttp.TCPConnector(ssl=ssl, force_close=True)
    return aiohttp.ClientSession(
        connector=connector, headers=headers, trust_env=trust_env, cookie_jar=aiohttp.DummyCookieJar()
    )


class CutError(Exception):
    """A failure that aiohttp would answer with a second attempt if it saw it."""


def _bare_session(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """Return a session over the same connections that adds nothing: no cookies, no headers, no second attempt.

    The context of a request is its :class:`OpenExchange`, which hears what becomes of it.
    """
    import aiohttp

    from arazzo.transport.aiohttp_limits import BoundedResponse

    async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        try:
            return await handler(request)
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise CutError from error

    async def sent(_: object, of: SimpleNamespace, __: object) -> None:
        of.trace_request_ctx.sent = True

    async def created(_: object, of: SimpleNamespace, __: object) -> None:
        of.trace_request_ctx.reused = False

    async def reused(_: object, of: SimpleNamespace, __: object) -> None:
        of.trace_request_ctx.reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(created)
    trace.on_connection_reuseconn.append(reused)
    trace.on_request_headers_sent.append(sent)
    return aiohttp.ClientSession(
        connector=session.connector,
        connector_owner=False,
        response_class=BoundedResponse,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        middlewares=(once,),
        trace_configs=[trace],
        skip_auto_headers=("Content-Type", "User-Agent"),
        max_line_size=PIECE,
        max_field_size=PIECE,
    )


async def _exchange_async(
    course: OpenExchange,
    request_by: Callable[..., Awaitable[aiohttp.ClientResponse]],
    proxy_of: Callable[[str], str | None],
    max_bytes: int,
    ssl_elsewhere: SSLContext | bool,
    stand_still: Wait,
) -> Response:
    from yarl import URL

    from arazzo.transport.aiohttp_limits import was_read

    while True:
        hop = course.outgoing
        url = URL(hop.url, encoded=True)
        await stand_still(course.turn())
        try:
            answer = await request_by(
                hop.method,
                url,
                headers=hop.headers,
                data=hop.body,
                proxy=proxy_of(hop.url),
                ssl=ssl_elsewhere if hop.foreign else True,
            )
        except CutError:
            if course.reused and course.request.safe:
                continue  # the server has closed a kept connection meanwhile (RFC 9112, 9.3.1)
            raise
        finally:
            course.over()
        try:
            headers = grouped((readable(name), readable(value)) for name, value in answer.raw_headers)
            if course.redirected(answer.status, headers):
                continue
            body = course.body(headers, max_bytes)
            async for piece in answer.content.iter_any():
                was_read(answer)
                if not body.feed(piece):
                    break
            return course.response(answer.status, headers, body)
        finally:
            answer.close()  # this leaves the connection open if the answer was read to its end
