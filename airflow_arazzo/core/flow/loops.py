"""What a component of the flow graph means: how its requests behave, and whether its rounds feed each other.

Poll or iteration (docs/semantics.md, 4): if a request of the loop uses a value that an earlier round produced, a
page cursor say, the next round starts at once. Otherwise the loop waits for the world.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from airflow_arazzo.core.exchange import SAFE_METHODS
from airflow_arazzo.core.expressions import Dialect, StepOutput, find_expressions
from airflow_arazzo.core.flow.graph import FlowGraph, components
from airflow_arazzo.core.flow.plan import END, Edge, Plan, PlannedStep, Region

#: Seconds between the rounds of a poll, seconds for all of it, and rounds of an iteration, unless set.
POKE_INTERVAL = 30.0
LOOP_TIMEOUT = 6 * 3600.0
ITERATION_ROUNDS = 10_000


@dataclass(frozen=True)
class Surroundings:
    """What the regions of one workflow have in common.

    :param steps: the planned steps by id.
    :param outgoing: the edges of each step, in document order.
    :param entered: the first step, and the steps that some step of another component leads to.
    :param children: plans of the workflows that steps call, by key.
    :param dialect: how expressions are read.
    """

    steps: Mapping[str, PlannedStep]
    outgoing: Mapping[str, list[Edge]]
    entered: frozenset[str]
    children: Mapping[str, Plan]
    dialect: Dialect


def build_regions(
    graph: FlowGraph, steps: Mapping[str, PlannedStep], children: Mapping[str, Plan], dialect: Dialect
) -> tuple[Region, ...]:
    """Build the regions of a workflow, in topological order.

    :param graph: the flow graph, unreachable steps left out.
    :param steps: the planned steps by id.
    :param children: plans of the workflows that steps call, by key.
    :param dialect: how expressions are read.
    """
    groups = components(graph)
    member = {step: number for number, group in enumerate(groups) for step in group}
    outgoing: dict[str, list[Edge]] = {step: [] for step in graph.steps}
    entered = {graph.steps[0]}
    for edge in graph.edges:
        outgoing[edge.source].append(edge)
        if edge.target != END and member[edge.source] != member[edge.target]:
            entered.add(edge.target)
    around = Surroundings(steps, outgoing, frozenset(entered), children, dialect)
    return tuple(_build_region(group, around) for group in groups)


def _build_region(group: tuple[str, ...], around: Surroundings) -> Region:
    inside = frozenset(group)
    entry = next(step for step in group if step in around.entered)
    loop = _loop(group, around)
    settings = around.steps[entry].settings
    rounds = settings.max_rounds or (ITERATION_ROUNDS if loop == "iteration" else None)
    return Region.model_construct(
        task_id=entry,
        steps=group,
        loop=loop,
        safe=all(_is_safe(around.steps[step], around.children) for step in group),
        exits=tuple(edge for step in group for edge in around.outgoing[step] if edge.target not in inside),
        poke_interval=(settings.poke_interval or POKE_INTERVAL) if loop == "poll" else 0.0,
        timeout=(settings.timeout or LOOP_TIMEOUT) if loop else None,
        max_rounds=rounds if loop else None,
        exponential_backoff=bool(settings.exponential_backoff),
    )


def _loop(group: tuple[str, ...], around: Surroundings) -> Literal["poll", "iteration"] | None:
    inside = frozenset(group)
    ways = {step: {e.target for e in around.outgoing[step] if e.kind != "retry"} & inside for step in group}
    polls = any(action.type == "retry" for step in group for action in around.steps[step].step.on_success)
    if not polls and not _has_cycle(ways):
        return None
    for index, step in enumerate(group):
        if _uses_earlier_round(group[index:], around.steps[step], around.dialect):
            return "iteration"
    return "poll"


def _has_cycle(ways: Mapping[str, set[str]]) -> bool:
    try:
        TopologicalSorter(ways).prepare()
    except CycleError:
        return True
    return False


def _uses_earlier_round(later: tuple[str, ...], planned: PlannedStep, dialect: Dialect) -> bool:
    """Tell whether a request uses an output of its own step or of one that comes later in the round."""
    return any(
        isinstance(expression, StepOutput) and expression.step in later
        for value in request_values(planned)
        for _, expression in find_expressions(value, dialect)
    )


def request_values(planned: PlannedStep) -> Iterator[Any]:
    """Return the values that a step's request, or its call of a workflow, is made of."""
    for parameter in planned.step.parameters:
        yield parameter.value
    body = planned.step.request_body
    if body is not None:
        yield body.payload
        for replacement in body.replacements:
            yield replacement.value


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


def workflow_key(reference: str) -> str:
    """Return the plan key of a workflow reference: the local id, or ``source.workflowId``."""
    return reference.removeprefix("$sourceDescriptions.")
