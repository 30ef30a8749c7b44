"""What a ``goto`` or ``retry`` to a workflow passes on, and which optional inputs of its caller that needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.document.models import Action
from arazzo.expressions.nodes import Input
from arazzo.expressions.portability import declared_name
from arazzo.expressions.templates import find_expressions
from arazzo.flow.plan import InputNeed, Plan
from arazzo.flow.reads import workflow_key


def passed_by_name(target: Plan, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that a workflow gets from its caller if nothing else is said: those that it declares."""
    return {name: inputs[name] for name in target.taken.schemas if name in inputs}


def action_needs(plan: Plan) -> Iterator[InputNeed]:
    """Yield the optional inputs without default that a workflow needs when an action of this plan goes to it."""
    taken = plan.taken
    optional = taken.schemas.keys() - taken.defaults.keys() - set(taken.required)
    for step in plan.steps if optional else ():
        for action in (*step.step.on_success, *step.step.on_failure):
            target = plan.children.get(workflow_key(action.workflow_id or ""))
            if target is None or action.type == "end":
                continue
            for name in dict.fromkeys(_given(plan, action, target)):
                if name in optional:
                    yield InputNeed.model_construct(
                        input=name,
                        step=step.step_id,
                        place=f"action '{action.name}'",
                        operation=f"{action.type} workflow '{target.workflow_id}'",
                    )


def _needed(plan: Plan) -> list[str]:
    """Return the inputs without which a workflow does not run."""
    asked = (need.input for need in plan.needed_inputs if need.always and not need.header)
    return [name for name in dict.fromkeys((*plan.taken.required, *asked)) if name not in plan.taken.defaults]


def _given(plan: Plan, action: Action, target: Plan) -> Iterator[str]:
    """Yield the caller's inputs from which an action makes what its workflow needs."""
    needed = _needed(target)
    if not action.parameters:
        yield from needed
    for parameter in action.parameters:
        for _, expression in find_expressions(parameter.value, plan.dialect) if parameter.name in needed else ():
            if isinstance(expression, Input):
                yield declared_name(expression, plan.taken.schemas) or expression.name
