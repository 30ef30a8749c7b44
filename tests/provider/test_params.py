from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import ParamValidationError
from casebook import CASES

from airflow_arazzo.factory.param_schemas import is_harmless
from airflow_arazzo.factory.params import workflow_params
from arazzo.document.settings import Settings
from arazzo.engine import load_plan
from arazzo.engine.refusals import refusals

DOCUMENTS = Path(__file__).parent / "documents"


def meaning(param):
    """Return what the form shows below a field, as Markdown; which it does only where there is no plain text."""
    assert param.description is None
    return param.schema.get("description_md")


@pytest.fixture(scope="module")
def scan():
    return workflow_params(load_plan(DOCUMENTS / "scan.arazzo.yaml"), ())


@pytest.fixture(scope="module")
def report():
    return workflow_params(load_plan(DOCUMENTS / "nodes.arazzo.yaml", "report"), ())


def test_inputs_in_document_order_with_what_the_schema_says(scan):
    assert list(scan) == ["user", "password", "image", "depth", "limit"]
    assert scan["user"].schema == {"type": "string", "title": "User", "description_md": "Who signs in."}
    assert meaning(scan["user"]) == "Who signs in."
    assert scan["limit"].value == 10


def test_a_required_input_has_no_default(scan):
    assert not scan["image"].has_value
    with pytest.raises(ParamValidationError, match="no default"):
        scan["image"].resolve()


def test_an_optional_input_may_be_left_empty(scan, report):
    assert scan["depth"].resolve() is None
    assert scan["depth"].resolve("deep") == "deep"
    with pytest.raises(ParamValidationError):
        scan["depth"].resolve("shallow")
    assert report["filter"].resolve() is None
    assert report["filter"].resolve(["x"]) == ["x"]
    assert report["pages"].schema == {"type": ["integer", "null"], "minimum": 1}


def test_a_required_input_with_a_default_keeps_it(report):
    assert report["since"].resolve() == "2026-01-01"


def test_secrets_are_masked_in_the_form_and_warned_of(scan, report):
    assert scan["password"].schema["format"] == "password"
    assert "log. Bind this input instead:\n\nx-airflow: {inputs: {password: '{{ conn." in meaning(scan["password"])
    assert "Bind this input" in meaning(report["apiToken"])
    assert "Bind this input" not in (meaning(scan["user"]) or "")


