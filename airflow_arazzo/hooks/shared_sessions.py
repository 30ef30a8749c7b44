"""Sessions of one event loop that all its polls share: an open connection serves whoever sends next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from arazzo import transport

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp

Kind = tuple["SSLContext", bool]
"""What distinguishes sessions: their TLS settings, with the client certificate, and whether the environment counts."""


@dataclass
class _SharedSession:
    """A session, and how many users it has."""

    session: aiohttp.ClientSession
    users: int = 0


_OF_LOOPS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Kind, _SharedSession]] = WeakKeyDictionary()


def new_session(context: SSLContext, *, trust_env: bool) -> aiohttp.ClientSession:
    """Return a session without its own credentials and cookies, with as many connections as needed.

    Servers close what has been idle for a while, often 5 s, and a request sent at that moment is lost. So connections
    are kept for only a second: they serve the requests of one round, and other polls at that moment.
    """
    import aiohttp

    connector = aiohttp.TCPConnector(ssl=context, limit=0, keepalive_timeout=transport.IDLE_TIMEOUT)
    return aiohttp.ClientSession(connector=connector, trust_env=trust_env, cookie_jar=aiohttp.DummyCookieJar())


def borrow(context: SSLContext, *, trust_env: bool) -> aiohttp.ClientSession:
    """Return the running event loop's session with these settings; return it with :func:`give_back`."""
    sessions = _OF_LOOPS.setdefault(asyncio.get_running_loop(), {})
    kind = (context, trust_env)
    if kind not in sessions or sessions[kind].session.closed:
        sessions[kind] = _SharedSession(new_session(context, trust_env=trust_env))
    sessions[kind].users += 1
    return sessions[kind].session


async def give_back(session: aiohttp.ClientSession) -> None:
    """Return a borrowed session; it is closed if nobody else uses it."""
    sessions = _OF_LOOPS.get(asyncio.get_running_loop(), {})
    for kind, shared in list(sessions.items()):
        if shared.session is session:
            shared.users -= 1
            if shared.users == 0:
                del sessions[kind]
                await session.close()
