"""How values compare and what counts as true, for simple conditions and for the boolean dialect alike.

An absent value equals nothing, but ``== null`` holds of it. ``!=`` is the opposite of ``==``, except for an answer that
never came (condition_evaluation.py).
"""

from __future__ import annotations

import re
from typing import Any, Final

from arazzo.absent import ABSENT
from arazzo.errors import EvaluationError
from arazzo.exact_numbers import Beyond, is_number, less_number, read_decimal, read_integer, same_number

_NUMBER = re.compile(r"\s*[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*")


class NoLength(int):
    """The length of what is absent or null: 0, but compared with null it is absent."""


NO_LENGTH: Final = NoLength(0)


def length_of(value: Any) -> int:
    """Return the length of an array, a string or an object; :data:`NO_LENGTH` for what is absent or null.

    :raises EvaluationError: for numbers, true and false, which have no length.
    """
    if isinstance(value, (int, float)):
        kind = "true or false" if isinstance(value, bool) else "a number"
        raise EvaluationError(f"{kind} has no length")
    return len(value) if isinstance(value, (list, tuple, dict, str)) else NO_LENGTH


def truthy(value: Any) -> bool:
    """Return whether a value alone passes: not if it is absent, null, false, 0 or the empty string."""
    return isinstance(value, (list, tuple, dict)) or bool(value)


def numeric(value: Any) -> int | float | None:
    """Return a number, or the number that a string spells; None for anything else.

    :raises GaveUpError: if the string spells a number beyond a limit.
    """
    if is_number(value):
        return value  # type: ignore[no-any-return]
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    number = read_decimal(value.strip()) if re.search("[.eE]", value) else read_integer(value.strip())
    if isinstance(number, Beyond):
        number.give_up()
    return number


def holds(operator: str, left: Any, right: Any, *, loose: bool) -> bool:
    """Return whether a comparison holds.

    :param operator: ``== != < <= > >=``.
    :param loose: compare as simple conditions do: strings ignoring case, numeric strings beside a number as numbers.
    """
    match operator:
        case "==":
            return same(left, right, loose=loose)
        case "!=":
            return not same(left, right, loose=loose)
        case "<":
            return _less(left, right, loose=loose)
        case ">":
            return _less(right, left, loose=loose)
        case "<=":
            return _less(left, right, loose=loose) or _equal_present(left, right, loose=loose)
    return _less(right, left, loose=loose) or _equal_present(left, right, loose=loose)


def same(left: Any, right: Any, *, loose: bool) -> bool:
    """Return whether two values are equal; structures are compared member by member, exactly."""
    if type(left) is int and type(right) is int:
        return left == right
    left, right = _settled(left, right), _settled(right, left)
    if left is ABSENT or right is ABSENT:
        return left is None or right is None
    if loose and isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if loose and (is_number(left) or is_number(right)):
        first, second = numeric(left), numeric(right)
        return first is not None and second is not None and same_number(first, second)
    return _identical(left, right)


def _settled(value: Any, other: Any) -> Any:
    """Turn the length of nothing into absent where it is compared with null."""
    return ABSENT if isinstance(value, NoLength) and other is None else value


def _equal_present(left: Any, right: Any, *, loose: bool) -> bool:
    """Return whether two values are present and equal; numeric strings count as numbers, as in ``<``."""
    if ABSENT in (_settled(left, right), _settled(right, left)):
        return False
    if loose:
        first, second = numeric(left), numeric(right)
        if first is not None and second is not None:
            return same_number(first, second)
    return same(left, right, loose=loose)


def _less(left: Any, right: Any, *, loose: bool) -> bool:
    if loose:
        first, second = numeric(left), numeric(right)
        if first is not None and second is not None:
            return less_number(first, second)
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() < right.casefold() if loose else left < right
    return is_number(left) and is_number(right) and less_number(left, right)


def _identical(left: Any, right: Any) -> bool:
    """Compare JSON values without recursion: data may be nested deeper than Python's stack."""
    pairs = [(left, right)]
    while pairs:
        one, two = pairs.pop()
        if isinstance(one, dict) and isinstance(two, dict):
            if one.keys() != two.keys():
                return False
            pairs.extend((one[key], two[key]) for key in one)
        elif isinstance(one, (list, tuple)) and isinstance(two, (list, tuple)):
            if len(one) != len(two):
                return False
            pairs.extend(zip(one, two, strict=True))
        elif not _equal_scalars(one, two):
            return False
    return True


def _equal_scalars(one: Any, two: Any) -> bool:
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if is_number(one) and is_number(two):
        return same_number(one, two)
    return type(one) is type(two) and not isinstance(one, (dict, list, tuple)) and bool(one == two)
