"""What has to be over before a step begins, and whether steps may run side by side (Arazzo 1.1.0, Tool Behavior).

Steps may run side by side if ``dependsOn`` says which comes before which, and if no action leads from one step to
another or ends the workflow before its last step. Then it is certain that each step runs, and only a question when
(docs/semantics.md, 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from arazzo.document.control import Transfer, Unmatched, successors
from arazzo.document.models import Criterion, Step, Workflow
from arazzo.document.step_parts import merged_step, step_criteria, step_values, value_expressions
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.nodes import StepOutput
from arazzo.expressions.parser import parse_context
from arazzo.expressions.templates import scan_expression

Needs = Mapping[str, frozenset[str]]


def awaited_steps(workflow: Workflow, unmatched: Mapping[str, Unmatched]) -> dict[str, tuple[str, ...]] | None:
    """Return, by step, the steps that it waits for, except those that one of these waits for; None where all wait.

    :param workflow: a workflow as loaded: its steps are in an order that satisfies what they need, if there is one.
    :param unmatched: by step id, what follows when a step has success actions and none holds.
    """
    if not any(declared_needs(workflow).values()):
        return None
    needs = step_needs(workflow)
    before = _before(needs)
    if before is None:
        return None
    last = workflow.steps[-1]
    for step in workflow.steps:
        ways = successors(workflow, step, unmatched.get(step.step_id, "auto"))
        leads_on = step is last or any(way.kind == "next" for way in ways)
        after_all = before[step.step_id].bit_count() == len(before) - 1
        if not leads_on or not all(_keeps_order(step, way, after_all) for way in ways):
            return None
    places = {step: place for place, step in enumerate(before)}
    return {step: tuple(_reduced(of, before, places)) for step, of in needs.items()}


def _before(needs: Needs) -> dict[str, int] | None:
    """Return what comes before each step, as bits in document order; None where that is not the order."""
    places = {step: place for place, step in enumerate(needs)}
    before: dict[str, int] = {}
    for step, of in needs.items():
        if not of <= before.keys():
            return None
        before[step] = 0
        for need in of:
            before[step] |= before[need] | 1 << places[need]
    return before


def _reduced(needs: frozenset[str], before: Mapping[str, int], places: Mapping[str, int]) -> Iterator[str]:
    implied = 0
    for need in needs:
        implied |= before[need]
    for need in sorted(needs, key=places.__getitem__):
        if not implied >> places[need] & 1:
            yield need


def _keeps_order(step: Step, way: Transfer, after_all: bool) -> bool:
    """Say whether a way leads to the step itself, to what comes next anyway, or to the end after all other steps."""
    if way.workflow_id is not None:
        return False
    ends = way.kind == "success" and way.step_id is None
    return way.kind == "next" or way.step_id == step.step_id or (ends and after_all)


def declared_needs(workflow: Workflow) -> Needs:
    """Return for each step the steps of its own workflow that its ``dependsOn`` names."""
    return {
        step.step_id: frozenset(filter(workflow.has_step, (name.removeprefix("$steps.") for name in step.depends_on)))
        for step in workflow.steps
    }


def step_needs(workflow: Workflow) -> Needs:
    """Return for each step the steps that it depends on, and those whose outputs it reads anywhere (Tool Behavior)."""
    return {
        name: needs | frozenset(filter(workflow.has_step, _read(merged_step(workflow, workflow.step(name))))) - {name}
        for name, needs in declared_needs(workflow).items()
    }


def _read(step: Step) -> Iterator[str]:
    """Yield the steps whose outputs a step reads: for its request, its criteria, its outputs or its actions."""
    for value, _, _ in step_values(step):
        expressions = value_expressions(value, "lenient")
        yield from (each.step for each in expressions if isinstance(each, StepOutput))
    for criterion in step_criteria(step):
        yield from _steps_in_criterion(criterion)


def _steps_in_criterion(criterion: Criterion) -> Iterator[str]:
    """Yield the steps that a criterion names; whatever its type, they stand in it as ``$steps.``."""
    if criterion.context is not None:
        with suppress(ExpressionSyntaxError):  # the validation says so
            context = parse_context(criterion.context)
            yield from (context.step,) if isinstance(context, StepOutput) else ()
    for mark in re.finditer(r"\$steps\.", criterion.condition):
        found = scan_expression(criterion.condition, mark.start())
        if found is not None and isinstance(found[0], StepOutput):
            yield found[0].step
