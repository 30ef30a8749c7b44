"""The portable spelling of a condition of the boolean dialect: an RFC 9535 query, or a simple condition.

``$[?...]`` with paths from ``$`` in the filter asks the same question for every member of the root. So it selects
something exactly if the condition holds and the root has members. Where the condition also holds for a root without
members, a simple condition is offered if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from arazzo.criteria.comparison import holds
from arazzo.criteria.condition_evaluation import Scope, passes
from arazzo.criteria.syntax_tree import (
    And,
    Comparison,
    Filter,
    Item,
    Key,
    Literal,
    Node,
    Not,
    Or,
    Path,
    Runtime,
    Segment,
    Selector,
    Slice,
    Text,
    Wildcard,
    leaves,
)
from arazzo.errors import EvaluationError
from arazzo.expressions.context import Context
from arazzo.frozen import dataclass

_SHORTHAND = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_TOKEN = re.compile(r"[A-Za-z0-9_.-]+")
_NO_MEMBERS: tuple[object, ...] = ({}, [], "", None, 0)


class _UnportableError(Exception):
    """There is no such spelling."""


@dataclass(frozen=True)
class Spelling:
    """A condition that other tools can read too.

    :param condition: the condition.
    :param simple: whether it is a simple condition, without context and type; otherwise it is an RFC 9535 query.
    :param caveat: where its meaning differs a little; empty if it does not.
    """

    condition: str
    simple: bool = False
    caveat: str = ""

    def __str__(self) -> str:
        where = f" {self.caveat}" if self.caveat else ""
        frame = ", without context and type" if self.simple else ""
        return f"portable{where}{frame}: {self.condition}"


def portable_spelling(node: Node, context: str) -> Spelling | None:
    """Return a portable spelling, None if there is none.

    :param node: a condition of the boolean dialect.
    :param context: the criterion's context, as written.
    """
    query = as_query(node)
    if query is not None and not holds_when_empty(node):
        return Spelling(query)
    simple = as_simple(node, context)
    lengths = any(_has_length(comparison) for comparison in _comparisons(node))
    if query is not None and (simple is None or lengths):
        return Spelling(query, caveat=f"unless {context or 'the context'} is empty")
    if simple is None:
        return None
    return Spelling(simple, simple=True, caveat="for a list" if lengths else _case_caveat(node))


def _case_caveat(node: Node) -> str:
    """Say that simple conditions compare strings ignoring case, unless there are only null, booleans and numbers."""
    literals = [(one.left if isinstance(one.left, Literal) else one.right) for one in _comparisons(node)]
    exact = all(isinstance(one, Literal) and not isinstance(one.value, str) for one in literals)
    return "" if exact else "where case does not matter"


def _has_length(node: Comparison) -> bool:
    return any(isinstance(side, Path) and bool(side.length) for side in (node.left, node.right))


def _comparisons(node: Node) -> Iterator[Comparison]:
    return (leaf for leaf in leaves(node) if isinstance(leaf, Comparison))


def holds_when_empty(node: Node) -> bool:
    """Return whether a condition holds for a root without members; runtime expressions count as absent."""
    return any(_passes(node, root) for root in _NO_MEMBERS)


def as_query(node: Node) -> str | None:
    """Return an RFC 9535 query that selects something exactly if the condition holds; None if there is none.

    The root must have members. A member called ``length`` is ignored.
    """
    try:
        if (
            isinstance(node, Comparison)
            and node.operator in (">", "!=", ">=")
            and (path := _tested_path(node)) is not None
        ):
            return _path(path)
        return f"$[?{_condition(node, filtering=False)}]"
    except _UnportableError:
        return None


def as_simple(node: Node, context: str) -> str | None:
    """Return a simple condition of the same meaning, except that it ignores case; None if there is none.

    That an array has no elements, ``.length == 0``, is written as its first element being absent.
    """
    try:
        return _simple(node, context)
    except _UnportableError:
        return None


def _passes(node: Node, root: object) -> bool:
    try:
        return passes(node, Scope(Context(), loose=False, root=root))
    except EvaluationError:
        return False


def _tested_path(node: Comparison) -> Path | None:
    """Return the path that a comparison with ``.length`` (``> 0``, ``== 0``) asks about: does it select anything?"""
    path, number = node.left, node.right
    if not isinstance(path, Path) or not path.length or not isinstance(number, Literal):
        return None
    if (node.operator, number.value) not in ((">", 0), ("!=", 0), (">=", 1), ("==", 0), ("<", 1), ("<=", 0)):
        return None
    if not path.segments:
        return Path((Segment((Wildcard(),)),), "$[*]")
    selectors = path.segments[-1].selectors
    return Path(path.segments, path.text) if len(selectors) == 1 and isinstance(selectors[0], Filter) else None


def _condition(node: Node, *, filtering: bool, inner: bool = False) -> str:
    """Return the filter expression of RFC 9535; ``inner`` adds parentheses where it is part of another."""
    match node:
        case Or(parts):
            text = " || ".join(_condition(part, filtering=filtering, inner=True) for part in parts)
            return f"({text})" if inner else text
        case And(parts):
            text = " && ".join(_condition(part, filtering=filtering, inner=True) for part in parts)
            return f"({text})" if inner else text
        case Not(operand):
            return f"!({_condition(operand, filtering=filtering)})"
        case Comparison(operator, left, right):
            path = _tested_path(node)
            if path is not None and isinstance(left, Path) and left.segments:
                return _path(path) if operator in (">", "!=", ">=") else f"!{_path(path)}"
            return _comparison(operator, left, right, inner=inner)
        case Path() if filtering and not node.length:
            return _path(node)
        case Path() if node.singular and not node.length:
            text = _path(node)
            falsy = " && ".join(f"{text} != {value}" for value in ("null", "false", "0", "''"))
            return f"({text} && {falsy})" if inner else f"{text} && {falsy}"
    raise _UnportableError


def _comparison(operator: str, left: Node, right: Node, *, inner: bool) -> str:
    if isinstance(right, Path) and not isinstance(left, Path):
        mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
        return _comparison(mirrored, right, left, inner=inner)
    if not isinstance(left, Path) or not left.singular:
        raise _UnportableError
    if left.length:
        return _length_comparison(operator, left, right)
    text = _path(left)
    if isinstance(right, Literal) and right.value is None:
        return _null_comparison(operator, text, inner=inner)
    return f"{text} {operator} {_operand(right)}"


def _null_comparison(operator: str, text: str, *, inner: bool) -> str:
    """Write for both absent and null what RFC 9535 writes for null alone."""
    if operator not in ("==", "!="):
        raise _UnportableError
    said = f"!{text} || {text} == null" if operator == "==" else f"{text} && {text} != null"
    return f"({said})" if inner else said


def _length_comparison(operator: str, path: Path, right: Node) -> str:
    """Compare a length so that it suits both: what has no length has 0 here and nothing in RFC 9535."""
    if not isinstance(right, Literal) or isinstance(right.value, (bool, str)) or right.value is None:
        raise _UnportableError
    length = f"length({_path(Path(path.segments, path.text, path.relative))})"
    if not holds(operator, 0, right.value, loose=False):
        return f"{length} > 0" if (operator, right.value) == ("!=", 0) else f"{length} {operator} {right.text}"
    if not path.segments:
        raise _UnportableError
    opposite = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}.get(operator)
    if opposite is None:
        return f"{length} {operator} {right.text}"
    opposite = ">" if (operator, right.value) == ("==", 0) else opposite
    return f"!({length} {opposite} {right.text})"


def _operand(node: Node) -> str:
    match node:
        case Literal(str() as value):
            return _quoted(value)
        case Literal(value, text):
            return text.lstrip("+")
        case Runtime(_, text, None):
            return f"{{{text}}}"
        case Text(template):
            return "'" + "".join(_embedded(part) for part in template.parts) + "'"
    raise _UnportableError


def _embedded(part: object) -> str:
    if not isinstance(part, str):
        return f"{{{part.text}}}"  # type: ignore[attr-defined]
    return _quoted(part)[1:-1]


def _quoted(value: str) -> str:
    if any(char < " " for char in value) or "{" in value or "$" in value:
        raise _UnportableError
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _path(path: Path) -> str:
    if path.length:
        raise _UnportableError
    return ("@" if path.relative else "$") + "".join(map(_segment, path.segments))


def _segment(segment: Segment) -> str:
    dots = ".." if segment.deep else ""
    if len(segment.selectors) == 1:
        name = _name(segment.selectors[0])
        if name is not None and _SHORTHAND.fullmatch(name):
            return f"{dots or '.'}{name}"
    return f"{dots}[{', '.join(map(_selector, segment.selectors))}]"


def _selector(selector: Selector) -> str:
    match selector:
        case Wildcard():
            return "*"
        case Filter(condition):
            return f"?{_condition(condition, filtering=True)}"
        case Slice(start, stop, step):
            numbers = ["" if number is None else str(number) for number in (start, stop)]
            return ":".join(numbers + ([] if step is None else [str(step)]))
        case Key(Literal(int() as index)):
            return str(index)
        case Key(Literal(str() as name)):
            if name.isdigit():
                raise _UnportableError
            return _quoted(name)
        case Key(node):
            return _operand(node)
    raise _UnportableError


def _name(selector: Selector) -> str | None:
    match selector:
        case Key(Literal(str() as name)):
            return name
    return None


def _simple(node: Node, context: str, *, inner: bool = False) -> str:
    """Return the simple condition; a part that simple conditions lack makes it unportable."""
    match node:
        case Or(parts):
            text = " || ".join(_simple(part, context, inner=True) for part in parts)
            return f"({text})" if inner else text
        case And(parts):
            text = " && ".join(_simple(part, context, inner=True) for part in parts)
            return f"({text})" if inner else text
        case Not(operand):
            return f"!({_simple(operand, context)})"
        case Comparison("==", Path(length="length" | "size") as path, Literal(0)):
            first = Path((*path.segments, Segment((Key(Literal(0, "0")),))), path.text)
            return f"{_pointer(first, context)} == null"
        case Comparison(operator, left, right):
            return f"{_simple_operand(left, context)} {operator} {_simple_operand(right, context)}"
        case Path():
            return _pointer(node, context)
    raise _UnportableError


def _simple_operand(node: Node, context: str) -> str:
    match node:
        case Path():
            return _pointer(node, context)
        case Literal(str() as value):
            if "$" in value:
                raise _UnportableError
            return "'" + value.replace("'", "''") + "'"
        case Literal(_, text) | Runtime(_, text, None):
            return text
        case Text(template) if template.sole is not None:
            return template.sole.text
        case Item():
            raise _UnportableError
    raise _UnportableError


def _pointer(path: Path, context: str) -> str:
    """Return the runtime expression for a path from the context."""
    if path.length or path.relative or not path.singular or not context.startswith("$"):
        raise _UnportableError
    tokens = [_token(segment.selectors[0]) for segment in path.segments]
    if context in ("$inputs", "$outputs"):
        if not tokens:
            raise _UnportableError
        head, tokens = f"{context}.{tokens[0]}", tokens[1:]
        return f"{head}#/{'/'.join(tokens)}" if tokens else head
    if not tokens:
        return context
    return f"{context}{'' if '#' in context else '#'}/{'/'.join(tokens)}"


def _token(selector: Selector) -> str:
    match selector:
        case Key(Literal(int() as index)) if index >= 0:
            return str(index)
        case Key(Literal(str() as name)) if _PLAIN_TOKEN.fullmatch(name):
            return name
    raise _UnportableError
