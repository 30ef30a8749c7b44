"""``init`` on a stranger's files: what it writes holds their texts, and nothing that runs them."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import jinja2
import pytest
import yaml
from click.testing import CliRunner

from airflow_arazzo.cli import main

EVIL = {
    "the end of a docstring": 'x"""; open("owned", "w"); """',
    "the end of a line": "x\nopen('owned', 'w')",
    "the end of a line in YAML": "x\x85owned: 1\u2028owned: 2",
    "the end of a string": "x'] ~ open('owned', 'w') ~ conn['y",
    "a template": "x}}{{ conn['vault'].password }}",
    "a command": "x'; touch owned; echo '$(touch owned)`touch owned`",
    "a character beyond 16 bits": "x😀",
    "a way out of the folder": "../x",
}
INFO = {"title": "T", "version": "1"}
pytestmark = [pytest.mark.attack("init", "{name}"), pytest.mark.parametrize("name", EVIL)]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def init(*arguments: str) -> None:
    result = CliRunner().invoke(main, ["init", *arguments])
    assert result.exit_code == 0, result.output
    assert not Path("owned").exists()


def described(evil: str) -> dict:
    key = {"type": "apiKey", "in": "header", "name": evil}
    secret = {"name": evil, "in": "query", "required": True, "schema": {"type": "string"}}
    answer = {"type": "object", "properties": {"status": {"type": "string", "enum": [evil, "pending"]}}}
    answers = {"200": {"description": evil, "content": {"application/json": {"schema": answer}}}}
    operation = {"operationId": evil, "summary": evil, "parameters": [secret], "responses": answers}
    api = {"openapi": "3.1.0", "info": {**INFO, "title": evil}, "servers": [{"url": f"https://x.example/{evil}"}]}
    return {
        **api,
        "paths": {"/s": {"get": {**operation, "security": [{"key": []}]}}},
        "components": {"securitySchemes": {"key": key}},
    }


def written(name: str) -> tuple[str, str]:
    """Write a document all of whose names are evil, and an API description; return the document's path and text."""
    evil = EVIL[name]
    Path("shop.json").write_text(json.dumps(described(evil)), "utf-8")
    call = {"stepId": "s", "operationId": evil, "parameters": [{"name": evil, "in": "query", "value": "$inputs.pw"}]}
    inputs = {"type": "object", "properties": {"pw": {"type": "string", "format": "password"}, evil: {}}}
    document = {
        "arazzo": "1.0.1",
        "info": {**INFO, "title": evil},
        "sourceDescriptions": [{"name": evil, "url": "shop.json", "type": "openapi"}],
        "workflows": [{"workflowId": evil, "inputs": inputs, "steps": [call]}],
    }
    path = f"{evil.replace('/', '')}.arazzo.json"
    Path(path).write_text(json.dumps(document), "utf-8")
    return path, evil


def test_a_dag_file_holds_the_names_of_a_document_as_texts(name):
    path, evil = written(name)
    init(path, "-o", "made.py")
    docstring, imported, imported_too, assigned, made = ast.parse(Path("made.py").read_text("utf-8")).body
    assert isinstance(ast.literal_eval(docstring.value), str)
    assert [alias.name for each in (imported, imported_too) for alias in each.names] == ["Path", "ArazzoDag"]
    assert ast.literal_eval(assigned.value.right) == path
    assert (made.value.func.id, ast.literal_eval(made.value.args[1])) == ("ArazzoDag", evil)
    [bound] = made.value.keywords
    template = ast.literal_eval(bound.value)["pw"]
    [[password]] = [node.nodes for node in jinja2.Environment(autoescape=True).parse(template).body]
    assert (password.attr, password.node.node.name, password.node.arg.value) == ("password", "conn", evil)


def test_its_environment_holds_them_as_values(name):
    init(written(name)[0], "-o", "made.py")
    shown = subprocess.run(["sh", "-ec", ". ./made.env; set"], capture_output=True, text=True, check=True)
    assert "owned: " not in shown.stdout
    assert not Path("owned").exists()


def test_a_document_holds_the_texts_of_an_api_description(name):
    evil = EVIL[name]
    file = f"{evil.replace('/', '')}.json"
    Path(file).write_text(json.dumps(described(evil)), "utf-8")
    init(file, "--operation", evil, "--poll", evil)
    [made] = Path().glob("*.arazzo.yaml")
    document = yaml.safe_load(made.read_text("utf-8"))
    assert document.keys() == {"arazzo", "info", "sourceDescriptions", "workflows"}
    [step] = document["workflows"][0]["steps"]
    assert (step["operationId"], step["description"]) == (evil, evil)


ESCAPES = "x\x1b]0;owned\x07\x1b[31m\r\n::error::owned\u2028\u202eowned"


@pytest.mark.airflow
@pytest.mark.parametrize("command", ["doctor", "init"])
def test_names_of_a_document_move_no_cursor(name, command, monkeypatch):
    monkeypatch.setitem(EVIL, name, EVIL[name] + ESCAPES)
    whole = json.loads(Path(written(name)[0]).read_text("utf-8"))
    Path("made.arazzo.json").write_text(
        json.dumps({**whole, "x-airflow": {"connection": EVIL[name], "pool": EVIL[name]}})
    )
    arguments = {"doctor": ["--offline"], "init": ["-o", "made.py"]}[command]
    result = CliRunner().invoke(main, [command, "made.arazzo.json", *arguments], color=True)
    assert "::error::owned" in result.output
    assert not re.search("^::|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", result.output, re.MULTILINE)
