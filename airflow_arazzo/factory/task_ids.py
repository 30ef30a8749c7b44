"""The ids of a workflow's tasks: the step's id if Airflow allows it, and never two alike."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property
from hashlib import sha256

from airflow_arazzo.protocol.topology import TaskIds, way_key
from arazzo.errors import UnsupportedError
from arazzo.flow import END, Edge, Plan, Region, dependencies
from arazzo.flow.grouping import is_group, is_split
from arazzo.frozen import dataclass, field

_LONGEST = 200
#: How long Airflow lets a task's id be, with the ids of the groups around it.
_LONGEST_ID = 250
_DIGEST = 8


def without_nul(text: str) -> str:
    """Return text without the character that no database accepts; an API description may mention it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def valid_key(text: str) -> str:
    """Return ``text`` as Airflow accepts it for a DAG or a task: other characters become ``_``."""
    return re.sub(r"[^\w.-]", "_", text)[:_LONGEST] or "_"


def valid_group(text: str) -> str:
    """Return ``text`` as Airflow accepts it for a group of tasks, without dots."""
    return valid_key(text).replace(".", "_")


@dataclass(frozen=True)
class Way:
    """One way out of a region.

    :param target: the region that it leads to, by its entry step; ``""`` is the end; :func:`way_key` for a workflow
        that takes over as a group of tasks.
    :param steps: the steps it leads to.
    :param labels: names of the actions that take it.
    :param workflow: plan key of the workflow that takes over.
    """

    target: str
    steps: tuple[str, ...]
    labels: tuple[str, ...]
    workflow: str | None = None

    @property
    def label(self) -> str:
        return ", ".join(self.labels)


@dataclass(frozen=True)
class Names:
    """Ids of the tasks and groups of a workflow in the DAG.

    :param regions: by region, the id of its task, or of the group of the workflow that its step calls.
    :param branches: of the branch after a region, by region; only regions with several ways have one.
    :param edges: of the empty task on a way, by the two regions it connects.
    :param outputs: of the last task.
    :param ways: by region.
    :param group: id of the workflow's group; empty for the DAG itself.
    :param gate: of the task that checks the inputs before all others; empty if there is none.
    :param begin: of the empty task that starts a group; empty for the DAG itself, like ``done``.
    :param done: of the empty task before the last one of a group.
    :param approvals: of the task that asks for approval before a region.
    :param calls: by region, the names of the workflow that its step calls as a group.
    :param takers: by :func:`way_key`, the names of the workflow that takes over.
    :param before: by plan key, the names of the workflows that come first, in order.
    """

    regions: dict[str, str]
    branches: dict[str, str]
    edges: dict[tuple[str, str], str]
    outputs: str
    ways: dict[str, tuple[Way, ...]] = field(repr=False, default_factory=dict)
    group: str = ""
    gate: str = ""
    begin: str = ""
    done: str = ""
    approvals: dict[str, str] = field(default_factory=dict)
    calls: dict[str, Names] = field(repr=False, default_factory=dict)
    takers: dict[str, Names] = field(repr=False, default_factory=dict)
    before: dict[str, Names] = field(repr=False, default_factory=dict)

    @cached_property
    def records(self) -> TaskIds:
        """The task of each region that has the record of what happened there."""
        return TaskIds(
            (region, self.calls[region].outputs if region in self.calls else task)
            for region, task in self.regions.items()
        )

    def local(self, name: str) -> str:
        """Return an id without its group."""
        return name.removeprefix(f"{self.group}.") if self.group else name


def hand_overs(plan: Plan, region: Region) -> Iterator[tuple[str, Edge]]:
    """Yield the ways on which a region hands over to a workflow with tasks of its own, with their keys."""
    for edge in region.exits:
        if edge.workflow is not None and edge.kind in ("success", "failure") and is_split(plan, edge.workflow):
            yield way_key(edge.source, edge.action, failed=edge.kind == "failure"), edge


def ways_out(plan: Plan, region: Region) -> tuple[Way, ...]:
    """Return the ways out of a region, one for each region or workflow that they lead to, in document order."""
    found: dict[str, tuple[dict[str, None], dict[str, None], str | None]] = {}
    takers = {id(edge): key for key, edge in hand_overs(plan, region)}
    for edge in region.exits:
        target = plan.region_of(edge.target) if edge.target != END and edge.workflow is None else None
        taker = takers.get(id(edge))
        leads_to = taker or (target.entry if target else END)
        steps, labels, _ = found.setdefault(leads_to, ({}, {}, edge.workflow if taker else None))
        if not taker:
            steps[edge.target if target else END] = None
        if edge.label:
            labels[edge.label] = None
    return tuple(
        Way(target, tuple(steps), tuple(labels), workflow) for target, (steps, labels, workflow) in found.items()
    )


def first_regions(plan: Plan) -> list[Region]:
    """Return the regions at the start of a workflow: the first, or all that need no other."""
    if plan.needs is None:
        return [plan.regions[0]]
    return [region for region in plan.regions if not plan.needs[region.entry]]


