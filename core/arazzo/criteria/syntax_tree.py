"""The syntax tree of a condition: what simple conditions and the boolean dialect share, and JSON paths."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

from arazzo.expressions.nodes import Expression
from arazzo.expressions.templates import Template
from arazzo.frozen import dataclass, field


@dataclass(frozen=True)
class Literal:
    """A constant. ``bare`` is a word without quotes, which only the boolean dialect reads as a string."""

    value: bool | int | float | str | None
    text: str
    bare: bool = False


@dataclass(frozen=True)
class Text:
    """A quoted string that embeds runtime expressions."""

    template: Template
    text: str


@dataclass(frozen=True)
class Runtime:
    """A runtime expression.

    :param expression: the expression.
    :param text: as written.
    :param owner: what ``.length`` or ``.size`` is the length of, if the text ends in it and no such member exists.
    """

    expression: Expression
    text: str
    owner: Expression | None = None


@dataclass(frozen=True)
class Item:
    """A member or an element of an operand: ``base.name``, ``base[0]``, ``base[$inputs.index]``."""

    base: Node
    key: Node
    text: str


@dataclass(frozen=True)
class Not:
    operand: Node


@dataclass(frozen=True)
class And:
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Comparison:
    """``operator`` is one of ``== != < <= > >=``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Key:
    """One member or element; the node gives its name or number."""

    node: Node


@dataclass(frozen=True)
class Wildcard:
    """All members or elements."""


@dataclass(frozen=True)
class Slice:
    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True)
class Filter:
    """The members or elements for which the condition holds, each as ``@``."""

    condition: Node


Selector: TypeAlias = Key | Wildcard | Slice | Filter


@dataclass(frozen=True)
class Segment:
    """What one part of a path selects; ``deep`` is ``..``: from the value and everything below it."""

    selectors: tuple[Selector, ...]
    deep: bool = False

    @property
    def singular(self) -> bool:
        """Whether it selects at most one value from one value."""
        return not self.deep and len(self.selectors) == 1 and isinstance(self.selectors[0], Key)


@dataclass(frozen=True)
class Path:
    """A JSON path.

    :param segments: the steps from the root, or from ``@``.
    :param text: as written.
    :param relative: whether it starts at ``@``.
    :param length: ``length`` or ``size`` if it ends in that: a member of that name, or else the length of the value.
    """

    segments: tuple[Segment, ...]
    text: str
    relative: bool = False
    length: str = ""

    @property
    def singular(self) -> bool:
        """Whether it selects at most one value."""
        return all(segment.singular for segment in self.segments)


Node: TypeAlias = Literal | Text | Runtime | Item | Not | And | Or | Comparison | Path


@dataclass(frozen=True)
class Remark:
    """Something that is read but is not portable.

    :param offset: where in the condition.
    :param message: one sentence.
    :param hint: the portable spelling.
    """

    offset: int
    message: str
    hint: str | None = None


@dataclass(frozen=True)
class Condition:
    """A condition as read: its tree, and what other tools will not read in it."""

    node: Node
    remarks: tuple[Remark, ...] = field(default=())

    @cached_property
    def operands(self) -> tuple[Runtime | Item | Path, ...]:
        """What gives the condition its values, in order; what is in a path's filters belongs to the path."""
        return tuple(_operands(self.node))


def leaves(node: Node) -> Iterator[Node]:
    """Yield what ``&&``, ``||`` and ``!`` join, in order."""
    match node:
        case Or(parts) | And(parts):
            for part in parts:
                yield from leaves(part)
        case Not(operand):
            yield from leaves(operand)
        case _:
            yield node


def _operands(node: Node) -> Iterator[Runtime | Item | Path]:
    for leaf in leaves(node):
        match leaf:
            case Comparison(_, left, right):
                yield from _operands(left)
                yield from _operands(right)
            case Runtime() | Item() | Path():
                yield leaf
