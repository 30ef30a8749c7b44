"""Paths into a JSON value: RFC 6901 pointers, and the dots and brackets that real documents write instead."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from arazzo.absent import ABSENT, Absent, Unreadable
from arazzo.pointer import array_index, unescape

#: One step of a trail: ``.name``, ``[0]``, ``[name]``, ``['a b']`` or ``["a b"]``.
STEP = re.compile(
    r"""\.(?P<name>[^.\[\]{}\s'"]+) | \[(?P<index>[0-9]{1,16})\]
      | \['(?P<single>[^'{}]*)'\] | \["(?P<double>[^"{}]*)"\] | \[(?P<bare>[^\[\]{}'"\s*?:,]+)\]""",
    re.VERBOSE,
)


def member(value: Any, token: str) -> Any:
    """Return the member of an object or the element of an array that one token names; ABSENT if there is none.

    :param value: any JSON value; scalars have no members.
    :param token: unescaped name, or array index without leading zeros.
    """
    if isinstance(value, Mapping):
        return value.get(token, ABSENT)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        index = array_index(token)
        return value[index] if index is not None and index < len(value) else ABSENT
    return ABSENT


def apply_pointer(value: Any, pointer: str, *, decode: bool = False) -> Any:
    """Follow an RFC 6901 JSON pointer; ABSENT where it leads nowhere.

    :param value: any JSON value.
    :param pointer: ``""`` for the whole value, else ``/a/b~1c/0``; anything else leads nowhere.
    :param decode: where a literal member is missing, try its name with percent-encoding decoded (lenient; the
        expression grammar takes pointers literally although they stand after a ``#``).
    """
    if pointer == "" or isinstance(value, Unreadable):
        return value
    if not pointer.startswith("/"):
        return ABSENT
    for token in pointer[1:].split("/"):
        name = unescape(token)
        found = member(value, name)
        if found is ABSENT and decode and "%" in token:
            found = member(value, unescape(unquote(token)))
        if found is ABSENT:
            return ABSENT
        value = found
    return value


def follow(value: Any, trail: str) -> Any:
    """Follow dots and brackets (``.a.b[0]['c d']``); at each dot the longest member name that exists wins.

    :param value: any JSON value.
    :param trail: ``""`` or text beginning with a dot or a bracket.
    """
    while trail and not isinstance(value, Unreadable):
        value, trail = enter_by_name(value, trail[1:]) if trail[0] == "." else _enter_by_bracket(value, trail)
        if value is ABSENT:
            return ABSENT
    return value


def lookup(names: Mapping[str, Any], path: str) -> Any:
    """Find a named value by a loose path: the longest declared name that begins it, then navigation.

    :param names: declared names with their values.
    :param path: a name, or a name with a trail (``a.b[0]``); the whole is tried as a name first.
    """
    value, trail = enter_by_name(names, path)
    return value if isinstance(value, Absent) else follow(value, trail)


def declared_prefix(path: str, names: Container[str]) -> str | None:
    """Return the longest declared name that begins a loose path; None if there is none."""
    return next((prefix for prefix, _ in name_splits(path) if prefix in names), None)


def outermost(path: str) -> str:
    """Return the shortest name that begins a loose path."""
    return next((path[:end] for end in range(1, len(path)) if path[end] in ".["), path)


def name_splits(path: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to read a loose path as a name and a trail, the longest name first."""
    yield path, ""
    for end in range(len(path) - 1, 0, -1):
        if path[end] in ".[":
            yield path[:end], path[end:]


def trail_tokens(text: str) -> tuple[str, ...] | None:
    """Split a trail into the names and indices it goes through; None if it is not a trail."""
    tokens, position = [], 0
    while position < len(text):
        match = STEP.match(text, position)
        if match is None:
            return None
        tokens.append(next(group for group in match.groups() if group is not None))
        position = match.end()
    return tuple(tokens)


def enter_by_name(value: Any, path: str) -> tuple[Any, str]:
    """Enter by name: return the value of the longest prefix that is a member, or ABSENT, and the rest of the trail."""
    for prefix, trail in name_splits(path):
        found = member(value, prefix)
        if found is not ABSENT or (isinstance(value, Mapping) and prefix in value):
            return found, trail
    return ABSENT, ""


def _enter_by_bracket(value: Any, trail: str) -> tuple[Any, str]:
    match = STEP.match(trail)
    if match is None:
        return ABSENT, ""
    token = next(group for group in match.groups() if group is not None)
    if match["index"] is not None and not isinstance(value, Mapping):
        token = str(int(token))
    return member(value, token), trail[match.end() :]
