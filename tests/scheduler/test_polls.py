"""Polls that run out, are marked, killed, or lose their document or connection while they wait, on a scheduler."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from played_api import PlayedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.exchange import Request, Response

API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "http://things.invalid"}]
paths:
  /watch/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    get: {operationId: look, responses: {"200": {description: ready}, "202": {description: pending}}}
  /behind/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    get: {operationId: behind, responses: {"200": {description: ok}}}
"""
WATCH = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: things, url: api.openapi.yaml, type: openapi}]
workflows:
- workflowId: w
  inputs: {type: object, properties: {name: {type: string}}, required: [name]}
  x-airflow: {poke_interval: 2}
  steps:
  - stepId: watch
    operationId: look
    parameters: [{name: name, in: path, value: $inputs.name}]
    outputs: {status: $statusCode}
    onSuccess:
    - {name: again, type: goto, stepId: watch, criteria: [{condition: $statusCode == 202}]}
"""
WAYS = """
    - {name: ready, type: goto, stepId: behind, criteria: [{condition: $statusCode == 200}]}
    - {name: gone, type: end, criteria: [{condition: $statusCode == 204}]}
"""
BEHIND = """
  - stepId: behind
    operationId: behind
    parameters: [{name: name, in: path, value: $inputs.name}]
"""
#: In the place of ``WATCH``: the loop has got a second step, so the poll that waits cannot go on in it.
OTHER = WATCH.replace("goto, stepId: watch", "goto, stepId: before") + BEHIND.replace(
    "stepId: behind", "stepId: before\n    onSuccess: [{name: b, type: goto, stepId: watch}]"
)
DAG_FILE = """
from pathlib import Path

from airflow_arazzo import ArazzoDag

def call(context):
    with Path({called!r}).open("a") as file:
        print(context["dag"].dag_id, context["ti"].task_id, file=file)

ArazzoDag(
    Path(__file__).with_name("w.arazzo.yaml"),
    dag_id={name!r},
    inputs={{"name": {name!r}}},
    connections={{"things": {connection!r}}},
    steps={{"watch": {settings!r}}},
    default_args={{"on_failure_callback": call}},
)
"""
#: By DAG what its document is made of, and the settings of its poll.
QUICK = {
    "bounded": (WATCH + BEHIND, {"execution_timeout": 10}),
    "grown": (WATCH, {}),
    "changed": (WATCH + BEHIND, {}),
    "disconnected": (WATCH + BEHIND, {}),
    "marked": (WATCH + BEHIND, {}),
}
SLOW = {
    "deadline": (WATCH + BEHIND, {"timeout": 30, "poke_interval": 3, "retries": 2, "retry_delay": 1}),
    "branching": (WATCH + WAYS + BEHIND, {}),
}
KILLED = {"killed": (WATCH + BEHIND, {})}
#: How long the API takes for the first request of the poll with a deadline, to answer it with 500.
LONG = 12.0

pytestmark = pytest.mark.scheduler
slow = pytest.mark.slow


class Things:
    """The API: what is watched is pending until it is said to be ready; one lets its asker wait."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.ready: set[str] = set()

    def play(self, request: Request) -> Response:
        what, name = request.url.rsplit("/", 2)[1:]
        self.sent.append(f"{what} {name}")
        if name == "killed":
            time.sleep(300)
        if self.sent.count("watch deadline") == 1 and name == "deadline":
            time.sleep(LONG)
            return Response(500, (), b"")
        return Response(202 if what == "watch" and name not in self.ready else 200, (), b"")


