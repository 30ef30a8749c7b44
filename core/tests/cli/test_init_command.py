"""``arazzo init``: what it writes validates, and runs against the mock with the command that it prints."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml
from casebook import CASES
from click.testing import CliRunner
from suite import PUBLIC_DATA

from arazzo.cli import main
from arazzo.openapi.sources import load_description
from arazzo.source.text import load_source
from arazzo.testing import MockApi, serve

ROOT = Path(__file__).parents[3]
DESCRIPTIONS = [
    *sorted((PUBLIC_DATA / "seeds" / "openapi").glob("*.yaml")),
    *sorted((ROOT / "dags" / "openapi").glob("*.yaml")),
    CASES / "api.openapi.yaml",
]


def invoke(*arguments: str):
    return CliRunner().invoke(main, arguments)


def names_in(file: Path) -> list[str]:
    endpoints = load_description(load_source(str(file)), "api").endpoints()
    return [endpoint.operation_id or str(endpoint) for endpoint in endpoints]


def written(file: Path, *options: str) -> tuple[list[str], list[list[str]]]:
    """Write a document; return the files and the commands that come next."""
    result = invoke("init", str(file), *options, "--json", "--title", "made")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    return report["files"], [shlex.split(line) for line in report["next"]]


def runs(commands: list[list[str]]):
    """Type the commands, the mock's with a port of its own."""
    validate, mock, run = commands
    assert invoke(*validate[1:]).exit_code == 0
    name, _, file = mock[2].partition("=")
    scenario = Path(mock[-1]) if "--scenario" in mock else None
    with serve(MockApi({name: file}, scenario)) as url:
        typed = [text.replace("http://127.0.0.1:8090", url) for text in run[1:]]
        return invoke(*typed, "--poll-interval", "0.05", "--json")


@pytest.mark.parametrize("file", DESCRIPTIONS, ids=lambda file: f"{file.parents[1].name}-{file.name}")
def test_a_document_of_every_operation_validates_and_runs(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in names_in(file):
        _, commands = written(file, "--operation", name, "--force")
        result = runs(commands)
        assert result.exit_code == 0, (name, result.output)


@pytest.mark.parametrize("file", DESCRIPTIONS, ids=lambda file: f"{file.parents[1].name}-{file.name}")
def test_a_document_of_all_operations_together_validates_and_runs(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = [text for name in names_in(file) for text in ("--operation", name)]
    _, commands = written(file, *options)
    result = runs(commands)
    assert result.exit_code == 0, result.output


def test_a_poll_goes_round_until_the_scenario_ends_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = ROOT / "dags" / "openapi" / "aqua-security-api.yaml"
    files, commands = written(file, "--operation", "registerImage", "--poll", "getImage", "--branch", "deleteImage")
    assert files == ["made.arazzo.yaml", "made.scenario.yaml"]
    result = runs(commands)
    assert result.exit_code == 0, result.output
    steps = json.loads(result.stdout)["steps"]
    assert steps["getImage"]["rounds"] == 3
    assert steps["deleteImage"]["action"] == "found"


def test_a_poll_waits_in_every_state_that_is_unfinished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    states = ["queued", "preparing", "in_progress", "ready", "missing"]
    schema = {"type": "object", "required": ["state"], "properties": {"state": {"type": "string", "enum": states}}}
    answers = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    info = {"openapi": "3.1.0", "info": {"title": "Loans", "version": "1"}}
    description = {**info, "paths": {"/loan": {"get": {"operationId": "getLoan", "responses": answers}}}}
    Path("loans.json").write_text(json.dumps(description))
    (file, _), _ = written(Path("loans.json"), "--poll", "getLoan")
    (step,) = yaml.safe_load(Path(file).read_text())["workflows"][0]["steps"]
    waits = step["onSuccess"][0]["criteria"][0]["condition"]
    assert [state for state in states if f"'{state}'" in waits] == states[:3]


@pytest.mark.parametrize(
    "scheme",
    [
        {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "https://id.example.invalid/token", "scopes": {}}},
        },
        {"type": "http", "scheme": "basic"},
        {"type": "apiKey", "in": "header", "name": "X-Key"},
        {"type": "mutualTLS"},
    ],
    ids=lambda scheme: scheme["type"],
)
def test_the_commands_run_against_the_mock_however_the_api_is_secured(scheme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    operation = {"operationId": "getLoan", "responses": {"200": {"description": "it"}}}
    secured = {"security": [{"members": []}], "components": {"securitySchemes": {"members": scheme}}}
    info = {"openapi": "3.1.0", "info": {"title": "Loans", "version": "1"}}
    Path("loans.json").write_text(json.dumps({**info, **secured, "paths": {"/loan": {"get": operation}}}))
    _, commands = written(Path("loans.json"), "--operation", "getLoan")
    result = runs(commands)
    assert result.exit_code == 0, result.output


def described(version: str, paths: dict, **rest: object) -> Path:
    word = "swagger" if version == "2.0" else "openapi"
    Path("loans.json").write_text(
        json.dumps({word: version, "info": {"title": "Loans", "version": "1"}, "paths": paths, **rest})
    )
    return Path("loans.json")


def inputs_of(file: Path, *operations: str) -> dict:
    """Return the inputs of a document that calls operations; it validates."""
    (document, *_), (validate, *_) = written(file, *(text for name in operations for text in ("--operation", name)))
    assert invoke(*validate[1:]).exit_code == 0
    return yaml.safe_load(Path(document).read_text())["workflows"][0]["inputs"]


OK = {"responses": {"200": {"description": "it"}}}
BODY_3_0 = {
    "Named": {"type": "object", "required": ["name"], "properties": {"name": {"$ref": "#/components/schemas/Name"}}},
    "Name": {"type": "string", "minLength": 2, "maxLength": 9, "pattern": "^[a-z]+$", "example": "ada"},
    "Loan": {
        "allOf": [{"$ref": "#/components/schemas/Named"}],
        "required": ["id", "rate", "days", "lender", "notes"],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "rate": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1, "multipleOf": 0.01},
            "days": {"type": "array", "minItems": 1, "items": {"type": "integer", "enum": [7, 14]}},
            "lender": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Named"}]},
            "notes": {"type": "string", "nullable": True, "default": None, "deprecated": True},
            "colour": {"type": "string"},
        },
    },
}


