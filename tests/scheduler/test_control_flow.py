"""Every way a step can fail, and every shape a workflow has in a DAG, as a scheduler runs it.

docs/failures.md is made with ``dag.test()``; here the scheduler must show the same.
"""

import json
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest
from casebook import BASE
from failures_shown import DOCUMENT, FAILURES, Answers, Shown, in_page
from many_runs import AQUA, ROOT, slow_mock
from played_api import PlayedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow

NODES = ROOT / "tests" / "provider" / "documents" / "nodes.arazzo.yaml"
DAGS = f"""
from airflow_arazzo import ArazzoDag

NODES = {str(NODES)!r}
AQUA = {str(ROOT / "dags" / "workflows" / AQUA)!r} + ".arazzo.yaml"

ArazzoDag(NODES, "diamond", dag_id="asking", steps={{"b": {{"approval": True}}}})
ArazzoDag(AQUA, dag_id="whole", poke_interval=1, settings={{"granularity": "workflow"}})
ArazzoDag(AQUA, dag_id="rescheduled", poke_interval=1, deferrable=False, settings={{"mode": "reschedule"}})
ArazzoDag(AQUA, dag_id="sleeping", poke_interval=1, deferrable=False)
"""
FAILURE = f"""
from airflow_arazzo import ArazzoDag

ArazzoDag({str(DOCUMENT)!r}, {{workflow!r}}, dag_id={{dag_id!r}}, connections={{{{"things": {{dag_id!r}}}}}})
"""
#: Those in which a scheduler, a triggerer or a trigger rule does what ``dag.test()`` does in its own way.
OF_AIRFLOW = ("retried", "polled", "ended", "beside", "calling", "handing", "depending")
QUICK = [number for number, failure in enumerate(FAILURES) if failure.workflow in OF_AIRFLOW]
SLOW = [number for number in range(len(FAILURES)) if number not in QUICK]
SCANS = {"whole": "library/broken", "rescheduled": "library/broken", "sleeping": "library/nginx"}

pytestmark = pytest.mark.scheduler


class Nodes:
    """The API of the workflow that asks for approval; keeps what it was asked."""

    def __init__(self):
        self.lines = []

    def play(self, request):
        self.lines.append(f"{request.method} {request.url.rpartition('/')[2]}")
        body = {"a": {"next": "b", "mark": 1}, "b": {"next": "end", "mark": 2}}
        return Answers([(200, body[request.url.rpartition("/")[2]])]).send(request)


@pytest.fixture(scope="module")
def world(tmp_path_factory, migrate):
    """Start Airflow and the APIs, and trigger everything; yield what the tests look at."""
    home = tmp_path_factory.mktemp("airflow")
    shutil.copytree(ROOT / "dags", home / "dags", ignore=shutil.ignore_patterns("examples.py", "demo"))
    (home / "dags" / "control_flow.py").write_text(DAGS)
    for number, failure in enumerate(FAILURES):  # a file each, since every task reads its own anew
        text = FAILURE.format(workflow=failure.workflow, dag_id=f"failure{number}")
        (home / "dags" / f"failure{number}.py").write_text(text)
    with ExitStack() as stack:
        failing = [
            stack.enter_context(PlayedApi(Answers(list(failure.answers)).send, "http://failing.example"))
            for failure in FAILURES
        ]
        nodes = Nodes()
        served = stack.enter_context(PlayedApi(nodes.play, "http://nodes.example"))
        mock = stack.enter_context(slow_mock())
        hosts = {f"FAILURE{number}": api.url for number, api in enumerate(failing)} | {"NODES": served.url}
        connections = {name: {"conn_type": "http", "host": host} for name, host in hosts.items()}
        connections["AQUASECURITYAPI"] = {
            "conn_type": "arazzo",
            "host": f"{mock.url}/aqua",
            "login": "somebody",
            "password": "right-password",
        }
        connections["ANCHOREAPI"] = {
            "conn_type": "arazzo",
            "host": f"{mock.url}/anchore",
            "password": "Basic ZGVtbzpkZW1vLXBhc3N3b3Jk",
        }
        environment = {f"AIRFLOW_CONN_{name}": json.dumps(value) for name, value in connections.items()}
        environment["AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL"] = "600"  # nobody changes one of the twenty
        airflow = stack.enter_context(LocalAirflow(home / "home", home / "dags", environment, restart=True))
        migrate(airflow)
        airflow.start()
        airflow.wait_healthy(180)
        failures = [f"failure{number}" for number in range(len(FAILURES))]
        airflow.wait_for_dags("asking", "whole", "sleeping", "rescan_images", *failures, limit=120)
        yield World(airflow, mock, nodes, [api.url for api in failing])


