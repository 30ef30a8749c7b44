"""What is imported: nothing of Airflow outside its half, and no large library before something needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ast import literal_eval
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parents[2] / "dags" / "workflows").glob("*.arazzo.yaml"))
HEAVY = (
    *("airflow", "sqlalchemy", "aiohttp", "requests", "urllib3", "httpx", "lxml", "elementpath", "jsonschema"),
    *("referencing", "jsonpath_ng", "jsonpath_rfc9535", "regex", "rich", "starlette", "uvicorn", "psutil", "asyncio"),
    *("croniter", "pathspec", "xml.etree.ElementTree", "html.entities"),
)
#: Nothing listens there, which is enough to see what sending needs.
NOWHERE = "http://127.0.0.1:9"
#: What only sending needs: a DAG file is parsed over and over, and at the start of each of its tasks.
SENDING = (
    *("requests", "urllib3", "aiohttp", "lxml", "elementpath", "jsonschema", "referencing", "jsonpath_ng", "rich"),
    *("jsonpath_rfc9535", "regex", "starlette", "airflow.providers.http", "airflow_arazzo.hooks.connection_hook"),
)
#: What only compiling a document needs, and what only a task that runs does.
READING = ("arazzo.validation", "arazzo.document.loading", "arazzo.source.yaml_reader", "arazzo.flow.compile")
RUNNING = ("arazzo.engine.region", "arazzo.engine.drivers", "arazzo.auth.tokens", "arazzo.openapi.request_building")
#: What makes plans and runs them; a linter needs neither.
MAKING = ("arazzo.flow.compile", "arazzo.flow.plan", "arazzo.engine.state", "arazzo.engine.region")
#: The packages whose names are imported when they are used.
LAZY = tuple(f"arazzo.{name}" for name in ("criteria", "engine", "flow", "testing", "transport", "validation"))
#: What only some workflows are made of.
PARTS = ("airflow.triggers.base", "airflow.providers.standard.operators.python", "airflow_arazzo.sensors.arazzo")
DAG_FILE = """\
from airflow.sdk import DAG
import sys
before = set(sys.modules)
from airflow_arazzo import load_dags
print(list(load_dags({folder!r})), flush=True)
print(json.dumps([name for name in {names!r} if name in set(sys.modules) - before]))
"""


def loaded_by(code, names=HEAVY):
    """Return which of these modules, by default the heavy libraries, are loaded after code, which may exit."""
    program = "\n".join(
        (
            "import json, sys",
            "try:",
            *(f"    {line}" for line in code.splitlines()),
            "except SystemExit as end:",
            "    print(end.code)",
            f"print(json.dumps([name for name in {names!r} if name in sys.modules]))",
        )
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(found.stdout.splitlines()[-1]), found


def loaded_by_command(*arguments, names=HEAVY):
    return loaded_by(f"from arazzo.cli import main\nmain({list(map(str, arguments))!r})", names)


def test_importing_loads_nothing_large():
    """Module by module, so that the first is named that does."""
    modules = ["airflow_arazzo", "airflow_arazzo.cli", "airflow_arazzo.testing", "arazzo", "arazzo.cli"]
    modules += [f"arazzo.cli.{name}" for name in ("validate_command", "graph_command", "run_command", "mock_command")]
    modules += [f"arazzo.{name}" for name in ("testing", "transport", "document", "validation", "flow", "engine")]
    modules += ["arazzo.openapi", "arazzo.criteria"]
    code = f"""
import importlib
for name in {modules!r}:
    importlib.import_module(name)
    print(name, [heavy for heavy in {HEAVY!r} if heavy in sys.modules])
"""
    _, found = loaded_by(code)
    assert found.stdout.splitlines()[:-1] == [f"{name} []" for name in modules]


def test_what_is_loaded_is_noticed():
    assert loaded_by("import requests")[0] == ["requests", "urllib3"]
    assert "airflow" in loaded_by("import airflow")[0]


def workflow_ids(path):
    return [workflow["workflowId"] for workflow in yaml.safe_load(path.read_text("utf-8"))["workflows"]]


@pytest.mark.parametrize("command", ["validate", "graph"])
def test_reading_documents_loads_nothing_large(command):
    """One after the other in one process: an interpreter takes longer to start than a document to read."""
    given = [[command, str(path), *(workflow_ids(path)[:1] if command == "graph" else ())] for path in WORKFLOWS]
    code = f"""
from arazzo.cli import main
for given in {given!r}:
    try:
        main(given)
    except SystemExit as end:
        print(end.code, [heavy for heavy in {HEAVY!r} if heavy in sys.modules])
