"""A worker and a triggerer of two each are killed half-way through many runs.

Judged by the record of the mock of the APIs, by the states of the runs and by their outputs. RUNS says how many.
"""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from many_runs import (
    ANCHORE,
    AQUA,
    INPUTS,
    OUTPUTS,
    POLLS,
    ROOT,
    Run,
    ended,
    gate,
    look,
    scan,
    slow_mock,
    trigger,
    until,
)

from airflow_arazzo.testing.local_airflow import LocalAirflow
from airflow_arazzo.testing.sessions import members
from arazzo.testing import MockApi

pytest.importorskip("redis", reason="only the environment of `make test-distributed` has the celery extra")
from two_of_each import TRIGGERERS, WORKERS, polls, running, two_of_each

RUNS = int(os.environ.get("RUNS", "20"))
#: How many runs have ended when we look for something to kill: half; of a few runs fewer, so that enough are left.
KILLED_AT = RUNS // 2 if RUNS >= 100 else RUNS // 5
ACTIVE = max(6, RUNS // 8)  # of each DAG at once: so there are runs in every state when something is killed
TASKS = 4  # at once on a worker
DAGS = f"""
from airflow_arazzo import ArazzoDag

WORKFLOWS = {str(ROOT / "dags" / "workflows")!r}
again = {{"retries": 2, "retry_delay": 1}}
ArazzoDag(f"{{WORKFLOWS}}/{ANCHORE}.arazzo.yaml", max_active_runs={ACTIVE}, settings=again)
ArazzoDag(f"{{WORKFLOWS}}/{AQUA}.arazzo.yaml", poke_interval=2, max_active_runs={ACTIVE}, settings=again,
          inputs={INPUTS!r})
"""
UNSAFE = {"authenticate", "reRegisterImage"}
DIGEST = "sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270"
NOT_SENT_AGAIN, DELETED_BEFORE = "may have reached the server", "$statusCode == 204"

pytestmark = pytest.mark.distributed


@pytest.fixture(scope="module")
def mock() -> Iterator[MockApi]:
    """An API that takes its time, so that a worker dies while a request is out."""
    with slow_mock(delay=1) as api:
        yield api


@pytest.fixture(scope="module")
def airflow(mock, tmp_path_factory) -> Iterator[LocalAirflow]:
    aqua = {"conn_type": "arazzo", "host": f"{mock.url}/aqua", "password": "right-password"}
    own = {
        # So few polls each that one triggerer does not take them all.
        "AIRFLOW__TRIGGERER__CAPACITY": str(ACTIVE // 6),
        "AIRFLOW_CONN_AQUASECURITYAPI": json.dumps(aqua),
        "AIRFLOW_CONN_ANCHOREAPI": json.dumps({"conn_type": "arazzo", "host": f"{mock.url}/anchore"}),
    }
    with two_of_each(tmp_path_factory.mktemp("airflow"), DAGS, (AQUA, ANCHORE), own, TASKS) as airflow:
        yield airflow


@dataclass(frozen=True)
class Killed:
    """What there was when a worker and a triggerer were killed: runs that had ended, polls, tasks on the worker."""

    ended: int
    polls: Counter[int]
    tasks: list[str]


def kill_while_busy(airflow: LocalAirflow, limit: float = 300) -> Killed:
    """Kill a worker, best while it sends what must not be sent twice, and a triggerer, while both have polls.

    Those to be killed stand still while we look.
    """
    began = time.monotonic()
    while True:
        signal_all(airflow, signal.SIGSTOP)
        killed = Killed(ended(airflow), polls(airflow), running(airflow, WORKERS[0]))
        waited = time.monotonic() - began
        if len(killed.polls) == 2 and (UNSAFE & {*killed.tasks} or (killed.tasks and waited > limit / 10)):
            airflow.kill(WORKERS[0])
            airflow.kill(TRIGGERERS[0])
            return killed
        signal_all(airflow, signal.SIGCONT)
        assert waited < limit, killed
        time.sleep(0.5)


def signal_all(airflow: LocalAirflow, number: int) -> None:
    for name in (WORKERS[0], TRIGGERERS[0]):
        for pid in members(airflow.sessions[name].process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@pytest.fixture(scope="module")
def half_way(airflow, mock) -> tuple[list[Run], Killed]:
    runs = [gate(number) if number % 2 else scan(number // 2) for number in range(RUNS)]
    began = time.monotonic()
    trigger(airflow, runs)
    until(120 + 10 * RUNS, lambda: ended(airflow) >= KILLED_AT)
    killed = kill_while_busy(airflow)
    until(300 + 10 * RUNS, lambda: ended(airflow) == RUNS, pause=2)
    look(airflow, runs)
    print(report(airflow, mock, runs, killed, time.monotonic() - began))  # noqa: T201 the make target shows it
    return runs, killed


def report(airflow: LocalAirflow, mock: MockApi, runs: list[Run], killed: Killed, seconds: float) -> str:
    again = sum(len(run.started_again) for run in runs)
    stopped = sum(NOT_SENT_AGAIN in text for run in runs if run.state == "failed" for text in run.failures(airflow))
    return (
        f"{RUNS} runs in {seconds:.0f} s: {dict(Counter(run.state for run in runs))}; {len(mock.record)} requests. "
        f"Killed when {killed.ended} had ended, with polls {sorted(killed.polls.values())} by triggerer and "
        f"{', '.join(killed.tasks) or 'nothing'} on the worker: {again} tasks were started again, {stopped} stopped "
        "because a request may have been sent."
    )


def test_every_run_ends(half_way):
    runs, _ = half_way
    assert {run.state for run in runs} <= {"success", "failed"}
    assert len(runs) == RUNS


def test_the_kill_has_hit_something(half_way):
    runs, killed = half_way
    assert KILLED_AT <= killed.ended < RUNS
    assert len(killed.polls) == 2
    assert any(run.started_again or run.state == "failed" for run in runs)


def test_what_is_safe_succeeds_all_the_same(half_way, airflow, mock):
    gates = [run for run in half_way[0] if run.dag_id == ANCHORE]
    assert {run.key: run.state for run in gates if run.state != "success"} == {}
    for run in gates:
        outputs = run.outputs(airflow)
        assert (outputs["imageDigest"], outputs["finalAction"]) == (DIGEST, "go")
        assert run.sent(mock).keys() == {"listImages", "checkImagePolicy"}


def test_no_unsafe_request_is_sent_twice(half_way, mock):
    sent = {run.key: run.sent(mock) for run in half_way[0] if run.dag_id == AQUA}
    twice = {key: counts for key, counts in sent.items() if counts["login"] > 1 or counts["registerImage"] > 1}
    assert twice == {}


def test_a_run_that_is_green_did_all_it_should(half_way, airflow, mock):
    green = [run for run in half_way[0] if run.dag_id == AQUA and run.state == "success"]
    assert len(green) >= RUNS - RUNS // 2 - TASKS
    for run in green:
        sent = run.sent(mock)
        assert (sent["login"], sent["registerImage"]) == (1, 1)
        assert sent["deleteImage"] == (run.image == "library/broken")
        # A poll whose answer got lost is repeated: it is safe.
        assert POLLS[run.image] <= sent["getImage"] <= POLLS[run.image] + 2
        assert run.outputs(airflow) == OUTPUTS[run.image]


def test_a_run_that_is_red_says_that_a_request_may_have_been_sent(half_way, airflow, mock):
    """The worker died between sending and hearing; only a person can know, and the API was not asked again."""
    for run in half_way[0]:
        if run.state == "failed":
            (message,) = run.failures(airflow)
            assert NOT_SENT_AGAIN in message or (DELETED_BEFORE in message and run.sent(mock)["deleteImage"] > 1)
