"""Which inputs a workflow reads without naming them in its schema: leniently they are inputs too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from arazzo import criteria
from arazzo.document import declared_inputs
from arazzo.document.models import Criterion, Workflow
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions import Dialect, Expression, Input, declared_name, parse_template
from arazzo.flow.plan import PlannedStep

_ROOT = "$inputs"


def undeclared_inputs(workflow: Workflow, steps: Iterable[PlannedStep], dialect: Dialect) -> tuple[str, ...]:
    """Return the names, as expressions spell them, that no schema has; "" where one reads all inputs.

    :param workflow: the workflow.
    :param steps: its steps, with the parameters and actions that they have from the workflow.
    """
    known = declared_inputs(workflow.inputs, choices=True).schemas
    found: dict[str, None] = {}
    for expression in _expressions(workflow, steps, dialect):
        if isinstance(expression, Input) and declared_name(expression, known) is None:
            found.setdefault(expression.name)
    return tuple(found)


def _expressions(workflow: Workflow, steps: Iterable[PlannedStep], dialect: Dialect) -> Iterator[Expression]:
    for planned in steps:
        step = planned.step
        actions = (*step.on_success, *step.on_failure)
        values: list[Any] = [item.value for item in step.parameters]
        values += [item.value for action in actions for item in action.parameters]
        values += [step.correlation_id, step.outputs]
        if step.request_body is not None:
            values += [step.request_body.payload, *(item.value for item in step.request_body.replacements)]
            values += [item.target for item in step.request_body.replacements]
        yield from _in_texts(values, dialect)
        for criterion in (*step.success_criteria, *(item for action in actions for item in action.criteria)):
            yield from _in_criterion(criterion, dialect)
    yield from _in_texts(workflow.outputs, dialect)


def _in_texts(value: Any, dialect: Dialect) -> Iterator[Expression]:
    match value:
        case str() if _ROOT in value:
            try:
                yield from parse_template(value, dialect).expressions
            except ExpressionSyntaxError:
                return  # it reads nothing, and validation says so
        case dict():
            for item in value.values():
                yield from _in_texts(item, dialect)
        case list():
            for item in value:
                yield from _in_texts(item, dialect)


def _in_criterion(criterion: Criterion, dialect: Dialect) -> Iterator[Expression]:
    if _ROOT not in f"{criterion.context} {criterion.condition}":
        return
    try:
        for _, _, expression in criteria.expressions(criterion, dialect):
            yield expression
    except ExpressionSyntaxError:
        return
