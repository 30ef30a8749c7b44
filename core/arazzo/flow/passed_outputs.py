"""Outputs of a called workflow that are read from the calling step, although that declares none of that name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arazzo.document.models import Workflow
from arazzo.document.step_parts import value_expressions
from arazzo.expressions.nodes import StepOutput
from arazzo.expressions.portability import declared_name
from arazzo.flow.plan import Plan, PlannedStep
from arazzo.flow.reads import step_expressions


def with_passed_outputs(
    workflow: Workflow, planned: Mapping[str, PlannedStep], children: Mapping[str, Plan]
) -> dict[str, PlannedStep]:
    """Return the planned steps; those that call workflows also have the outputs that are read from them (lenient).

    What a step itself declares stays (docs/semantics.md, 1).
    """
    found = dict(planned)
    for expression in _read(workflow, planned) if children else ():
        step = found.get(expression.step)
        child = children.get(step.workflow) if step is not None and step.workflow is not None else None
        if step is None or child is None or declared_name(expression, step.step.outputs) is not None:
            continue
        name = declared_name(expression, child.outputs)
        names = (child.outputs if not expression.name else ()) if name is None else (name,)
        passed = {each: f"$outputs.{each}" for each in names if each not in step.step.outputs}
        outputs = {**step.step.outputs, **passed}
        found[expression.step] = step.model_copy(update={"step": step.step.model_copy(update={"outputs": outputs})})
    return found


def _read(workflow: Workflow, planned: Mapping[str, PlannedStep]) -> Iterator[StepOutput]:
    found = [expression for step in planned.values() for expression in step_expressions(step.step, "lenient")]
    yield from (
        each for each in (*found, *value_expressions(workflow.outputs, "lenient")) if isinstance(each, StepOutput)
    )
