"""Which workflows of a plan are groups of tasks, and which belong to the task of a step."""

from __future__ import annotations

from collections.abc import Iterator

from arazzo.flow.plan import Plan, PlannedStep, Region
from arazzo.flow.slices import region_children


def is_group(plan: Plan, region: Region) -> bool:
    """Say whether a region is a step that calls a workflow whose tasks are a group.

    A loop is one task, and so is a step that can run its workflow again.
    """
    planned = plan.step(region.entry)
    if planned.workflow is None or region.loop or len(region.steps) > 1 or planned.settings.granularity == "workflow":
        return False
    actions = (*planned.step.on_success, *planned.step.on_failure)
    return is_split(plan, planned.workflow) and all(action.type != "retry" for action in actions)


def is_split(plan: Plan, key: str) -> bool:
    """Say whether another workflow of a plan has tasks of its own."""
    return plan.children[key].settings.granularity != "workflow"


def impossible_approvals(plan: Plan) -> Iterator[tuple[Plan, str]]:
    """Yield the steps that ask for approval although they belong to another task, with their workflow."""
    for _, inside in tasks_of(plan):
        for child in inside:
            yield from _asking(child)


def tasks_of(plan: Plan) -> Iterator[tuple[tuple[PlannedStep, ...], tuple[Plan, ...]]]:
    """Yield, for each task of a plan, the steps of its region, the entry first, and the workflows inside it."""
    if plan.settings.granularity == "workflow":
        yield (), (plan,)
        return
    for region in plan.regions:
        named = (edge.workflow for edge in region.exits if edge.workflow is not None)
        elsewhere = {workflow for workflow in named if is_split(plan, workflow)}
        inside = []
        for key, child in region_children(plan, region).items():
            if key in elsewhere or is_group(plan, region):
                yield from tasks_of(child)
            else:
                inside.append(child)
        steps = dict.fromkeys((region.entry, *region.steps))
        yield tuple(map(plan.step, steps)), tuple(inside)
    for key in plan.depends_on:
        yield from tasks_of(plan.children[key])


def _asking(plan: Plan) -> Iterator[tuple[Plan, str]]:
    yield from ((each, step.step_id) for each in plan.whole() for step in each.steps if step.settings.approval)
