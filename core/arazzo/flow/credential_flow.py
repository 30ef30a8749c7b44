"""Credentials on their way: outputs of steps, workflows and calls that contain one because of their origin."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from arazzo.expressions.nodes import Expression, Output, StepOutput, WorkflowValue
from arazzo.expressions.portability import declared_name
from arazzo.flow.plan import Plan, PlannedStep
from arazzo.flow.reads import workflow_key
from arazzo.secrecy.credential_places import gives_credential


def secret_names(
    marked: Iterable[str], planned: Mapping[str, PlannedStep], outputs: Mapping[str, Any], children: Mapping[str, Plan]
) -> tuple[str, ...]:
    """Return the names that are marked as secret, and those of outputs that are credentials by their origin.

    :param outputs: the workflow's, as in the document.
    :param children: the workflows that it calls or goes to, by plan key.
    """
    found = dict.fromkeys((*marked, *_handed(planned, children)))
    declared = [(step.workflow or "", *item) for step in planned.values() for item in step.step.outputs.items()]
    declared += [("", *item) for item in outputs.items()]
    while True:
        before = len(found)
        for called, name, value in declared:
            given = partial(_is_secret, planned=planned, children=children, called=called, found=found)
            if name not in found and gives_credential(value, given):
                found[name] = None
        if len(found) == before:
            return tuple(found)


def _is_secret(
    expression: Expression,
    *,
    planned: Mapping[str, PlannedStep],
    children: Mapping[str, Plan],
    called: str,
    found: Container[str],
) -> bool:
    """Tell whether an output that is read is secret.

    :param called: key of the workflow that is called by the step whose output is read.
    :param found: names of this workflow that are known to be secret.
    """
    match expression:
        case StepOutput(step=name) if name in planned:
            return _has_secret(expression, planned[name].step.outputs, found)
        case Output() if called in children:
            return _has_secret(expression, children[called].outputs, children[called].sensitive)
        case WorkflowValue(workflow=reference, field="outputs"):
            child = children.get(workflow_key(reference))
            return child is not None and _has_secret(expression, child.outputs, child.sensitive)
    return False


def _has_secret(
    expression: StepOutput | Output | WorkflowValue, names: Mapping[str, Any], secret: Container[str]
) -> bool:
    """Tell whether what is read from outputs is secret: one of them, or one among all of them."""
    name = declared_name(expression, names)
    read = (name,) if name is not None else () if expression.name else names
    return any(each in secret for each in read)


def _handed(planned: Mapping[str, PlannedStep], children: Mapping[str, Plan]) -> Iterator[str]:
    """Yield the secret outputs of workflows that take over, since those are then the result."""
    for step in planned.values():
        for action in (*step.step.on_success, *step.step.on_failure):
            child = children.get(workflow_key(action.workflow_id or ""))
            if child is not None and action.type == "goto":
                yield from (name for name in child.outputs if name in child.sensitive)
