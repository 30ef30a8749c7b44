"""A rolling upgrade on a real scheduler: workers and a triggerer of different versions, both ways.

The scheduler's workers or the triggerer run a copy of this code: the next release, whose stored forms are the same, or
a later one, whose forms have another number. A POST comes before each poll.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from played_api import PlayedApi

import airflow_arazzo
import arazzo
from airflow_arazzo.protocol.stored_forms import FORM, fields_of
from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.exchange import Request, Response

pytestmark = [
    pytest.mark.scheduler,
    pytest.mark.slow,
    pytest.mark.attack("stored rows", "workers and a triggerer of two versions on a scheduler"),
]
API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "http://things.invalid"}]
paths:
  /things/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    post: {operationId: make, responses: {"201": {description: made}}}
    get: {operationId: look, responses: {"200": {description: ready}, "202": {description: pending}}}
    put: {operationId: keep, responses: {"200": {description: kept}}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.openapi.yaml, type: openapi}]
workflows:
- workflowId: upgraded
  inputs: {type: object, properties: {name: {type: string}}, required: [name]}
  parameters: [{name: name, in: path, value: $inputs.name}]
  x-airflow: {poke_interval: 2}
  steps:
  - {stepId: make, operationId: make, outputs: {made: $response.body#/made}}
  - stepId: watch
    operationId: look
    parameters: [{name: X-Made, in: header, value: $steps.make.outputs.made}]
    outputs: {mark: $response.body#/mark}
    onSuccess:
    - {name: again, type: goto, stepId: watch, criteria: [{condition: $statusCode == 202}]}
  - {stepId: keep, operationId: keep}
  outputs: {mark: $steps.watch.outputs.mark}
"""
DAG = """
from airflow_arazzo import ArazzoDag

ArazzoDag(__file__.replace("upgraded.py", "upgraded.arazzo.yaml"))
"""
OTHERS = {
    "the next release": (r'^__version__ = ".*"', '__version__ = "0.2.0"'),
    "another form": (r"^FORM = \d+$", "FORM = 99"),
}


