"""Which steps a step waits for where steps may run side by side (docs/semantics.md, 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arazzo.document.concurrency import awaited_steps
from arazzo.document.models import Workflow
from arazzo.expressions.context import Dialect
from arazzo.flow.plan import Plan, PlannedStep
from arazzo.flow.reads import step_reads


def build_needs(
    workflow: Workflow, steps: Mapping[str, PlannedStep], children: Mapping[str, Plan], dialect: Dialect
) -> dict[str, tuple[str, ...]] | None:
    """Return, by step, the steps that it waits for, except those that one of these waits for; None where all wait.

    :param workflow: the workflow.
    :param steps: the planned steps by id.
    :param children: plans of the workflows that steps call, by key.
    """
    needs = awaited_steps(workflow, {name: step.unmatched for name, step in steps.items()})
    return None if needs is None or _race(steps, children, dialect) else needs


def _race(steps: Mapping[str, PlannedStep], children: Mapping[str, Plan], dialect: Dialect) -> bool:
    """Say whether a step, or a workflow it calls, reads a workflow that another step runs."""
    called = {name: children[step.workflow] for name, step in steps.items() if step.workflow is not None}
    run = {name: frozenset(each.key for each in plan.whole()) for name, plan in called.items()}
    for name, step in steps.items():
        others = frozenset[str]().union(*(keys for other, keys in run.items() if other != name))
        if others and not others.isdisjoint(_read(step, called.get(name), dialect)):
            return True
    return False


def _read(step: PlannedStep, called: Plan | None, dialect: Dialect) -> Iterable[str]:
    own = step_reads(step.step, dialect).workflows
    return own if called is None else (*own, *called.read_workflows, *called.output_reads.workflows)
