"""Which steps a step waits for where steps may run side by side (docs/semantics.md, 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arazzo.document import awaited_steps
from arazzo.document.models import Workflow
from arazzo.flow.plan import Plan, PlannedStep


def build_needs(
    workflow: Workflow, steps: Mapping[str, PlannedStep], children: Mapping[str, Plan]
) -> dict[str, tuple[str, ...]] | None:
    """Return by step the steps that it waits for, without those that come before one of them; None where all wait.

    :param workflow: the workflow.
    :param steps: the planned steps by id.
    :param children: plans of the workflows that steps call, by key.
    """
    needs = awaited_steps(workflow, {name: step.unmatched for name, step in steps.items()})
    return None if needs is None or _race(steps, children) else needs


def _race(steps: Mapping[str, PlannedStep], children: Mapping[str, Plan]) -> bool:
    """Say whether a step, or a workflow it calls, reads a workflow that another step runs."""
    called = {name: children[step.workflow] for name, step in steps.items() if step.workflow is not None}
    run = {name: frozenset(_keys(plan)) for name, plan in called.items()}
    for name, step in steps.items():
        others = frozenset[str]().union(*(keys for other, keys in run.items() if other != name))
        text = step.step.model_dump_json() if others else ""
        if others and name in called:
            text += called[name].model_dump_json(exclude_defaults=True)
        if any(f"$workflows.{key}." in text or f"$sourceDescriptions.{key}." in text for key in others):
            return True
    return False


def _keys(plan: Plan) -> Iterator[str]:
    yield plan.key
    for child in plan.children.values():
        yield from _keys(child)
