"""How many functions of ours a task of one step calls, and how few of them have to do with secrets, if it has none."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from running import Run

import airflow_arazzo
import arazzo
from airflow_arazzo import ArazzoStepOperator

NODES = Path(__file__).parent / "documents" / "nodes.arazzo.yaml"
OURS = tuple(str(Path(package.__file__).parent) for package in (arazzo, airflow_arazzo))
ABOUT_SECRETS = ("secrets.py", "concealing.py", "unescaping.py", "secret_ledger.py", "encryption.py")
#: docs/benchmarks.md says how many there were.
MOST, SHARE = 1_200, 0.1


class Calls:
    """Counts the calls of our functions, and those that are made for the sake of secrets."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self._within: list[object] = []

    def __call__(self, frame, event, _) -> None:
        if event == "call":
            ours = frame.f_code.co_filename.startswith(OURS)
            if ours and frame.f_code.co_filename.endswith(ABOUT_SECRETS):
                self._within.append(frame)
            if ours:
                self.counted["all"] += 1
                self.counted["secrets"] += bool(self._within)
        elif event == "return" and self._within and self._within[-1] is frame:
            self._within.pop()


@pytest.fixture
def task(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    api.on("GET /nodes/a", 200, {"mark": 1, "next": "b"})
    return ArazzoStepOperator(task_id="a", plan=NODES, workflow_id="diamond")


def test_a_task_without_secrets_does_little_about_them(task):
    Run().execute(task)  # what is parsed once for all tasks of a process
    calls, run = Calls(), Run()
    sys.setprofile(calls)
    try:
        run.execute(task)
    finally:
        sys.setprofile(None)
    assert run.xcoms["a", "return_value"] == {"mark": 1}
    assert 500 < calls.counted["all"] <= MOST, calls.counted
    assert 0 < calls.counted["secrets"] < SHARE * calls.counted["all"], calls.counted
