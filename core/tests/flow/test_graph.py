"""Properties of the flow graph: components are what reachability says, in an order that edges respect."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from arazzo.flow import END, Edge, FlowGraph, components

STEPS = tuple(f"s{number}" for number in range(7))


@st.composite
def graphs(draw):
    """Draw graphs of one to seven steps with any edges, ends included."""
    steps = STEPS[: draw(st.integers(1, len(STEPS)))]
    pairs = draw(st.lists(st.tuples(st.sampled_from(steps), st.sampled_from((*steps, END))), max_size=18))
    edges = tuple(dict.fromkeys(Edge(source=source, target=target, kind="success") for source, target in pairs))
    return FlowGraph(steps, edges)


def ways(graph: FlowGraph) -> dict[str, set[str]]:
    """Return by step all steps that some way of at least one edge leads to: Warshall's algorithm."""
    reach = {step: {e.target for e in graph.edges if e.source == step and e.target != END} for step in graph.steps}
    for middle in graph.steps:
        for step in graph.steps:
            if middle in reach[step]:
                reach[step] |= reach[middle]
    return reach


@given(graphs())
def test_a_component_is_mutual_reachability(graph):
    reach = ways(graph)
    groups = components(graph)
    assert sorted(step for group in groups for step in group) == sorted(graph.steps)
    member = {step: group for group in groups for step in group}
    for a in graph.steps:
        for b in graph.steps:
            mutual = a == b or (b in reach[a] and a in reach[b])
            assert (member[a] is member[b]) == mutual


@given(graphs())
def test_components_come_in_topological_order(graph):
    place = {step: number for number, group in enumerate(components(graph)) for step in group}
    for edge in graph.edges:
        if edge.target != END:
            assert place[edge.source] <= place[edge.target]


@given(graphs())
def test_reachable_steps_are_those_with_a_way_from_the_first(graph):
    assert graph.reachable() == {graph.steps[0]} | ways(graph)[graph.steps[0]]


def test_without_edges_document_order_is_kept():
    assert components(FlowGraph(("b", "a", "c"), ())) == [("b",), ("a",), ("c",)]


def test_ten_thousand_steps_in_a_row_need_no_recursion():
    steps = tuple(f"s{number}" for number in range(10_000))
    edges = tuple(Edge(source=a, target=b, kind="next") for a, b in itertools.pairwise(steps))
    assert components(FlowGraph(steps, edges)) == [(step,) for step in steps]
