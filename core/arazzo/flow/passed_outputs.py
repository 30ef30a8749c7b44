"""Outputs of a called workflow that others read of the step that calls it, although it declares none of that name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.document.models import Workflow
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions import StepOutput, declared_name, find_expressions
from arazzo.flow.plan import Plan, PlannedStep


def with_passed_outputs(
    workflow: Workflow, planned: Mapping[str, PlannedStep], children: Mapping[str, Plan]
) -> dict[str, PlannedStep]:
    """Return the planned steps, those that call workflows with the outputs that are read of them (lenient).

    What a step declares itself is left alone (docs/semantics.md, 1).
    """
    found = dict(planned)
    for expression in _read(workflow):
        step = found.get(expression.step)
        child = children.get(step.workflow) if step is not None and step.workflow is not None else None
        if step is None or child is None or declared_name(expression, step.step.outputs) is not None:
            continue
        if (name := declared_name(expression, child.outputs)) is None:
            continue
        outputs = {**step.step.outputs, name: f"$outputs.{name}"}
        found[expression.step] = step.model_copy(update={"step": step.step.model_copy(update={"outputs": outputs})})
    return found


def _read(workflow: Workflow) -> Iterator[StepOutput]:
    for text in _texts(workflow.model_dump(mode="json")):
        try:
            found = list(find_expressions(text))
        except ExpressionSyntaxError:  # a description, say
            continue
        yield from (expression for _, expression in found if isinstance(expression, StepOutput))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str() if "$steps." in value:
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
