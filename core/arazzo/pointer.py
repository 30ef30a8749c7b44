"""JSON pointers (RFC 6901): names to text and back. Following one is left to whoever has the value."""

from __future__ import annotations

import re
from collections.abc import Iterable

_INDEX = re.compile(r"0|[1-9][0-9]{0,15}")


def escape(name: str) -> str:
    """Write a member name as a JSON pointer token."""
    return name.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """Read a JSON pointer token as a member name."""
    return token.replace("~1", "/").replace("~0", "~")


def to_pointer(tokens: Iterable[str]) -> str:
    """Write names and indices as a JSON pointer."""
    return "".join(f"/{escape(token)}" for token in tokens)


def tokens_of(pointer: str) -> list[str]:
    """Return the names and indices of a JSON pointer; none for the whole value."""
    return [unescape(token) for token in pointer.split("/")[1:]]


def array_index(token: str) -> int | None:
    """Return the array index that a token names; None for other tokens, such as ``01`` and ``-``."""
    return int(token) if _INDEX.fullmatch(token) else None
