"""A document runs no code: not what is written in it, and on the command line not what it names for Airflow either."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_arazzo import ArazzoDag

pytestmark = pytest.mark.attack("documents as code", "code in each text of a document; functions for Airflow to import")
#: A module that leaves a file where it is imported.
TRAP = "from pathlib import Path\nPath(__file__).with_name('imported').touch()\ndef page(context): ...\n"
CODE = "__import__('trap')"
API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
servers: [{url: '%s'}]
paths:
  /things: {post: {operationId: make, responses: {'200': {description: ok}}}}
"""
DOCUMENT = f"""\
arazzo: 1.0.1
info: {{title: "{CODE}", version: 1.0.0}}
sourceDescriptions: [{{name: api, url: api.yaml, type: openapi}}]
workflows:
- workflowId: w
  description: "{CODE}"
  x-airflow:
    callbacks: {{on_failure: trap.page}}
    task: {{on_failure_callback: trap.page}}
  inputs: {{type: object, properties: {{text: {{type: string, default: "{CODE}"}}}}}}
  steps:
  - stepId: a
    operationId: make
    parameters: [{{name: q, in: query, value: "{CODE}"}}]
    requestBody: {{contentType: application/json, payload: {{code: "{CODE}", text: "{{$inputs.text}}"}}}}
    successCriteria: [{{condition: $statusCode == 200}}CRITERIA]
    outputs: {{code: $response.body#/code}}
  outputs: {{code: $steps.a.outputs.code}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "trap.py").write_text(TRAP)
    return tmp_path


def command(folder, *arguments):
    place = os.pathsep.join([str(folder), *sys.path])
    program = [sys.executable, "-m", "airflow_arazzo.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": place, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert not (folder / "imported").exists()
    return done


def written(folder, text, url="https://things.invalid"):
    (folder / "api.yaml").write_text(API % url)
    path = folder / "w.arazzo.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", ["validate", "graph", "run"])
def test_the_command_imports_nothing_and_sends_code_as_text(folder, api, name):
    api.on(
        f"POST /things?q={CODE.replace('(', '%28').replace(')', '%29').replace(chr(39), '%27')}", 200, {"code": CODE}
    )
    done = command(folder, name, written(folder, DOCUMENT.replace("CRITERIA", ""), api.url))
    assert done.returncode == 0, done.stderr
    assert [asked.json for asked in api.asked] == [{"code": CODE, "text": CODE}] * (name == "run")


@pytest.mark.parametrize("kind", ["simple", "jsonpath", "regex", "xpath"])
def test_a_condition_that_is_code_is_refused_or_does_not_hold(folder, api, kind):
    criterion = f', {{context: $response.body, condition: "{CODE}", type: {kind}}}'
    document = written(folder, DOCUMENT.replace("CRITERIA", criterion), api.url)
    *_, run = [command(folder, name, document) for name in ("validate", "graph", "run")]
    assert run.returncode != 0


@pytest.mark.parametrize(
    "tag", [f"!!python/object/apply:{name}" for name in ("os.system [touch imported]", "trap.page []")]
)
def test_no_tag_of_yaml_makes_an_object(folder, tag):
    done = command(folder, "validate", written(folder, f"{DOCUMENT.replace('CRITERIA', '')}x-made: {tag}\n"))
    assert done.returncode != 0
    assert "w.arazzo.yaml" in done.stdout + done.stderr


def test_a_dag_imports_what_its_document_names(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    ArazzoDag(Path(written(folder, DOCUMENT.replace("CRITERIA", ""))))
    assert (folder / "imported").exists()
    sys.modules.pop("trap")
