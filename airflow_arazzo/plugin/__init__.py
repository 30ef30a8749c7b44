"""The pages in Airflow: of a DAG, of a run, of a task (entry point ``airflow.plugins``).

Every process of Airflow loads plugins, each task's too: what the pages are made with is imported at the first request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/arazzo"
#: In the address of a page that is within Airflow's own, in a frame that no link leads out of.
EMBEDDED = "embedded"
_VIEWS = {"dag": "", "dag_run": "/runs/{RUN_ID}", "task_instance": "/runs/{RUN_ID}/tasks/{TASK_ID}/{MAP_INDEX}"}


@cache
def application() -> Any:
    """Return the application that answers for the pages."""
    from airflow_arazzo.plugin.routes import make_application

    return make_application()


async def pages(scope: Any, receive: Callable[..., Awaitable[Any]], send: Callable[..., Awaitable[Any]]) -> None:
    """Answer a request, as ASGI has it."""
    await application()(scope, receive, send)


class ArazzoPlugin(AirflowPlugin):
    """What Airflow is told of the pages."""

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
