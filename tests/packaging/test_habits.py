"""How the project is worked on: what CONTRIBUTING.md, the hooks and the release script say is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_path_it_names_is_there():
    named = [name for name in re.findall(r"`((?:core|airflow_arazzo|docs)/[\w/.]+)`", PAGE) if "*" not in name]
    named += re.findall(r"\]\(([^)]+\.md)\)", PAGE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_make_target_it_names_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", PAGE)) <= targets


def test_the_hooks_are_the_checks_of_lint():
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    entries = " ".join(hook["entry"] for hook in repository["hooks"])
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert tool in entries


def test_nothing_is_released_whose_version_the_changelog_does_not_have():
    code = "import runpy; print(runpy.run_path('.ci/release')['problems']())"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    released = re.findall(r"^## (\d\S*) \(", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert ("has no section" in found.stdout) is (not released)


COPIES = """from arazzo.frozen_model import FrozenModel

class Point(FrozenModel):
    x: int
    name: str = ""

class Tagged(Point):
    tags: tuple[str, ...] = ()

def copies(point: Tagged) -> list[Point]:
    return [
        point.model_copy(),
        point.model_copy(update={"x": 1, "tags": ("a",)}),
        point.model_copy(update={"nmae": "a"}),
        point.model_copy(update={"x": 1, **{"tagz": ()}}),
        point.model_copy(update={"x": "1"}),
    ]
"""


def test_mypy_refuses_a_copy_with_a_field_that_its_model_does_not_have(tmp_path):
    (tmp_path / "copies.py").write_text(COPIES)
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), "copies.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT / "core")}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    errors = re.findall(r"^copies.py:(\d+): error: .*?\"(\w+)\"(.*)", run.stdout, re.MULTILINE)
    assert [(line, name) for line, name, _ in errors] == [("14", "nmae"), ("15", "tagz"), ("16", "str")], run.stdout
    assert '"x" has type "int"' in errors[2][2]
