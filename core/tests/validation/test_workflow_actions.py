"""What a goto or retry to a workflow has to give it."""

from __future__ import annotations

import pytest
from casebook import CASES

from arazzo.validation import validate

DOCUMENT = """
arazzo: 1.1.0
info: {{title: t, version: "1"}}
sourceDescriptions: [{{name: things, url: api.openapi.yaml, type: openapi}}]
workflows:
- workflowId: main
  inputs: {{type: object, properties: {{have: {{type: string}}}}}}
  steps:
  - stepId: list
    operationId: listThings
    onFailure: [{{name: away, {action}, workflowId: other}}]
- workflowId: other
  {first}
  inputs: {{type: object, required: [{required}], properties: {{have: {{type: string}}, need: {{type: string}}}}}}
  steps: [{{stepId: list, operationId: listThings}}]
- workflowId: first
  inputs: {{type: object, required: [before], properties: {{before: {{type: string}}}}}}
  steps: [{{stepId: list, operationId: listThings}}]
"""


@pytest.mark.parametrize(
    ("action", "required", "first", "missing"),
    [
        ("type: goto", "have", "", None),
        ("type: goto", "need", "", "need"),
        ("type: retry", "need", "", "need"),
        ("type: goto", "have", "dependsOn: [first]", "before"),
        ("type: goto, parameters: [{name: need, value: x}]", "need", "", None),
        ("type: goto, parameters: [{name: need, value: x}]", "have", "", "have"),
    ],
)
def test_a_required_input_that_nobody_gives_is_an_error(tmp_path, action, required, first, missing):
    (tmp_path / "api.openapi.yaml").write_text((CASES / "api.openapi.yaml").read_text())
    path = tmp_path / "t.arazzo.yaml"
    path.write_text(DOCUMENT.format(action=action, required=required, first=first))
    found = [problem for problem in validate(path) if problem.rule == "unfed-workflow"]
    assert [problem.is_error for problem in found] == ([True] if missing else [])
    assert all(f"requires input '{missing}'" in problem.message for problem in found)
