"""``arazzo schema`` says of ``x-airflow`` what reading a document says; every command's help has a whole first line."""

from __future__ import annotations

import json

import click
import pytest
import yaml
from casebook import CASES
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from arazzo.cli import main
from arazzo.document.settings import Settings

EXAMPLES = CASES.parents[2] / "dags" / "workflows"


@pytest.fixture(scope="module")
def schema():
    return json.loads(CliRunner().invoke(main, ["schema"]).stdout)


def test_it_is_a_schema_and_the_examples_satisfy_it(schema):
    Draft202012Validator.check_schema(schema)
    for path in EXAMPLES.glob("*.yaml"):
        assert Draft202012Validator(schema).is_valid(yaml.safe_load(path.read_text("utf-8")))


def test_an_editor_can_explain_each_setting(schema):
    found = schema["$defs"]["Settings"]["properties"]
    assert found.keys() == Settings.model_fields.keys()
    assert {name for name, setting in found.items() if not setting.get("description", "").endswith(".")} == set()
    assert found["poke_interval"]["description"] == "Seconds between the rounds of a poll."


@pytest.mark.parametrize(
    "settings",
    [
        {"poke_interval": 5},
        {"poke_interval": 0},
        {"poke_intervall": 5},
        {"unmatched": "auto"},
        {"unmatched": "never"},
        {"tags": ["a"]},
        {"tags": "a"},
        {"connection": {"a": "b"}},
        {"approval": {"users": ["ada"]}},
        {"approval": {"user": ["ada"]}},
        {"deadline": {"interval": 5}},
        {"retries": -1},
        {"contract": "warn"},
        {"collect": {"items": "$response.body"}},
        {"collect": "$response.body"},
        {"next": {"page": {"number": 1}}},
        {"next": {"page": {"number": 3}}},
        {"next": {"page": {"number": 1, "link": "a"}}},
        {"next": {"page": {}}},
        {"contract": "loud"},
        {"contract": {"schema": "fail", "status": "off"}},
        {"contract": {"body": "fail"}},
        {"cookies": True},
        {"cookies": False},
        {"cookies": ["example.com", "localhost", "127.0.0.1", "::1"]},
        {"cookies": []},
        {"cookies": ["https://example.com"]},
        {"cookies": ["Example.com"]},
        {"cookies": [".example.com"]},
        {"cookies": [True]},
        {"cookies": "example.com"},
        {"cookies": 1},
        {"contract": {"schema": "loud"}},
    ],
)
def test_it_takes_and_refuses_what_a_document_may_have(schema, settings):
    try:
        Settings(**settings)
    except ValidationError:
        taken = False
    else:
        taken = True
    validator = Draft202012Validator(schema)
    step = {"workflows": [{"x-airflow": settings}]}
    assert validator.is_valid(step) is taken
    assert validator.is_valid({"workflows": [{"steps": [{"x-airflow": settings}]}]}) is taken
    assert validator.is_valid({"x-airflow": settings}) is taken


def test_each_command_has_a_whole_first_line_examples_and_a_format():
    context = click.Context(main)
    overview = CliRunner().invoke(main, ["--help"]).output
    assert "..." not in overview.partition("Commands:")[2]
    for name in main.list_commands(context):
        text = CliRunner().invoke(main, [name, "--help"]).output
        assert ("Examples:" in text, "--format" in text, "--json" in text) == (True, True, True), name
