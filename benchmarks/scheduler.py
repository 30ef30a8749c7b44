"""What tasks cost on a scheduler: steps of documents, beside HttpOperators that send the same requests.

    python benchmarks/scheduler.py [--rounds 5] [--preload]

An Airflow of this machine (LocalExecutor, SQLite) runs the DAGs in turns. Times are Airflow's own, of its task
instances and runs. CPU time is that of the workers and of the tasks' processes, which they start: so it contains the
supervisor of a task, which writes its log and passes on its requests. Airflow's other components are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psutil

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.testing import MockApi, serve

THING = {"type": "object", "properties": {"id": {"type": "string"}, "status": {"type": "string"}}}
ANSWER = {"schema": THING, "example": {"id": "a", "status": "done"}}
OPERATION = {
    "operationId": "getThing",
    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
    "responses": {"200": {"description": "the thing", "content": {"application/json": ANSWER}}},
}
API = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "servers": [{"url": "http://things.invalid"}],
    "paths": {"/things/{id}": {"get": OPERATION}},
}
BY_HAND = """
from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG

with DAG("{name}", params={{"id": "a"}}):
    before = None
    for number in range({steps}):
        thing = "{{{{ ti.xcom_pull('s%d') }}}}" % (number - 1) if number else "{{{{ params.id }}}}"
        task = HttpOperator(
            task_id=f"s{{number}}",
            http_conn_id="things",
            method="GET",
            endpoint=f"things/{{thing}}",
            response_check=lambda response: response.status_code == 200,
            response_filter=lambda response: response.json()["id"],
        )
        before = before >> task if before else task
"""
OURS = """
from airflow_arazzo import ArazzoDag
ArazzoDag({document!r}, dag_id="{name}", settings={{"granularity": "{granularity}"}})
"""
STEP = """
from airflow_arazzo import ArazzoStepOperator
from airflow.sdk import DAG

with DAG("{name}"):
    ArazzoStepOperator(task_id="s0", plan={document!r})
"""
#: What is measured: the table's names, the kind of DAG, how many steps it has, and with what it is compared.
KINDS = (
    ("one HttpOperator", "by_hand", 1, ""),
    ("one ArazzoStepOperator", "operator", 1, "one HttpOperator"),
    ("a document of one step", "step", 1, "one HttpOperator"),
    ("five HttpOperators", "by_hand", 5, ""),
    ("five steps", "step", 5, "five HttpOperators"),
    ("five steps as one task", "workflow", 5, "five HttpOperators"),
    ("two steps", "step", 2, ""),
    ("a step and one of two others", "branch", 3, "two steps"),
)


class Run(NamedTuple):
    """A run of a DAG: how many tasks ran on a worker, and seconds; those of tasks are of all of them together."""

    tasks: int
    running: float
    queued: float
    whole: float
    cpu: float


def document(steps: int, *, branches: bool) -> dict[str, Any]:
    """Return a document of so many steps; with a branch after the first, of which only one other runs."""
    made: list[dict[str, Any]] = []
    for number in range(steps):
        thing = f"$steps.s{0 if branches else number - 1}.outputs.id" if number else "$inputs.id"
        made.append(
            {
                "stepId": f"s{number}",
                "operationId": "getThing",
                "parameters": [{"name": "id", "in": "path", "value": thing}],
                "successCriteria": [{"condition": "$statusCode == 200"}],
                "outputs": {"id": "$response.body#/id"},
            }
        )
    if branches:
        done = {"condition": "$response.body#/status == 'done'"}
        ways = [{"name": "done", "type": "goto", "stepId": "s1", "criteria": [done]}]
        made[0]["onSuccess"] = [*ways, {"name": "other", "type": "goto", "stepId": "s2"}]
        made[1]["onSuccess"] = [{"name": "over", "type": "end"}]
    inputs = {"type": "object", "properties": {"id": {"type": "string", "default": "a"}}}
    last = f"$steps.s{1 if branches else steps - 1}.outputs.id"
    return {
        "arazzo": "1.0.1",
        "info": {"title": "things", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": "things.json", "type": "openapi"}],
        "workflows": [{"workflowId": "things", "inputs": inputs, "steps": made, "outputs": {"id": last}}],
    }


def write_dags(folder: Path) -> dict[str, str]:
    """Write a DAG file of each kind, and return the ids of the DAGs by the table's names."""
    (folder / "things.json").write_text(json.dumps(API))
    ids = {}
    for title, kind, steps, _ in KINDS:
        name = ids[title] = f"{kind}-{steps}"
        path = folder / f"{name}.arazzo.json"
        path.write_text(json.dumps(document(steps, branches=kind == "branch")))
        granularity = "workflow" if kind == "workflow" else "step"
        text = {"by_hand": BY_HAND, "operator": STEP}.get(kind, OURS)
        text = text.format(name=name, steps=steps, document=str(path), granularity=granularity)
        (folder / f"{name.replace('-', '_')}.py").write_text(text)
    return ids


