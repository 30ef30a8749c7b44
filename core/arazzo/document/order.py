"""The order of steps: as listed, except where ``dependsOn`` wants another one (Arazzo 1.1.0, Tool Behavior).

A step that is listed before one it depends on is moved behind it; the others stay where they are. In a workflow whose
steps use ``dependsOn``, a step also depends on the steps whose outputs it reads, unless control can go from a step
back to an earlier one: then a step may mean the outputs of the round before.
"""

from __future__ import annotations

from arazzo.document.concurrency import Needs, declared_needs, step_needs
from arazzo.document.models import Action, Document, Workflow
from arazzo.document.scc import topological
from arazzo.document.shape import DocumentReader


def in_order(reader: DocumentReader, document: Document) -> Document:
    """Return the document with the steps of each workflow in the order in which they can run.

    Steps that depend on each other in a circle are noted as a problem, and stay as they are.
    """
    workflows = tuple(_in_order(reader, workflow) for workflow in document.workflows)
    same = all(new is old for new, old in zip(workflows, document.workflows, strict=True))
    return document if same else document.model_copy(update={"workflows": workflows})


def _in_order(reader: DocumentReader, workflow: Workflow) -> Workflow:
    declared = declared_needs(workflow)
    if len(declared) < len(workflow.steps) or not any(declared.values()):
        return workflow
    order, _ = _sorted(declared if _has_goto(workflow) else step_needs(workflow))
    if len(order) < len(declared):
        order, circle = _sorted(declared)
        if circle:
            message = f"steps of workflow '{workflow.workflow_id}' depend on each other: {' -> '.join(circle)}"
            reader.error("circular-dependency", f"{workflow.step(circle[0]).at}/dependsOn", message)
            return workflow
    if list(declared) == order:
        return workflow
    return workflow.model_copy(update={"steps": tuple(workflow.step(name) for name in order)})


def _has_goto(workflow: Workflow) -> bool:
    """Say whether an action leads from a step to another."""
    lists: list[tuple[str | None, tuple[Action, ...]]] = [
        (None, (*workflow.success_actions, *workflow.failure_actions)),
        *((step.step_id, (*step.on_success, *step.on_failure)) for step in workflow.steps),
    ]
    return any(
        action.type == "goto" and action.step_id not in (None, own) for own, actions in lists for action in actions
    )


def _sorted(needs: Needs) -> tuple[list[str], list[str]]:
    """Return the steps so that each comes after what it needs, otherwise in order; and a circle, if there is one."""
    order = topological(needs)
    done = set(order)
    return order, _circle({name: of - done for name, of in needs.items() if name not in done})


def _circle(needs: Needs) -> list[str]:
    """Return the names along a circle, given steps that all need another of them; none if there are no steps."""
    way = list(needs)[:1]
    while way:
        name = min(needs[way[-1]])
        if name in way:
            return [*way[way.index(name) :], name]
        way.append(name)
    return []
