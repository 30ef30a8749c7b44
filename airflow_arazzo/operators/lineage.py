"""What OpenLineage asks of a task that has run (docs/lineage.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_arazzo.protocol.channel import SharesSecrets

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from arazzo.engine import StepRecord
    from arazzo.flow import Plan


class TellsLineage(SharesSecrets):
    """A task that tells which resources of APIs it has read and written, where OpenLineage is installed and asks."""

    plan: Plan
    #: What of the plan the task has been there for, with the servers that connections name, and what came of each step.
    ran: tuple[Plan, Mapping[str, StepRecord]] | None = None

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any]:
        """Return the lineage of the task, whether it has failed or not."""
        from airflow_arazzo.operators.lineage_facets import lineage_of

        return lineage_of(self)