"""
    _, found = loaded_by(code)
    assert found.stdout.splitlines().count("0 []") == len(WORKFLOWS), found


def test_a_linter_makes_no_plans(tmp_path):
    one_workflow(tmp_path)
    document = tmp_path / "plain.arazzo.yaml"
    loaded, found = loaded_by_command("validate", document, names=MAKING)
    assert "1 document: 0 errors" in found.stderr
    assert loaded == []
    assert loaded_by_command("graph", document, names=MAKING)[0] == ["arazzo.flow.compile", "arazzo.flow.plan"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_running_a_workflow_loads_what_sends_and_nothing_else(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    names = workflow["workflows"][0]["inputs"]["properties"]
    others = {"date": "2026-01-31"}
    inputs = {name: schema.get("default", others.get(schema.get("format"), "all")) for name, schema in names.items()}
    servers = [f"--server={source['name']}={NOWHERE}" for source in workflow["sourceDescriptions"]]
    inputs_and_rest = ("--inputs", json.dumps(inputs), "--poll-interval", "0.1", *servers)
    loaded, found = loaded_by_command("run", path, *workflow_ids(path)[:1], *inputs_and_rest)
    assert "Connection refused" in found.stderr, found
    assert loaded == ["requests", "urllib3"]


def loaded_by_dag_file(folder, tmp_path, names=SENDING + PARTS):
    """Return the DAGs of a folder, and which of these modules are loaded for them."""
    program = "import json\n" + DAG_FILE.format(folder=str(folder), names=names)
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    dags, loaded = found.stdout.splitlines()[-2:]
    return dags, json.loads(loaded)


def one_workflow(folder, again=()):
    """Write a workflow of two steps; one that goes back from the second loops."""
    step = {"operationId": "getThing", "successCriteria": [{"condition": "$statusCode == 200"}]}
    workflow = {"workflowId": "plain", "steps": [{"stepId": "a", **step}, {"stepId": "b", **step, **dict(again)}]}
    source = {"name": "things", "url": "things.openapi.json", "type": "openapi"}
    info = {"title": "Things", "version": "1"}
    get = {"operationId": "getThing", "responses": {"200": {"description": "the thing"}}}
    api = {"openapi": "3.1.0", "info": info, "servers": [{"url": NOWHERE}], "paths": {"/thing": {"get": get}}}
    document = {"arazzo": "1.0.1", "info": info, "sourceDescriptions": [source], "workflows": [workflow]}
    (folder / "things.openapi.json").write_text(json.dumps(api))
    (folder / "plain.arazzo.yaml").write_text(yaml.safe_dump(document))


def test_a_worker_sends_without_the_triggerers_library():
    code = f"""
from airflow_arazzo.hooks.source_hooks import SourceHooks
from arazzo.errors import TransportError
from arazzo.exchange import Request
try:
    SourceHooks().send(Request("GET", "{NOWHERE}"))
except TransportError as error:
    print(error)
"""
    loaded, found = loaded_by(code)
    assert "no connection" in found.stdout
    assert "requests" in loaded
    assert "aiohttp" not in loaded


def test_a_dag_file_loads_nothing_that_sends(tmp_path):
    one_workflow(tmp_path)
    assert loaded_by_dag_file(tmp_path, tmp_path) == ("['plain']", [])


def test_a_dag_file_loads_what_its_tasks_are_made_of(tmp_path):
    criteria = [{"context": "$response.body", "type": "jsonpath", "condition": "$[?@.status == 'pending']"}]
    one_workflow(
        tmp_path, {"onSuccess": [{"name": "again", "type": "goto", "stepId": "a", "criteria": criteria}]}.items()
    )
    assert "airflow_arazzo.sensors.arazzo" in loaded_by_dag_file(tmp_path, tmp_path)[1]


def test_a_document_seen_before_loads_only_what_a_dag_is_made_of(tmp_path):
    one_workflow(tmp_path)
    names = (*SENDING, *READING, *RUNNING)
    first, again = (loaded_by_dag_file(tmp_path, tmp_path, names)[1] for _ in range(2))
    assert set(first) >= set(READING)
    assert again == []


@pytest.mark.parametrize("preload", [True, False])
def test_a_process_that_is_copied_for_each_task_imports_what_they_need(tmp_path, preload):
    names = (*SENDING[:2], *RUNNING, "airflow_arazzo.sensors.arazzo", "airflow_arazzo.hooks.connection_hook")
    program = f"import airflow, sys; print([name in sys.modules for name in {names!r}])"
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LAZY_LOAD_PLUGINS": "False",
        "AIRFLOW__ARAZZO__PRELOAD": str(preload),
    }
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert literal_eval(found.stdout.splitlines()[-1]) == [preload] * len(names)


def test_each_public_name_of_the_engine_is_there_when_it_is_asked_for():
    for package in LAZY:
        module = import_module(package)
        assert module.__all__
        assert not [name for name in module.__all__ if not hasattr(module, name)]
        with pytest.raises(AttributeError, match="has no attribute 'other'"):
            getattr(module, "other")  # noqa: B009 - a name that mypy knows of would be there


def test_the_examples_as_dags_load_no_library_that_sends(tmp_path):
    dags, loaded = loaded_by_dag_file(WORKFLOWS[0].parent, tmp_path)
    assert sorted(literal_eval(dags)) == sorted(name for path in WORKFLOWS for name in workflow_ids(path))
    assert not set(loaded) & set(SENDING)


@pytest.mark.parametrize("module", ["airflow_arazzo.demo", "airflow_arazzo.testing.local_airflow"])
def test_the_demo_starts_without_airflow(module):
    assert "airflow" not in loaded_by(f"import {module}")[0]


@pytest.mark.parametrize("module", ["arazzo.cli", "airflow_arazzo.cli"])
def test_the_overview_says_what_each_command_says_of_itself_and_imports_none(module):
    code = f"import sys, {module} as cli\ncli.main(['--help'], standalone_mode=False)\nprint('pydantic' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "False"
    group = import_module(module).main
    context = click.Context(group)
    for name, lazy in group.modules.items():
        assert lazy.says == group.get_command(context, name).get_short_help_str(limit=200)
        assert f"  {name} " in found.stdout


def test_no_model_has_annotations_that_are_compiled_when_it_is_made():
    code = """
import arazzo.flow.plan
from arazzo.frozen_model import FrozenModel
def below(cls):
    return {cls.__module__}.union(*map(below, cls.__subclasses__()))
found = {name: hasattr(sys.modules[name], 'annotations') for name in below(FrozenModel)}
found.pop('arazzo.frozen_model')
print(found, file=sys.stderr)
"""
    found = literal_eval(loaded_by(code)[1].stderr)
    assert set(found) > {"arazzo.document.models", "arazzo.document.settings", "arazzo.flow.plan"}
    assert not any(found.values()), found
