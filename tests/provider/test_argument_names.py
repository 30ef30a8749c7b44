"""Names in arguments of a person's own Python: one that names nothing raises, wherever it can be written."""

from __future__ import annotations

import pytest

from airflow_arazzo import (
    ArazzoDag,
    ArazzoOutputsOperator,
    ArazzoSensor,
    ArazzoStepOperator,
    ArazzoTaskGroup,
    ArazzoWorkflowOperator,
    load_dags,
)

API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
servers:
- url: https://{region}.api.test
  variables: {region: {default: eu-1, enum: [eu-1, us-east]}}
paths:
  /things: {get: {operationId: list, responses: {'200': {description: ok}}}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: T, version: 1.0.0}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- workflowId: good
  inputs: {type: object, properties: {user: {type: object, properties: {pin: {type: string}}}}}
  steps:
  - {stepId: a, operationId: list, outputs: {session: $response.body#/session}}
  - {stepId: b, workflowId: inner}
  outputs: {all: $steps.a.outputs.session}
- workflowId: inner
  steps: [{stepId: c, operationId: list, outputs: {deep: $response.body#/deep}}]
"""


@pytest.fixture
def document(tmp_path):
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "good.yaml").write_text(DOCUMENT)
    return tmp_path / "good.yaml"


WRONG = [
    ({"sensitive": ["sesion"]}, "sensitive: .* no input or output 'sesion'; did you mean 'session'"),
    ({"server_variables": {"regoin": "eu-1"}}, "no server variable 'regoin'; did you mean 'region'"),
    ({"server": {"ap": "https://h.test"}}, "no source description 'ap'; did you mean 'api'"),
    ({"connection": {"ap": "shop"}}, "no source description 'ap'; did you mean 'api'"),
]
VALUE = ({"server_variables": {"region": "us-eats"}}, "'region' has no value 'us-eats'; did you mean 'us-east'")
SETTINGS = [*WRONG, VALUE, ({"sensitiv": ["session"]}, "there is no setting 'sensitiv'; did you mean 'sensitive'")]
RIGHT = [
    *({"sensitive": [name]} for name in ("session", "all", "user", "pin", "deep")),
    {"server_variables": {"region": "us-east"}},
    {"server": {"api": "https://h.test"}},
    {"connection": {"api": "shop"}},
]
DIALECT = ({"dialect": "Strict"}, "no dialect 'Strict'; did you mean 'strict'")


@pytest.mark.parametrize(("arguments", "message"), [*WRONG, VALUE, DIALECT])
def test_an_argument_of_a_dag(arguments, message, document):
    with pytest.raises(ValueError, match=message):
        ArazzoDag(document, "good", **arguments)


@pytest.mark.parametrize(("arguments", "message"), [WRONG[2], DIALECT])
def test_an_argument_of_a_group(arguments, message, document):
    with pytest.raises(ValueError, match=message):
        ArazzoTaskGroup(document, "good", **arguments)


@pytest.mark.parametrize(("settings", "message"), SETTINGS)
def test_settings_of_a_dag_of_a_step_of_a_group_and_of_an_operator(settings, message, document):
    with pytest.raises(ValueError, match=message):
        ArazzoDag(document, "good", settings=settings)
    with pytest.raises(ValueError, match=message):
        ArazzoDag(document, "good", steps={"a": settings})
    with pytest.raises(ValueError, match=message):
        ArazzoTaskGroup(document, "good", settings=settings)
    with pytest.raises(ValueError, match=message):
        ArazzoWorkflowOperator(task_id="t", document=document, workflow_id="good", settings=settings)


@pytest.mark.parametrize("settings", RIGHT)
def test_what_is_there_is_taken(settings, document):
    ArazzoDag(document, "good", settings=settings)
    ArazzoDag(document, "good", steps={"a": settings})
    ArazzoWorkflowOperator(task_id="t", document=document, workflow_id="good", settings=settings)


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_arguments_for_a_folder_and_for_one_of_its_workflows(arguments, message, document):
    with pytest.raises(ValueError, match=message):
        load_dags(document.parent, **arguments)
    with pytest.raises(ValueError, match=message):
        load_dags(document.parent, workflows={"good": arguments})


def test_a_value_that_a_variable_does_not_have_makes_bad_dags_of_those_that_have_it(document):
    dags = load_dags(document.parent, server_variables={"region": "us-eats"})
    assert all("arazzo-invalid" in dag.tags for dag in dags.values())
    assert "did you mean 'us-east'" in dags["good"].doc_md


@pytest.mark.parametrize("kind", [ArazzoStepOperator, ArazzoSensor])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"connections": {"ap": "shop"}}, "no source description 'ap'; did you mean 'api'"),
        ({"server": {"ap": "https://h.test"}}, "no source description 'ap'"),
        ({"tasks": {"aa": "first"}}, "tasks: workflow 'good' has no step 'aa'"),
    ],
)
def test_arguments_of_the_operators_of_a_step(kind, arguments, message, document):
    with pytest.raises(ValueError, match=message):
        kind(task_id="a", plan=document, workflow_id="good", **arguments)


def test_arguments_of_the_other_operators(document):
    with pytest.raises(ValueError, match="no step 'aa'"):
        ArazzoOutputsOperator(task_id="o", plan=document, workflow_id="good", tasks={"aa": "first"})
    with pytest.raises(ValueError, match="no source description 'ap'"):
        ArazzoWorkflowOperator(task_id="t", document=document, workflow_id="good", connections={"ap": "shop"})
    plan = ArazzoDag(document, "good").plan
    with pytest.raises(ValueError, match="a plan cannot be changed"):
        ArazzoWorkflowOperator(task_id="t", document=plan, settings={"timeout": 5})
