"""Runs on two workers and two triggerers share a budget of ten requests a second, and two of these are killed.

The API stamps what arrives when it has read it, by one clock. Who sends waits after each answer, so that no delay on
the way can bring two requests closer to each other than they were sent. RUNS says how many runs there are.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from many_runs import ended, paged, until
from played_api import PlayedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.exchange import Request, Response

pytest.importorskip("redis", reason="only the environment of `make test-distributed` has the celery extra")
from two_of_each import TRIGGERERS, WORKERS, polls, running, two_of_each

#: As many as are asked for; a fourth of a few, each of which sends for half a minute.
ASKED = int(os.environ.get("RUNS", "20"))
RUNS = ASKED if ASKED >= 100 else max(ASKED // 4, 4)
RATE, PAGES, ROUNDS = 10, 8, 3
#: The request that is answered with status 429, and for how many seconds the API is closed to all then.
REFUSED, CLOSED_FOR = 20, 10
#: More at once than the budget has slots.
TASKS = 8
API = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: https://shop.example.test}]
paths:
  /pages:
    get:
      operationId: getPage
      parameters: [{name: page, in: query, schema: {type: integer}}]
      responses: {"200": {description: a page}}
  /job:
    get:
      operationId: getJob
      parameters: [{name: run, in: query, schema: {type: string}}]
      responses: {"200": {description: its state}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Shop, version: "1"}
sourceDescriptions: [{name: shop, url: shop.openapi.yaml, type: openapi}]
x-airflow: {max_active_runs: 200, poke_interval: 0.5, retries: 3, retry_delay: 1, budget: {requests_per_second: RATE}}
workflows:
- workflowId: collect
  x-airflow: {inputs: {run: "{{ run_id }}"}}
  inputs: {type: object, properties: {run: {type: string}}}
  steps:
  - stepId: pages
    operationId: getPage
    parameters: [{name: page, in: query, value: $steps.pages.outputs.next}]
    outputs: {next: $response.body#/next}
    onSuccess:
    - {name: more, type: goto, stepId: pages, criteria: [{condition: $response.body#/next != null}]}
    - {name: all, type: goto, stepId: job}
  - stepId: job
    operationId: getJob
    parameters: [{name: run, in: query, value: $inputs.run}]
    onSuccess:
    - {name: wait, type: goto, stepId: job, criteria: [{condition: $response.body#/state == 'busy'}]}
    - {name: done, type: end}
- workflowId: read
  steps:
  - stepId: pages
    operationId: getPage
    parameters: [{name: page, in: query, value: $steps.pages.outputs.next}]
    outputs: {next: $response.body#/next}
    onSuccess:
    - {name: more, type: goto, stepId: pages, criteria: [{condition: $response.body#/next != null}]}
    - {name: all, type: end}
"""
DAGS = """
from pathlib import Path
from airflow_arazzo import ArazzoDag

DOCUMENT = Path(__file__).with_name("shop.arazzo.yaml")
ArazzoDag(DOCUMENT, "collect", dag_id="by_step", max_active_tasks=100)
ArazzoDag(DOCUMENT, "collect", dag_id="as_one", max_active_tasks=100, granularity="workflow")
ArazzoDag(DOCUMENT, "read", dag_id="read", max_active_tasks=100, granularity="workflow")
"""
#: Tasks that start cost most of the time: so most runs are of one that does not wait.
DAG_IDS = ("by_step", *["as_one"] * 4, *["read"] * 15)

pytestmark = pytest.mark.distributed