class World:
    def __init__(self, airflow: LocalAirflow, mock: Any, nodes: Nodes, hosts: list[str]) -> None:
        self.hosts = hosts
        self.airflow, self.rest, self.mock, self.nodes = airflow, airflow.rest, mock, nodes
        self.failures: dict[int, str] = {}
        self.failure(QUICK[0])
        self.scans = {dag_id: self.rest.trigger(dag_id, _scan(dag_id, image)) for dag_id, image in SCANS.items()}
        self.own = self.rest.trigger("rescan_images")

    def failure(self, number: int) -> str:
        """Return the run of a failure; all of the short form are triggered together, and so are the others."""
        if number not in self.failures:
            self.failures |= {n: self.rest.trigger(f"failure{n}") for n in (QUICK if number in QUICK else SLOW)}
        return self.failures[number]

    def shown(self, dag_id: str, run_id: str) -> Shown:
        state = self.rest.wait(dag_id, run_id, limit=400)["state"]
        states = self.rest.task_states(dag_id, run_id)
        record = self.rest.xcom(dag_id, run_id, "outputs", "arazzo") or {}
        outputs = self.rest.xcom(dag_id, run_id, "outputs")
        message = record.get("message", "")
        for host in self.hosts:  # where the page has that of the description
            message = message.replace(f" {host}/", f" {BASE}/")
        return Shown(states, state, outputs, message)

    def sent(self, key: str) -> Counter:
        return Counter(entry.operation for entry in self.mock.record if key in (entry.key, entry.used_for))


def _scan(registry: str, image: str) -> dict[str, str]:
    return {"registry": registry, "image": f"{image}:1", "image_name": image, "image_tag": "1"}


@pytest.mark.parametrize(
    "number",
    [*QUICK, *(pytest.param(number, marks=pytest.mark.slow) for number in SLOW)],
    ids=lambda number: FAILURES[number].title,
)
def test_a_failure_is_shown_as_the_page_says(world, number):
    title, expected = FAILURES[number].title, in_page(FAILURES[number].title)
    found = world.shown(f"failure{number}", world.failure(number))
    columns = [name.strip(" `") for name in expected.splitlines()[2].strip("|").split("|")]
    ordered = {name: found.tasks[name] for name in columns[:-2]}
    assert found.tasks.keys() == ordered.keys()
    section = Shown(ordered, found.state, found.outputs, found.message).section(title)
    if FAILURES[number].answers[:1] == ["connection refused"]:  # each network words it in its own way
        section, expected = (text.rpartition("got no response: ")[0] for text in (section, expected))
    assert section == expected


@pytest.mark.parametrize(("answer", "state", "asked"), [("Approve", "success", 2), ("Reject", "failed", 1)])
def test_a_person_approves_or_refuses(world, answer, state, asked):
    world.nodes.lines.clear()
    run_id = world.rest.trigger("asking")
    task = f"/dags/asking/dagRuns/{run_id}/taskInstances/b_approval/-1/hitlDetails"
    deadline = time.monotonic() + 120
    while world.rest.task_states("asking", run_id).get("b_approval") not in ("awaiting_input", "deferred"):
        assert time.monotonic() < deadline, world.rest.task_states("asking", run_id)
        time.sleep(0.3)
    assert world.nodes.lines == ["GET a"]
    question = world.rest.call("GET", task)
    assert question["subject"] == "GET /nodes/{node} of 'nodes': may step 'b' of workflow 'diamond' do this?"
    time.sleep(6)  # longer than a person needs to read: see "What none of them does right" in docs/airflow-versions.md
    world.rest.call("PATCH", task, {"chosen_options": [answer], "params_input": {}})
    found = world.shown("asking", run_id)
    assert (found.state, world.nodes.lines) == (state, ["GET a", "GET b"][:asked])
    assert ("refused" in found.message) == (answer == "Reject")


def test_a_whole_workflow_in_one_task(world):
    assert world.rest.wait("whole", world.scans["whole"], limit=400)["state"] == "success"
    (task,) = world.rest.task_states("whole", world.scans["whole"])
    assert world.rest.xcom("whole", world.scans["whole"], task) == {
        "scanStatus": "failed",
        "vulnerabilities": None,
        "deletedStatus": 204,
    }
    assert world.sent("whole/library/broken:1") == {
        "login": 1,
        "registerImage": 1,
        "getImage": 4,
        "deleteImage": 1,
    }


@pytest.mark.parametrize("dag_id", ["rescheduled", "sleeping"])
def test_a_sensor_that_does_not_defer(world, dag_id):
    found = world.shown(dag_id, world.scans[dag_id])
    fails = SCANS[dag_id] == "library/broken"
    assert (found.state, found.outputs["scanStatus"]) == ("success", "failed" if fails else "completed")
    polls = {"getImage": 4, "deleteImage": 1} if fails else {"getImage": 6}
    assert world.sent(f"{dag_id}/{SCANS[dag_id]}:1") == {"login": 1, "registerImage": 1, **polls}
    log = world.rest.task_log(dag_id, world.scans[dag_id], "pollScan")
    assert ("Rescheduling" in log or "rescheduled" in log) == (dag_id == "rescheduled")
    assert "in the triggerer" not in log


def test_workflows_in_somebodys_own_dag(world):
    run_id = world.own
    assert world.rest.wait("rescan_images", run_id, limit=400)["state"] == "success"
    tasks = world.rest.tasks("rescan_images", run_id)
    assert Counter(task["task_id"] for task in tasks)["rescan"] == 2
    assert {task["state"] for task in tasks if not task["task_id"].startswith("gate.")} == {"success"}
    for name in ("library/nginx", "library/redis"):
        assert world.sent(f"docker-hub/{name}:latest")["registerImage"] == 1
    assert world.rest.xcom("rescan_images", run_id, "report").startswith("The policy says: ")