@pytest.mark.parametrize(
    ("schema", "warned", "shown"),
    [
        ({"type": "object", "properties": {"pin": {"type": "string", "format": "password"}}}, True, None),
        ({"properties": {"pin": {"format": "password"}}}, True, None),
        ({"type": "object", "properties": {"deep": {"properties": {"password": {}}}}}, True, None),
        ({"type": "array", "items": {"type": "string", "format": "password"}}, True, None),
        ({"allOf": [{"type": "string", "format": "password"}]}, True, "password"),
        ({"type": "object", "properties": {"user": {"type": "string"}}}, False, None),
    ],
)
def test_an_input_with_a_secret_in_it_is_warned_of(tmp_path, schema, warned, shown):
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "./api.json", "type": "openapi"}],
        "workflows": [
            {
                "workflowId": "w",
                "inputs": {"type": "object", "required": ["login"], "properties": {"login": schema}},
                "steps": [{"stepId": "a", "operationId": "go"}],
            }
        ],
    }
    operation = {"operationId": "go", "responses": {"200": {"description": "ok"}}}
    description = {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {"/a": {"get": operation}}}
    (tmp_path / "api.json").write_text(json.dumps(description))
    (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
    login = workflow_params(load_plan(tmp_path / "w.arazzo.json"))["login"]
    assert ("Bind this input" in (meaning(login) or "")) is warned
    assert login.schema.get("format") == shown


def test_an_input_that_a_path_needs_says_so_and_proposes_values(report):
    assert report["kind"].schema["type"] == ["string", "null"]
    assert report["kind"].schema["examples"] == ["short", "full"]
    assert "Needed by step 'outputs' for path parameter 'kind' (short, full)." in meaning(report["kind"])
    assert report["kind"].resolve() is None


PARTS = """\
arazzo: 1.0.1
info: {title: T, version: "1"}
sourceDescriptions: [{name: things, url: API, type: openapi}]
workflows:
- workflowId: w
  dependsOn: [v]
  inputs: {allOf: [{$ref: '#/components/inputs/page'}, {required: [name], properties: {name: {type: string}}}]}
  steps: [{stepId: list, operationId: listThings}]
- workflowId: v
  dependsOn: [u]
  inputs: {type: object, required: [name, key], properties: {name: {type: string}, key: {format: password}}}
  steps: [{stepId: list, operationId: listThings}]
- workflowId: u
  inputs: {type: object, required: [region], properties: {region: {type: string}, zone: {type: string}}}
  steps: [{stepId: list, operationId: listThings}]
components:
  inputs:
    page: {type: object, required: [page], properties: {page: {type: integer, default: 1}}}
"""


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A plan whose inputs are put together of parts, and two workflows that come before it."""
    path = tmp_path_factory.mktemp("parts") / "parts.arazzo.yaml"
    path.write_text(PARTS.replace("API", str(CASES / "api.openapi.yaml")))
    return load_plan(path, "w")


def test_inputs_of_all_parts_and_of_workflows_that_come_first_are_asked_for(parts):
    params = workflow_params(parts)
    assert sorted(params) == ["key", "name", "page", "region", "zone"]
    for name in ("key", "name", "region"):
        with pytest.raises(ParamValidationError, match="no default"):
            params[name].resolve()
    assert params["page"].resolve() == 1
    assert params["zone"].resolve() is None
    assert params["key"].schema["format"] == "password"
    assert meaning(params["region"]) == "For workflow 'u', which runs first."
    assert meaning(params["name"]) is None


def test_a_schedule_needs_the_inputs_of_workflows_that_come_first(parts):
    [refusal] = refusals(parts, scheduled=True)
    assert "nothing gives it 'name', 'key', 'region'" in refusal.message
    given = Settings(inputs={"name": "{{ 1 }}", "key": "{{ 1 }}", "region": "{{ 1 }}"})
    assert refusals(parts.model_copy(update={"settings": given}), scheduled=True) == ()


def test_what_a_path_of_a_workflow_that_comes_first_needs_is_asked_for_as_its_own_is(tmp_path):
    first = """- workflowId: u
  inputs: {type: object, properties: {id: {type: string}}}
  steps:
  - {stepId: get, operationId: getThing, parameters: [{name: id, in: path, value: $inputs.id}]}
"""
    before, _, after = PARTS.partition("- workflowId: u")
    text = before + first + after[after.index("components:") :]
    (tmp_path / "w.arazzo.yaml").write_text(text.replace("API", str(CASES / "api.openapi.yaml")))
    plan = load_plan(tmp_path / "w.arazzo.yaml", "w")
    asked = workflow_params(plan)["id"]
    assert asked.resolve() is None
    assert "Needed by step 'get' for path parameter 'id'." in meaning(asked)
    assert "For workflow 'u', which runs first." in meaning(asked)
    [refusal] = refusals(plan, scheduled=True)
    assert "nothing gives it 'name', 'key', 'id'" in refusal.message


def test_a_bound_input_is_asked_of_nobody():
    plan = load_plan(DOCUMENTS / "scan.arazzo.yaml")
    assert "password" not in workflow_params(plan, {"password"})


DOCUMENT = """\
arazzo: 1.0.1
info: {{title: t, version: 1.0.0}}
sourceDescriptions: [{{name: images, url: images.openapi.yaml, type: openapi}}]
workflows:
- workflowId: w
  inputs: {{type: object, required: [b], properties: {{a: {schema}, b: {schema}}}}}
  steps: [{{stepId: s, operationId: listImages}}]
components:
  inputs:
    tree:
      type: object
      properties: {{name: {{type: string}}, kids: {{items: {{$ref: '#/components/inputs/tree'}}}}}}
"""


@pytest.fixture
def params(tmp_path):
    """Return what makes the Params of a workflow with an optional and a required input of one schema."""
    api = (DOCUMENTS / "images.openapi.yaml").read_text()
    (tmp_path / "images.openapi.yaml").write_text(api)
    operation = re.search("operationId: (.*)", api)[1]

    def make(schema):
        text = DOCUMENT.format(schema=json.dumps(schema)).replace("listImages", operation)
        (tmp_path / "w.arazzo.yaml").write_text(text)
        return workflow_params(load_plan(tmp_path / "w.arazzo.yaml"))

    return make


def test_what_an_api_description_says_can_be_stored(tmp_path):
    for path in DOCUMENTS.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text().replace("short, full", 'short, "f\\0ull"'))
    kind = workflow_params(load_plan(tmp_path / "nodes.arazzo.yaml", "report"))["kind"]
    assert kind.schema["examples"] == ["short", "f�ull"]
    assert "\0" not in meaning(kind)


def test_a_schema_that_holds_itself_is_checked_by_airflow(params):
    for found in params({"$ref": "#/components/inputs/tree"}).values():
        assert found.resolve({"name": "x", "kids": [{"kids": [{"name": "y"}]}]})
        with pytest.raises(ParamValidationError):
            found.resolve({"kids": [{"kids": [{"name": 1}]}]})


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        ({"type": "string", "pattern": "^[a-z]{1,3}-[0-9]+$"}, {"type": "string", "pattern": "^[a-z]{1,3}-[0-9]+$"}),
        ({"type": "string", "pattern": "^(a|a)*$"}, {"type": "string"}),
        ({"not": {"pattern": "^(a|a)*$"}, "title": "T"}, {"title": "T"}),
        ({"items": {"oneOf": [{"pattern": "a+"}, {"type": "null"}]}}, {"items": {}}),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False, "type": "object"}, {"type": "object"}),
        (
            {"properties": {"pattern": {"type": "string"}, "$id": {}}},
            {"properties": {"pattern": {"type": "string"}, "$id": {}}},
        ),
        ({"type": "string", "source": "x", "self": 1, "x-y": 2}, {"type": "string", "x-y": 2}),
        ({"$id": "https://example.org/x", "$anchor": "a", "enum": ["$id"]}, {"enum": ["$id"], "type": "string"}),
    ],
)
def test_airflow_is_given_what_it_can_check(params, schema, given):
    assert params(schema)["b"].schema == given


@pytest.mark.parametrize(
    ("pattern", "harmless"),
    [
        ("", True),
        ("abc", True),
        ("^(asc|desc)$", True),
        (r"^\d{4}-\d{2}-\d{2}$", True),
        (r"^[\w.-]+@example\.org$", True),
        ("^a?b?c?$", True),
        ("^" + "a?" * 30 + "a" * 30, False),
        ("a+b", False),
        ("^a+b+$", False),
        ("^a+b|a+c", False),
        ("^(a+)+$", False),
        ("^(ab){2}$", False),
        (r"^(a)\1$", False),
        (r"^\p{L}$", False),
        ("^(?=a)b", False),
        ("^[[:alpha:]]$", False),
        ("^[z-a]$", False),
        ("^a{1,999}b{1,999}$", False),
        ("^a{1000}$", False),
        ("(", False),
    ],
)
def test_which_patterns_are_plainly_harmless(pattern, harmless):
    assert is_harmless(pattern) is harmless


def test_a_star_is_on_what_has_to_be_filled_in_and_on_nothing_else(params):
    """The form marks what has a type that is not null."""

    def starred(param):
        return "null" not in param.schema["type"]

    kinds = {"type": "string"}, {"type": "string", "enum": ["x", "y"]}, {"type": "integer", "default": 5}
    assert [starred(params(kind)["b"]) for kind in kinds] == [True, True, False]
    assert [starred(params(kind)["a"]) for kind in kinds] == [False, False, False]
    assert starred(params({"enum": ["x", "y"]})["b"])


def test_no_choice_reads_null(params):
    choices = params({"enum": ["x", "y"], "type": "string"})["a"]
    assert choices.schema["enum"] == ["x", "y", None]
    assert choices.schema["values_display"] == {"null": "(empty)"}
    required = params({"enum": ["x", None], "type": ["string", "null"]})["b"]
    assert required.schema["values_display"] == {"null": "(empty)"}
    assert choices.resolve() is None
