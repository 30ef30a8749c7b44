"""What one version of the provider does in a run that several take part in; by itself a program, for the others.

``python version_play.py`` reads lines ``[function, arguments, environment]`` as JSON and prints what each returns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred
from airflow.sdk.module_loading import import_string
from running import Run, first_event

from airflow_arazzo import ArazzoStepOperator, compat
from airflow_arazzo.operators.branching import choose_branch

NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"
#: Begins the line that answers: Airflow logs to the same stream.
ANSWER = "answer: "


def flaky() -> ArazzoStepOperator:
    return ArazzoStepOperator(task_id="flaky", plan=NODES, workflow_id="retry-safe")


def defer() -> list[Any]:
    """Let a worker send once and wait; return the trigger as Airflow stores it."""
    try:
        flaky().execute(Run().context("flaky"))
    except TaskDeferred as deferred:
        return list(deferred.trigger.serialize())
    raise AssertionError("it did not wait")


def fire(path: str, arguments: dict[str, Any]) -> Any:
    """Let a triggerer make a stored trigger and run it; return its event."""
    return first_event(import_string(path)(**arguments))


def resume(event: Any) -> dict[str, Any]:
    """Let a worker go on with an event; return the outputs of its step, or its error."""
    try:
        return {"outputs": flaky().resume_execution("resume", {"event": event}, Run().context("flaky"))}
    except AirflowException as error:
        return {"error": str(error)}


def run_first() -> list[Any]:
    """Let a worker run a step; return its XComs."""
    run = Run()
    run.execute(ArazzoStepOperator(task_id="a", plan=NODES, workflow_id="diamond"))
    return [[*names, value] for names, value in run.xcoms.items()]


def branch(xcoms: list[Any]) -> dict[str, Any]:
    """Let a branch look at the XComs of the step before it; return where it leads, or its error."""
    run = Run(xcoms={(task, key): value for task, key, value in xcoms}, states={"a": "success"})
    try:
        return {"way": choose_branch(ti=run.context("a_branch")["ti"], source="a", ways={"b": "b", "d": "d"})}
    except AirflowException as error:
        return {"error": str(error)}


@cache
def other_version(packages: Path) -> subprocess.Popen[str]:
    """Start this program where the packages of another folder are installed."""
    place = os.pathsep.join([str(packages), *sys.path])
    environment = {**os.environ, "PYTHONPATH": place, "PYTHONDONTWRITEBYTECODE": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True, env=environment)


def elsewhere(packages: Path, name: str, *arguments: Any) -> Any:
    """Return what a function of this module returns in another version."""
    program = other_version(packages)
    assert program.stdin is not None
    assert program.stdout is not None
    connections = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CONN_")}
    print(json.dumps([name, arguments, connections]), file=program.stdin, flush=True)
    while not (line := program.stdout.readline()).startswith(ANSWER):
        assert line, "it has ended"
    used, result = json.loads(line.removeprefix(ANSWER))
    assert Path(used).is_relative_to(packages)
    return result


if __name__ == "__main__":
    compat.settling_time = lambda: 0.0  # there is no scheduler here, either
    for line in sys.stdin:
        function, given, connections = json.loads(line)
        os.environ |= connections
        result = globals()[function](*given)
        sys.stdout.write(f"{ANSWER}{json.dumps([sys.modules['airflow_arazzo'].__file__, result])}\n")
        sys.stdout.flush()
