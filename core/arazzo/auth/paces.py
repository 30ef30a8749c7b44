"""The pace at which the requests of each source description are sent: as its budget says (docs/guide-budgets.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from arazzo.document.budgets import Budget
from arazzo.flow import PlannedStep, budgets_of
from arazzo.transport.pace import Closing, Pace


def paces_of(
    steps: Iterable[PlannedStep],
    seconds: Callable[[Budget], float],
    connections: Mapping[str, str] | None = None,
    closing: Callable[[str], Closing | None] = lambda pool: None,
) -> dict[str, Pace]:
    """Return paces by name of the source, one for each pool; of sources without a budget there is none.

    :param seconds: how long one sender leaves between its requests.
    :param closing: by name of the pool, what knows when the API may be asked; None for what this process knows.
    :param connections: connection ids by source that overrule those of the steps' settings.
    """
    paces: dict[str, Pace] = {}
    return {
        source: paces.setdefault(kept.pool, Pace(seconds(kept.budget), closing(kept.pool)))
        for source, kept in budgets_of(steps, connections).items()
    }
