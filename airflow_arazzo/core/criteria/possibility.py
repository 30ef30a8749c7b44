"""What criteria can come to at all: whether there is an answer for which some hold and others do not.

A condition is a formula over what it looks at. What is compared with constants takes those constants, values between
and beside them, and nothing at all; the status code takes the numbers there are; everything else (another type of
criterion, a comparison of two expressions) may hold or not. So what is found impossible is so; not everything
impossible is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from airflow_arazzo.core.absent import ABSENT
from airflow_arazzo.core.criteria.comparison import holds, is_number, truthy
from airflow_arazzo.core.criteria.nodes import And, Comparison, Literal, Node, Not, Or, Path, Runtime
from airflow_arazzo.core.criteria.simple import parse_simple
from airflow_arazzo.core.document.models import Criterion
from airflow_arazzo.core.expressions import Dialect, Fixed

#: Combinations of values are not gone through if that takes more comparisons than these.
MOST_COMPARISONS = 50_000

Key = tuple[str, ...]
"""What a formula looks at: ``("status",)``, ``("value", text)``, or ``("free", text)`` for what may be so or not."""

Values = Mapping[Key, Any]
STATUS: Key = ("status",)


@dataclass(frozen=True)
class Formula:
    """A condition as a function of what it looks at.

    :param looks_at: everything that it looks at, with the constants that are compared with it.
    :param holds: tells whether it holds for these values.
    """

    looks_at: tuple[tuple[Key, Any], ...]
    holds: Callable[[Values], bool]


def formula_of(criterion: Criterion, dialect: Dialect = "lenient") -> Formula:
    """Return a criterion as a formula; one that cannot be read, or is not simple, may hold or not.

    :raises ExpressionSyntaxError: if a simple condition cannot be read.
    """
    if criterion.kind != "simple":
        return _free(f"{criterion.kind} {criterion.context} {criterion.condition}")
    return _formula(parse_simple(criterion.condition, dialect).node)


def both(formulas: Iterable[Formula]) -> Formula:
    """Return the formula that holds if all of them do."""
    parts = tuple(formulas)
    return Formula(_joined(parts), lambda values: all(part.holds(values) for part in parts))


def negated(formula: Formula) -> Formula:
    """Return the formula that holds if another does not."""
    return Formula(formula.looks_at, lambda values: not formula.holds(values))


def successful() -> Formula:
    """Return the formula of a step without success criteria: the status is 2xx."""
    return Formula(((STATUS, 200), (STATUS, 299)), lambda values: _is_2xx(values[STATUS]))


def _is_2xx(status: Any) -> bool:
    return is_number(status) and 200 <= status <= 299


def answered() -> Formula:
    """Return the formula that there is an answer at all."""
    return Formula(((STATUS, 200),), lambda values: values[STATUS] is not ABSENT)


def is_possible(formulas: Sequence[Formula]) -> bool:
    """Tell whether all of these can hold at once; True if that is too much to find out."""
    whole = both(formulas)
    keys = dict.fromkeys(key for key, _ in whole.looks_at)
    if 2 ** min(len(keys), 64) * len(whole.looks_at) > MOST_COMPARISONS:
        return True
    domains = {key: list(_domain(key, whole.looks_at)) for key in keys}
    if math.prod(map(len, domains.values())) * len(whole.looks_at) > MOST_COMPARISONS:
        return True
    return any(whole.holds(dict(zip(domains, values, strict=True))) for values in product(*domains.values()))


def _formula(node: Node) -> Formula:
    match node:
        case Or(operands):
            parts = tuple(_formula(operand) for operand in operands)
            return Formula(_joined(parts), lambda values: any(part.holds(values) for part in parts))
        case And(operands):
            return both(map(_formula, operands))
        case Not(operand):
            return negated(_formula(operand))
        case Comparison(operator, left, right):
            return _comparison(node, operator, left, right)
        case Literal(value):
            return Formula((), lambda _: truthy(value))
        case Runtime(Fixed(name="statusCode")):
            return Formula(((STATUS, 200),), lambda values: truthy(values[STATUS]))
    return _free(_text(node))


def _comparison(node: Node, operator: str, left: Node, right: Node) -> Formula:
    match left, right:
        case Literal(one), Literal(other):
            return Formula((), lambda _: holds(operator, one, other, loose=True))
        case Runtime(), Literal(constant) if _is_comparable(operator, constant):
            key = _key(left)
            return Formula(((key, constant),), lambda values: holds(operator, values[key], constant, loose=True))
        case Literal(constant), Runtime() if _is_comparable(operator, constant):
            key = _key(right)
            return Formula(((key, constant),), lambda values: holds(operator, constant, values[key], loose=True))
    return _free(_text(node))


def _is_comparable(operator: str, constant: Any) -> bool:
    """Tell whether the values tried say all about a comparison: not of the order of texts."""
    return operator in ("==", "!=") or is_number(constant)


def _key(node: Runtime) -> Key:
    is_status = isinstance(node.expression, Fixed) and node.expression.name == "statusCode"
    return STATUS if is_status else ("value", str(node.expression), str(node.owner))


def _text(node: Node) -> str:
    """Return what tells a part of a condition from another."""
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


def _domain(key: Key, looks_at: Iterable[tuple[Key, Any]]) -> Iterator[Any]:
    """Yield the values that something takes: enough to tell apart all that is said of it."""
    if key[0] == "free":
        yield from (True, False)
        return
    constants = [constant for other, constant in looks_at if other == key]
    if key == STATUS:
        numbers = {int(number) for number in constants if is_number(number) and abs(number) < 1000} | {200, 404, 500}
        near = {number + step for number in numbers for step in (-1, 0, 1)}
        yield from (ABSENT, *sorted(status for status in near if 100 <= status <= 599))
        return
    yield from (ABSENT, None, True, False, "", "another text", ["a list"])
    for constant in constants:
        yield constant
        if is_number(constant):
            yield from (constant - 1, constant + 1)
            yield from ((constant + other) / 2 for other in constants if is_number(other) and other > constant)
