"""Links from a task in the UI to what it has seen."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import BaseOperatorLink, conf


class LastResponseLink(BaseOperatorLink):
    """Lead to a task's XComs, where ``arazzo`` has the requests and answers; the link itself names the last status."""

    name = "Last response"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the XComs of a task instance; its fragment is the status of the last response."""
        run = "/".join(("dags", quote(ti_key.dag_id, safe=""), "runs", quote(ti_key.run_id, safe="")))
        task = f"tasks/{quote(ti_key.task_id, safe='')}"
        mapped = f"/mapped/{ti_key.map_index}" if ti_key.map_index is not None and ti_key.map_index >= 0 else ""
        status = operator.last_status
        shown = f"#status={status}" if status is not None else "#no-response"
        return f"{conf.get('api', 'base_url', fallback='/').rstrip('/')}/{run}/{task}{mapped}/xcom{shown}"
