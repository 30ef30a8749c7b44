"""What the rounds of a loop take from each other: which paths back feed the next round (docs/semantics.md, 4).

Loops may be nested. A path back leads to a step that enters a loop; its round is that step and what ran since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from arazzo.document.scc import Reach, entrances, strongly_connected
from arazzo.frozen import dataclass

#: How deep loops may be nested, and how many steps may enter one; beyond that, rounds wait whatever they use.
MOST = 16

Ways = Mapping[str, list[str]]
Uses = Iterable[tuple[str, str]]
"""A step, and a step whose outputs its request uses."""


@dataclass(frozen=True)
class _Loop:
    """A loop without the loops around it.

    :param ways: between its steps.
    :param heads: the steps that enter it.
    :param uses: what its steps use from each other.
    """

    ways: Ways
    heads: tuple[str, ...]
    uses: list[tuple[str, str]]


def feeding_ways(ways: Ways, entered: Iterable[str], uses: Uses) -> dict[tuple[str, str], frozenset[str]]:
    """Return the paths back on which a round uses values of the one before, with the steps that produced them.

    A value is of the round before if both steps can run in the round, and no path in it leads from the step that
    produces the value to the one that uses it. So what an inner loop hands from round to round feeds only that loop.

    :param ways: for each step, the steps that may follow it; a retry does not lead on.
    :param entered: the steps by which control enters.
    """
    found: dict[tuple[str, str], frozenset[str]] = {}
    ways = _reached(ways, entered)
    loops = list(_loops(ways, frozenset(entered), uses))
    for _ in range(MOST):
        inner: list[_Loop] = []
        for loop in loops:
            for head in loop.heads[:MOST]:
                found.update(_fed(loop, head))
            inner += _loops(_without(loop.ways, loop.heads), frozenset(), loop.uses)
        loops = inner
    return found


def _reached(ways: Ways, entered: Iterable[str]) -> Ways:
    """Leave out the steps that only a retry runs first: the paths out of them are not taken."""
    reached: dict[str, None] = {}
    todo = list(entered)
    while todo:
        if (step := todo.pop()) not in reached:
            reached[step] = None
            todo += ways[step]
    return {step: ways[step] for step in ways if step in reached}


def _loops(ways: Ways, entered: frozenset[str], uses: Uses) -> Iterator[_Loop]:
    """Yield the outermost loops whose steps use anything from each other."""
    groups = list(strongly_connected(ways))
    member = {step: group for group in groups for step in group}
    inside: dict[tuple[str, ...], list[tuple[str, str]]] = {group: [] for group in groups}
    for user, maker in uses:
        if member.get(user) is member.get(maker, ()):
            inside[member[user]].append((user, maker))
    for group, heads in entrances(ways, groups, entered).items():
        if inside[group]:
            yield _Loop({step: [t for t in ways[step] if member[t] is group] for step in group}, heads, inside[group])


def _fed(loop: _Loop, head: str) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    """Yield the paths back to a head on which the next round uses what this one produced, with the producers."""
    within = _without(loop.ways, (head,))
    reach = Reach(within)

    def runs(step: str, last: str) -> bool:
        """Say whether a step can run in a round that ends with another."""
        return (step == head or reach.leads_to(head, step)) and (step == last or reach.leads_to(step, last))

    uses = [(user, maker) for user, maker in loop.uses if user not in within[maker] and not reach.leads_to(maker, user)]
    for last in (step for step in loop.ways if uses and head in loop.ways[step]):
        if makers := frozenset(maker for user, maker in uses if runs(user, last) and runs(maker, last)):
            yield (last, head), makers


def _without(ways: Ways, targets: Iterable[str]) -> Ways:
    left_out = frozenset(targets)
    return {step: [target for target in ways[step] if target not in left_out] for step in ways}
