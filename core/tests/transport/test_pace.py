"""A pace lies between any two requests of a sender, and before its first; limits of time do not count it.

The server stamps what arrives by the clock that the sender waits by. Gaps can only be too long here.
"""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import aiohttp
import pytest
from scripted_api import ScriptedApi
from wire import answer, reset

from arazzo.errors import TransportError
from arazzo.exchange import Request
from arazzo.transport import send_async
from arazzo.transport.pace import Pace

SECONDS = 0.15


def gaps(api, began):
    return [later - earlier for earlier, later in pairwise([began, *(asked.at for asked in api.asked)])]


def test_it_lies_before_the_first_request_and_between_any_two(way):
    with ScriptedApi() as api:
        api.on("GET /a").on("GET /b", 503)
        began = time.monotonic()
        way.send_all([Request("GET", f"{api.url}/{name}") for name in "abab"], pace=Pace(SECONDS))
        assert len(api.asked) == 4
        assert min(gaps(api, began)) >= SECONDS


def test_redirects_keep_it_and_no_limit_of_time_counts_it(way):
    with ScriptedApi() as api:
        api.on("GET /a", 302, Location="/b").on("GET /b", 302, Location="/c").on("GET /c", 200)
        began = time.monotonic()
        response = way.send(Request("GET", f"{api.url}/a"), pace=Pace(0.4), timeout=0.7)
        assert api.lines == ["GET /a", "GET /b", "GET /c"]
        assert min(gaps(api, began)) >= 0.4
        assert response.seconds < 3 * 0.4


def test_a_limit_of_time_still_holds(way):
    with ScriptedApi() as api:
        api.on("GET /a", 200, hangs="2")
        pace = Pace(SECONDS)
        with pytest.raises(TransportError, match=r"no complete answer within 0\.2 s"):
            way.send(Request("GET", f"{api.url}/a"), pace=pace, timeout=0.2)
        assert pace.left > 0, "what has failed counts, too"


def test_a_request_without_an_answer_counts(way, raw_server):
    server = raw_server(reset, answer(b"HTTP/1.1 204 No Content\r\n\r\n"))
    pace = Pace(SECONDS)
    began = time.monotonic()
    way.failure(Request("POST", server.origin + "/a"), pace=pace)
    way.send(Request("GET", server.origin + "/a"), pace=pace)
    assert time.monotonic() - began >= 2 * SECONDS


def test_waiting_for_it_does_not_hold_the_event_loop():
    async def both(url):
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        async with aiohttp.ClientSession() as session:
            await send_async(Request("GET", url), session, pace=Pace(0.5))
        ticking.cancel()
        return ticks

    with ScriptedApi() as api:
        api.on("GET /a")
        assert asyncio.run(both(f"{api.url}/a")) > 5
