"""The pages in Airflow: of a DAG, of a run, of a task (entry point ``airflow.plugins``).

Every process of Airflow loads plugins, also for each task, so what the pages need is imported at the first request, and
what tasks need only if ``[arazzo] preload`` says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.common.compat.sdk import conf

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

    @classmethod
    def on_load(cls, *_: Any, **__: Any) -> None:
        """Import what tasks need, if somebody says that their processes are copies of this one, which then share it.

        This cannot be seen from here: Airflow loads plugins in every task, too, and in a scheduler before its executor.
        """
        if conf.getboolean("arazzo", "preload", fallback=False):
            import_module("airflow_arazzo.plugin.preloading")
