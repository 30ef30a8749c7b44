"""Many runs of the example workflows against a mock of their APIs, and what came of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from airflow_arazzo.testing import DEMO_SCENARIO
from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.testing import MockApi, Scenario, serve

ROOT = Path(__file__).parents[1]
AQUA, ANCHORE = "rescan-and-cleanup", "rescan-active-image-and-gate"
#: How often a scan is asked for until it is through.
POLLS = {"library/nginx": 6, "library/broken": 4}
#: What the workflow of a scan puts out.
OUTPUTS = {
    "library/nginx": {"scanStatus": "completed", "vulnerabilities": {"high": 2}, "deletedStatus": None},
    "library/broken": {"scanStatus": "failed", "vulnerabilities": None, "deletedStatus": 204},
}
#: Who logs in is the run, so that the record of the mock tells whose login it was.
INPUTS = {"id": "{{ run_id }}", "password": "{{ conn.aquaSecurityApi.password }}"}


@dataclass
class Run:
    """One run, and what came of it.

    :param key: by which the mock knows its requests, beside the run id.
    """

    dag_id: str
    key: str
    image: str = ""
    run_id: str = ""
    state: str = ""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def conf(self) -> dict[str, str]:
        if self.dag_id == ANCHORE:
            return {"authorization": "Basic ZGVtbzpkZW1vLXBhc3N3b3Jk", "tag": self.key, "vtype": "all"}
        registry, _, _ = self.key.partition("/")
        return {"registry": registry, "image": f"{self.image}:1", "image_name": self.image, "image_tag": "1"}

    def sent(self, mock: MockApi) -> Counter[str]:
        """Return how often each operation was asked for in this run."""
        keys = {self.key, self.run_id}
        return Counter(entry.operation for entry in mock.record if keys & {entry.key, entry.used_for})

    def outputs(self, airflow: LocalAirflow) -> Any:
        return airflow.rest.xcom(self.dag_id, self.run_id, "outputs")

    def failures(self, airflow: LocalAirflow) -> list[str]:
        """Return what the steps that failed have to say."""
        names = [name for name, task in self.tasks.items() if task["state"] == "failed" and name != "outputs"]
        records = [airflow.rest.xcom(self.dag_id, self.run_id, name, "arazzo") or {} for name in names]
        return [str(record.get("message")) for record in records]

    @property
    def started_again(self) -> list[str]:
        return [name for name, task in self.tasks.items() if task["try_number"] > 1]


def scan(number: int) -> Run:
    """Return a run of the Aqua workflow: every other scan fails."""
    image = "library/broken" if number % 2 else "library/nginx"
    return Run(AQUA, f"hub-{number}/{image}:1", image)


def gate(number: int) -> Run:
    """Return a run of the Anchore workflow."""
    return Run(ANCHORE, f"docker.io/library/nginx:{number}")


@contextmanager
def slow_mock(delay: float = 0) -> Iterator[MockApi]:
    """Serve the demo's APIs with scans that take :data:`POLLS` rounds.

    :param delay: seconds before the answer to what must not be sent twice.
    """
    data = yaml.safe_load(DEMO_SCENARIO.read_text("utf-8"))
    operations = data["operations"]
    for image, last in (
        ("library/nginx", {"scan_status": "completed", "vulnerabilities": {"high": 2}}),
        ("library/broken", {"scan_status": "failed"}),
    ):
        answers = [{"body": {"scan_status": "in-progress"}, "times": POLLS[image] - 1}, {"body": last}]
        operations["aqua.getImage"]["rules"].insert(1, {"when": {"path": {"image_name": image}}, "answers": answers})
    for operation in ("aqua.login", "aqua.registerImage"):
        for rule in operations[operation]["rules"]:
            rule["answers"] = [{**answer, "delay": delay} for answer in rule["answers"]]
    openapi = ROOT / "dags" / "openapi"
    descriptions = {"aqua": openapi / "aqua-security-api.yaml", "anchore": openapi / "anchore-enterprise-api.yaml"}
    api = MockApi(descriptions, Scenario.model_validate(data))
    with serve(api) as url:
        api.url = url
        yield api


def trigger(airflow: LocalAirflow, runs: list[Run]) -> None:
    for run in runs:
        run.run_id = airflow.rest.trigger(run.dag_id, run.conf())


def ended(airflow: LocalAirflow) -> int:
    """Return how many runs have ended, well or not."""
    found = [airflow.rest.call("GET", "/dags/~/dagRuns", limit=1, state=state) for state in ("success", "failed")]
    return sum(page["total_entries"] for page in found)


def look(airflow: LocalAirflow, runs: list[Run]) -> None:
    """Fill in the states of the runs and their tasks."""
    by_id = {(run.dag_id, run.run_id): run for run in runs}
    for dag_id in {run.dag_id for run in runs}:
        for found in paged(airflow, f"/dags/{dag_id}/dagRuns", "dag_runs"):
            by_id[dag_id, found["dag_run_id"]].state = found["state"]
        for task in paged(airflow, f"/dags/{dag_id}/dagRuns/~/taskInstances", "task_instances"):
            by_id[dag_id, task["dag_run_id"]].tasks[task["task_id"]] = task


def paged(airflow: LocalAirflow, path: str, key: str, **query: Any) -> Iterator[dict[str, Any]]:
    offset = 0
    while found := airflow.rest.call("GET", path, limit=100, offset=offset, **query)[key]:
        yield from found
        offset += len(found)


def until(limit: float, holds: Callable[[], Any], pause: float = 0.5) -> None:
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(pause)
