"""The answer of a finished task to OpenLineage (docs/lineage.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_arazzo.protocol.channel import SharesSecrets

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from arazzo.engine import StepRecord
    from arazzo.flow import Plan


class TellsLineage(SharesSecrets):
    """A task that reports the resources of APIs that it read and wrote, if OpenLineage is installed and asks."""

    plan: Plan
    #: The part of the plan that the task ran, with the servers of its connections, and the records of its steps.
    ran: tuple[Plan, Mapping[str, StepRecord]] | None = None

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage[Any, Any]:
        """Return the lineage of the task, whether it failed or not."""
        from airflow_arazzo.operators.lineage_facets import lineage_of

        return lineage_of(self.plan, self.ran, self.inlets, self.outlets, self.channel.ledger.conceal)
