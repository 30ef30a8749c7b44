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

from arazzo.errors import ClosedError, TransportError
from arazzo.exchange import Request, Response
from arazzo.transport import send_async
from arazzo.transport.pace import Closing, Pace, closed_for

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


def answered(status, **headers):
    return Response(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (answered(200), 0),
        (answered(429, Retry_After="30"), 30),
        (answered(503, Retry_After="1.5"), 1.5),
        (answered(503, Retry_After="Tue, 01 Dec 2026 00:01:00 GMT", Date="Tue, 01 Dec 2026 00:00:00 GMT"), 60),
        (answered(429, Retry_After="soon"), 0),
        (answered(202, Retry_After="30"), 0),
        (answered(302, Retry_After="30"), 0),
        (answered(429), 0),
        (answered(200, RateLimit='"default";r=5;t=30'), 0),
        (answered(200, RateLimit='"default";r=0;t=30'), 30),
        (answered(200, RateLimit='"default";r=0;t=30, "day";r=0;t=900'), 900),
        (answered(200, RateLimit='"default";r=1;t=30, "day";r=0;t=900'), 900),
        (answered(200, RateLimit='"day";r=0', RateLimit_Policy='"burst";q=10;w=1, "day";q=1000;w=86400'), 86400),
        (answered(200, RateLimit='"day";r=0', RateLimit_Policy='"burst";q=10;w=1'), 0),
        (answered(200, RateLimit_Policy='"day";q=1000;w=86400'), 0),
        (answered(200, RateLimit="limit=100, remaining=0, reset=50"), 50),
        (answered(200, RateLimit="limit=100, remaining=1, reset=50"), 0),
        (answered(429, Retry_After="10", RateLimit='"default";r=0;t=30'), 30),
        (answered(200, RateLimit='"default";r=0;t=-1'), 0),
        (answered(200, RateLimit='"default";r=0;t=9999999999999999'), 0),
        (answered(200, RateLimit='"default";r=0;t=999999999999'), 86400),
        (answered(200, RateLimit=";;,=,;r;t=,"), 0),
    ],
)
def test_what_an_answer_asks_of_all_who_share_a_budget(response, seconds):
    assert closed_for(response) == seconds


def test_a_short_closing_is_waited_for_and_a_long_one_puts_the_request_off(way):
    with ScriptedApi() as api:
        api.on("GET /a", 429, Retry_After="1").on("GET /a", 503, Retry_After="60").on("GET /a", 200)
        closing = Closing()
        way.send(Request("GET", f"{api.url}/a"), pace=Pace(0.01, closing))
        way.send(Request("GET", f"{api.url}/a"), pace=Pace(0.01, closing))
        first, second = api.asked
        assert second.at - first.at >= 0.99  # the closing counts by the time of day
        closed = way.failure(Request("GET", f"{api.url}/a"), pace=Pace(0.01, closing))
        assert isinstance(closed, ClosedError)
        assert (closed.kind, closed.maybe_sent, closed.until) == ("closed", False, closing.until())
        assert "all who share its budget to wait" in str(closed)
        assert len(api.asked) == 2


def test_a_closing_never_becomes_shorter():
    closing = Closing()
    closing.close(20.0)
    closing.close(10.0)
    assert closing.until() == 20.0
