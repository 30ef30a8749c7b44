"""Which steps, or whatever else leads to one another, form circles: strongly connected components."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
Ways = Mapping[str, Iterable[str]]
"""For each name, in order, what it leads to; every name is a key."""


def strongly_connected(ways: Ways) -> Iterator[tuple[str, ...]]:
    """Yield the strongly connected components, each in order; those that others lead to come first.

    Tarjan, without recursion: documents of ten thousand steps exist.
    """
    order = {name: place for place, name in enumerate(ways)}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in ways:
        if root in number:
            continue
        work = [(root, iter(ways[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, targets = work[-1]
            for target in targets:
                if target not in number:
                    number[target] = low[target] = len(number)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(ways[target])))
                    break
                if target in on_stack:
                    low[name] = min(low[name], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    found = {stack.pop()}
                    while name not in found:
                        found.add(stack.pop())
                    on_stack -= found
                    yield tuple(sorted(found, key=order.__getitem__))


def topological(needs: Mapping[Name, Collection[Name]]) -> list[Name]:
    """Return the names so that each comes after those it needs, else in order; without those that wait for a circle."""
    names = list(needs)
    place = {name: index for index, name in enumerate(names)}
    missing = {name: len(of) for name, of in needs.items()}
    needed_by: dict[Name, list[Name]] = {name: [] for name in names}
    for name, of in needs.items():
        for need in of:
            needed_by[need].append(name)
    ready = [place[name] for name in names if not missing[name]]
    order: list[Name] = []
    while ready:
        order.append(names[heapq.heappop(ready)])
        for name in needed_by[order[-1]]:
            missing[name] -= 1
            if not missing[name]:
                heapq.heappush(ready, place[name])
    return order


def entrances(
    ways: Ways, groups: Iterable[tuple[str, ...]], first: Iterable[str]
) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return for each group the names by which it is entered: the first ones, and those that another group leads to.

    :param ways: what leads to what.
    :param groups: strongly connected components; their order is kept.
    :param first: the names with which everything starts.
    """
    groups = tuple(groups)
    member = {name: number for number, group in enumerate(groups) for name in group}
    entered = {name for name in first if name in member}
    entered.update(target for name in ways for target in ways[name] if member[name] != member[target])
    return {group: tuple(name for name in group if name in entered) for group in groups}


def reachable(ways: Ways, start: str) -> frozenset[str]:
    """Return everything that can be reached from a name, including itself."""
    seen, todo = {start}, [start]
    while todo:
        new = [name for name in ways[todo.pop()] if name not in seen]
        seen.update(new)
        todo += new
    return frozenset(seen)


class Reach:
    """What leads to what, over one step or more."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways

    def leads_to(self, name: str, other: str) -> bool:
        """Say whether a path goes from a name to another; to itself only if it can come round again."""
        places, reach = self._reach
        return bool(reach[places[name]] >> places[other] & 1)

    @cached_property
    def _reach(self) -> tuple[dict[str, int], list[int]]:
        """Return the place of each name's component, and for each component those that it leads to, as bits."""
        groups = list(strongly_connected(self._ways))  # those that others lead to first
        places = {name: place for place, group in enumerate(groups) for name in group}
        reach = [0] * len(groups)
        for place, group in enumerate(groups):
            for name in group:
                for target in self._ways[name]:
                    reach[place] |= 1 << places[target] | reach[places[target]]
        return places, reach