def name_tasks(plan: Plan, group: str | None = None, taken: Collection[str] = ()) -> Names:
    """Name the tasks of a workflow: regions first, so that a step keeps its id if any does.

    A way from a branch to a region that other ways lead to as well gets an empty task of its own: Airflow's trigger
    rules look at tasks, and a task must run only if one of its *edges* was taken (docs/semantics.md, 5).

    :param plan: the plan of the workflow.
    :param group: prefix of the ids of the group with the tasks, perhaps empty; None for the DAG itself. A group, and a
        DAG in which other workflows come first, has a task that checks the inputs before all others.
    :param taken: ids that already exist in the DAG.
    :raises UnsupportedError: if groups are nested so deep that Airflow accepts no task in them.
    """
    if group is None:
        return _Naming(set(taken)).workflow(plan, "", gate=bool(plan.depends_on), alone=True, grouped=False)
    return _Naming(set(taken)).workflow(plan, group, gate=True, alone=True)


@dataclass(frozen=True)
class _Naming:
    """Names the tasks of one DAG, or of one group in it."""

    taken: set[str]
    levels: dict[int, int] = field(default_factory=dict)

    def workflow(self, plan: Plan, group: str, *, gate: bool, alone: bool, grouped: bool = True) -> Names:
        """Name the tasks of a workflow, and those of the workflows in it.

        :param alone: whether the workflows that it depends on come first here, and do not yet exist elsewhere.
        :param grouped: whether the workflow is a group of tasks, and not the DAG itself.
        """
        prefix = f"{group}." if group else ""
        ways = {region.entry: ways_out(plan, region) for region in plan.regions if plan.needs is None}
        regions = {region.entry: self._region(plan, region, prefix) for region in plan.regions}
        outputs = self._unused(prefix, "outputs")
        first = self._unused(prefix, "inputs") if gate else ""
        begin, done = (self._unused(prefix, name) if grouped else "" for name in ("begin", "done"))
        own = {region: name.removeprefix(prefix) for region, name in regions.items()}
        branches = {
            region: self._unused(prefix, f"{own[region]}_branch")
            for region, leading in ways.items()
            if len(leading) > 1
        }
        edges = self._edges(ways, own, branches, prefix)
        approvals = {
            region.entry: self._unused(prefix, f"{own[region.entry]}_approval")
            for region in plan.regions
            if any(plan.step(step).settings.approval for step in region.steps)
        }
        before = {
            dependency.key: self._group(dependency, prefix, valid_group(dependency.key))
            for dependency in (dependencies(plan) if alone else ())
        }
        calls = {
            region.entry: self.workflow(
                plan.children[str(plan.step(region.entry).workflow)], regions[region.entry], gate=True, alone=True
            )
            for region in plan.regions
            if is_group(plan, region)
        }
        takers = {
            key: self._group(
                plan.children[str(edge.workflow)],
                prefix,
                valid_group(f"{edge.source}_{edge.action}"),
                alone=True,
            )
            for region in plan.regions
            for key, edge in hand_overs(plan, region)
        }
        return Names(
            regions,
            branches,
            edges,
            outputs,
            ways,
            group,
            gate=first,
            begin=begin,
            done=done,
            approvals=approvals,
            calls=calls,
            takers=takers,
            before=before,
        )

    def _region(self, plan: Plan, region: Region, prefix: str) -> str:
        if is_group(plan, region):
            called = plan.children[str(plan.step(region.entry).workflow)]
            return self._unused(prefix, valid_group(region.entry), self._levels(called))
        return self._unused(prefix, valid_key(region.entry))

    def _group(self, plan: Plan, prefix: str, name: str, *, alone: bool = False) -> Names:
        return self.workflow(plan, self._unused(prefix, name, self._levels(plan)), gate=False, alone=alone)

    def _edges(
        self, ways: dict[str, tuple[Way, ...]], own: dict[str, str], branches: dict[str, str], prefix: str
    ) -> dict[tuple[str, str], str]:
        arriving: dict[str, int] = {}
        for leading in ways.values():
            for way in leading:
                arriving[way.target] = arriving.get(way.target, 0) + 1
        return {
            (source, way.target): self._unused(prefix, f"{own[source]}_to_{own[way.target]}")
            for source in branches
            for way in ways[source]
            if way.target != END and arriving[way.target] > 1
        }

    def _levels(self, plan: Plan) -> int:
        """Return of how many ids, including its own, the id of a task in a grouped workflow consists."""
        if id(plan) not in self.levels:
            below = (self._levels(child) for key, child in plan.children.items() if is_split(plan, key))
            self.levels[id(plan)] = 1 + max(below, default=1)
        return self.levels[id(plan)]

    def _unused(self, prefix: str, name: str, levels: int = 1) -> str:
        """Return a short enough name within a group, with a number if it is taken, and take it.

        :param prefix: the group with its dot; empty for the DAG itself.
        :param levels: how many ids share the available length.
        """
        room = (_LONGEST_ID - len(prefix)) // levels
        if room < len(name) and room < _DIGEST + 2:
            where = f"group '{prefix[:-1]}'" if prefix else "the DAG"
            raise UnsupportedError(
                f"'{name}' in {where}: workflows call each other so deep that the ids of tasks are longer than the "
                f"{_LONGEST_ID} characters that Airflow allows; shorten the ids of steps, or give one that calls "
                "a workflow x-airflow: {granularity: workflow}"
            )
        number, candidate = 2, prefix + _shortened(name, room)
        while candidate in self.taken:
            candidate, number = prefix + _shortened(f"{name}_{number}", room), number + 1
        self.taken.add(candidate)
        return candidate


def _shortened(name: str, room: int) -> str:
    """Return a name within the available length that no other name becomes."""
    if len(name) <= room:
        return name
    return f"{name[: room - _DIGEST - 1]}_{sha256(name.encode()).hexdigest()[:_DIGEST]}"
