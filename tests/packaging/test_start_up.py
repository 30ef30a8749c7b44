"""What is imported: nothing of Airflow outside its half, and no large library before something needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parents[2] / "dags" / "workflows").glob("*.arazzo.yaml"))
HEAVY = (
    *("airflow", "sqlalchemy", "aiohttp", "requests", "urllib3", "httpx", "lxml", "elementpath", "jsonschema"),
    *("referencing", "jsonpath_ng", "jsonpath_rfc9535", "regex", "rich", "starlette", "uvicorn", "psutil", "asyncio"),
)
#: Nothing listens there, which is enough to see what sending needs.
NOWHERE = "http://127.0.0.1:9"


def loaded_by(code):
    """Return which of the heavy libraries are loaded after code, which may exit."""
    program = "\n".join(
        (
            "import json, sys",
            "try:",
            *(f"    {line}" for line in code.splitlines()),
            "except SystemExit as end:",
            "    print(end.code)",
            f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))",
        )
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(found.stdout.splitlines()[-1]), found


def loaded_by_command(*arguments):
    return loaded_by(f"from arazzo.cli import main\nmain({list(map(str, arguments))!r})")


@pytest.mark.parametrize(
    "module",
    [
        *(
            "airflow_arazzo",
            "airflow_arazzo.cli",
            "airflow_arazzo.testing",
            "arazzo",
            "arazzo.cli",
            "arazzo.cli.validate",
        ),
        *(
            "arazzo.cli.graph_command",
            "arazzo.cli.run",
            "arazzo.cli.mock_command",
            "arazzo.testing",
            "arazzo.transport",
        ),
        *("arazzo.document", "arazzo.validation", "arazzo.flow", "arazzo.engine", "arazzo.openapi", "arazzo.criteria"),
    ],
)
def test_importing_loads_nothing_large(module):
    assert loaded_by(f"import {module}")[0] == []


def test_what_is_loaded_is_noticed():
    assert loaded_by("import requests")[0] == ["requests", "urllib3"]
    assert "airflow" in loaded_by("import airflow")[0]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
@pytest.mark.parametrize("command", ["validate", "graph"])
def test_reading_a_document_loads_nothing_large(command, path):
    loaded, found = loaded_by_command(command, path)
    assert found.stdout.splitlines()[-2] == "0", found
    assert loaded == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_running_a_workflow_loads_what_sends_and_nothing_else(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    names = workflow["workflows"][0]["inputs"]["properties"]
    inputs = {name: schema.get("default", "all") for name, schema in names.items()}
    servers = [f"--server={source['name']}={NOWHERE}" for source in workflow["sourceDescriptions"]]
    loaded, found = loaded_by_command("run", path, "--inputs", json.dumps(inputs), *servers)
    assert "Connection refused" in found.stderr, found
    assert loaded == ["requests", "urllib3"]


@pytest.mark.parametrize("module", ["airflow_arazzo.demo", "airflow_arazzo.testing.local_airflow"])
def test_the_demo_starts_without_airflow(module):
    assert "airflow" not in loaded_by(f"import {module}")[0]
