"""What one version of the provider does in a run that several take part in; by itself a program, for the others.

``python version_play.py`` reads ``[function, arguments]`` as JSON and prints what the function returns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred
from airflow.sdk.module_loading import import_string
from running import Run, first_event

from airflow_arazzo import ArazzoStepOperator, compat
from airflow_arazzo.operators.branching import choose_branch

NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"


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


def elsewhere(packages: Path, name: str, *arguments: Any) -> Any:
    """Return what a function of this module returns where the packages of another folder are installed."""
    place = os.pathsep.join([str(packages), *sys.path])
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps([name, arguments]),
        env={**os.environ, "PYTHONPATH": place, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    used, result = json.loads(done.stdout.splitlines()[-1])
    assert Path(used).is_relative_to(packages)
    return result


if __name__ == "__main__":
    compat.settling_time = lambda: 0.0  # there is no scheduler here, either
    function, given = json.load(sys.stdin)
    sys.stdout.write(json.dumps([sys.modules["airflow_arazzo"].__file__, globals()[function](*given)]))
