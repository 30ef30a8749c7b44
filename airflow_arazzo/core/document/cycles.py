"""Which steps, or whatever else leads to one another, go round: strongly connected components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


def strongly_connected(ways: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the strongly connected components, each in order, those that others lead to first.

    Tarjan, without recursion: documents of ten thousand steps exist.

    :param ways: for each name, in order, what it leads to; every name is a key.
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
