"""Playing the cells of the fault matrix: bring runs to their moment, kill, start again, see what becomes of them."""

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psutil
import requests
from fault_cells import MARKED, MOMENTS, Cell

#: Seconds until a run that has not come to its moment, or to its end, counts as stuck.
LIMIT = 300


@dataclass(frozen=True)
class Ending:
    """What became of a run.

    :param sent: how often its request has reached the server, by the mock's record.
    :param arrived: the same and those that were cut off on their way.
    :param keys: the idempotency keys that came with them.
    :param task: state of the task.
    :param tries: how often Airflow has started it, without what a deferral takes.
    :param run: state of the run.
    :param mark: the workflow's output.
    :param message: of the task, when it has failed.
    :param rounds: of the loop, when there is one.
    :param seconds: from the kill to the end of the run.
    """

    sent: int
    arrived: int
    keys: int
    task: str
    tries: int
    run: str
    mark: str | None
    message: str
    rounds: int
    seconds: int


class Playground:
    """An Airflow, a mock behind a gate, and the runs of cells.

    :param mock: what answers, with its ``url``.
    :param other: another host, to which no secret may go.
    :param marks: a folder in which tasks and tests tell each other how far they are.
    """

    def __init__(self, airflow, mock, gate, other, marks):
        self.airflow, self.mock, self.gate, self.other, self.marks = airflow, mock, gate, other, marks
        self.widows = []  # sessions whose leader was killed alone

    def play(self, cells):
        """Play one round and return the ending of each cell."""
        runs = {}
        # Those that wait for a retry go last: their moment passes by itself.
        for late in (False, True):
            started = {cell: self._start(cell) for cell in cells if cell.moment.startswith("retry") == late}
            runs |= started
            self._await(started)
        faults = sorted({cell.fault for cell in cells})
        victims = {
            fault: [self._task(cell, runs[cell])["pid"] for cell in cells if cell.fault == fault]
            for fault in faults
            if fault in ("task", "term", "worker")
        }
        at = time.time()
        for fault in faults:
            self._strike(fault, victims.get(fault, ()))
        for cell in cells:
            self._release(cell.key)
        for fault in faults:
            if fault not in victims:
                self.airflow.start("scheduler" if fault == "machine" else fault)
        self.airflow.wait_healthy()
        return {cell: self._ending(cell, run_id, at) for cell, run_id in runs.items()}

    def play_api(self, cells):
        """Play cells of failing APIs and return the ending of each."""
        at = time.time()
        runs = {cell: patiently(self.airflow.rest.trigger, cell.dag_id, {"key": cell.key}) for cell in cells}
        return {cell: self._ending(cell, run_id, at) for cell, run_id in runs.items()}

    def close(self):
        """Stop what a killed scheduler has left behind."""
        for session in self.widows:
            session.signal(signal.SIGKILL)

    # to the moment

    def _start(self, cell):
        hold = MOMENTS[cell.moment].hold
        if hold[0]:
            self.gate.holds[cell.key] = hold
        return patiently(self.airflow.rest.trigger, cell.dag_id, {"key": cell.key})

    def _await(self, runs):
        deadline = time.monotonic() + LIMIT
        waiting = dict(runs)
        while waiting:
            assert time.monotonic() < deadline, f"not at their moment: {list(map(str, waiting))}"
            time.sleep(0.5)
            busy = patiently(self.airflow.rest.busy_tasks)
            waiting = {cell: run_id for cell, run_id in waiting.items() if not self._is_there(cell, run_id, busy)}

    def _is_there(self, cell, run_id, busy):
        moment = MOMENTS[cell.moment]
        if busy.get((cell.dag_id, run_id)) != (moment.task, moment.state):
            return False
        if cell.moment in MARKED:
            return (self.marks / f"{cell.key}.paused").exists()
        count = self.gate.arrived if moment.hold[0] == "request" else self._recorded()
        return count[cell.key] >= moment.arrived

    def _recorded(self):
        return Counter(entry.key for entry in self.mock.record)

    # the moment

    def _strike(self, fault, pids):
        match fault:
            case "task":
                _kill(pids)
            case "term":
                _kill(pids, signal.SIGTERM)
            case "worker":
                _kill([psutil.Process(pid).ppid() for pid in pids])
            case "scheduler":
                session = self.airflow.sessions.pop("scheduler")
                self.widows.append(session)
                _kill([session.process.pid])
                session.wait()
            case "machine":
                self.airflow.kill("scheduler")
            case _:
                self.airflow.kill(fault)

    def _release(self, key):
        self.gate.released.add(key)
        (self.marks / f"{key}.released").touch()
        requests.put(f"{self.mock.url}/open/{key}", timeout=30).raise_for_status()

    # what becomes of it

    def _ending(self, cell, run_id, at):
        rest = self.airflow.rest
        with suppress(TimeoutError):
            patiently(rest.wait, cell.dag_id, run_id, limit=LIMIT)
        run = patiently(rest.run, cell.dag_id, run_id)
        task = self._task(cell, run_id)
        record = patiently(rest.xcom, cell.dag_id, run_id, "ask", "arazzo") or {}
        outputs = patiently(rest.xcom, cell.dag_id, run_id, "outputs") or {}
        sent = [entry for entry in self.mock.record.of(cell.key) if entry.operation != "open"]
        ended = datetime.fromisoformat(run["end_date"]).timestamp() if run["end_date"] else time.time()
        return Ending(
            sent=len(sent),
            arrived=self.gate.arrived[cell.key],
            keys=len({entry.request.header("Idempotency-Key") for entry in sent} - {None}),
            task=task["state"],
            tries=task["try_number"],
            run=run["state"],
            mark=outputs.get("mark"),
            message=record.get("message") or "",
            rounds=record.get("rounds") or 0,
            seconds=round(ended - at),
        )

    def _task(self, cell, run_id):
        found = patiently(self.airflow.rest.tasks, cell.dag_id, run_id)
        wanted = MOMENTS[cell.moment].task if isinstance(cell, Cell) else "ask"
        return next(task for task in found if task["task_id"] == wanted)


def _kill(pids, number=signal.SIGKILL):
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def patiently(call, *arguments, **settings):
    """Call an API server that is slow at times, or whose database is locked."""
    for _ in range(5):
        try:
            return call(*arguments, **settings)
        except (requests.Timeout, requests.ConnectionError):
            continue
        except requests.HTTPError as error:
            if "-> 500" not in str(error):
                raise
            time.sleep(1)
    return call(*arguments, **settings)
