"""Which redirects criteria name: an author of ``$statusCode == 302`` wants to see it, and not where it leads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property

from arazzo.criteria.satisfiability import STATUS, Formula, Values, both, formula_of, is_possible
from arazzo.document.models import Criterion
from arazzo.errors import ExpressionSyntaxError, GaveUpError
from arazzo.expressions.context import Dialect

#: Statuses that no API answers with: one stands for all redirects, one for what is neither success nor redirect.
_ANY_REDIRECT, _FAILURE = 399, 499
_SUCCESS = 299
_NUMBER = re.compile(r"(?<![\w.])[0-9]{3}(?![\w.])")


def named_statuses(groups: Iterable[Iterable[Criterion]], statuses: Iterable[int], dialect: Dialect) -> tuple[int, ...]:
    """Return the redirects that criteria name, in order: one by one, or all redirects and no other status.

    :param groups: the criteria of a step and of each of its actions; those of a group must all hold.
    """
    found = [_Group(tuple(group), dialect) for group in groups]
    return tuple(status for status in statuses if any(group.names(status) for group in found))


class _Group:
    """Criteria that must all hold, as a formula."""

    def __init__(self, criteria: tuple[Criterion, ...], dialect: Dialect) -> None:
        self.numbers: set[str] = set()
        formulas = []
        for criterion in criteria:
            if (criterion.context or "").strip() == "$statusCode" and criterion.kind != "regex":
                self.numbers.update(_NUMBER.findall(criterion.condition))
            else:
                with suppress(ExpressionSyntaxError, GaveUpError):  # validation reports it
                    formulas.append(formula_of(criterion, dialect))
        self.formula = both(formulas)
        self.looks = not _on_one_side(self.formula, _SUCCESS, _ANY_REDIRECT)

    def names(self, status: int) -> bool:
        if str(status) in self.numbers:
            return True
        return self.looks and (self._names_all or _differs(self.formula, status, (_ANY_REDIRECT,)))

    @cached_property
    def _names_all(self) -> bool:
        return _differs(self.formula, _ANY_REDIRECT, (_SUCCESS, _FAILURE))


def _differs(formula: Formula, status: int, others: tuple[int, ...]) -> bool:
    """Tell whether the other operands of a formula can be such that it tells a status from all of the others."""
    if any(_on_one_side(formula, status, other) for other in others):
        return False
    rest = tuple((key, constant) for key, constant in formula.looks_at if key != STATUS)

    def tells(values: Values) -> bool:
        held = formula.holds({**values, STATUS: status})
        return all(formula.holds({**values, STATUS: other}) != held for other in others)

    return is_possible([Formula(rest, tells)])


def _on_one_side(formula: Formula, status: int, other: int) -> bool:
    """Tell whether every number that a formula compares the status with is less, or greater, than both."""
    low, high = sorted((status, other))
    constants = (constant for key, constant in formula.looks_at if key == STATUS)
    return all(type(constant) is int and not low <= constant <= high for constant in constants)
