"""The pages in Airflow: of a DAG, of a run, of a task (entry point ``airflow.plugins``).

Every process of Airflow loads plugins, also for each task, so what the pages need is imported at the first request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/arazzo"
#: In the address of a page within Airflow's own, in a frame that no link can leave.
EMBEDDED = "embedded"
_VIEWS = {"dag": "", "dag_run": "/runs/{RUN_ID}", "task_instance": "/runs/{RUN_ID}/tasks/{TASK_ID}/{MAP_INDEX}"}


@cache
def application() -> Any:
    """Return the ASGI application of the pages."""
    from airflow_arazzo.plugin.routes import make_application

    return make_application()


async def pages(scope: Any, receive: Callable[..., Awaitable[Any]], send: Callable[..., Awaitable[Any]]) -> None:
    """Answer a request (ASGI)."""
    await application()(scope, receive, send)


class ArazzoPlugin(AirflowPlugin):
    """Adds the pages to Airflow."""

    name = "arazzo"
    fastapi_apps = [{"app": pages, "url_prefix": PREFIX, "name": "Arazzo"}]  # noqa: RUF012  # as Airflow declares it
    external_views = [  # noqa: RUF012
        {
            "name": "Arazzo",
            "href": f"{PREFIX}/dags/{{DAG_ID}}{path}?{EMBEDDED}=true",
            "destination": destination,
            "url_route": f"arazzo-{destination.replace('_', '-')}",
        }
        for destination, path in _VIEWS.items()
    ]
