"""What is installed with the package: all that it imports, its type hints, and the examples that the demo runs."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from airflow_arazzo.testing.demo import example_dags

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "airflow_arazzo"
#: Where an import's name is not the distribution's.
DISTRIBUTIONS = {
    "airflow": "apache-airflow",
    "airflow.providers.common.compat": "apache-airflow-providers-common-compat",
    "airflow.providers.http": "apache-airflow-providers-http",
    "airflow.providers.standard": "apache-airflow-providers-standard",
    "pydantic_core": "pydantic",  # its own other half, of which it takes exactly one version
    "yaml": "pyyaml",
}


def declared():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (block,) = re.findall(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    return {Requirement(item).name for item in re.findall(r'"([^"]+)"', block)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the names of the files in a wheel of this checkout."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


def distribution(module):
    """Return the distribution that an imported module is of, None for the standard library and this package."""
    parts = module.split(".")
    if parts[0] in sys.stdlib_module_names or parts[0] == PACKAGE.name:
        return None
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((DISTRIBUTIONS[name] for name in names if name in DISTRIBUTIONS), parts[0].replace("_", "-"))


def imported():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Import(names=names):
                    yield from (name.name for name in names)
                case ast.ImportFrom(module=str(module)):
                    yield module


def test_everything_that_is_imported_is_declared_and_nothing_else():
    assert {name for name in map(distribution, imported()) if name} == declared()


def test_type_checkers_find_the_hints(wheel):
    assert "airflow_arazzo/py.typed" in wheel


@pytest.mark.parametrize("folder", ["demo", "openapi", "workflows"])
def test_the_examples_that_the_demo_runs_are_in_the_package(wheel, folder):
    files = {path.name for path in (ROOT / "dags" / folder).iterdir() if path.is_file()}
    assert files
    assert {f"airflow_arazzo/examples/{folder}/{name}" for name in files} <= wheel


def test_the_demo_finds_its_examples():
    assert {folder.name for folder in example_dags().iterdir()} >= {"demo", "openapi", "workflows"}
