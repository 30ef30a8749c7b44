"""What may follow what: reachability, loops, and which steps come before others on every path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from arazzo.document.scc import Reach, reachable, strongly_connected

Ways = Mapping[str, Mapping[str, None]]
"""For each step, the steps that may follow it, in order."""


def loops(ways: Ways) -> Iterator[tuple[str, ...]]:
    """Yield the steps that lead to each other, loop by loop, in order."""
    order = {name: place for place, name in enumerate(ways)}
    found = [
        component
        for component in strongly_connected(ways)
        if len(component) > 1 or any(name in ways[name] for name in component)
    ]
    yield from sorted(found, key=lambda loop: order[loop[0]])


def _walk(ways: Ways, root: str, seen: set[str]) -> Iterator[str]:
    if root in seen:
        return
    seen.add(root)
    stack = [(root, iter(ways[root]))]
    while stack:
        name, targets = stack[-1]
        for target in targets:
            if target not in seen:
                seen.add(target)
                stack.append((target, iter(ways[target])))
                break
        else:
            stack.pop()
            yield name


class Dominance:
    """Which steps are on every path to a step (dominators, after Cooper, Harvey and Kennedy).

    :param ways: what may follow what.
    :param start: where every path begins.
    """

    def __init__(self, ways: Ways, start: str) -> None:
        self.ways, self.start = ways, start

    @cached_property
    def reached(self) -> frozenset[str]:
        """The steps that some path leads to."""
        return reachable(self.ways, self.start)

    def leads_to(self, step: str, other: str) -> bool:
        """Say whether some path goes from a step to another."""
        return self._reach.leads_to(step, other)

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self.ways)

    def always_before(self, step: str, other: str) -> bool:
        """Say whether every path to ``other`` goes through ``step``; a step is not before itself."""
        first, last = self._spans
        return step != other and first[step] < first[other] and last[other] <= last[step]

    @cached_property
    def _spans(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return, for each step, the numbers of the first and the last step in its part of the tree of dominators."""
        children: dict[str, list[str]] = {name: [] for name in self.reached}
        for name, above in self._immediate.items():
            if name != above:
                children[above].append(name)
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        stack = [(self.start, False)]
        while stack:
            name, done = stack.pop()
            if done:
                last[name] = max([first[name], *(last[child] for child in children[name])])
                continue
            first[name] = len(first)
            stack.append((name, True))
            stack.extend((child, False) for child in children[name])
        return first, last

    @cached_property
    def _immediate(self) -> dict[str, str]:
        finished = list(_walk(self.ways, self.start, set()))
        rank = {name: place for place, name in enumerate(finished)}
        before: dict[str, list[str]] = {name: [] for name in finished}
        for name in finished:
            for target in self.ways[name]:
                before[target].append(name)
        found = {self.start: self.start}
        changed = True
        while changed:
            changed = False
            for name in reversed(finished[:-1]):
                known = [other for other in before[name] if other in found]
                above = known[0]
                for other in known[1:]:
                    above = _common(above, other, found, rank)
                changed = changed or found.get(name) != above
                found[name] = above
        return found


def _common(one: str, other: str, above: Mapping[str, str], rank: Mapping[str, int]) -> str:
    while one != other:
        if rank[one] < rank[other]:
            one = above[one]
        else:
            other = above[other]
    return one
