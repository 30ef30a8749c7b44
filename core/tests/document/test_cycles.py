"""Strongly connected components: who leads to each other, and in which order they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arazzo.document.scc import strongly_connected

NAMES = "abcdefgh"
ways = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3, unique=True) for name in NAMES})


def leads_to(graph, start):
    seen, todo = set(), list(graph[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(graph[name])
    return seen


@given(ways)
def test_components_are_those_that_lead_to_each_other_and_come_behind_what_they_lead_to(graph):
    found = list(strongly_connected(graph))
    assert sorted(name for component in found for name in component) == sorted(NAMES)
    for place, component in enumerate(found):
        assert list(component) == sorted(component, key=list(graph).index)
        for name in component:
            reached = leads_to(graph, name)
            assert set(component) == {name} | {other for other in reached if name in leads_to(graph, other)}
            assert reached <= {other for before in found[: place + 1] for other in before}


def test_a_long_chain_needs_no_stack():
    chain = {str(number): [str(number + 1)] for number in range(20_000)} | {"20000": ["0"]}
    assert [len(component) for component in strongly_connected(chain)] == [20_001]
