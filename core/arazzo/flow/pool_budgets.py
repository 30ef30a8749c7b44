"""The budgets of the APIs that some steps call, and the pool of their task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from arazzo.document.budgets import Budget
from arazzo.document.settings import of_source
from arazzo.errors import UnsupportedError
from arazzo.flow.plan import PlannedStep
from arazzo.frozen import dataclass


@dataclass(frozen=True)
class PoolBudget:
    """A budget, and the pool that holds its slots."""

    pool: str
    budget: Budget

    def refusal(self, pool: str | None) -> str:
        """Return why a task that keeps to this budget cannot be in a pool; empty if it can, or is in none yet."""
        if pool in (None, self.pool):
            return ""
        return f"a task with a budget is in the pool '{self.pool}', not in '{pool}' (x-airflow: budget)"


def budgets_of(steps: Iterable[PlannedStep], connections: Mapping[str, str] | None = None) -> dict[str, PoolBudget]:
    """Return the budgets of steps by name of the source description, for sources with a budget.

    :param connections: connection ids by source that overrule those of the steps' settings.
    :raises UnsupportedError: if two steps say different things about one pool.
    """
    found: dict[str, PoolBudget] = {}
    pools: dict[str, PoolBudget] = {}
    for step in steps:
        settings = step.settings
        if settings.budget is None or step.operation is None:
            continue
        source = step.operation.source
        budget = of_source(settings.budget, source)
        if budget is None:
            continue
        named = of_source(settings.connection, source)
        kept = PoolBudget(budget.pool or (connections or {}).get(source) or named or source, budget)
        if found.setdefault(source, kept) != kept or pools.setdefault(kept.pool, kept) != kept:
            raise UnsupportedError(
                f"step '{step.step_id}' has another budget for source '{source}' than a step that shares its pool "
                f"'{kept.pool}' (x-airflow: budget)"
            )
    return found


def pool_budget(steps: Iterable[PlannedStep], connections: Mapping[str, str] | None = None) -> PoolBudget | None:
    """Return the budget that holds for a task; None if its steps have none.

    :param steps: all the steps that it runs.
    :raises UnsupportedError: if they need more than one pool.
    """
    kept = tuple(dict.fromkeys(budgets_of(steps, connections).values()))
    if len(kept) > 1:
        names = ", ".join(f"'{each.pool}'" for each in kept)
        raise UnsupportedError(
            f"steps of one task have budgets in the pools {names}, and a task is in one pool; name one pool for them "
            "(x-airflow: budget), or let each step be a task"
        )
    return kept[0] if kept else None
