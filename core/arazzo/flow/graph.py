"""The flow graph of a workflow: its steps, and every way control can pass between them.

Edges come from a step's actions (the workflow's included; docs/semantics.md, 3) and from document order. What a
``retry`` does is an edge too: to the step itself, or to the step it runs first and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from arazzo.document.control import Transfer, Unmatched, successors
from arazzo.document.models import Step, Workflow
from arazzo.document.scc import reachable, strongly_connected, topological
from arazzo.flow.plan import END, NOTHING_NEW, Edge
from arazzo.frozen import dataclass


@dataclass(frozen=True)
class FlowGraph:
    """Steps in document order and the edges between them.

    :param steps: step ids in document order; the first is where the workflow starts.
    :param edges: in document order.
    """

    steps: tuple[str, ...]
    edges: tuple[Edge, ...]

    def successors(self) -> dict[str, list[str]]:
        """Return for each step the steps that may follow it, without END, without duplicates."""
        ways: dict[str, dict[str, None]] = {step: {} for step in self.steps}
        for edge in self.edges:
            if edge.target != END:
                ways[edge.source][edge.target] = None
        return {step: list(targets) for step, targets in ways.items()}

    def reachable(self) -> frozenset[str]:
        """Return the steps that some path from the first step leads to."""
        return reachable(self.successors(), self.steps[0])

    def unavoidable(self) -> frozenset[str]:
        """Return the steps on every path to an end, except ends in an unhandled failure.

        On one such path, a step is avoidable if another path leaves before it and returns after it.
        """
        ways: dict[str, list[str]] = {step: [] for step in self.steps}
        for edge in self.edges:
            if not (edge.kind == "failure" and edge.target == END and edge.workflow is None):
                ways[edge.source].append(edge.target)
        way = _way_to_end(ways, self.steps[0])
        place = {step: index for index, step in enumerate(way)}
        found, seen, furthest = set(), set[str](), 0
        for index, step in enumerate(way):
            if furthest <= index and step != END:
                found.add(step)
            todo = [step]
            while todo:
                for target in ways.get(todo.pop(), ()):
                    furthest = max(furthest, place.get(target, 0))
                    if target not in place and target not in seen:
                        seen.add(target)
                        todo.append(target)
        return frozenset(found)

    def only(self, steps: Iterable[str]) -> FlowGraph:
        """Return the graph with only these steps and the edges between them."""
        kept = set(steps)
        ends = {*kept, END}
        edges = (edge for edge in self.edges if edge.source in kept and edge.target in ends)
        return FlowGraph(tuple(step for step in self.steps if step in kept), tuple(edges))


def _way_to_end(ways: Mapping[str, list[str]], start: str) -> list[str]:
    """Return the steps of one path from the start to END, both included; only the start if there is none."""
    before, todo = {start: start}, [start]
    for step in todo:
        for target in ways.get(step, ()):
            if target not in before:
                before[target] = step
                todo.append(target)
    if END not in before:
        return [start]
    way = [END]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def build_graph(workflow: Workflow, unmatched: Mapping[str, Unmatched], workflows: Mapping[str, str]) -> FlowGraph:
    """Build the flow graph of a workflow.

    :param workflow: the workflow, as loaded.
    :param unmatched: by step id, what follows when a step has success actions and none holds.
    :param workflows: plan keys by the workflow references that actions use.
    """
    edges: dict[Edge, None] = {}
    for step in workflow.steps:
        for transfer in successors(workflow, step, unmatched.get(step.step_id, "auto")):
            for edge in _edges(step, transfer, workflows):
                edges[edge] = None
    return FlowGraph(tuple(step.step_id for step in workflow.steps), tuple(edges))


def with_quiet_ends(graph: FlowGraph, polls: Iterable[str]) -> FlowGraph:
    """Return a graph in which polls may end the workflow without anything new.

    :param polls: the steps that they are entered by.
    """
    ends = (Edge(source=step, target=END, kind="success", action=NOTHING_NEW) for step in polls)
    return FlowGraph(graph.steps, (*graph.edges, *ends))


def _edges(step: Step, transfer: Transfer, workflows: Mapping[str, str]) -> Iterator[Edge]:
    target = transfer.step_id or END
    name = transfer.action.name if transfer.action else None
    key = workflows.get(transfer.workflow_id) if transfer.workflow_id else None
    yield Edge.model_construct(source=step.step_id, target=target, kind=transfer.kind, action=name, workflow=key)
    if transfer.kind == "retry" and target != step.step_id:
        yield Edge.model_construct(source=target, target=step.step_id, kind="retry", action=name)


def components(graph: FlowGraph) -> list[tuple[str, ...]]:
    """Return the strongly connected components, each in document order, in a topological order.

    Where several orders are possible, document order decides, so that the result is stable.
    """
    order = {step: index for index, step in enumerate(graph.steps)}
    groups = sorted(strongly_connected(graph.successors()), key=lambda group: order[group[0]])
    member = {step: number for number, group in enumerate(groups) for step in group}
    needs: dict[int, set[int]] = {number: set() for number in range(len(groups))}
    for edge in graph.edges:
        if edge.target != END and member[edge.source] != member[edge.target]:
            needs[member[edge.target]].add(member[edge.source])
    return [groups[number] for number in topological(needs)]
