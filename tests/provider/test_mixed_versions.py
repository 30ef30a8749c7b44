"""A rolling upgrade: worker and triggerer of two versions, both ways, and a task before one that is upgraded.

The other version is a copy of this one's code in which a field of all that is stored has another name, or the forms
another number.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import version_play
from version_play import elsewhere

import airflow_arazzo
import arazzo

pytestmark = pytest.mark.attack(
    "stored rows", "a worker beside a triggerer of another version, and the other way round"
)
CHANGES = {
    "a field has another name": (r"\battempts\b", "tries_so_far", r"tries_so_far|attempts"),
    "the forms have another number": (
        r"^FORM = \d+$",
        "FORM = 99",
        r"form \d+, but this version reads form \d+",
    ),
}


@pytest.fixture(scope="module", params=CHANGES)
def other(request, tmp_path_factory):
    """The packages of the other version, and what either says of what the other one has stored."""
    pattern, new, said = CHANGES[request.param]
    folder = tmp_path_factory.mktemp("other")
    for package in (airflow_arazzo, arazzo):
        source = Path(package.__file__).parent
        copy = shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in copy.rglob("*.py"):
            file.write_text(re.sub(pattern, new, file.read_text("utf-8"), flags=re.M), "utf-8")
    return folder, said


@pytest.fixture(params=[False, True], ids=["this one first", "the other one first"])
def play(request, other):
    """Return what lets the first of the two versions do something, or the second."""

    def do(second, name, *arguments):
        if second is request.param:
            return json.loads(json.dumps(getattr(version_play, name)(*arguments)))
        return elsewhere(other[0], name, *arguments)

    return do


@pytest.fixture
def nodes(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_NODES", json.dumps({"conn_type": "http", "host": api.url}))
    return api.on("GET /nodes/flaky", 503, None, Retry_After="4").on("GET /nodes/flaky", 200, {"mark": "ok"})


def refused(result, said):
    return re.search(f"cannot be read: .*({said})", result["error"]) is not None


def test_a_trigger_and_its_event_are_refused_by_the_other_version_and_read_by_their_own(play, nodes, other):
    trigger = play(False, "defer")
    event = play(True, "fire", *trigger)
    assert event["status"] == "error"
    assert refused(play(False, "resume", event), other[1])
    assert nodes.lines == ["GET /nodes/flaky"]
    event = play(False, "fire", *trigger)
    assert refused(play(True, "resume", event), other[1])
    assert play(False, "resume", event) == {"outputs": {"mark": "ok"}}


def test_a_branch_refuses_a_record_of_the_other_version_and_reads_one_of_its_own(play, nodes, other):
    nodes.on("GET /nodes/a", 200, {"mark": "a", "next": "b"})
    xcoms = play(False, "run_first")
    assert refused(play(True, "branch", xcoms), other[1])
    assert play(False, "branch", xcoms) == {"way": "b"}
