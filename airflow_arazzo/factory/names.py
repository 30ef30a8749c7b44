"""What the tasks of a workflow are called: the step's id where Airflow allows it, and never two alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from airflow_arazzo.core.flow import END, Plan, Region

_LONGEST = 200


def valid_key(text: str) -> str:
    """Return ``text`` as Airflow takes it for a DAG or a task: what it does not allow becomes ``_``."""
    return re.sub(r"[^\w.-]", "_", text)[:_LONGEST] or "_"


@dataclass(frozen=True)
class Way:
    """One way out of a region.

    :param target: the region it leads to, by its entry step; ``""`` is the end.
    :param steps: the steps it leads to.
    :param labels: names of the actions that take it.
    """

    target: str
    steps: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def label(self) -> str:
        return ", ".join(self.labels)


@dataclass(frozen=True)
class Names:
    """Task ids of a workflow.

    :param regions: by region.
    :param branches: of the branch after a region, by region; only regions with several ways have one.
    :param edges: of the empty task on a way, by the two regions it connects.
    :param outputs: of the last task.
    """

    regions: dict[str, str]
    branches: dict[str, str]
    edges: dict[tuple[str, str], str]
    outputs: str
    ways: dict[str, tuple[Way, ...]] = field(repr=False, default_factory=dict)


def ways_out(plan: Plan, region: Region) -> tuple[Way, ...]:
    """Return the ways out of a region, one for each region they lead to, in document order."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for edge in region.exits:
        target = plan.region_of(edge.target) if edge.target != END and edge.workflow is None else None
        steps, labels = found.setdefault(target.task_id if target else END, ({}, {}))
        steps[edge.target if target else END] = None
        if edge.label:
            labels[edge.label] = None
    return tuple(Way(target, tuple(steps), tuple(labels)) for target, (steps, labels) in found.items())


def name_tasks(plan: Plan) -> Names:
    """Name the tasks of a workflow: regions first, so that a step keeps its id if any does.

    A way from a branch to a region that other ways lead to as well gets an empty task of its own: Airflow's trigger
    rules look at tasks, and a task must run only if one of its *edges* was taken (SEMANTICS 5).
    """
    taken: set[str] = set()
    ways = {region.task_id: ways_out(plan, region) for region in plan.regions}
    regions = {region.task_id: _unused(valid_key(region.task_id), taken) for region in plan.regions}
    outputs = _unused("outputs", taken)
    branches = {
        region: _unused(f"{regions[region]}_branch", taken) for region, leading in ways.items() if len(leading) > 1
    }
    arriving: dict[str, int] = {}
    for leading in ways.values():
        for way in leading:
            arriving[way.target] = arriving.get(way.target, 0) + 1
    edges = {
        (source, way.target): _unused(f"{regions[source]}_to_{regions[way.target]}", taken)
        for source in branches
        for way in ways[source]
        if way.target != END and arriving[way.target] > 1
    }
    return Names(regions, branches, edges, outputs, ways)


def _unused(name: str, taken: set[str]) -> str:
    """Return the name, with a number if it is taken, and take it."""
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate
