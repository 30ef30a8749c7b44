"""What a DAG file loads: one workflow as a DAG, beside a DAG of HttpOperators, each in a process of its own.

    python benchmarks/dag_file.py [--rounds 9]

Airflow parses a DAG file over and over, and once more at the start of each task. What counts is the CPU time from the
end of Airflow's own imports, and how many modules are loaded in it. All take turns; compare within the table only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from generating import write

#: Airflow's own imports, then the DAG file.
PROGRAM = """
import json, sys, time
from airflow.sdk import DAG, BaseOperator
before, begun = set(sys.modules), time.process_time()
{file}
print(json.dumps([time.process_time() - begun, len(set(sys.modules) - before)]))
"""
BY_HAND = """
from airflow.providers.http.operators.http import HttpOperator
with DAG("by-hand"):
    for number in range(3):
        HttpOperator(task_id=f"s{number}", endpoint="things", method="GET")
"""
WORKFLOW = """
from airflow_arazzo import load_dags
assert load_dags({folder!r})
"""


def measure(file: str, environment: dict[str, str]) -> tuple[float, int]:
    """Return the CPU time of a DAG file and the number of modules that it loads."""
    command = [sys.executable, "-c", PROGRAM.format(file=file)]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds, modules = json.loads(found.stdout.splitlines()[-1])
    return seconds, modules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "dags"
        folder.mkdir()
        write(folder, 3)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        own = {"AIRFLOW_HOME": parent, "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONPYCACHEPREFIX": f"{parent}/pyc"}
        workflow, uncached = WORKFLOW.format(folder=str(folder)), {"AIRFLOW__ARAZZO__PLAN_CACHE": ""}
        files: dict[str, tuple[str, dict[str, str]]] = {
            "three HttpOperators": (BY_HAND, {}),
            "a workflow of three steps, seen before": (workflow, {}),
            "the same, without the plan cache": (workflow, uncached),
        }
        found: dict[str, list[tuple[float, int]]] = {name: [] for name in files}
        for _ in range(rounds + 2):
            for name, (file, more) in files.items():
                found[name].append(measure(file, {**environment, **own, **more}))
    print("| DAG file | modules | least, s | ratio |\n|---|---|---|---|")
    base = min(seconds for seconds, _ in found["three HttpOperators"])
    for name, times in found.items():
        least, modules = min(times)
        print(f"| {name} | {modules} | {least:.3f} | {least / base:.2f} |")


if __name__ == "__main__":
    main()