def test_inputs_say_what_the_description_says_of_bodies_and_parameters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Loan"}}}}
    number = {"type": "string", "pattern": "^[0-9]{4}$", "description": "of the reader"}
    reader = {"name": "reader", "in": "path", "required": True, "schema": number, "example": "0007"}
    paths = {"/readers/{reader}": {"parameters": [reader], "post": {"operationId": "lend", "requestBody": body, **OK}}}
    found = inputs_of(described("3.0.3", paths, components={"schemas": BODY_3_0}), "lend")
    name = {"type": "string", "minLength": 2, "maxLength": 9, "pattern": "^[a-z]+$", "examples": ["ada"]}
    named = {"type": "object", "required": ["name"], "properties": {"name": name}}
    assert sorted(found["required"]) == ["days", "lender", "name", "notes", "rate", "reader"]
    assert found["properties"] == {
        "reader": {**number, "examples": ["0007"]},
        "name": name,
        "rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": 0.01},
        "days": {"type": "array", "minItems": 1, "items": {"type": "integer", "enum": [7, 14]}},
        "lender": {**named, "type": ["object", "null"]},
        "notes": {"type": ["string", "null"], "default": None, "deprecated": True},
    }


def test_a_run_refuses_what_the_description_refuses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = {"name": "page", "in": "query", "required": True, "schema": {"type": "integer", "minimum": 1}}
    file = described("3.1.0", {"/loans": {"get": {"operationId": "list", "parameters": [page], **OK}}})
    (document, *_), _ = written(file, "--operation", "list")
    result = invoke("run", document, "--server", "loans=http://127.0.0.1:9", "--input", "page=0")
    assert result.exit_code == 2
    assert "page" in result.stderr
    assert "minimum" in result.stderr


