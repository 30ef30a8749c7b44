"""Failure actions that lead back to a request that cannot be built, with nothing on the way to change that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from arazzo.absent import ABSENT, Unreadable
from arazzo.document.models import Action
from arazzo.engine.state import Frame
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate
from arazzo.expressions.nodes import Expression, StepOutput, WorkflowValue
from arazzo.expressions.templates import find_expressions
from arazzo.flow import END, Plan, PlannedStep
from arazzo.flow.loops import request_values


def producers(plan: Plan, planned: PlannedStep, frame: Frame, context: Context) -> frozenset[str]:
    """Return the steps that may provide what a request lacks, or all steps that it uses if it lacks nothing."""
    used = list(_used(plan, planned))
    lacking = {step for step, expression in used if _is_nothing(evaluate(expression, context))}
    awaited = {name.removeprefix("$steps.") for name in planned.step.depends_on}
    lacking |= {step.step_id for step in plan.steps if step.step_id in awaited and step.step_id not in frame.outputs}
    return frozenset(lacking or {step for step, _ in used}) - {planned.step_id}


def is_dead_end(plan: Plan, step: str, action: Action, makers: Iterable[str]) -> bool:
    """Tell whether an action returns to a step without passing a step that could change its request.

    An action without an edge in the flow graph is a dead end too: it comes after one that always holds.

    :param step: the step whose request could not be built.
    :param makers: from :func:`producers`.
    """
    if all(edge.action != action.name for edge in plan.leaving(step)):
        return True
    if action.type == "end" or action.workflow_id:
        return False
    if action.type == "retry":
        return action.step_id in (None, step)
    seen, todo = set(makers), [action.step_id or END]
    while todo:
        target = todo.pop()
        if target == step:
            return True
        if target not in seen:
            seen.add(target)
            todo += [edge.target for edge in plan.leaving(target)]
    return False


def _used(plan: Plan, planned: PlannedStep) -> Iterator[tuple[str, Expression]]:
    """Yield the expressions of a request that use other steps, each with such a step."""
    for value in request_values(planned):
        for _, expression in find_expressions(value, plan.dialect):
            match expression:
                case StepOutput(step=name):
                    yield name, expression
                case WorkflowValue(workflow=key, field="outputs"):
                    yield from ((step.step_id, expression) for step in plan.steps if step.workflow == key)


def _is_nothing(value: object) -> bool:
    return value is ABSENT or value is None or isinstance(value, Unreadable)
