"""Which ways back of a loop begin a round that uses what the round before has produced."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suite import drawn

from arazzo.flow.rounds import feeding_ways

NAMES = "abcde"


def pairs(text: str) -> list[tuple[str, str]]:
    return [(pair[0], pair[-1]) for pair in text.split()]


def fed(ways: str, uses: str, entered: str = "a") -> str:
    """Return the ways that feed, of ways and uses as pairs: ``a>b`` is gone, ``a<b`` is a request of a that uses b."""
    graph: dict[str, list[str]] = {name: [] for name in NAMES}
    for source, target in pairs(ways):
        graph[source].append(target)
    return " ".join(sorted(f"{source}>{target}" for source, target in feeding_ways(graph, entered, pairs(uses))))


@pytest.mark.parametrize(
    ("ways", "entered", "uses", "feeding"),
    [
        pytest.param("a>a", "a", "", "", id="a poll"),
        pytest.param("a>a", "a", "a<a", "a>a", id="a cursor of its own"),
        pytest.param("a>b b>a", "a", "b<a", "", id="what comes first in the round"),
        pytest.param("a>b b>a", "a", "a<b", "b>a", id="what comes last in the round"),
        pytest.param("a>b b>a", "b", "b<a", "a>b", id="the same, entered by the other"),
        pytest.param("a>b b>a", "b", "a<b", "", id="which uses what comes first there"),
        pytest.param("c>b b>a a>b", "c", "a<b", "", id="a step before the loop"),
        pytest.param("a>b b>a", "ab", "a<b", "b>a", id="entered by both, it is the way that counts"),
        pytest.param("a>b b>b b>a", "a", "a<a", "b>a", id="a poll inside pages"),
        pytest.param("a>b b>b b>a", "a", "b<b", "b>b", id="pages inside a poll"),
        pytest.param("a>b b>b b>a", "a", "a<a b<b", "b>a b>b", id="pages inside pages"),
        pytest.param("a>b b>c c>b c>a", "a", "b<c", "c>b", id="pages of two steps inside a poll"),
        pytest.param("a>b b>c c>b c>a", "a", "a<b", "c>a", id="a poll of two steps inside pages"),
        pytest.param("a>a a>b b>a", "a", "a<a", "a>a b>a", id="two ways back to one step"),
        pytest.param("a>a a>b b>a", "a", "a<b", "b>a", id="two ways back, of which one has it"),
        pytest.param("a>b a>c b>d c>d d>a", "a", "b<c", "d>a", id="a branch uses what the other produced"),
        pytest.param("a>b a>c b>c c>a", "a", "c<b", "", id="a value that only some rounds renew"),
        pytest.param("a>b b>a c>c", "a", "c<c", "", id="a loop that no way leads to"),
        pytest.param("a>b b>a", "a", "a<e", "", id="a value from outside"),
    ],
)
def test_the_ways_that_feed_the_next_round(ways: str, entered: str, uses: str, feeding: str) -> None:
    assert fed(ways, uses, entered) == feeding


def test_who_has_produced_what_is_used() -> None:
    ways = {"a": ["b"], "b": ["c"], "c": ["a"]}
    assert feeding_ways(ways, "a", [("a", "b"), ("b", "c"), ("c", "a")]) == {("c", "a"): frozenset("bc")}


GRAPHS = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3, unique=True) for name in NAMES})


@drawn(100)
@given(GRAPHS, st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))))
def test_in_whatever_order_steps_are_listed_the_same_ways_feed(graph, uses) -> None:
    turned = {name: graph[name][::-1] for name in reversed(NAMES)}
    assert feeding_ways(graph, "a", uses) == feeding_ways(turned, "a", uses)


@drawn(100)
@given(GRAPHS, st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))))
def test_the_ways_that_feed_are_what_walking_shows(graph, uses) -> None:
    found = feeding_ways(graph, "a", uses)
    ways = [(step, target) for step in walked(graph, "a") for target in graph[step]]
    for last, first in (way for way in ways if way[0] not in walked(graph, "a", without=way[1])):
        apart = {name: [target for target in graph[name] if target != first] for name in NAMES}
        after = {name: walked(apart, apart[name]) for name in NAMES}
        steps = {name for name in {first} | after[first] if name == last or last in after[name]}
        makers = {maker for user, maker in uses if {user, maker} <= steps and user not in after[maker]}
        assert found.get((last, first), set()) == makers


def walked(graph, names, without: str = "") -> set[str]:
    """Return the steps that are among those named, or that some way from one of them leads to."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in seen and name != without:
            seen.add(name)
            todo += graph[name]
    return seen


@pytest.mark.parametrize("back", [lambda n: n - 1, lambda n: n // 2, lambda n: 0, lambda n: n * 7 % 2000])
def test_thousands_of_steps_that_go_back_are_no_trouble(back) -> None:
    names = [f"s{number}" for number in range(2000)]
    ways = {name: [names[max(back(n), 0)], *names[n + 1 : n + 2]] for n, name in enumerate(names)}
    uses = [(name, names[max(n - 1, 0)]) for n, name in enumerate(names)]
    assert ("s0", "s0") in feeding_ways(ways, ("s0",), uses)