def write_dags(home: Path, dags: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    """Write the files of some DAGs, which Airflow reads every five seconds: those of the short form first."""
    for name, (document, settings) in dags.items():
        folder = home / "dags" / name
        folder.mkdir(parents=True)
        (folder / "api.openapi.yaml").write_text(API)
        (folder / "w.arazzo.yaml").write_text(document)
        connection = "goes_away" if name == "disconnected" else "things"
        told = {"called": str(home / "called"), "name": name, "connection": connection, "settings": settings}
        (folder / f"{name}.py").write_text(DAG_FILE.format(**told))


class World:
    def __init__(self, airflow: LocalAirflow, folder: Path, things: Things, called: Path) -> None:
        self.airflow, self.rest, self.folder, self.things, self.called = airflow, airflow.rest, folder, things, called
        self.runs: dict[str, str] = {}

    def start(self, *names: str) -> None:
        self.airflow.wait_for_dags(*names, limit=120)
        self.runs |= {name: self.rest.trigger(name) for name in names}

    def path(self, name: str, task: str = "") -> str:
        return f"/dags/{name}/dagRuns/{self.runs[name]}/taskInstances/{task}".rstrip("/")

    def states(self, name: str) -> dict[str, str | None]:
        return self.rest.task_states(name, self.runs[name])

    def ended(self, name: str) -> tuple[str, dict[str, str | None], str]:
        """Return how the run has ended, the states of its tasks, and what the last one says."""
        state = self.rest.wait(name, self.runs[name], limit=240)["state"]
        record = self.rest.xcom(name, self.runs[name], "outputs", "arazzo") or {}
        return state, self.states(name), record.get("message", "")

    def until(self, look: Callable[[], Any], limit: float = 180) -> None:
        end = time.monotonic() + limit
        while not look():
            assert time.monotonic() < end, {name: self.states(name) for name in self.runs}
            time.sleep(0.3)

    def waits(self, name: str) -> None:
        """Return when the poll waits in the triggerer, and has asked from there."""
        self.until(lambda: self.states(name).get("watch") == "deferred" and self.asked(name) > 1)

    def asked(self, name: str, what: str = "watch") -> int:
        return self.things.sent.count(f"{what} {name}")

    def calls(self, name: str) -> list[str]:
        """Return the tasks of a DAG whose failure has called somebody."""
        lines = self.called.read_text().splitlines() if self.called.exists() else []
        return [task for dag_id, task in map(str.split, lines) if dag_id == name]

    def mark(self, name: str, task: str, state: str) -> None:
        self.rest.call("PATCH", self.path(name, task), {"new_state": state})

    def clear(self, name: str, *tasks: str) -> None:
        body = {"dry_run": False, "dag_run_id": self.runs[name], "task_ids": list(tasks), "only_failed": False}
        self.rest.call("POST", f"/dags/{name}/clearTaskInstances", body)

    def write(self, name: str, document: str) -> None:
        """Put a document there, whole: Airflow may read it at any moment."""
        new = self.folder / name / "new"
        new.write_text(document)
        new.replace(new.with_name("w.arazzo.yaml"))


@pytest.fixture(scope="module")
def world(tmp_path_factory, migrate):
    """Start Airflow, and the runs of the short form."""
    home = tmp_path_factory.mktemp("airflow")
    write_dags(home, QUICK)
    things = Things()
    with PlayedApi(things.play, "http://things.example") as served:
        connection = {"conn_type": "http", "host": served.url}
        environment = {
            "AIRFLOW_CONN_THINGS": json.dumps(connection),
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        }
        with LocalAirflow(home / "home", home / "dags", environment, restart=True) as airflow:
            migrate(airflow)
            airflow.start()
            airflow.wait_healthy(180)
            airflow.rest.call("POST", "/connections", {"connection_id": "goes_away", **connection})
            world = World(airflow, home / "dags", things, home / "called")
            world.start(*QUICK)
            yield world


@pytest.fixture(scope="module")
def more(world):
    """Start the runs that the short form leaves out."""
    write_dags(world.folder.parent, {**SLOW, **KILLED})
    world.start(*SLOW)
    return world


FAILED = {"watch": "failed", "behind": "upstream_failed", "outputs": "failed"}
GOOD = dict.fromkeys(("watch", "behind", "outputs"), "success")


@slow
def test_the_deadline_covers_all_tries_and_a_poll_that_runs_out_is_not_retried(more):
    state, tasks, message = more.ended("deadline")
    assert (state, tasks) == ("failed", FAILED)
    assert "poll of step 'watch' gave up: timeout of 30 s reached" in message
    watch = more.rest.call("GET", more.path("deadline", "watch"))
    assert (watch["try_number"], watch["max_tries"]) == (2, 2)
    assert more.asked("deadline") <= 1 + (30 - LONG) / 3 + 1  # a second try with 30 s of its own would ask more often
    assert more.calls("deadline") == ["watch"]


@slow
def test_a_poll_that_is_marked_asks_for_its_branch(more):
    more.waits("branching")
    more.mark("branching", "watch", "success")
    state, tasks, message = more.ended("branching")
    failed = {"watch": "success", "watch_branch": "failed", "behind": "upstream_failed", "outputs": "failed"}
    assert (state, tasks) == ("failed", failed)
    assert "several routes lead on: mark the branch after it and the tasks that should not run as a success" in message
    assert more.calls("branching") == ["watch_branch"]
    for task, mark in (("watch_branch", "success"), ("behind", "skipped")):
        more.mark("branching", task, mark)
    more.clear("branching", "outputs")
    more.until(lambda: more.states("branching")["outputs"] == "success")
    state, tasks, _ = more.ended("branching")
    assert (state, tasks) == (
        "success",
        {**failed, "watch_branch": "success", "behind": "skipped", "outputs": "success"},
    )
    assert more.asked("branching", "behind") == 0


@slow
def test_a_task_that_was_killed_is_named(more):
    pids: list[int] = []

    def runs():
        pids[:] = filter(None, [more.rest.call("GET", more.path("killed", "watch"))["pid"]])
        return pids and more.asked("killed")

    more.start(*KILLED)
    more.until(runs)
    os.kill(pids[0], signal.SIGKILL)
    state, tasks, message = more.ended("killed")
    assert (state, tasks) == ("failed", FAILED)
    assert "its task 'watch' failed without a message: it was killed or marked as failed" in message
    more.until(lambda: more.calls("killed"))
    assert more.calls("killed") == ["outputs"]


def test_an_execution_timeout_bounds_a_poll_that_waits_in_the_triggerer(world):
    state, tasks, message = world.ended("bounded")
    assert (state, tasks) == ("failed", FAILED)
    assert "took longer than its execution_timeout of 10 s, waits in the triggerer included" in message
    assert world.calls("bounded") == ["watch"]


def test_a_poll_that_is_marked_leads_on_where_there_is_one_way(world):
    world.waits("marked")
    world.mark("marked", "watch", "success")
    state, tasks, _ = world.ended("marked")
    assert (state, tasks) == ("success", GOOD)
    assert (world.asked("marked", "behind"), world.calls("marked")) == (1, [])


def test_a_step_that_is_added_behind_a_poll_does_not_end_it(world):
    world.waits("grown")
    world.write("grown", WATCH + BEHIND)
    world.until(lambda: "behind" in world.states("grown"))
    world.things.ready.add("grown")
    state, tasks, _ = world.ended("grown")
    assert (state, tasks) == ("success", GOOD)
    assert (world.asked("grown", "behind"), world.calls("grown")) == (1, [])


def test_a_change_of_its_own_steps_ends_a_poll_and_is_named(world):
    world.waits("changed")
    world.write("changed", OTHER + BEHIND)
    world.things.ready.add("changed")
    state, tasks, message = world.ended("changed")
    assert (state, tasks["watch"], tasks["outputs"]) == ("failed", "failed", "failed")
    assert tasks["behind"] in ("upstream_failed", "removed")  # nothing leads to it now, once Airflow has read that
    assert "the document has changed while task 'watch' waited, and it cannot go on from where it was" in message
    assert (world.asked("changed", "behind"), world.calls("changed")) == (0, ["watch"])


def test_a_connection_that_is_deleted_is_named(world):
    world.waits("disconnected")
    world.rest.call("DELETE", "/connections/goes_away")
    world.things.ready.add("disconnected")
    state, tasks, message = world.ended("disconnected")
    assert (state, tasks) == ("failed", FAILED)
    assert "goes_away" in message
    assert (world.asked("disconnected", "behind"), world.calls("disconnected")) == (0, ["watch"])
