"""What is installed with the package: all that it imports, its type hints, and the examples that the demo runs."""

import ast
import re
import subprocess
import sys
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import airflow_arazzo
import arazzo
from airflow_arazzo.testing.demo_scenario import example_dags

ROOT = Path(__file__).parents[2]
#: The two distributions: the folder of each, and what it imports as.
HALVES = {"arazzo": ROOT / "core", "airflow_arazzo": ROOT}
#: The engine brings them; the provider says which versions it has been tried with.
NOT_IMPORTED = {"jsonpath-ng", "pyyaml"}
#: What the provider uses where it is installed; attrs comes with OpenLineage.
OPTIONAL = {"attr", "openlineage", "opentelemetry"}
#: What `pip install ./core` may install, itself included; core/README.md says what they are. One more for Python 3.10.
MOST_PACKAGES = 23 + (sys.version_info < (3, 11))
#: Where an import's name is not the distribution's.
DISTRIBUTIONS = {
    "airflow": "apache-airflow",
    "airflow.providers.common.compat": "apache-airflow-providers-common-compat",
    "airflow.providers.http": "apache-airflow-providers-http",
    "airflow.providers.standard": "apache-airflow-providers-standard",
    "arazzo": "arazzo-core",
    "pydantic_core": "pydantic",  # its own other half, of which it takes exactly one version
    "yaml": "pyyaml",
}


def declared(package, extras=("async", "dags", "mock")):
    text = (HALVES[package] / "pyproject.toml").read_text("utf-8")
    lists = ["dependencies", *(extras if package == "arazzo" else ())]
    blocks = re.findall(rf"^(?:{'|'.join(lists)}) = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == len(lists)
    requirements = [Requirement(item) for block in blocks for item in re.findall(r'"([^"]+)"', block)]
    return {requirement.name: requirement for requirement in requirements}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the names of the files in a wheel of this checkout."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


def distribution(module, package):
    """Return the distribution that an imported module is of, None for the standard library and this package."""
    parts = module.split(".")
    if parts[0] in sys.stdlib_module_names or parts[0] == package:
        return None
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((DISTRIBUTIONS[name] for name in names if name in DISTRIBUTIONS), parts[0].replace("_", "-"))


def imported(package):
    for path in (HALVES[package] / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Import(names=names):
                    yield from (name.name for name in names)
                case ast.ImportFrom(module=str(module)):
                    yield module


@pytest.mark.parametrize("package", HALVES)
def test_everything_that_is_imported_is_declared_and_nothing_else(package):
    found = {distribution(module, package) for module in imported(package)} - {None}
    if package == "airflow_arazzo":
        assert found >= OPTIONAL
        found -= OPTIONAL
    assert found == declared(package).keys() - (NOT_IMPORTED if package == "airflow_arazzo" else set())


def test_the_engine_installs_few_packages():
    """Without the network: what the packages that are installed here ask for."""
    found, queue = {"arazzo-core"}, list(declared("arazzo", extras=()).values())
    while queue:
        requirement = queue.pop()
        name = requirement.name.lower().replace("_", "-")
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            queue += map(Requirement, requires(name) or ())
    assert len(found) <= MOST_PACKAGES, sorted(found)
    assert found.isdisjoint({"aiohttp", "apache-airflow", "lxml", "rich", "starlette", "uvicorn"})


def test_both_distributions_have_one_version():
    assert str(declared("airflow_arazzo")["arazzo-core"].specifier) == f"=={arazzo.__version__}"
    assert airflow_arazzo.__version__ == arazzo.__version__


def test_type_checkers_find_the_hints(wheel):
    assert "airflow_arazzo/py.typed" in wheel


@pytest.mark.parametrize("folder", ["demo", "openapi", "workflows"])
def test_the_examples_that_the_demo_runs_are_in_the_package(wheel, folder):
    files = {path.name for path in (ROOT / "dags" / folder).iterdir() if path.is_file()}
    assert files
    assert {f"airflow_arazzo/examples/{folder}/{name}" for name in files} <= wheel


def test_the_demo_finds_its_examples():
    assert {folder.name for folder in example_dags().iterdir()} >= {"demo", "openapi", "workflows"}
