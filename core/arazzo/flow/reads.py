"""What steps and outputs read from others: steps, workflows and inputs, found in the parsed expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from arazzo import criteria
from arazzo.document.models import Step
from arazzo.document.step_parts import step_criteria, step_values, value_expressions
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Expression, Input, StepOutput, WorkflowValue
from arazzo.frozen import dataclass

Item = TypeVar("Item")
#: A criterion without any of these is not parsed here.
_ROOTS = re.compile(r"\$(?:inputs|steps|workflows)\b")


@dataclass(frozen=True)
class Reads:
    """What is read, each once, in document order.

    :ivar steps: step ids, including those that ``dependsOn`` names.
    :ivar workflows: plan keys, including those of workflows with a step that ``dependsOn`` names.
    :ivar inputs: names; "" if all inputs are read.
    """

    steps: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()


def step_reads(step: Step, dialect: Dialect) -> Reads:
    """Return what a planned step reads or waits for."""
    awaited = [name.removeprefix("$workflows.").rpartition(".steps.") for name in step.depends_on]
    found = _reads(step_expressions(step, dialect))
    steps = (name.removeprefix("$steps.") for _, separator, name in awaited if not separator)
    workflows = (workflow_key(name) for name, separator, _ in awaited if separator)
    return Reads(_once((*found.steps, *steps)), _once((*found.workflows, *workflows)), found.inputs)


def value_reads(value: Any, dialect: Dialect) -> Reads:
    """Return what a JSON value reads."""
    return _reads(value_expressions(value, dialect))


def step_expressions(step: Step, dialect: Dialect) -> Iterator[Expression]:
    """Yield the expressions of a planned step: of its values, and of the criteria that decide about it."""
    for value, _, _ in step_values(step):
        yield from value_expressions(value, dialect)
    for criterion in step_criteria(step):
        if _ROOTS.search(f"{criterion.context} {criterion.condition}"):
            try:
                yield from (expression for _, _, expression in criteria.expressions(criterion, dialect))
            except ExpressionSyntaxError:
                continue  # it reads nothing, and validation reports it


def _reads(expressions: Iterable[Expression]) -> Reads:
    found = list(expressions)
    return Reads(
        _once(each.step for each in found if isinstance(each, StepOutput)),
        _once(each.workflow for each in found if isinstance(each, WorkflowValue)),
        _once(each for each in found if isinstance(each, Input)),
    )


def _once(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))


def workflow_key(reference: str) -> str:
    """Return the plan key of a workflow reference: the local id, or ``source.workflowId``."""
    source, dot, name = reference.removeprefix("$sourceDescriptions.").partition(".")
    return f"{source}{dot}{name.removeprefix('workflows.')}"
