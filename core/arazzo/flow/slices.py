"""Parts of a plan: what one region needs, the workflows that come before another, and plans changed at every depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from arazzo.flow.plan import Plan, PlannedStep, Region
from arazzo.flow.reads import workflow_key


def unchanged_step(step: PlannedStep) -> PlannedStep:
    """Return a step as it is."""
    return step


def change_steps(plan: Plan, change: Callable[[PlannedStep], PlannedStep]) -> Plan:
    """Return the plan with its steps changed, and those of the workflows that it calls."""
    children = {key: change_steps(child, change) for key, child in plan.children.items()}
    return plan.model_copy(update={"steps": tuple(map(change, plan.steps)), "children": children})


def slice_region(plan: Plan, region: Region, change: Callable[[PlannedStep], PlannedStep] = unchanged_step) -> Plan:
    """Return the plan with only what one region needs, to run that apart from the DAG.

    The children that the region's steps name stay.

    :param change: changes each step, without another copy of the plan.
    """
    steps = tuple(plan.step(step) for step in region.steps)
    return plan.model_copy(
        update={
            "steps": tuple(map(change, steps)),
            "regions": (region,),
            "edges": tuple(edge for step in region.steps for edge in plan.leaving(step)),
            "needs": None,
            "children": {
                key: child if change is unchanged_step else change_steps(child, change)
                for key, child in region_children(plan, region).items()
            },
            "description": "",
        }
    )


def region_children(plan: Plan, region: Region) -> dict[str, Plan]:
    """Return the plans of the workflows that the steps of a region name."""
    if not plan.children:
        return {}
    steps = tuple(plan.step(step) for step in region.steps)
    named = {step.workflow for step in steps}
    for step in steps:
        actions = (*step.step.on_success, *step.step.on_failure)
        named |= {workflow_key(action.workflow_id) for action in actions if action.workflow_id}
    return {key: child for key, child in plan.children.items() if key in named}


def workflows_read(plan: Plan, region: Region) -> frozenset[str]:
    """Return the plan keys of the workflows that a region's steps read, also in the workflows they call."""
    return plan.workflows_read(region.steps, region_children(plan, region).values())


def dependencies(plan: Plan) -> list[Plan]:
    """Return the workflows that come before a workflow, in the order in which they run, each once."""
    return [dependency for _, dependency in dependencies_below(plan, (), set())]


def dependencies_below(plan: Plan, path: tuple[str, ...], seen: set[str]) -> Iterator[tuple[tuple[str, ...], Plan]]:
    """Yield the workflows that come before one, each once, with the keys that lead to it.

    :param path: the keys that lead to the workflow.
    :param seen: keys of those already yielded.
    """
    for key in plan.depends_on:
        if key not in seen:
            seen.add(key)
            child = plan.children[key]
            yield from dependencies_below(child, (*path, key), seen)
            yield (*path, key), child


def sharing_cookies(plan: Plan) -> Plan:
    """Return the plan of a workflow to run, with the run's setting ``cookies`` in all its plans.

    Their steps then run one after the other: each may set a cookie that the next one sends.
    """
    said = [cookies for each in plan.whole() if (cookies := each.settings.cookies)]
    if not said:
        return plan
    if plan.settings.cookies is False:
        return _with_cookies(plan, False)
    domains = dict.fromkeys(domain for each in said if isinstance(each, tuple) for domain in each)
    return _with_cookies(plan, tuple(domains) or True)


def _with_cookies(plan: Plan, cookies: bool | tuple[str, ...]) -> Plan:
    children = {key: _with_cookies(child, cookies) for key, child in plan.children.items()}
    settings = plan.settings.model_copy(update={"cookies": cookies})
    needs = None if cookies else plan.needs
    return plan.model_copy(update={"needs": needs, "children": children, "settings": settings})
