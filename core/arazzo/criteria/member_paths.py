"""Selecting values by the paths of the boolean dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from arazzo.absent import ABSENT
from arazzo.criteria.syntax_tree import Filter, Key, Node, Segment, Selector, Slice, Wildcard
from arazzo.errors import GaveUpError
from arazzo.limits import current_limits

ValueOf = Callable[[Node], Any]
Keeps = Callable[[Node, Any], bool]


def select(segments: tuple[Segment, ...], start: Any, value_of: ValueOf, keeps: Keeps) -> list[Any]:
    """Return the values that segments select, in document order.

    :param segments: the parts of a path.
    :param start: the value they start from; ABSENT selects nothing.
    :param value_of: returns the value of a node that stands for a name or an index.
    :param keeps: tells whether a filter's condition holds for a value.
    :raises GaveUpError: if it visits too many values, or looks into what is beyond a limit.
    """
    most = current_limits().visited_values
    values = [] if start is ABSENT else [start]
    for segment in segments:
        found: list[Any] = []
        for value in _below(values) if segment.deep else values:
            for selector in segment.selectors:
                found.extend(_selected(selector, value, value_of, keeps))
            if len(found) > most:
                raise GaveUpError(f"a path selects more than {most:,} values (visited_values)")
        values = found
    return values


def member(value: Any, key: Any) -> Any:
    """Return a member of an object by name, or an element of an array by index, negative from the end; else ABSENT.

    An index may be text (``$.items.0.id``).
    """
    if isinstance(value, dict):
        return value.get(key, ABSENT) if isinstance(key, str) else ABSENT
    if not isinstance(value, (list, tuple)):
        return ABSENT
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 16:
        key = int(key)
    if isinstance(key, int) and not isinstance(key, bool) and -len(value) <= key < len(value):
        return value[key]
    return ABSENT


def _selected(selector: Selector, value: Any, value_of: ValueOf, keeps: Keeps) -> Iterator[Any]:
    match selector:
        case Key(node):
            found = member(value, value_of(node))
            if found is not ABSENT:
                yield found
        case Wildcard():
            yield from _children(value)
        case Filter(condition):
            yield from (child for child in _children(value) if keeps(condition, child))
        case Slice(start, stop, step):
            if isinstance(value, (list, tuple)) and step != 0:
                yield from value[start:stop:step]


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value


def _below(values: list[Any]) -> Iterator[Any]:
    """Yield values and everything below them, parents first, without recursion."""
    visited, most = 0, current_limits().visited_values
    waiting = list(reversed(values))
    while waiting:
        value = waiting.pop()
        visited += 1
        if visited > most:
            raise GaveUpError(f"a path visits more than {most:,} values (visited_values)")
        yield value
        waiting.extend(reversed(list(_children(value))))
