"""The routes of the pages. Only people who may see a DAG, its runs and their XComs see its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.utils.session import create_session
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from airflow_arazzo.plugin.dag_pages import Addresses, TaskPlace, dag_page, run_page_of, task_page
from arazzo.report import CONTENT_SECURITY_POLICY, page, tag

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ACCESS = [
    Depends(requires_access_dag("GET")),
    Depends(requires_access_dag("GET", DagAccessEntity.RUN)),
    Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)),
    Depends(requires_access_dag("GET", DagAccessEntity.XCOM)),
]


def make_application() -> FastAPI:
    app = FastAPI(title="Arazzo", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(HTTPException, _refused)
    routes: dict[str, Callable[..., HTMLResponse]] = {
        "/dags/{dag_id}": _dag,
        "/dags/{dag_id}/runs/{run_id}": _run,
        "/dags/{dag_id}/runs/{run_id}/tasks/{task_id}": _task,
        "/dags/{dag_id}/runs/{run_id}/tasks/{task_id}/{map_index}": _task,
    }
    for path, answer in routes.items():
        app.add_api_route(path, answer, methods=["GET"], dependencies=_ACCESS, response_class=HTMLResponse)
    return app


def _dag(dag_id: str, embedded: bool = False) -> HTMLResponse:
    with create_session() as session:
        return _page(dag_page(session, dag_id, Addresses(embedded)), f"There is no DAG {dag_id}.")


def _run(dag_id: str, run_id: str, embedded: bool = False) -> HTMLResponse:
    with create_session() as session:
        return _page(run_page_of(session, dag_id, run_id, Addresses(embedded)), f"DAG {dag_id} has no run {run_id}.")


def _task(dag_id: str, run_id: str, task_id: str, map_index: str = "-1", embedded: bool = False) -> HTMLResponse:
    number = int(map_index) if map_index.removeprefix("-").isdecimal() else -1
    with create_session() as session:
        text = task_page(session, TaskPlace(dag_id, run_id, task_id, number), Addresses(embedded))
    return _page(text, f"Task {task_id} of run {run_id} has not sent anything.")


def _page(text: str | None, missing: str) -> HTMLResponse:
    if text is None:
        raise HTTPException(404, missing)
    return HTMLResponse(text, headers=_HEADERS)


async def _refused(request: Request, error: Any) -> HTMLResponse:
    """Say on a page why another cannot be shown."""
    text = page("Arazzo", tag("h1", "Arazzo"), tag("p", str(error.detail)))
    return HTMLResponse(text, status_code=error.status_code, headers={**_HEADERS, **(error.headers or {})})
