"""The cases as runs of DAGs: all started at once, watched through the REST API until the last has ended, and judged
by the record of the mock API first, then by what Airflow says of the run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from airflow_arazzo.demo.cases import CaseResult, DemoCase, ExpectedCall
from airflow_arazzo.testing.airflow_rest import ENDED, AirflowRest
from airflow_arazzo.testing.demo_scenario import demo_connections
from arazzo.frozen import dataclass
from arazzo.testing import Recorded


@dataclass(frozen=True)
class Started:
    """A case whose run has been triggered."""

    case: DemoCase
    run_id: str


def connections(url: str) -> dict[str, str]:
    """Return the Airflow connections of the cases, as environment variables.

    :param url: the address of the mock of their APIs.
    """
    stranger = {"conn_type": "arazzo", "host": f"{url}/aqua", "login": "stranger", "password": "wrong-password"}
    return {**demo_connections(url), "AIRFLOW_CONN_AQUA_STRANGER": json.dumps(stranger)}


def start(rest: AirflowRest, cases: Sequence[DemoCase]) -> list[Started]:
    """Trigger a run for each case."""
    return [Started(case, rest.trigger(case.dag_id, case.conf)) for case in cases]


def watch(
    rest: AirflowRest, started: Sequence[Started], show: Callable[[Mapping[str, str]], None], limit: float
) -> None:
    """Show the progress of the runs until all have ended, or time is up.

    :param show: called about once a second with each case's state by its title.
    :param limit: seconds.
    """
    deadline = time.monotonic() + limit
    shown = {item.case.title: "queued" for item in started}
    show(shown)
    while time.monotonic() < deadline:
        runs, busy = rest.if_answered(rest.all_runs) or {}, rest.if_answered(rest.busy_tasks) or {}
        for item in started:
            place = (item.case.dag_id, item.run_id)
            if runs.get(place) in ENDED:
                shown[item.case.title] = runs[place]
            elif place in busy:
                task, state = busy[place]
                shown[item.case.title] = f"{state} {task}"
        show(shown)
        if all(runs.get((item.case.dag_id, item.run_id)) in ENDED for item in started):
            return
        time.sleep(1)


def result(rest: AirflowRest, item: Started, sent: Iterable[Recorded]) -> CaseResult:
    """Return how a case ended.

    :param sent: what the mock API received, also for other cases, in order.
    """
    case = item.case
    requests = [str(entry) for entry in sent if any(key in json.dumps(entry.to_json()) for key in case.keys)]
    run = rest.run(case.dag_id, item.run_id)
    record = rest.xcom(case.dag_id, item.run_id, "outputs", "arazzo") or {}
    outputs = rest.xcom(case.dag_id, item.run_id, "outputs")
    route = tuple(record.get("route", ()))
    message = _message(rest, item, record) if run["state"] == "failed" else ""
    findings = tuple(check(case, run["state"], outputs, message, route, requests))
    return CaseResult(case, run["state"], route, outputs, message, _seconds(run), findings)


def _message(rest: AirflowRest, item: Started, record: Mapping[str, Any]) -> str:
    """Return why a run failed: the message of the first failed task."""
    dag_id, run_id = item.case.dag_id, item.run_id
    failed = next((task["task_id"] for task in rest.tasks(dag_id, run_id) if task["state"] == "failed"), None)
    if failed is None:
        return str(record.get("message", ""))
    own = rest.xcom(dag_id, run_id, failed, "arazzo") or {}
    if own.get("message"):
        return f"{failed}: {own['message']}"
    _, _, cause = rest.task_log(dag_id, run_id, failed).partition("\nTask failed with exception\n")
    return f"{failed}: {cause.splitlines()[0] if cause else record.get('message', '')}"


def _seconds(run: Mapping[str, Any]) -> float:
    """Return how long a run took; 0 if it has not ended."""
    if not run.get("start_date") or not run.get("end_date"):
        return 0.0
    began, ended = (datetime.fromisoformat(run[key].replace("Z", "+00:00")) for key in ("start_date", "end_date"))
    return (ended - began).total_seconds()


def check(
    case: DemoCase,
    state: str,
    outputs: dict[str, Any] | None,
    message: str,
    route: Sequence[str],
    requests: Sequence[str],
) -> Iterator[str]:
    """Yield a sentence for each difference from what the case expects; nothing if it ended as expected.

    :param requests: what the mock received for this case, each as ``METHOD /path?query``, in order.
    """
    if state != case.state:
        yield f"the run is {state}, not {case.state}"
    if difference := compare_requests(case.requests, requests):
        yield difference
    if case.outputs is not None and outputs != case.outputs:
        yield f"the outputs are {outputs}, not {case.outputs}"
    if missing := [word for word in case.message if word.lower() not in message.lower()]:
        yield f"the message says nothing of {', '.join(missing)}: {message or '(no message)'}"
    if tuple(route) != case.route:
        yield f"the route is {' > '.join(route) or 'empty'}, not {' > '.join(case.route) or 'empty'}"


def compare_requests(expected: Sequence[ExpectedCall], sent: Sequence[str]) -> str | None:
    """Return how the requests differ from the expected ones; None if they do not."""
    found = [(text, len(list(group))) for text, group in groupby(sent)]
    if len(found) == len(expected) and all(
        text == call.request and call.times in (None, count)
        for (text, count), call in zip(found, expected, strict=True)
    ):
        return None
    got = ", ".join(f"{count} x {text}" for text, count in found) or "nothing"
    return f"the API got {got}; expected was {', '.join(map(str, expected)) or 'nothing'}"
