"""What an API does instead of answering: nothing is repeated that nobody asked for, no failure passes for success."""

import asyncio
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import requests
from fault_api import API_FAULTS, MAX_BYTES, scenario

from airflow_arazzo.testing.local_airflow import free_port
from arazzo.absent import with_nulls
from arazzo.engine import drive_async, load_plan, run_local, start
from arazzo.testing import MockApi, serve
from arazzo.transport import open_session, send, send_async

HERE = Path(__file__).parent
SECRET = "hunter2"
OPENAPI = {"shop": HERE / "shop.openapi.yaml"}
NUMBERS = count()


class Shop:
    """A workflow with one request, and the two ways to run it against a mock.

    :ivar slept: what it has waited for, in seconds, without waiting.
    """

    def __init__(self, url, mock, often, fault, way="requests"):
        self.mock, self.fault, self.way, self.slept = mock, API_FAULTS[fault], way, []
        self.url = url if fault != "refused" else f"http://127.0.0.1:{free_port()}"
        self.key = f"{often}-{fault}-{next(NUMBERS)}"

    @property
    def got(self):
        return self.mock.record.of(self.key)

    def run(self, document, method):
        """Run the workflow; return how it has ended, its output and its message."""
        plan = load_plan(HERE / f"{document}.arazzo.yaml", method)
        if self.way == "aiohttp":
            return asyncio.run(self._run_async(plan))
        with requests.Session() as session:
            session.trust_env = False
            run = run_local(
                plan,
                {"key": self.key},
                send=lambda request: send(self._placed(request), session, max_bytes=MAX_BYTES),
                sleep=self.slept.append,
                clock=self._clock,
            )
        return run.status, run.outputs["mark"], run.message

    async def _run_async(self, plan):
        async with open_session() as session:
            state, done = await drive_async(
                plan,
                start(plan, {"key": self.key}),
                send=lambda request: send_async(self._placed(request), session, max_bytes=MAX_BYTES),
                wait=self._wait,
                clock=self._clock,
                note=lambda note: None,
            )
        mark = with_nulls(state.outputs.get("ask") or {}).get("mark")
        return "success" if done.outcome == "end" else "failed", mark, done.message

    async def _wait(self, _, seconds):
        self.slept.append(seconds)

    def _clock(self):
        return sum(self.slept, 1e9)

    def _placed(self, request):
        """Return a request for the mock, with a secret in it."""
        url = self.url + request.url.removeprefix("https://shop.example.test")
        headers = (*request.headers, ("Authorization", f"Bearer {SECRET}"))
        return replace(request, url=url, headers=headers, timeout=self.fault.timeout)


@pytest.fixture(scope="module")
def other():
    """Another host, to which nobody should send a secret."""
    mock = MockApi(OPENAPI, HERE / "shop.scenario.yaml")
    with serve(mock) as mock.url:
        yield mock


@pytest.fixture(scope="module")
def mock(other):
    mock = MockApi(OPENAPI, scenario(other.url))
    with serve(mock) as mock.url:
        yield mock


each_method = pytest.mark.parametrize("method", ["get", "post"])
each_way = pytest.mark.parametrize("way", ["requests", "aiohttp"])
FAILURES = [
    (fault, method) for fault in API_FAULTS for method in ("get", "post") if (fault, method) != ("moved", "get")
]


@each_way
@pytest.mark.parametrize(("fault", "method"), FAILURES)
def test_a_fault_fails_the_workflow_and_nothing_is_repeated(mock, other, fault, method, way):
    before = len(other.record)
    shop = Shop(mock.url, mock, "always", fault, way)
    status, mark, message = shop.run("shop", method)
    assert (status, mark) == ("failed", None)
    assert shop.fault.message in message
    assert SECRET not in message
    assert len(shop.got) == (0 if fault == "refused" else 1)
    assert len(other.record) == before


@each_way
def test_a_redirected_get_takes_no_credential_to_another_host(mock, other, way):
    shop = Shop(mock.url, mock, "always", "moved", way)
    assert shop.run("shop", "get")[:2] == ("success", "landed")
    [here] = shop.got
    there = list(other.record)[-1]
    assert here.request.header("Authorization") == f"Bearer {SECRET}"
    assert there.key == "landed"
    assert SECRET not in str(there.to_json())


@pytest.mark.parametrize(("fault", "method"), [way for way in FAILURES if way[0] != "huge"])
def test_what_the_author_wants_repeated_is_repeated_as_often_as_he_said(mock, fault, method):
    shop = Shop(mock.url, mock, "always", fault)
    status, mark, message = shop.run("stubborn", method)
    assert (status, mark) == ("failed", None)
    assert shop.fault.message in message
    assert len(shop.got) == (0 if fault == "refused" else 3)
    assert shop.slept == ([3, 3] if fault == "busy" else [1, 1])


@each_way
@each_method
def test_an_answer_beyond_the_limit_is_given_up_on_and_asks_no_retry(mock, method, way):
    shop = Shop(mock.url, mock, "once", "huge", way)
    status, mark, message = shop.run("stubborn", method)
    assert (status, mark, len(shop.got)) == ("failed", None, 1)
    assert "max_bytes" in message


@each_way
@each_method
@pytest.mark.parametrize("fault", sorted(API_FAULTS.keys() - {"refused", "moved", "huge"}))
def test_a_repeated_request_that_is_answered_well_goes_on(mock, fault, method, way):
    shop = Shop(mock.url, mock, "once", fault, way)
    assert shop.run("stubborn", method) == ("success", shop.key, "")
    assert len(shop.got) == 2