def workers_seconds(airflow: LocalAirflow) -> float:
    """Return the CPU time of all workers and the tasks' processes, once no task runs any more."""
    workers = psutil.Process(airflow.sessions["scheduler"].process.pid).children()
    while any(worker.children() for worker in workers):
        time.sleep(0.05)  # a worker is busy until the first heartbeat after its task has ended
    return sum(sum(worker.cpu_times()[:4]) for worker in workers)


def run(airflow: LocalAirflow, dag_id: str) -> Run:
    """Run a DAG and return what it took."""
    before = workers_seconds(airflow)
    run_id = airflow.rest.trigger(dag_id)
    whole = airflow.rest.wait(dag_id, run_id)
    cpu = workers_seconds(airflow) - before
    if whole["state"] != "success":
        raise SystemExit(f"{dag_id}: {airflow.rest.task_states(dag_id, run_id)}")
    tasks = [task for task in airflow.rest.tasks(dag_id, run_id) if task["pid"]]
    return Run(
        len(tasks),
        sum(between(task, "start_date", "end_date") for task in tasks),
        sum(between(task, "queued_when", "end_date") for task in tasks),
        between(whole, "start_date", "end_date"),
        cpu,
    )


def between(of: dict[str, str], begin: str, end: str) -> float:
    """Return the seconds between two times of a task or a run."""
    first, last = (datetime.fromisoformat(of[name].replace("Z", "+00:00")) for name in (begin, end))
    return (last - first).total_seconds()


def measure(rounds: int, *, preload: bool) -> dict[str, list[Run]]:
    """Return the runs of each kind.

    :param preload: the setting ``[arazzo] preload``.
    """
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        folder = Path(home) / "dags"
        folder.mkdir()
        ids = write_dags(folder)
        url = stack.enter_context(serve(MockApi({"things": folder / "things.json"})))
        environment = {
            "AIRFLOW_CONN_THINGS": json.dumps({"conn_type": "http", "host": url}),
            "AIRFLOW__ARAZZO__PRELOAD": str(preload),
            # Neither a task that waits for a free worker, nor the DAG processor, is what is measured.
            "AIRFLOW__CORE__PARALLELISM": "8",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        }
        airflow = stack.enter_context(LocalAirflow(Path(home) / "airflow", folder, environment))
        airflow.migrate()
        airflow.start()
        airflow.wait_healthy()
        airflow.wait_for_dags(*ids.values())
        turns = [{title: run(airflow, dag_id) for title, dag_id in ids.items()} for _ in range(rounds + 1)]
    return {title: [turn[title] for turn in turns[1:]] for title in ids}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--preload", action="store_true", help="with [arazzo] preload")
    chosen = parser.parse_args()
    found = measure(chosen.rounds, preload=chosen.preload)
    print(f"Load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores. Medians, with the ratio to the row in question.\n")
    print("| DAG | tasks on workers | a task, s | from queued, s | its CPU, s | a run, s | its CPU, s |")
    print("|---|---|---|---|---|---|---|")
    for title, _, _, base in KINDS:
        mine, others = medians(found[title]), medians(found[base or title])
        ratios = [f" ({one / other:.2f})" if base else "" for one, other in zip(mine, others, strict=True)]
        row = [f"{one:.3f}{ratio}" for one, ratio in zip(mine, ratios, strict=True)]
        print(f"| {title} | {found[title][0].tasks} | {' | '.join(row)} |")


def medians(runs: list[Run]) -> list[float]:
    """Return the time, the time from queued and the CPU time of a task, and the time and CPU time of a run."""
    tasks = runs[0].tasks
    of_tasks = [median(values) / tasks for values in zip(*((r.running, r.queued, r.cpu) for r in runs), strict=True)]
    return [*of_tasks, median(r.whole for r in runs), median(r.cpu for r in runs)]


if __name__ == "__main__":
    main()
