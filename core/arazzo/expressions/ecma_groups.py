"""What an ECMA-262 pattern forgets between rounds of a repetition, although the library ``regex`` remembers it.

Each round of a repeated group begins without the captures in it, and a round that matches nothing does not count. Only
a back reference can tell the difference; a pattern with one that might is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LOOKS_BEHIND = ("(?<=", "(?<!")


@dataclass(eq=False)
class Group:
    """A group of a pattern, or the pattern itself.

    :ivar begin, end: its first and last character.
    :ivar branches: whether it contains alternatives.
    :ivar optional, repeated: whether it may be left out, and whether it may occur several times.
    """

    parent: Group | None
    begin: int
    opening: str = ""
    end: int = -1
    branches: bool = False
    optional: bool = False
    repeated: bool = False

    def within(self) -> Iterator[Group]:
        """Yield the group and the groups around it, from the inside out."""
        group: Group | None = self
        while group is not None:
            yield group
            group = group.parent


def forgets(group: Group, at: int) -> bool:
    """Return whether a back reference may see what an earlier round of a repetition captured.

    :param at: where the reference is.
    """
    skipped = backwards = False
    for outer in group.within():
        backwards = backwards or outer.opening in LOOKS_BEHIND
        skipped = skipped or (outer is not group and outer.branches)
        if outer.repeated and (skipped or backwards or not group.end < at < outer.end):
            return True
        skipped = skipped or outer.optional
    return False
