"""CPU time to start: each command in a process of its own, in turn, against an interpreter that does nothing.

    python benchmarks/startup.py [--rounds 15]

The machine's speed drifts while one measures. So the commands take turns, and what to quote is the least time of each
and its ratio to ``import pydantic`` in the same table; user and system time of the process, as the kernel accounts it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from airflow_arazzo.testing import DEMO_SCENARIO, demo_descriptions
from arazzo.testing import MockApi, serve

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "dags" / "workflows" / "rescan-active-image-and-gate.arazzo.yaml"
WHO = base64.b64encode(b"demo:demo-password").decode()
INPUTS = {"authorization": f"Basic {WHO}", "tag": "docker.io/library/nginx:latest", "vtype": "all"}
BASE = "import pydantic"


def commands(url: str) -> dict[str, list[str]]:
    """Return by name what is measured; the server answers in another process's time."""
    cli = [sys.executable, "-m", "arazzo.cli"]
    imports = ("pydantic", "click", "requests", "airflow_arazzo", "arazzo.engine")
    return {
        "pass": [sys.executable, "-c", "pass"],
        **{f"import {name}": [sys.executable, "-c", f"import {name}"] for name in imports},
        "--help": [*cli, "--help"],
        "validate": [*cli, "validate", str(DOCUMENT)],
        "graph": [*cli, "graph", str(DOCUMENT)],
        "run": [*cli, "run", str(DOCUMENT), "--inputs", json.dumps(INPUTS), f"--server=anchoreApi={url}/v2"],
    }


def seconds(command: list[str]) -> float:
    """Run a command and return its CPU time, user and system."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the CPU times of each command."""
    with tempfile.TemporaryDirectory() as cache, serve(MockApi(demo_descriptions(), DEMO_SCENARIO)) as url:
        # Compiled once, as an installation is; whatever the environment says of it.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = cache
        measured = commands(url)
        for command in measured.values():
            seconds(command)
        times: dict[str, list[float]] = {name: [] for name in measured}
        for _ in range(rounds):
            for name, command in measured.items():
                times[name].append(seconds(command))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    times = measure(parser.parse_args().rounds)
    base = min(times[BASE])
    print(f"Python {platform.python_version()}, pydantic {version('pydantic')}, requests {version('requests')}\n")
    print("| command | least, s | median, s | least / `import pydantic` |\n|---|---|---|---|")
    for name, found in times.items():
        print(f"| `{name}` | {min(found):.3f} | {statistics.median(found):.3f} | {min(found) / base:.1f} |")


if __name__ == "__main__":
    main()
