"""The pace at which the requests of each source description are sent, by its budget (docs/guide-budgets.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from arazzo.document.budgets import Budget
from arazzo.flow import PoolBudget
from arazzo.transport.pace import Closing, Pace


def paces_of(
    budgets: Mapping[str, PoolBudget],
    seconds: Callable[[Budget], float],
    closing: Callable[[str], Closing | None] = lambda pool: None,
) -> dict[str, Pace]:
    """Return paces by name of the source description, one for each pool.

    :param budgets: by name of the source.
    :param seconds: how long one sender leaves between its requests.
    :param closing: returns, by name of the pool, what knows when the API may be asked; None for this process alone.
    """
    paces: dict[str, Pace] = {}
    return {
        source: paces.setdefault(kept.pool, Pace(seconds(kept.budget), closing(kept.pool)))
        for source, kept in budgets.items()
    }
