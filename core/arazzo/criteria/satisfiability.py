"""What criteria can possibly decide: whether there is an answer for which some hold and others do not.

A condition is a formula over what it looks at. A value that is compared with constants is tried as each constant, as
values between and beside them, and as absent; the status code as every possible number; everything else (a query, an
XPath, a comparison of two expressions) may hold or not. What is found impossible is impossible, but not all is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import MAX_PREC, Context, Decimal
from functools import cached_property
from itertools import pairwise, product
from typing import Any

from arazzo.absent import ABSENT
from arazzo.criteria.comparison import NO_LENGTH, holds, truthy
from arazzo.criteria.interpolation import fill
from arazzo.criteria.jsonpath_condition import read_jsonpath
from arazzo.criteria.regex_condition import read_pattern
from arazzo.criteria.simple import parse_simple
from arazzo.criteria.syntax_tree import (
    And,
    Comparison,
    Condition,
    Literal,
    Node,
    Not,
    Or,
    Path,
    Runtime,
    Selector,
)
from arazzo.criteria.syntax_tree import Key as MemberKey
from arazzo.document.models import Criterion, ExpressionType
from arazzo.exact_numbers import ExactNumber, decimal_of, is_number
from arazzo.expressions.context import Dialect
from arazzo.expressions.ecma_patterns import compile_ecma
from arazzo.expressions.nodes import Fixed
from arazzo.expressions.regular_expressions import finds
from arazzo.expressions.selectors import RFC9535
from arazzo.frozen import dataclass

#: Combinations of values are not tried if that takes more comparisons than this.
MOST_COMPARISONS = 50_000
#: How many comparisons a pattern of the status code counts as: it is tried on every possible code.
_CODES = range(100, 600)
#: Integers up to these, and what lies in the middle of them, are floats.
_SMALL = 2**50
_EXACT = Context(prec=MAX_PREC)

Key = tuple[str, ...]
"""What a formula looks at: ``("status",)``, ``("value", text...)``, or ``("free", text)`` for what may hold or not."""

Values = Mapping[Key, Any]
STATUS: Key = ("status",)
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, eq=False)
class Formula:
    """A condition as a function of what it looks at; no formula equals another.

    :param looks_at: everything that it looks at, with the constants it is compared with.
    :param holds: tells whether it holds for these values.
    """

    looks_at: tuple[tuple[Key, Any], ...]
    holds: Callable[[Values], bool]

    @cached_property
    def negated(self) -> Formula:
        """The formula that holds if this one does not."""
        return Formula(self.looks_at, lambda values: not self.holds(values))


@dataclass(frozen=True)
class Operands:
    """How to read the operands of a condition.

    :param loose: whether values compare as in simple conditions.
    :param context: the criterion's context, where ``$`` is its value.
    """

    loose: bool
    context: str = ""


class Allowance:
    """How many comparisons may still be made for the criteria of one document.

    So many actions with so many criteria would take minutes, and nobody waits for that. When all comparisons are made,
    every question is answered by "possible".
    """

    def __init__(self, comparisons: float = math.inf) -> None:
        self._left = comparisons

    def spend(self, comparisons: int) -> bool:
        """Say whether so many can still be made, and count them."""
        self._left -= comparisons
        return self._left >= 0


def formula_of(criterion: Criterion, dialect: Dialect = "lenient", allowance: Allowance | None = None) -> Formula:
    """Return a criterion as a formula; a query, an XPath, or a pattern for anything but the status may hold or not.

    :param allowance: how much may be tried for it; by default anything.
    :raises ExpressionSyntaxError: if the condition cannot be read.
    """
    match criterion.kind:
        case "simple":
            return _whole(criterion, parse_simple(criterion.condition, dialect), Operands(loose=True))
        case "regex" if (criterion.context or "").strip() == "$statusCode" and _spend(allowance, len(_CODES)):
            return _status_pattern(criterion, dialect)
        case "jsonpath":
            version = criterion.type.version if isinstance(criterion.type, ExpressionType) else RFC9535
            condition = read_jsonpath(criterion.condition, version, dialect)
            if isinstance(condition, Condition):
                there = _free(f"there is {criterion.context}")
                return both(
                    (there, _whole(criterion, condition, Operands(loose=False, context=f"{criterion.context}")))
                )
    return _free(f"{criterion.kind} {criterion.context} {criterion.condition}")


def _whole(criterion: Criterion, condition: Condition, reading: Operands) -> Formula:
    """Return a condition as a formula; a condition that the data may make fail does not hold then."""
    formula = _formula(condition.node, reading)
    return both((_free(f"{criterion.condition} succeeds"), formula)) if _may_fail(condition.node) else formula


def _may_fail(node: Node) -> bool:
    match node:
        case Or(operands) | And(operands):
            return any(map(_may_fail, operands))
        case Not(operand):
            return _may_fail(operand)
        case Comparison(_, left, right):
            return _may_fail(left) or _may_fail(right)
        case Literal() | Runtime():
            return False
        case Path():
            return not node.singular
    return True


def _status_pattern(criterion: Criterion, dialect: Dialect) -> Formula:
    """Return a pattern for the status code as a formula; it looks at the codes at which its answer changes."""
    template, flags, _ = read_pattern(criterion.condition, dialect)
    if template.expressions:
        return _free(f"regex {criterion.context} {criterion.condition}")
    pattern = compile_ecma(fill(template, lambda *_: ""), flags)
    matching = frozenset(code for code in _CODES if finds(pattern, str(code)))
    changes = tuple((STATUS, code) for code in _CODES if (code in matching) != (code - 1 in matching))
    return Formula(changes or ((STATUS, 200),), lambda values: values[STATUS] in matching)


def both(formulas: Iterable[Formula]) -> Formula:
    """Return the formula that holds if all of them do."""
    parts = tuple(formulas)
    return Formula(_joined(parts), lambda values: all(part.holds(values) for part in parts))


def successful() -> Formula:
    """Return the formula of a step without success criteria: the status is 2xx."""
    return Formula(((STATUS, 200), (STATUS, 299)), lambda values: _is_2xx(values[STATUS]))


def _is_2xx(status: Any) -> bool:
    return is_number(status) and bool(200 <= status <= 299)


def answered() -> Formula:
    """Return the formula that there is an answer."""
    return Formula(((STATUS, 200),), lambda values: values[STATUS] is not ABSENT)


def is_possible(formulas: Sequence[Formula], *, booleans: bool = False, allowance: Allowance | None = None) -> bool:
    """Tell whether all of these can hold at once; True if that is too much to find out.

    :param booleans: whether to assume that what is compared only with ``true`` and ``false`` is one of them.
    :param allowance: how much may be tried for it; by default anything.
    """
    size = sum(len(formula.looks_at) for formula in formulas)
    if not _spend(allowance, size):
        return True
    constants: dict[Key, list[Any]] = {}
    for key, constant in _joined(formulas):
        constants.setdefault(key, []).append(constant)
    if 2 ** min(len(constants), 64) * size > MOST_COMPARISONS:
        return True
    domains = {key: list(_domain(key, of, booleans)) for key, of in constants.items()}
    if math.prod(map(len, domains.values())) * size > MOST_COMPARISONS:
        return True
    return any(
        not _spend(allowance, size) or all(formula.holds(values) for formula in formulas)
        for values in (dict(zip(domains, chosen, strict=True)) for chosen in product(*domains.values()))
    )


def _spend(allowance: Allowance | None, comparisons: int) -> bool:
    return allowance is None or allowance.spend(comparisons)


def _formula(node: Node, reading: Operands) -> Formula:
    match node:
        case Or(operands):
            parts = tuple(_formula(operand, reading) for operand in operands)
            return Formula(_joined(parts), lambda values: any(part.holds(values) for part in parts))
        case And(operands):
            return both(_formula(operand, reading) for operand in operands)
        case Not(operand):
            return _formula(operand, reading).negated
        case Comparison(operator, left, right):
            return _comparison(node, operator, left, right, reading)
        case Literal(value):
            return Formula((), lambda _: truthy(value))
    key = _key(node, reading)
    if key is None:
        return _free(f"{reading.context} {_text(node)}")
    return Formula(((key, 200 if key == STATUS else None),), lambda values: truthy(values[key]))


def _comparison(node: Node, operator: str, left: Node, right: Node, reading: Operands) -> Formula:
    match left, right:
        case Literal(one), Literal(other):
            return Formula((), lambda _: holds(operator, one, other, loose=reading.loose))
        case _, Literal(constant) if _is_comparable(operator, constant):
            return _compared(_key(left, reading), constant, node, reading, operator)
        case Literal(constant), _ if _is_comparable(operator, constant):
            return _compared(_key(right, reading), constant, node, reading, _MIRRORED.get(operator, operator))
    return _free(f"{reading.context} {_text(node)}")


def _compared(key: Key | None, constant: Any, node: Node, reading: Operands, operator: str) -> Formula:
    if key is None:
        return _free(f"{reading.context} {_text(node)}")
    return Formula(((key, constant),), lambda values: holds(operator, values[key], constant, loose=reading.loose))


def _is_comparable(operator: str, constant: Any) -> bool:
    """Tell whether the values tried say everything about a comparison, which they do not about the order of texts."""
    return operator in ("==", "!=") or is_number(constant)


def _key(node: Node, reading: Operands) -> Key | None:
    """Return what stands for the value of an operand; None if that is several values, or depends on others."""
    match node:
        case Runtime(Fixed(name="statusCode"), owner=None):
            return STATUS
        case Runtime(expression, owner=owner):
            return ("value", str(reading.loose), str(expression), str(owner))
        case Path(segments, relative=False, length=length) if node.singular:
            names = [_name(selector) for segment in segments for selector in segment.selectors]
            return None if None in names else ("value", reading.context, *map(repr, names), length)
    return None


def _name(selector: Selector) -> str | int | None:
    match selector:
        case MemberKey(Literal(str() | int() as name)):
            return name
    return None


def _text(node: Node) -> str:
    """Return text that tells a part of a condition from other parts."""
    match node:
        case Comparison(operator, left, right):
            return f"{_text(left)} {operator} {_text(right)}"
        case Path(text=text) | Runtime(text=text) | Literal(text=text):
            return text
    return repr(node)


def _free(text: str) -> Formula:
    key = ("free", text)
    return Formula(((key, None),), lambda values: bool(values[key]))


def _joined(parts: Iterable[Formula]) -> tuple[tuple[Key, Any], ...]:
    return tuple(looked for part in parts for looked in part.looks_at)


def _domain(key: Key, constants: Iterable[Any], booleans: bool) -> Iterator[Any]:
    """Yield the values to try for an operand: enough to tell apart everything that is said of it.

    :param constants: what it is compared with.
    """
    if key[0] == "free":
        yield from (True, False)
        return
    constants = [constant for _, constant in dict.fromkeys((type(constant), constant) for constant in constants)]
    if key == STATUS:
        numbers = {int(number) for number in constants if is_number(number) and abs(number) < 1000} | {200, 404, 500}
        near = {number + step for number in numbers for step in (-1, 0, 1)}
        yield from (ABSENT, *sorted(status for status in near if 100 <= status <= 599))
        return
    if booleans and all(isinstance(constant, bool) for constant in constants):
        yield from (True, False)
        return
    yield from (ABSENT, NO_LENGTH, None, True, False, "", "another text", "one more text", ["a list"])
    for constant in constants:
        yield constant
        if is_number(constant):
            yield from (_between(constant, constant, step) for step in (-1, 1))
            yield f" {constant}"
    ordered = sorted(filter(is_number, constants))
    yield from (_between(one, other) for one, other in pairwise(ordered))


def _between(one: Any, other: Any, step: int = 0) -> Any:
    """Return the number in the middle of two numbers, or one a step from there, exactly."""
    if type(one) is int and type(other) is int and max(abs(one), abs(other)) < _SMALL:
        return (one + other) / 2 + step
    twice = _EXACT.add(decimal_of(one), decimal_of(other))
    return ExactNumber(str(_EXACT.add(_EXACT.multiply(twice, Decimal("0.5")), step)))
