"""What the readers of YAML and JSON share: what they return, how they refuse, and the limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from arazzo.errors import DocumentError, Problem, Severity
from arazzo.limits import current_limits
from arazzo.source.locations import Lines, Node, printable

#: The character that no database of Airflow's accepts, though an API description may mention it in a pattern.
NUL = "\0"
NO_NUL = "this text contains the character U+0000, which no database can store"


class Read(NamedTuple):
    """A value that was read; a tuple, because each value of a file makes one.

    :param key: the text it has as a key, None if it cannot be a key.
    :param size: how many values it is.
    :param bases: the maps of a list that contains only aliases of maps.
    :param merges: offsets of the merge keys (``<<: *base``) in it; for a whole file only.
    :param unfit: offset of the first scalar that no document may have, and what it is; for a whole file only.
    :param root: where everything is, if the reader noted it; for a whole file only.
    """

    value: Any
    key: str | None = None
    size: int = 1
    bases: tuple[Read, ...] = ()
    merges: tuple[int, ...] = ()
    unfit: tuple[int, str] | None = None
    root: Node | None = None


def levels(value: Any) -> Iterator[list[Any]]:
    """Yield the lists and dicts of each level of a value, the outermost first; without recursion."""
    level = [value]
    while level := [item for item in level if isinstance(item, (dict, list))]:
        yield level
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]


class Reading:
    """One reading of a text."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.count = 0
        self.limits = current_limits()
        self.merges: list[int] = []
        self.unfit: tuple[int, str] | None = None

    def fail(self, rule: str, offset: int, message: str, hint: str | None = None) -> NoReturn:
        place = Lines(self.text).place(self.name, "", offset, 1)
        raise DocumentError([Problem(rule, Severity.ERROR, place, printable(message), hint)])

    def spend(self, size: int, depth: int) -> str | None:
        """Count what was read, with aliases written out; return what is too much, if anything."""
        self.count += size
        limits = self.limits
        if self.count > limits.file_values:
            return f"the file holds more than {limits.file_values:,} values, aliases written out (file_values)"
        if depth > limits.file_depth:
            return f"values are nested more than {limits.file_depth} deep (file_depth)"
        return None
