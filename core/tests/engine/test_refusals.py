"""Why a workflow that can be run cannot be a DAG: what validation of a document tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from arazzo.engine.document_problems import find_problems

API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
servers: [{url: https://api.example.test}]
paths:
  /things/{id}:
    get:
      operationId: get
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
"""
DOCUMENT = """\
arazzo: 1.0.1
info: {{title: T, version: 1.0.0}}
sourceDescriptions: [{{name: api, url: api.yaml}}]
workflows:
- workflowId: w
  x-airflow: {settings}
  inputs: {{type: object, required: [n], properties: {{n: {{type: integer}}, id: {{type: string}} }}}}
  steps: [{{stepId: a, operationId: get, parameters: [{{name: id, in: path, value: {value}}}]}}]
"""


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ("{}", []),
        ("{schedule: '@daily', inputs: {n: 1}}", []),
        ("{schedule: '@daily', inputs: {n: '{{ var.value.n }}'}}", []),
        ("{schedule: '@daily'}", ["unbound-input"]),
        ("{inputs: {n: many}}", ["invalid-binding"]),
        ("{inputs: {n: '1'}}", ["invalid-binding"]),
        ("{inputs: {n: null}}", []),
        ("{inputs: {m: 1}}", ["unknown-input"]),
        ("{schedule: '@dayly'}", ["invalid-setting"]),
        ("{schedule: '61 * * * *'}", ["invalid-setting"]),
        ("{schedule: '0 0 31 2 *'}", ["invalid-setting"]),
        ("{schedule: '0 0 29 2 *'}", ["unbound-input"]),
        ("{schedule: '*/5 * * * 1-5'}", ["unbound-input"]),
        ("{schedule: '@daily', inputs: {n: 1}, catchup: true}", ["invalid-setting"]),
        ("{schedule: '@continuous', inputs: {n: 1}, max_active_runs: 2}", ["invalid-setting"]),
        ("{schedule: '@continuous', inputs: {n: 1}}", []),
    ],
)
def test_settings_with_which_no_dag_is_made(settings: str, rules: list[str], tmp_path: Path) -> None:
    assert problems(tmp_path, settings) == rules


def test_what_a_path_needs_is_needed_for_a_schedule(tmp_path: Path) -> None:
    given = "{schedule: '@daily', inputs: {n: 1}}"
    assert problems(tmp_path, given, value="$inputs.id") == ["path-need", "unbound-input"]


CALLS = """\
arazzo: 1.0.1
info: {title: T, version: 1.0.0}
sourceDescriptions: [{name: api, url: api.yaml}]
workflows:
- workflowId: w
  steps: [{stepId: a, workflowId: u, x-airflow: OUTER}]
- workflowId: u
  x-airflow: INNER
  steps: [{stepId: b, operationId: get, x-airflow: {approval: true}, parameters: [{name: id, in: path, value: x}]}]
"""


@pytest.mark.parametrize(
    ("outer", "inner", "refused"),
    [
        ("{}", "{}", 0),
        ("{approval: true}", "{}", 0),
        ("{granularity: workflow}", "{}", 1),
        ("{}", "{granularity: workflow}", 2),
    ],
)
def test_a_step_that_is_part_of_another_task_cannot_ask(outer: str, inner: str, refused: int, tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "w.yaml").write_text(CALLS.replace("OUTER", outer).replace("INNER", inner))
    found = [problem for problem in find_problems(tmp_path / "w.yaml") if problem.is_error]
    assert [problem.rule for problem in found] == ["invalid-setting"] * refused
    assert all("asks for approval" in problem.message for problem in found)


def problems(folder: Path, settings: str, value: str = "x") -> list[str]:
    (folder / "api.yaml").write_text(API)
    path = folder / "w.yaml"
    path.write_text(DOCUMENT.format(settings=settings, value=value))
    return sorted(problem.rule for problem in find_problems(path))
