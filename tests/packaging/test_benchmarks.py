"""The benchmarks run; what they measure is no test's business."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def bench(name, *arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_start_up_measures_every_command():
    rows = re.findall(r"^\| `(.*?)` \| \d", bench("startup.py", "--rounds", "1"), re.MULTILINE)
    assert rows[:2] == ["pass", "import pydantic"]
    assert rows[-3:] == ["validate", "graph", "run"]


@pytest.mark.slow
def test_scale_measures_documents_criteria_and_folders():
    tables = bench("scale.py", "--steps", "3", "30", "--documents", "2").split("\n\n")
    documents, verdicts, folders = (table.strip().splitlines()[2:] for table in tables[1:])
    assert [row.split(" | ")[0] for row in documents][-1] == "| run, answers at once"
    assert len(verdicts) == 5
    assert [row.split(" | ")[:2] for row in folders] == [["| (import)", ""], ["| 2", "26"]]


@pytest.mark.slow
def test_what_is_beside_the_document_is_measured():
    printed = bench("growth.py", "--largest", "10", "--answers", "1")
    rows = re.findall(r"^\| (\D.*?) \| [0-9.e-]+ \|", printed, re.MULTILINE)
    assert rows == [
        "first sight",
        "seen before",
        "first sight, YAML",
        "seen before, YAML",
        "first sight, JSON",
        "seen before, JSON",
        "one member of the answer",
        "a text of 100 words",
        "its innermost value",
        "the DAG file",
        "stored in the database",
    ]
    assert re.search(r"^\| 1 \| [0-9.]+ \| \d+ \|", printed, re.MULTILINE)


@pytest.mark.slow
def test_dag_files_are_measured_side_by_side():
    rows = re.findall(r"^\| (.*?) \| \d+ \| \d", bench("dag_file.py", "--rounds", "0"), re.MULTILINE)
    assert rows == [
        "three HttpOperators",
        "a workflow of three steps, seen before",
        "the same, without the plan cache",
    ]


@pytest.mark.slow
def test_polls_are_measured_side_by_side():
    rows = re.findall(r"^\| 2 \| (.*?) \| [1-9]", bench("polling.py", "--polls", "2", "--seconds", "3"), re.MULTILINE)
    assert rows == ["HttpSensor's", "ArazzoTrigger"]


def test_contract_checks_are_measured_for_each_kind_of_schema():
    rows = re.findall(
        r"^\| (\w+) \| (\d+) \| \d+ \| \d", bench("contract_checks.py", "--items", "2", "--rounds", "1"), re.M
    )
    assert rows == [("plain", "2"), ("patterns", "2"), ("wrong", "2")]


@pytest.mark.scheduler
@pytest.mark.slow
def test_tasks_are_measured_beside_http_operators():
    rows = re.findall(r"^\| (\D.*?) \| (\d) \| [0-9.]+ (?:\(|\|)", bench("scheduler.py", "--rounds", "1"), re.MULTILINE)
    assert rows == [
        ("one HttpOperator", "1"),
        ("one ArazzoStepOperator", "1"),
        ("a document of one step", "2"),
        ("five HttpOperators", "5"),
        ("five steps", "6"),
        ("five steps as one task", "1"),
        ("two steps", "3"),
        ("a step and one of two others", "4"),
    ]
