"""The folder of the plan cache: who may write into it, that it stays small, and that DAGs from it are the same."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_arazzo import ArazzoDag, load_dags
from airflow_arazzo.protocol.plan_folder import PlanFolder, plan_folder

DOCUMENTS = Path(__file__).parent / "documents"
NAME = "a" * 64 + ".plans"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Set the folder of the plan cache, which is not there yet."""
    folder = tmp_path / "plans"
    monkeypatch.setenv("AIRFLOW__ARAZZO__PLAN_CACHE", str(folder))
    return folder


@pytest.fixture
def documents(tmp_path):
    folder = tmp_path / "documents"
    shutil.copytree(DOCUMENTS, folder)
    return folder


def plans(folder):
    return sorted(folder.glob("*.plans"))


def shown(dags):
    """Return all that Airflow stores of DAGs."""
    from airflow.serialization.serialized_objects import LazyDeserializedDAG

    return {name: LazyDeserializedDAG.from_dag(dag).data for name, dag in dags.items()}


def test_dags_of_documents_seen_before_are_the_same(cache, documents, monkeypatch):
    first, kept = shown(load_dags(documents)), plans(cache)
    assert kept
    assert shown(load_dags(documents)) == first
    assert plans(cache) == kept
    monkeypatch.setenv("AIRFLOW__ARAZZO__PLAN_CACHE", "")
    assert shown(load_dags(documents)) == first


def test_a_dag_of_a_document_seen_before_shows_the_same_text(cache, documents):
    path = documents / "scan.arazzo.yaml"
    first, again = ArazzoDag(path), ArazzoDag(path)
    assert first.doc_md == again.doc_md
    assert path.read_text().splitlines()[0] in first.doc_md
    assert first.plan == again.plan
    assert len(plans(cache)) == 1


def test_a_document_that_changes_is_another_dag_at_once(cache, documents):
    path = documents / "scan.arazzo.yaml"
    before = ArazzoDag(path).plan
    path.write_text(path.read_text().replace("title: ", "title: New ", 1))
    after = ArazzoDag(path).plan
    assert after.document["title"] == f"New {before.document['title']}"


def test_arguments_of_ones_own_are_no_part_of_it(cache, documents):
    path = documents / "scan.arazzo.yaml"
    ArazzoDag(path, settings={"callbacks": {"on_failure": print}})
    assert not cache.exists()
    ArazzoDag(path, on_failure_callback=print)
    assert len(plans(cache)) == 1


def test_only_its_owner_can_read_or_write_it(cache, documents):
    load_dags(documents)
    assert oct(cache.stat().st_mode & 0o777) == "0o700"
    assert {oct(each.stat().st_mode & 0o777) for each in cache.iterdir()} == {"0o600"}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path, mode, caplog):
    store = PlanFolder(tmp_path / "plans")
    store.write(NAME, b"entry")
    assert store.read(NAME) == b"entry"
    store.folder.chmod(mode)
    assert store.read(NAME) is None
    store.write(NAME, b"other")
    assert "others can write into" in caplog.text
    store.folder.chmod(0o700)
    assert store.read(NAME) == b"entry"


def test_nor_is_one_of_somebody_else(tmp_path, monkeypatch, caplog):
    store = PlanFolder(tmp_path / "plans")
    store.write(NAME, b"entry")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert store.read(NAME) is None
    store.write(NAME, b"other")
    assert "belongs to another user" in caplog.text


def test_an_entry_that_leads_elsewhere_is_none(tmp_path):
    store = PlanFolder(tmp_path / "plans")
    store.write(NAME, b"entry")
    (tmp_path / "outside").write_bytes(b"outside")
    (store.folder / NAME).unlink()
    (store.folder / NAME).symlink_to(tmp_path / "outside")
    assert store.read(NAME) is None
    store.write(NAME, b"again")
    assert (tmp_path / "outside").read_bytes() == b"outside"
    assert store.read(NAME) == b"again"


def test_a_folder_that_cannot_be_made_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    store = PlanFolder(tmp_path / "file" / "plans")
    store.write(NAME, b"entry")
    assert store.read(NAME) is None


@pytest.mark.parametrize(("most_bytes", "most_files"), [(10_000, 1000), (1_000_000, 100)])
def test_what_was_not_used_for_longest_goes_first(tmp_path, most_bytes, most_files):
    folder = tmp_path / "plans"
    names = [f"{number:064}.plans" for number in range(150)]
    for number, name in enumerate(names):
        PlanFolder(folder).write(name, b"x" * 100)
        os.utime(folder / name, (number, number))
    store = PlanFolder(folder, most_bytes, most_files)
    assert store.read(names[0]) is not None
    store.write("f" * 64 + ".plans", b"new")
    left = {each.name for each in folder.iterdir()}
    assert len(left) <= most_files
    assert sum(each.stat().st_size for each in folder.iterdir()) <= most_bytes
    assert {names[0], names[-1], "f" * 64 + ".plans"} <= left
    assert names[1] not in left


def test_nothing_half_written_is_left(tmp_path):
    store = PlanFolder(tmp_path / "plans")
    for size in (1, 100_000):
        store.write(NAME, b"x" * size)
    assert [each.name for each in store.folder.iterdir()] == [NAME]
    store.write(NAME, b"x" * store.most_bytes)
    assert len(store.read(NAME)) == 100_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # as on a full disk
    try:
        store.write("e" * 64 + ".plans", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [each.name for each in store.folder.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("setting", "expected"), [("", None), (" ", None), ("here", "home/here"), ("/elsewhere", "/elsewhere")]
)
def test_the_setting_names_the_folder(setting, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AIRFLOW__ARAZZO__PLAN_CACHE", setting)
    monkeypatch.setenv("AIRFLOW__ARAZZO__PLAN_CACHE_BYTES", "12345")
    found = plan_folder()
    assert found is None if expected is None else (found.folder, found.most_bytes) == (tmp_path / expected, 12345)


def test_many_processes_at_once_agree(cache, documents):
    program = (
        "import json, sys; from airflow_arazzo import load_dags\nprint(json.dumps(sorted(load_dags(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", program, str(documents)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [json.loads(each.communicate()[0].splitlines()[-1]) for each in running]
    assert found[0] == found[1] == sorted(load_dags(documents))
    assert not list(cache.glob(".*"))