@dataclass
class Shop(PlayedApi):
    """Has pages, and a job for each run that is done when it has been asked for a few times; stamps each request."""

    stamps: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    closed_at: float = 0.0
    under_way: int = 0
    most_under_way: int = 0

    def __post_init__(self) -> None:
        super().__init__(self.reply, base="")
        self.lock = threading.Lock()

    def reply(self, request: Request) -> Response:
        with self.lock:
            self.stamps.append(time.monotonic())
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            query = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
            self.asked[query.get("run", "")] += len(self.stamps) != REFUSED
            if len(self.stamps) == REFUSED:
                self.closed_at = time.monotonic()
                self.under_way -= 1
                return Response(429, (("Retry-After", str(CLOSED_FOR)),))
        page = int(query.get("page", 1))
        busy = self.asked[query.get("run", "")] < ROUNDS
        body = (
            {"next": page + 1 if page < PAGES else None} if "run" not in query else {"state": "busy" if busy else "x"}
        )
        time.sleep(0.05)
        with self.lock:
            self.under_way -= 1
        return Response(200, (("Content-Type", "application/json"),), json.dumps(body).encode())

    def busiest(self) -> int:
        """Return how many requests have arrived in the busiest second."""
        stamps = sorted(self.stamps)
        return max(
            sum(stamp <= other < stamp + 1 for other in stamps[at : at + 100]) for at, stamp in enumerate(stamps)
        )


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def airflow(shop, tmp_path_factory) -> Iterator[LocalAirflow]:
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "dags").mkdir()
    (folder / "dags" / "shop.openapi.yaml").write_text(API)
    (folder / "dags" / "shop.arazzo.yaml").write_text(DOCUMENT.replace("RATE", str(RATE)))
    own = {
        "AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "arazzo", "host": shop.url}),
        "AIRFLOW__TRIGGERER__CAPACITY": str(RATE // 2),  # so that one does not take all polls
    }
    with two_of_each(folder, DAGS, tuple(set(DAG_IDS)), own, TASKS) as airflow:
        pool = {"name": "shop", "slots": RATE, "include_deferred": True, "description": "requests to the shop"}
        airflow.rest.call("POST", "/pools", pool)
        yield airflow


@dataclass
class Played:
    """How long all runs have taken, and who was seen at work."""

    seconds: float = 0.0
    workers: set[str] = field(default_factory=set)
    triggerers: set[int] = field(default_factory=set)

    def look(self, airflow: LocalAirflow) -> int:
        """See who is at work; return how many runs have ended."""
        self.workers |= {worker for worker in WORKERS if running(airflow, worker)}
        self.triggerers |= polls(airflow).keys()
        return ended(airflow)


@pytest.fixture(scope="module")
def played(airflow) -> Played:
    """Let all runs run, kill a worker and a triggerer when a quarter has ended, and start them again."""
    played, began = Played(), time.monotonic()
    for number in range(RUNS):
        airflow.rest.trigger(DAG_IDS[number % len(DAG_IDS)])
    until(120 + 20 * RUNS, lambda: played.look(airflow) >= RUNS // 4)
    for lost in (WORKERS[0], TRIGGERERS[0]):
        airflow.kill(lost)
        airflow.start(lost)
    until(300 + 20 * RUNS, lambda: played.look(airflow) == RUNS, pause=2)
    played.seconds = time.monotonic() - began
    return played


def test_no_second_has_more_requests_than_the_budget(played, shop):
    print(  # noqa: T201 the make target shows it
        f"{RUNS} runs in {played.seconds:.0f} s: {len(shop.stamps)} requests, {shop.busiest()} in the busiest second, "
        f"{shop.most_under_way} under way at once."
    )
    assert shop.busiest() <= RATE
    assert shop.most_under_way <= RATE


def test_what_one_is_told_all_obey(played, shop):
    """Each of them may have looked just before, and once more before the variable was written."""
    ends = shop.closed_at + CLOSED_FOR - 0.5  # the end is a time of day
    after = sum(shop.closed_at < stamp < ends for stamp in shop.stamps)
    print(f"{after} requests while the API was closed for {CLOSED_FOR} s.")  # noqa: T201
    assert after <= 2 * RATE


def test_every_run_did_all_it_should(played, airflow, shop):
    states = [run["state"] for dag_id in set(DAG_IDS) for run in paged(airflow, f"/dags/{dag_id}/dagRuns", "dag_runs")]
    assert states == ["success"] * RUNS
    assert len(shop.stamps) >= RUNS * PAGES + sum(name != "" for name in shop.asked) * ROUNDS


@pytest.mark.skipif(RUNS < 100, reason="few polls may all be in one triggerer")
def test_both_workers_and_both_triggerers_were_at_work(played):
    assert played.workers == {*WORKERS}
    assert len(played.triggerers) >= len(TRIGGERERS)
