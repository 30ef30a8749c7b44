"""Which files of a folder are documents, and what those that cannot be read become."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
import yaml

from airflow_arazzo import load_dags
from arazzo.garbage import SELDOM, seldom_collected

DOCUMENTS = Path(__file__).parent / "documents"
SCAN = DOCUMENTS / "scan.arazzo.yaml"
DOCUMENT = SCAN.read_text()


AS_NOBODY = """
import os
from airflow_arazzo import load_dags
load_dags(".")  # which imports what it needs
if os.getuid() == 0:
    os.setuid(65534)
print(*sorted(load_dags(".")))
"""


def as_json(text):
    data = yaml.safe_load(text)
    return json.dumps({"info": data.pop("info"), **data}, default=str)


@pytest.mark.parametrize(
    ("name", "raw", "found"),
    [
        ("scan.yaml", b"\xef\xbb\xbf" + DOCUMENT.encode(), "scan-image"),
        ("scan.json", as_json(DOCUMENT).encode(), "scan-image"),
        ("scan.yaml", b"# {\n--- " + as_json(DOCUMENT).encode(), "scan-image"),
        ("scan.yaml", textwrap.indent(DOCUMENT, "  ").encode(), "scan-image"),
        ("scan.yaml", DOCUMENT.encode("utf-16"), "scan"),
        ("scan.yaml", b"{info: {title: 'it''s', arazzo: 1}, 'arazzo' : oops", "scan"),
        ("scan.arazzo.json", b"\xff\xff", "scan"),
        ("scan.arazzo.yaml", b"", "scan"),
        ("scan.arazzo.yml.bak", DOCUMENT.encode(), None),
        ("api.yaml", b"openapi: 3.1.0\ninfo:\n  arazzo: 1.0.1\n", None),
        (
            "api.json",
            b'{"openapi": "3.1.0", "info": {"arazzo": "1.0.1"}, "x-of": "arazzo", "x": "\\"arazzo\\": "}',
            None,
        ),
        ("api.yaml", b'{x: [arazzo: 1], y: arazzo, z: "', None),
    ],
)
def test_what_is_a_document_is_never_passed_over(name, raw, found, tmp_path):
    (tmp_path / "images.openapi.yaml").write_text((DOCUMENTS / "images.openapi.yaml").read_text())
    (tmp_path / name).write_bytes(raw)
    dags = load_dags(tmp_path)
    assert list(dags) == ([found] if found else [])
    assert all(("arazzo-invalid" in dag.tags) == (found == "scan") for dag in dags.values())


def test_looking_for_documents_comes_to_an_end_whatever_the_text(tmp_path):
    for number, text in enumerate(("\n", "{", '{"', '\\"', "arazzo ", "{'", "{arazzo", " {'\\", "arazzo\n")):
        (tmp_path / f"{number}.yaml").write_text(f"{{x: arazzo {text * 500_000}")
        (tmp_path / f"{number}-block.yaml").write_text(f"x: arazzo {text * 500_000} arazzo")
    assert load_dags(tmp_path) == {}


@pytest.fixture
def open_folder():
    """Return a folder that others than its owner can come to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("mode", [0o444, 0])
def test_what_nobody_may_look_at_takes_no_other_away(mode, open_folder):
    """As somebody who is not root, whom nothing keeps out."""
    for document in (SCAN, DOCUMENTS / "images.openapi.yaml"):
        (open_folder / document.name).write_text(document.read_text())
    (open_folder / "locked.arazzo.yaml").write_text(DOCUMENT)
    (open_folder / "locked.yaml").write_text(DOCUMENT)
    (open_folder / "sub").mkdir()
    (open_folder / "sub" / "inner.arazzo.yaml").write_text(DOCUMENT)
    for path, mode_ in (
        (open_folder / "locked.arazzo.yaml", 0),
        (open_folder / "locked.yaml", 0),
        (open_folder / "sub", mode),
    ):
        path.chmod(mode_)
    try:
        run = subprocess.run(
            [sys.executable, "-c", AS_NOBODY], cwd=open_folder, capture_output=True, text=True, check=True
        )
    finally:
        (open_folder / "sub").chmod(0o755)
    assert run.stdout.splitlines()[-1].split() == [*(["inner"] if mode else []), "locked", "scan-image"]
    assert mode or "cannot be read" in run.stdout + run.stderr


def test_the_description_of_a_bad_document_is_its_first_error_whole(tmp_path):
    path = tmp_path / "w\n`\udcff.arazzo.yaml"
    path.write_text("arazzo: 1.0.1\nunknown: 1\ninfo: {title: t}\nsourceDescriptions: []\nworkflows: []\n")
    [dag] = load_dags(tmp_path).values()
    assert ".arazzo.yaml:3:7: error[missing-field]" in dag.description
    assert "warning[unknown-field]" in dag.doc_md
    (dag.description + dag.doc_md).encode()


@pytest.mark.parametrize(("before", "meanwhile"), [(700, SELDOM), (SELDOM * 2, SELDOM * 2), (0, 0)])
def test_python_seldom_looks_for_garbage_while_dags_are_made(before, meanwhile):
    kept = gc.get_threshold()
    gc.set_threshold(before, 5, 5)
    try:
        with seldom_collected():
            assert gc.get_threshold() == (meanwhile, 5, 5)
        assert gc.get_threshold() == (before, 5, 5)
    finally:
        gc.set_threshold(*kept)


def test_an_api_description_of_several_documents_is_read_once(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__ARAZZO__PLAN_CACHE", "")
    (tmp_path / "images.openapi.yaml").write_bytes((DOCUMENTS / "images.openapi.yaml").read_bytes())
    for name in "abc":
        (tmp_path / f"{name}.arazzo.yaml").write_text(DOCUMENT.replace("scan-image", name))
    read = []

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_name == "parse_source":
            read.append(Path(frame.f_locals["name"]).name)

    sys.setprofile(note)
    try:
        dags = load_dags(tmp_path)
    finally:
        sys.setprofile(None)
    assert sorted(dags) == ["a", "b", "c"]
    assert len(read) == len(set(read)) == 4
