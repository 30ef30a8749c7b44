"""What a component of the flow graph means: how its requests behave, and whether its rounds feed each other.

Poll or iteration (docs/semantics.md, 4): if a request uses a value from the round before, such as a page cursor, the
next round starts at once. Otherwise the loop is waiting for something outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from arazzo.document.scc import entrances
from arazzo.document.settings import Settings
from arazzo.document.step_parts import step_values
from arazzo.exchange import SAFE_METHODS
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import StepOutput, WorkflowValue
from arazzo.expressions.templates import find_expressions
from arazzo.flow.graph import FlowGraph, components
from arazzo.flow.plan import Edge, Plan, PlannedStep, Region
from arazzo.flow.reads import workflow_key
from arazzo.flow.rounds import feeding_ways
from arazzo.frozen import dataclass

Groups = Mapping[tuple[str, ...], tuple[str, ...]]
"""The steps of each region, with those by which control enters it; the first of these is the entry."""

#: Defaults: seconds between the rounds of a poll, seconds for all of it, and rounds of an iteration.
POKE_INTERVAL = 30.0
LOOP_TIMEOUT = 6 * 3600.0
ITERATION_ROUNDS = 10_000
#: Default: how many rounds in a row may fail with no answer, 429, 502, 503 or 504; in strict none.
TOLERATED = 3


@dataclass(frozen=True)
class Surroundings:
    """What the regions of one workflow have in common.

    :param steps: the planned steps by id.
    :param outgoing: the edges of each step, in document order.
    :param children: plans of the workflows that steps call, by key.
    :param dialect: how expressions are read.
    """

    steps: Mapping[str, PlannedStep]
    outgoing: Mapping[str, list[Edge]]
    children: Mapping[str, Plan]
    dialect: Dialect


def step_groups(graph: FlowGraph) -> Groups:
    """Return the groups of steps that become the regions of a workflow, in topological order.

    :param graph: the flow graph without unreachable steps.
    """
    return entrances(graph.successors(), components(graph), graph.steps[:1])


def build_regions(
    graph: FlowGraph, groups: Groups, steps: Mapping[str, PlannedStep], children: Mapping[str, Plan], dialect: Dialect
) -> tuple[Region, ...]:
    """Build the regions of a workflow, in topological order.

    :param graph: the flow graph without unreachable steps.
    :param groups: its groups of steps.
    :param steps: the planned steps by id; the settings of an entry hold for the region.
    :param children: plans of the workflows that steps call, by key.
    :param dialect: how expressions are read.
    """
    outgoing: dict[str, list[Edge]] = {step: [] for step in graph.steps}
    for edge in graph.edges:
        outgoing[edge.source].append(edge)
    around = Surroundings(steps, outgoing, children, dialect)
    return tuple(_build_region(group, entered, around) for group, entered in groups.items())


def _build_region(group: tuple[str, ...], entered: tuple[str, ...], around: Surroundings) -> Region:
    inside = frozenset(group)
    settings = around.steps[entered[0]].settings
    region = Region.model_construct(
        entry=entered[0],
        steps=group,
        safe=all(_is_safe(around.steps[step], around.children) for step in group),
        exits=tuple(edge for step in group for edge in around.outgoing[step] if edge.target not in inside),
        exponential_backoff=bool(settings.exponential_backoff),
    )
    if not _goes_round(group, around):
        return region
    at_once = tuple(_at_once(group, entered, around))
    return region.model_copy(
        update={
            "loop": "iteration" if at_once else "poll",
            "at_once": at_once if settings.poke_interval is None or _also_polls(group, around, at_once) else (),
            "poke_interval": settings.poke_interval or POKE_INTERVAL,
            "timeout": settings.timeout or LOOP_TIMEOUT,
            "max_rounds": settings.max_rounds or (ITERATION_ROUNDS if at_once else None),
            "tolerate": _tolerated(settings, around.dialect) if region.safe else 0,
        }
    )


def _tolerated(settings: Settings, dialect: Dialect) -> int:
    if settings.tolerate is not None:
        return settings.tolerate
    return TOLERATED if dialect == "lenient" else 0


def _goes_round(group: tuple[str, ...], around: Surroundings) -> bool:
    return _retries_success(group, around) or _has_cycle(_ways(group, around))


def _retries_success(group: tuple[str, ...], around: Surroundings) -> bool:
    return any(action.type == "retry" for step in group for action in around.steps[step].step.on_success)


def _also_polls(group: tuple[str, ...], around: Surroundings, at_once: tuple[Edge, ...]) -> bool:
    """Say whether a loop also waits for something outside when all goes well, so that a set interval is for that."""
    ways = {step: [edge.target for edge in around.outgoing[step] if edge.kind in ("success", "next")] for step in group}
    for edge in at_once:
        ways[edge.source] = [target for target in ways[edge.source] if target != edge.target]
    inside = {step: [target for target in targets if target in ways] for step, targets in ways.items()}
    return _retries_success(group, around) or _has_cycle(inside)


def _ways(group: tuple[str, ...], around: Surroundings) -> dict[str, list[str]]:
    """Return, for each step of a group, the steps of the group that may follow it; a retry does not lead on."""
    inside = frozenset(group)
    return {
        step: list(dict.fromkeys(e.target for e in around.outgoing[step] if e.kind != "retry" and e.target in inside))
        for step in group
    }


def _at_once(group: tuple[str, ...], entered: tuple[str, ...], around: Surroundings) -> Iterator[Edge]:
    """Yield the edges back on which the next round uses what this one produced. A failed step has produced nothing."""
    fed = feeding_ways(_ways(group, around), entered, _uses(group, around))
    for step in group:
        for edge in around.outgoing[step]:
            producers = fed.get((step, edge.target), frozenset())
            if edge.kind != "retry" and producers - ({step} if edge.kind == "failure" else set()):
                yield edge


def _has_cycle(ways: Mapping[str, list[str]]) -> bool:
    if len(ways) == 1:
        return all(step in targets for step, targets in ways.items())
    try:
        TopologicalSorter(ways).prepare()
    except CycleError:
        return True
    return False


def _uses(group: tuple[str, ...], around: Surroundings) -> Iterator[tuple[str, str]]:
    """Yield, for each step of a group, the steps of it whose outputs (or workflow's outputs) its requests use."""
    makers: dict[tuple[str, str], list[str]] = {("step", step): [step] for step in group}
    for step in group:
        if (called := around.steps[step].workflow) is not None:
            makers.setdefault(("workflow", called), []).append(step)
    for step in group:
        for name in dict.fromkeys(_used(step, around)):
            yield from ((step, maker) for maker in makers.get(name, ()))


def _used(step: str, around: Surroundings) -> Iterator[tuple[str, str]]:
    """Yield the steps and workflows whose outputs a step's request uses, or the workflow that it calls."""
    planned = around.steps[step]
    own = request_values(planned)
    inner = _requests_within(around.children[planned.workflow]) if planned.workflow is not None else ()
    for value, here in (*((value, True) for value in own), *((value, False) for value in inner)):
        for _, expression in find_expressions(value, around.dialect):
            match expression:
                case StepOutput(step=name) if here:
                    yield "step", name
                case WorkflowValue(workflow=name, field="outputs"):
                    yield "workflow", name


def _requests_within(plan: Plan) -> Iterator[Any]:
    """Return the values from which a called workflow builds its requests."""
    for planned in plan.steps:
        yield from request_values(planned)
        if planned.workflow is not None:
            yield from _requests_within(plan.children[planned.workflow])


def request_values(planned: PlannedStep) -> Iterator[Any]:
    """Yield the values from which a step's request, or its call of a workflow, is built."""
    return (value for value, _, when in step_values(planned.step) if when == "request")


def _is_safe(planned: PlannedStep, children: Mapping[str, Plan]) -> bool:
    if planned.operation is not None and planned.operation.method not in SAFE_METHODS:
        return False
    called = {planned.workflow, *(children_of_actions(planned, children))} - {None}
    return all(region.safe for key in called for region in children[str(key)].regions)


def children_of_actions(planned: PlannedStep, children: Mapping[str, Plan]) -> Iterator[str]:
    """Return the plan keys of the workflows that a step's actions hand over to."""
    for action in (*planned.step.on_success, *planned.step.on_failure):
        if action.workflow_id and (key := workflow_key(action.workflow_id)) in children:
            yield key
