"""Workflows of 50 and 200 steps, as a scheduler runs them: what the interpreter sends, and nothing else."""

import json
from contextlib import ExitStack

import pytest
from casebook import BASE, CASES
from long_workflows import document
from played_api import PlayedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.engine import load_plan, run_local
from arazzo.exchange import Response

API = CASES / "api.openapi.yaml"
LONG = {"linear-50": (50, False), "branching-50": (50, True), "linear-200": (200, False)}
DAGS = f"""
from pathlib import Path

from airflow_arazzo import ArazzoDag

for name in {list(LONG)!r}:
    ArazzoDag(Path(__file__).parent / f"{{name}}.json", dag_id=name, connections={{"things": name}})
"""

pytestmark = [pytest.mark.scheduler, pytest.mark.slow]


class Steps:
    """Answers a step by its number; keeps who asked, and what the step before had seen."""

    def __init__(self):
        self.asked = []

    def play(self, request):
        headers = {name.lower(): value for name, value in request.headers}
        self.asked.append((headers["x-step"], headers.get("x-seen")))
        way = int(headers["x-step"][1:]) % 3
        return Response(200, (("Content-Type", "application/json"),), json.dumps({"way": way}).encode())


def test_long_workflows_send_what_the_interpreter_sends(tmp_path, migrate):
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "long.py").write_text(DAGS)
    (dags / API.name).write_text(API.read_text())
    for name, (size, branching) in LONG.items():
        (dags / f"{name}.json").write_text(document(size, branching=branching))
    apis = {name: Steps() for name in LONG}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(PlayedApi(api.play, BASE)) for name, api in apis.items()}
        connections = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps({"conn_type": "http", "host": server.url})
            for name, server in servers.items()
        }
        airflow = stack.enter_context(LocalAirflow(tmp_path / "home", dags, connections, restart=True))
        migrate(airflow)
        airflow.start()
        airflow.wait_healthy(180)
        airflow.wait_for_dags(*LONG)
        runs = {name: airflow.rest.trigger(name) for name in LONG}
        states = {name: airflow.rest.wait(name, run, limit=1800)["state"] for name, run in runs.items()}
        outputs = {name: airflow.rest.xcom(name, run, "outputs") for name, run in runs.items()}
    assert states == dict.fromkeys(LONG, "success")
    for name, api in apis.items():
        alone = Steps()
        run = run_local(load_plan(dags / f"{name}.json"), {}, send=alone.play)
        assert (run.status, run.outputs) == ("success", outputs[name])
        assert api.asked == alone.asked
    assert [len(api.asked) for api in apis.values()] == [50, 34, 200]