class Things:
    """The API: what has been made is pending until it is said to be ready."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.ready: set[str] = set()

    def play(self, request: Request) -> Response:
        name = request.url.rsplit("/", 1)[1]
        self.sent.append(f"{request.method} {name}")
        pending = request.method == "GET" and name not in self.ready
        status = {"POST": 201}.get(request.method, 202 if pending else 200)
        body = json.dumps({"made": f"id of {name}", "mark": f"mark of {name}"}).encode()
        return Response(status, (("Content-Type", "application/json"),), body)


class Upgrade:
    """An Airflow whose components run the version that each was last started with, and its runs by name."""

    def __init__(self, airflow: LocalAirflow, things: Things, versions: dict[str, str]) -> None:
        self.airflow, self.things, self.versions = airflow, things, versions
        self.path = airflow.environment.get("PYTHONPATH", "")
        self.runs: dict[str, str] = {}

    def start(self, component: str, version: str = "") -> None:
        """Start a component, anew if it runs, with the packages of a version: this one, or a copy."""
        if component in self.airflow.sessions:
            self.airflow.kill(component)
        place = os.pathsep.join(filter(None, [self.versions.get(version), self.path]))
        self.airflow.environment["PYTHONPATH"] = place
        self.airflow.start(component)
        self.airflow.environment["PYTHONPATH"] = self.path

    def begin(self, name: str) -> None:
        self.runs[name] = self.airflow.rest.trigger("upgraded", {"name": name})

    def again(self, name: str) -> None:
        """Clear the poll of a run and what comes after it."""
        tasks = ["watch", "keep", "outputs"]
        body = {"dry_run": False, "dag_run_id": self.runs[name], "task_ids": tasks, "only_failed": False}
        self.airflow.rest.call("POST", "/dags/upgraded/clearTaskInstances", body)

    def waits(self, name: str) -> None:
        """Return when a triggerer polls for a run."""
        asked, limit = self.asked(name), time.monotonic() + 180
        while self.asked(name) < asked + 3:
            assert time.monotonic() < limit, self.airflow.rest.task_states("upgraded", self.runs[name])
            time.sleep(0.3)

    def asked(self, name: str, method: str = "GET") -> int:
        return self.things.sent.count(f"{method} {name}")

    def ended(self, name: str) -> tuple[str, str]:
        """Return how a run has ended, and what its poll says."""
        run = self.runs[name]
        state = self.airflow.rest.wait("upgraded", run, limit=240)["state"]
        record = self.airflow.rest.xcom("upgraded", run, "watch", "arazzo") or {}
        return state, record.get("message") or ""

    def is_refused(self, name: str) -> None:
        """Check that a poll was refused with a sentence, and goes on once it is cleared, with no second POST."""
        state, message = self.ended(name)
        assert state == "failed"
        assert re.search(r"cannot be read: it has form \d+", message), message
        assert message.endswith(way_out()), message
        assert (self.asked(name, "POST"), self.asked(name, "PUT")) == (1, 0)

    def succeeds(self, name: str) -> None:
        self.things.ready.add(name)
        assert self.ended(name) == ("success", "")
        assert self.airflow.rest.xcom("upgraded", self.runs[name], "outputs") == {"mark": f"mark of {name}"}
        assert (self.asked(name, "POST"), self.asked(name, "PUT")) == (1, 1)


def way_out() -> str:
    """Return what a person is told to do about a value of another form."""
    with pytest.raises(AirflowException) as refused:
        fields_of({"version": FORM + 1}, "a value", ())
    return str(refused.value).partition(". ")[2]


def copied(folder: Path, pattern: str, new: str) -> str:
    """Copy both packages, changed, into a folder."""
    changes = 0
    for package in (airflow_arazzo, arazzo):
        source = Path(str(package.__file__)).parent
        copy = shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in copy.rglob("*.py"):
            text, count = re.subn(pattern, new, file.read_text("utf-8"), flags=re.MULTILINE)
            file.write_text(text, "utf-8")
            changes += count
    assert changes, pattern
    return str(folder)


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory):
    home, things = tmp_path_factory.mktemp("upgrade"), Things()
    versions = {name: copied(home / name.replace(" ", "_"), *change) for name, change in OTHERS.items()}
    dags = home / "dags"
    dags.mkdir()
    for name, text in (("api.openapi.yaml", API), ("upgraded.arazzo.yaml", DOCUMENT), ("upgraded.py", DAG)):
        (dags / name).write_text(text)
    with PlayedApi(things.play, "http://things.example") as served:
        environment = {"AIRFLOW_CONN_THINGS": json.dumps({"conn_type": "http", "host": served.url})}
        with LocalAirflow(home / "home", dags, environment) as airflow:
            airflow.migrate()
            airflow.start()
            airflow.wait_healthy(240)
            airflow.wait_for_dags("upgraded", limit=180)
            yield Upgrade(airflow, things, versions)


def test_a_triggerer_of_another_form_refuses_what_a_worker_has_stored(upgrade):
    upgrade.start("triggerer", "another form")
    upgrade.begin("stored-by-worker")
    upgrade.is_refused("stored-by-worker")
    upgrade.start("triggerer")
    upgrade.again("stored-by-worker")
    upgrade.waits("stored-by-worker")
    upgrade.succeeds("stored-by-worker")


def test_a_worker_of_another_form_and_a_triggerer_of_this_one_refuse_what_the_other_has_stored(upgrade):
    upgrade.start("triggerer")
    upgrade.begin("found-by-triggerer")
    upgrade.waits("found-by-triggerer")
    upgrade.start("scheduler", "another form")
    upgrade.begin("stored-by-other")
    upgrade.things.ready.add("found-by-triggerer")
    upgrade.is_refused("found-by-triggerer")
    upgrade.is_refused("stored-by-other")
    upgrade.start("triggerer", "another form")
    upgrade.again("stored-by-other")
    upgrade.waits("stored-by-other")
    upgrade.succeeds("stored-by-other")
    upgrade.start("triggerer")
    upgrade.start("scheduler")
    upgrade.again("found-by-triggerer")
    upgrade.succeeds("found-by-triggerer")


@pytest.mark.parametrize("first", ["triggerer", "scheduler"])
def test_a_poll_goes_on_where_the_forms_are_the_same(upgrade, first):
    name = f"first-{first}"
    upgrade.start("scheduler")
    upgrade.start("triggerer")
    upgrade.begin(name)
    upgrade.waits(name)
    upgrade.start(first, "the next release")
    upgrade.waits(name)
    upgrade.succeeds(name)