def test_forms_of_swagger_are_described_as_well(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = {"in": "formData", "required": True}
    fields = [
        {"name": "title", **place, "type": "string", "maxLength": 5, "description": "Short"},
        {"name": "copies", **place, "type": "integer", "minimum": 0, "exclusiveMinimum": True},
        {"name": "level", **place, "type": "string", "default": 1},
    ]
    file = described("2.0", {"/loans": {"post": {"operationId": "add", "parameters": fields, **OK}}})
    assert inputs_of(file, "add")["properties"] == {
        "title": {"type": "string", "maxLength": 5, "description": "Short"},
        "copies": {"type": "integer", "exclusiveMinimum": 0},
        "level": {"type": "string"},
    }


def test_what_only_answers_have_is_not_sent(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    members = {"id": {"type": "string", "readOnly": True}, "title": {"type": "string"}}
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object", "properties": members}}}}
    file = described("3.1.0", {"/loans": {"post": {"operationId": "add", "requestBody": body, **OK}}})
    assert list(inputs_of(file, "add")["properties"]) == ["title"]


def test_a_schema_that_refers_to_itself_is_written_out_for_some_levels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    body = {"content": {"application/json": {"schema": {"type": "object", "required": ["node"], "properties": node}}}}
    body["content"]["application/json"]["schema"]["properties"] = {"node": {"$ref": "#/components/schemas/Node"}}
    paths = {"/nodes": {"post": {"operationId": "add", "requestBody": body, **OK}}}
    found = inputs_of(described("3.1.0", paths, components={"schemas": {"Node": node}}), "add")
    assert found["properties"]["node"]["properties"]["next"]["type"] == "object"
    assert "$ref" not in json.dumps(found)


def test_a_step_about_what_an_earlier_one_made_takes_its_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    made = {"responses": {"201": {"description": "it", "content": {"application/json": {"schema": schema}}}}}
    loan = [{"name": "loanId", "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = {"/loans": {"post": {"operationId": "add", **made}}}
    paths["/loans/{loanId}"] = {"parameters": loan, "get": {"operationId": "show", **OK}}
    (document, *_), _ = written(described("3.1.0", paths), "--operation", "add", "--operation", "show")
    _, step = yaml.safe_load(Path(document).read_text())["workflows"][0]["steps"]
    assert step["parameters"][0]["value"] == "$steps.add.outputs.id"


@pytest.mark.skipif(not (PUBLIC_DATA / "corpus").is_dir(), reason="the public data is not here")
def test_a_document_of_a_public_description_validates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = sorted((PUBLIC_DATA / "corpus").rglob("*openapi*.y*ml"))[::6][:8]
    for file in files:
        for name in names_in(file)[:3]:
            (document, *_), (validate, *_) = written(file, "--operation", name, "--force")
            result = invoke(*validate[1:])
            assert result.exit_code == 0, (file, name, result.output)
            assert "&id" not in Path(document).read_text()


def test_nothing_is_overwritten_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    api = str(CASES / "api.openapi.yaml")
    Path("made.arazzo.yaml").write_text("mine")
    refused = invoke("init", api, "--operation", "login", "--title", "made")
    assert refused.exit_code == 2
    assert "made.arazzo.yaml already exists; --force overwrites it" in refused.stderr
    assert Path("made.arazzo.yaml").read_text() == "mine"
    assert invoke("init", api, "--operation", "login", "--title", "made", "--force").exit_code == 0
    assert yaml.safe_load(Path("made.arazzo.yaml").read_text())["arazzo"] == "1.0.1"


def test_what_cannot_be_meant_is_refused_with_a_hint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    api = str(CASES / "api.openapi.yaml")
    document = str(CASES / "branch" / "workflow.arazzo.yaml")
    for arguments, words in [
        ((api,), "name the operations with --operation; there are login"),
        ((api, "--operation", "logn"), "did you mean 'login'?"),
        ((api, "--operation", "login", "-o", "nowhere/a.yaml"), "there is no folder nowhere"),
        ((document, "--operation", "login"), "is already a document"),
        (("nowhere.yaml", "--operation", "login"), "there is no such file"),
    ]:
        result = invoke("init", *arguments)
        assert (result.exit_code, words in result.output) == (2, True), result.output
    assert list(tmp_path.iterdir()) == []
