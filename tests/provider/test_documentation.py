"""What the documentation of a DAG says, and what the tasks are called in the graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_arazzo import ArazzoDag, load_dags

DOCUMENTS = Path(__file__).parent / "documents"
API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    login: {type: http, scheme: basic}
paths:
  /things/{id}:
    get:
      operationId: get
      security: [{key: []}, {login: []}]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {title: T, version: 7.1.0}
sourceDescriptions: [{name: things, url: api.yaml}]
workflows:
- workflowId: w
  unknown: 1
  description: '*Gets* a thing.'
  x-airflow: {connection: prod, inputs: {BOUND}}
  inputs:
    type: object
    required: [id]
    properties:
      id: {type: string, description: 'Which | one'}
      token: {type: string}
  steps:
  - stepId: get
    operationId: get
    parameters: [{name: id, in: path, value: $inputs.id}]
    outputs: {a: $response.body#/a}
    onSuccess:
    - {name: done, type: end, criteria: [{condition: $response.body#/a == 1}]}
    - {name: again, type: goto, stepId: get}
  outputs: {a: $steps.get.outputs.a}
"""


@pytest.fixture
def doc(tmp_path):
    def made(bound="", text=DOCUMENT, workflow=None):
        (tmp_path / "api.yaml").write_text(API)
        path = tmp_path / "w.yaml"
        path.write_text(text.replace("BOUND", bound))
        return ArazzoDag(path, workflow)

    return made


def test_it_says_what_the_workflow_asks_for_gives_and_needs(doc):
    text = doc().doc_md
    assert text.startswith("# T\n\n*Gets* a thing.\n\nWorkflow `w` of *T*, version 7.1.0, document `w.yaml`, SHA-256 `")
    assert "| `id` | string | required | Which \\| one |" in text
    assert "| `token` | string | optional |  |" in text
    assert "| `a` | `$steps.get.outputs.a` |" in text
    assert "| `things` | `prod` | key (apiKey) or login (basic) |" in text
    assert "## Warnings\n\n- w.yaml:" in text
    assert "\n- w.yaml:6:3: [unknown-field] a workflow has no field" in text
    assert "## Document\n\n```yaml\narazzo: 1.0.1\n" in text


def test_a_folder_tells_the_same(doc):
    dag = doc()
    [other] = load_dags(dag.plan.document["name"].rpartition("/")[0]).values()
    assert other.doc_md == dag.doc_md


@pytest.mark.parametrize(("version", "language"), [("3.1.0", "text"), ("3.3.2", "text"), ("3.4.0b2", "mermaid")])
def test_a_picture_is_there_only_where_airflow_draws_it(version, language, doc, monkeypatch):
    monkeypatch.setattr("airflow.__version__", version)
    text = doc().doc_md
    assert f"```{language}\n" in text
    assert ("flowchart" in text) == (language == "mermaid")


def test_a_secret_that_is_written_into_the_document_is_not_shown(doc):
    assert "hunter2" not in doc("token: hunter2").doc_md
    assert "a secret is written into it" in doc("token: hunter2").doc_md
    assert "{{ conn.x.password }}" in doc("token: '{{ conn.x.password }}'").doc_md


def test_nor_is_one_that_another_workflow_of_the_document_has(doc):
    header = "{name: Authorization, in: header, value: Bearer 12a-secret-token}"
    other = f"""\
- workflowId: other
  steps:
  - stepId: get
    operationId: get
    parameters: [{{name: id, in: path, value: a}}, {header}]
"""
    text = doc(text=DOCUMENT + other, workflow="w").doc_md
    assert "12a-secret-token" not in text
    assert "a secret is written into it" in text


def test_text_of_a_document_does_not_leave_its_fence(doc):
    text = doc(text=DOCUMENT.replace("'*Gets* a thing.'", "'```` # x'")).doc_md
    assert "`````yaml\n" in text


def test_tasks_are_called_by_what_they_send_and_wait_for(doc):
    assert doc().get_task("get").operator_name == "until done: GET /things/{id}"
    dag = ArazzoDag(DOCUMENTS / "scan.arazzo.yaml")
    assert dag.get_task("signIn").operator_name == "POST /sessions"
    first = ArazzoDag(DOCUMENTS / "teams.arazzo.yaml", "tour").get_task("first.inputs")
    assert first.operator_name.startswith("workflow ")


def test_the_version_is_a_tag_by_choice_only(doc, monkeypatch):
    assert doc().tags == {"arazzo"}
    monkeypatch.setenv("AIRFLOW__ARAZZO__VERSION_TAG", "True")
    assert doc().tags == {"arazzo", "7.1.0"}
