"""A broken document as a scheduler sees it: a new one fails on its schedule, an existing one keeps its pause."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_arazzo.testing.local_airflow import LocalAirflow

API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
servers: [{url: http://things.invalid}]
paths:
  /things: {get: {operationId: list, responses: {'200': {description: ok}}}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: T, version: 1.0.0}
sourceDescriptions: [{name: api, url: api.yaml}]
workflows:
- workflowId: NAME
  x-airflow: {schedule: 'SCHEDULE'}
  steps: [{stepId: a, operationId: list}]
"""
LOADER = "from airflow_arazzo import load_dags  # airflow dag\n\nload_dags(FOLDER)\n"
#: A schedule that does not come while the test runs.
NEVER = "0 0 29 2 *"

pytestmark = pytest.mark.scheduler


@pytest.fixture(scope="module")
def world(tmp_path_factory, migrate):
    """Start Airflow on three good documents, one of them unpaused; break two, and add one that is broken."""
    home = tmp_path_factory.mktemp("airflow")
    folder = home / "dags"
    documents = home / "documents"
    for each in (folder, documents):
        each.mkdir()
    (documents / "api.yaml").write_text(API)
    for name in ("paused", "kept", "good"):
        write(documents, name)
    (folder / "loader.py").write_text(LOADER.replace("FOLDER", repr(str(documents))))
    environment = {
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3",
    }
    with LocalAirflow(home / "home", folder, environment, restart=True) as airflow:
        migrate(airflow)
        airflow.start()
        airflow.wait_healthy(180)
        airflow.wait_for_dags("paused", "kept", "good", limit=120)
        airflow.rest.call("PATCH", "/dags/kept", {"is_paused": False})
        for name in ("paused", "kept"):
            write(documents, name, operation="lits")
        write(documents, "fresh", operation="lits", schedule="* * * * *")
        yield airflow


def write(documents, name, operation="list", schedule=NEVER):
    text = DOCUMENT.replace("NAME", name).replace("SCHEDULE", schedule)
    text = text.replace("operationId: list", f"operationId: {operation}")
    (documents / f"{name}.yaml").write_text(text)


def until(look: Callable[[], Any], limit: float = 240) -> Any:
    """Return what looking finds; an API server that is too busy to answer is asked again."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        with contextlib.suppress(OSError):  # what requests raises
            if found := look():
                return found
        time.sleep(1)
    return None


def dag(airflow, name):
    return airflow.rest.call("GET", f"/dags/{name}")


def is_invalid(airflow, name):
    return "arazzo-invalid" in [tag["name"] for tag in dag(airflow, name)["tags"]]


def test_an_existing_dag_keeps_its_pause_and_its_schedule(world):
    assert until(lambda: is_invalid(world, "paused") and is_invalid(world, "kept"))
    assert [dag(world, name)["is_paused"] for name in ("paused", "kept", "good")] == [True, False, True]
    assert dag(world, "kept")["timetable_summary"] == NEVER
    assert not is_invalid(world, "good")


def test_a_new_one_is_not_paused_and_fails_on_its_schedule(world):
    world.wait_for_dags("fresh", limit=120)
    assert dag(world, "fresh")["is_paused"] is False

    def failed():
        runs = world.rest.call("GET", "/dags/fresh/dagRuns")["dag_runs"]
        return [run for run in runs if run["state"] == "failed" and run["run_type"] == "scheduled"]

    assert until(failed)
    assert world.rest.import_errors() == []


def test_the_log_of_the_dag_processor_has_the_problems_as_errors(world):
    def told():
        logs = (path.read_text(errors="replace") for path in world.home.rglob("*.log"))
        return any("fresh.yaml cannot be run" in text and "error[unknown-operation]" in text for text in logs)

    assert until(told)
