"""Links from a task in the UI: to its last response, and to the documentation of its operation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink, conf

from arazzo.flow import Plan


class LastResponseLink(BaseOperatorLink):
    """Leads to the page of a task, with its last request and answer; the link itself names the last status."""

    name = "Last response"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of a task instance's page; its fragment is the status of the last response."""
        parts = ("dags", ti_key.dag_id, "runs", ti_key.run_id, "tasks", ti_key.task_id)
        mapped = f"/{ti_key.map_index}" if ti_key.map_index is not None and ti_key.map_index >= 0 else ""
        status = operator.last_status
        shown = f"#status={status}" if status is not None else "#no-response"
        base = conf.get("api", "base_url", fallback="/").rstrip("/")
        return f"{base}/arazzo/{'/'.join(quote(part, safe='') for part in parts)}{mapped}{shown}"


class OperationLink(BaseOperatorLink):
    """Leads to the documentation of the operation that a task calls, as named by its API description."""

    name = "Operation"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the first operation of the task that has one; empty if none has."""
        return documentation_of(operator.plan, operator.step)


def documentation_of(plan: Plan, step: str) -> str:
    """Return the URL of the documentation of a task's operation.

    :param step: the task's first step; the other steps of a loop count after it.
    """
    region = plan.region_of(step)
    operations = [plan.step(each).operation for each in (step, *(region.steps if region else ()))]
    return next((each.documentation for each in operations if each and each.documentation), "")
