"""A task's title beside its id in the graph: the request that it sends, and what it waits for."""

from __future__ import annotations

from arazzo.flow import Plan, PlannedStep, Region

_LONGEST = 120


def title_of(plan: Plan, step: str) -> str:
    """Return the title of the task that runs a step: ``POST /login``, or what a loop waits for.

    :param step: id of the step, or of one of a loop's.
    """
    region = plan.region_of(step)
    if region is None and all(each.step_id != step for each in plan.steps):
        return step  # such an operator complains itself when it runs
    steps = [plan.step(each) for each in (region.steps if region else (step,))]
    title = ", ".join(dict.fromkeys(map(_request, steps)))
    if region is not None and region.loop:
        title = f"{_awaited(region)}: {title}"
    return title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1]}…"


def _request(planned: PlannedStep) -> str:
    if planned.operation is not None:
        return f"{planned.operation.method} {planned.operation.path}"
    return f"workflow {planned.workflow}" if planned.workflow else f"{planned.protocol} message"


def _awaited(region: Region) -> str:
    """Return what ends a loop, or how it repeats; this comes first, since the graph shows only the start."""
    endings = dict.fromkeys(edge.label for edge in region.exits if edge.label and edge.kind == "success")
    if endings:
        return f"until {' or '.join(endings)}"
    return "page by page" if region.loop == "iteration" else f"every {region.poke_interval:g} s"
