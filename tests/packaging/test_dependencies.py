"""What is installed with the package: all that it imports, its type hints, and the examples that the demo runs."""

import ast
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "airflow_arazzo"
#: Where an import's name is not the distribution's.
DISTRIBUTIONS = {
    "airflow": "apache-airflow",
    "airflow.providers.common.compat": "apache-airflow-providers-common-compat",
    "airflow.providers.http": "apache-airflow-providers-http",
    "airflow.providers.standard": "apache-airflow-providers-standard",
    "yaml": "pyyaml",
}


def declared():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (block,) = re.findall(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    return {Requirement(item).name for item in re.findall(r'"([^"]+)"', block)}


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
