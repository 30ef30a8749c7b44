"""The pace at which the requests of each source description are sent: as its budget says (docs/guide-budgets.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from arazzo.document.budgets import Budget
from arazzo.flow import PlannedStep, budgets_of
from arazzo.transport.pace import Pace


def paces_of(
    steps: Iterable[PlannedStep], seconds: Callable[[Budget], float], connections: Mapping[str, str] | None = None
) -> dict[str, Pace]:
    """Return paces by name of the source, one for each pool; of sources without a budget there is none.

    :param seconds: how long one sender leaves between its requests.
    :param connections: connection ids by source that overrule those of the steps' settings.
    """
    paces: dict[str, Pace] = {}
    return {
        source: paces.setdefault(kept.pool, Pace(seconds(kept.budget)))
        for source, kept in budgets_of(steps, connections).items()
    }
