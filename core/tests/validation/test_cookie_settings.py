"""What ``validate`` says of ``cookies`` under ``x-airflow``, and of cookies that an operation requires."""

from __future__ import annotations

import pytest

from arazzo.engine import load_plan
from arazzo.engine.document_problems import find_problems

API = """
openapi: 3.1.0
info: {title: t, version: '1'}
servers: [{url: https://api.example.test}]
paths:
  /a:
    get:
      operationId: look
      parameters: [{name: sid, in: cookie, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
"""
DOCUMENT = """
arazzo: 1.1.0
info: {title: t, version: '1'}
sourceDescriptions: [{name: a, url: a.yaml, type: openapi}]
x-airflow: {OF_ALL}
workflows:
- workflowId: main
  x-airflow: {OF_MAIN}
  steps:
  - {stepId: look, operationId: look, x-airflow: {OF_STEP}}
  - {stepId: call, workflowId: other, dependsOn: [look]}
- {workflowId: other, x-airflow: {OF_OTHER}, steps: [{stepId: look, operationId: look}]}
"""


@pytest.fixture
def written(tmp_path):
    def write(**settings: str):
        text = DOCUMENT
        for name in ("all", "main", "step", "other"):
            text = text.replace(f"OF_{name.upper()}", settings.get(name, ""))
        (tmp_path / "a.yaml").write_text(API)
        (tmp_path / "w.arazzo.yaml").write_text(text)
        return tmp_path / "w.arazzo.yaml"

    return write


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ({}, ["missing-parameter"] * 2),
        ({"all": "cookies: true"}, []),
        ({"all": "cookies: [example.test]"}, []),
        ({"main": "cookies: true"}, ["missing-parameter"]),
        ({"all": "cookies: false"}, ["missing-parameter"] * 2),
        ({"all": "cookies: true", "step": "cookies: true"}, ["idle-field"]),
    ],
)
def test_a_cookie_that_the_jar_may_have_is_not_missed(written, settings, rules):
    assert [problem.rule for problem in find_problems(written(**settings))] == rules


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, None),
        ({"main": "cookies: true"}, True),
        ({"other": "cookies: true"}, True),
        ({"main": "cookies: false", "other": "cookies: true"}, False),
        ({"main": "cookies: [a.test]", "other": "cookies: [b.test, a.test]"}, ("a.test", "b.test")),
        ({"main": "cookies: true", "other": "cookies: [b.test]"}, ("b.test",)),
    ],
)
def test_one_setting_holds_for_the_whole_run(written, settings, kept):
    plan = load_plan(written(**settings), "main")
    assert [plan.settings.cookies, plan.children["other"].settings.cookies] == [kept, kept]
    assert (plan.needs is None) is bool(kept)
