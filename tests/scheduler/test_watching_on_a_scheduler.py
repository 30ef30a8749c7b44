"""A workflow that watches, on a scheduler: each order starts one run of the other DAG, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

import pytest
from played_api import PlayedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.exchange import Response

pytestmark = pytest.mark.scheduler

ASSET = "https://shop.example.com/orders"
API = """\
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /orders:
    get: {operationId: newest, responses: {'200': {description: ok}}}
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get: {operationId: take, responses: {'200': {description: ok}}}
"""
DOCUMENT = f"""\
arazzo: 1.0.1
info: {{title: Orders, version: "1"}}
sourceDescriptions: [{{name: shop, url: shop.openapi.yaml}}]
workflows:
- workflowId: watch
  x-airflow: {{schedule: '@continuous', watch: {{asset: '{ASSET}', seen: {{since: newest}}}}, poke_interval: 1}}
  inputs: {{type: object, properties: {{since: {{type: integer, default: 0}}}}}}
  steps:
  - stepId: look
    operationId: newest
    parameters: [{{name: since, in: query, value: $inputs.since}}]
    outputs: {{newest: $response.body#/newest}}
    onSuccess:
    - {{name: again, type: goto, stepId: look, criteria: [{{condition: $response.body#/newest == $inputs.since}}]}}
    - {{name: new, type: end, criteria: [{{condition: $response.body#/newest > $inputs.since}}]}}
  outputs: {{newest: $steps.look.outputs.newest}}
- workflowId: take
  x-airflow:
    schedule: ['{ASSET}']
    inputs: {{order: '{{{{ (triggering_asset_events.values() | first | last).extra.newest }}}}'}}
  inputs: {{type: object, required: [order], properties: {{order: {{type: integer}}}}}}
  steps:
  - stepId: take
    operationId: take
    parameters: [{{name: id, in: path, value: $inputs.order}}]
"""
#: Whoever runs ``outputs`` waits to be killed there if somebody wants it: before it begins, or after it was stored.
DAGS = """\
import os, time
from pathlib import Path
from airflow_arazzo import ArazzoDag

folder = Path(__file__).parent

def hold(moment):
    def call(context):
        wanted = folder / moment
        if context["ti"].task_id == "outputs" and wanted.exists():
            (folder / "new").write_text(f"{os.getpid()} {os.getppid()}")
            (folder / "new").rename(folder / f"{moment}.held")
            wanted.unlink()
            time.sleep(600)
    return call

held = {"on_execute_callback": hold("before"), "on_success_callback": hold("after")}
ArazzoDag(folder / "orders.arazzo.yaml", "watch", default_args=held)
ArazzoDag(folder / "orders.arazzo.yaml", "take")
"""


class Shop:
    """The API, and what has been asked of it."""

    def __init__(self):
        self.newest, self.taken, self.looks = 0, [], []

    def play(self, request):
        if "?since=" not in request.url:
            self.taken.append(int(request.url.rsplit("/", 1)[1]))
            return Response(200, (("Content-Type", "application/json"),), b"{}")
        self.looks.append(int(request.url.rsplit("=", 1)[1]))
        return Response(200, (("Content-Type", "application/json"),), json.dumps({"newest": self.newest}).encode())


class World:
    def __init__(self, airflow, folder, shop):
        self.airflow, self.rest, self.folder, self.shop = airflow, airflow.rest, folder, shop

    def until(self, look, limit=150):
        end = time.monotonic() + limit
        while not look():
            assert time.monotonic() < end, (self.events(), self.shop.taken, self.rest.all_runs())
            time.sleep(0.3)

    def events(self):
        found = self.rest.call("GET", "/assets/events", limit=100, order_by="timestamp")["asset_events"]
        return [event["extra"] for event in found]

    def waits(self):
        """Return when a run of the watch waits in the triggerer, which has asked for what comes after the newest."""
        self.until(lambda: self.shop.looks[-2:] == [self.shop.newest] * 2 and self.deferred())

    def deferred(self):
        return [
            task for (dag_id, _), task in self.rest.busy_tasks().items() if (dag_id, task[1]) == ("watch", "deferred")
        ]

    def order(self):
        self.shop.newest += 1
        return self.shop.newest

    def arrives(self):
        """Check that each order so far is one event and has started one run, in order."""
        orders = list(range(1, self.shop.newest + 1))
        self.until(lambda: len(self.shop.taken) >= len(orders))
        self.waits()
        assert self.events() == [{"newest": order} for order in orders]
        assert self.shop.taken == orders


@pytest.fixture(scope="module")
def world(tmp_path_factory, migrate):
    home = tmp_path_factory.mktemp("airflow")
    folder = home / "dags"
    folder.mkdir()
    (folder / "shop.openapi.yaml").write_text(API)
    (folder / "orders.arazzo.yaml").write_text(DOCUMENT)
    (folder / "orders.py").write_text(DAGS)
    shop = Shop()
    with PlayedApi(shop.play, "") as served:
        environment = {
            "AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "arazzo", "host": served.url}),
            "AIRFLOW__CORE__PARALLELISM": "8",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        }
        with LocalAirflow(home / "home", folder, environment, restart=True) as airflow:
            migrate(airflow)
            airflow.start("api-server")  # first, since the watch begins as soon as the scheduler knows it
            airflow.wait_healthy(180)
            airflow.start("scheduler", "dag-processor", "triggerer")
            airflow.wait_healthy(180)
            airflow.wait_for_dags("watch", "take")
            yield World(airflow, folder, shop)


def test_each_order_starts_a_run_although_the_triggerer_is_killed(world):
    world.waits()
    world.order()
    world.arrives()
    world.airflow.kill("triggerer")
    world.order()
    world.airflow.start("triggerer")
    world.arrives()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_each_order_starts_a_run_although_the_worker_is_killed(moment, world):
    world.arrives()
    (world.folder / moment).touch()
    world.order()
    held = world.folder / f"{moment}.held"
    world.until(held.exists)
    assert len(world.events()) == world.shop.newest - (moment == "before")
    for pid in map(int, held.read_text().split()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    world.arrives()
    world.order()
    world.arrives()
