"""What the steps of a plan read of others, by the expressions that are parsed."""

import pytest

from arazzo.document.models import Step
from arazzo.flow.reads import step_reads, value_reads


def a_step(**fields):
    return Step.model_validate({"step_id": "one", "operation_id": "get", **fields})


@pytest.mark.parametrize(
    ("fields", "steps", "workflows", "inputs"),
    [
        ({"outputs": {"x": "a $steps.two.outputs.x b {$steps.three.outputs.y}"}}, ("two", "three"), (), ()),
        ({"outputs": {"x": {"deep": ["$workflows.w.outputs.x", "$inputs.name"]}}}, (), ("w",), ("name",)),
        ({"parameters": [{"name": "q", "value": "$steps.two.outputs.x"}]}, ("two",), (), ()),
        ({"success_criteria": [{"condition": "$steps.two.outputs.n > $inputs.least"}]}, ("two",), (), ("least",)),
        (
            {
                "success_criteria": [
                    {
                        "context": "$steps.two.outputs.body",
                        "condition": "$[?@.id == '{$workflows.w.inputs.id}']",
                        "type": "jsonpath",
                    }
                ]
            },
            ("two",),
            ("w",),
            (),
        ),
        ({"depends_on": ["$steps.two", "three"]}, ("two", "three"), (), ()),
        ({"depends_on": ["$sourceDescriptions.other.w.steps.s", "$workflows.v.steps.s"]}, (), ("other.w", "v"), ()),
        ({"description": "see $steps.two.outputs.x"}, (), (), ()),
        ({"outputs": {"x": "$response.body#/$steps.two.outputs.x"}}, (), (), ()),
    ],
)
def test_a_step_reads_what_its_values_and_criteria_name_and_nothing_else(fields, steps, workflows, inputs):
    reads = step_reads(a_step(**fields), "lenient")
    assert reads.steps == steps
    assert reads.workflows == workflows
    assert tuple(each.name for each in reads.inputs) == inputs


def test_text_without_braces_reads_nothing_in_strict():
    assert value_reads("see $steps.two.outputs.x", "lenient").steps == ("two",)
    assert value_reads("see $steps.two.outputs.x", "strict").steps == ()
