"""Airflow for tests: its database, and ``dag.test()`` for a DAG in memory."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DOCUMENTS = Path(__file__).parent / "documents"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fire triggers at once: there is no scheduler here that has to hear of a task's end first."""
    for module in ("triggers.arazzo.compat", "operators.region_task"):
        monkeypatch.setattr(f"airflow_arazzo.{module}.settling_time", lambda: 0.0)


@pytest.fixture
def no_idling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the second that ``dag.test()`` sleeps whenever a look at the tasks has found none to run."""
    sleep = time.sleep

    def nap(seconds: float) -> None:
        idle = sys._getframe(1).f_globals["__name__"] == "airflow.sdk.definitions.dag"
        sleep(seconds / 20 if idle else seconds)

    monkeypatch.setattr(time, "sleep", nap)


@pytest.fixture(scope="session")
def airflow_db() -> None:
    from airflow.sdk.execution_time import supervisor
    from airflow.utils.db import initdb

    initdb()
    # Before 3.3 dag.test() makes the API anew for every task, which takes seconds.
    if not hasattr(supervisor.in_process_api_server, "cache_clear"):
        supervisor.in_process_api_server = functools.lru_cache(maxsize=1)(supervisor.in_process_api_server)


@pytest.fixture
def run_dag(airflow_db: None, no_idling: None) -> Callable[..., Any]:
    """Register a DAG that is in no file, and run it with ``dag.test()``."""

    def run(dag: Any, **conf: Any) -> Any:
        from airflow.models.dagbundle import DagBundleModel
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.serialization import serialized_objects
        from airflow.serialization.serialized_objects import LazyDeserializedDAG
        from airflow.utils.session import create_session

        with create_session() as session:
            if not session.get(DagBundleModel, "dags-folder"):
                session.add(DagBundleModel(name="dags-folder"))
                session.flush()
            lazy = LazyDeserializedDAG.from_dag(dag)
            serialized_objects.SerializedDAG.bulk_write_to_db("dags-folder", None, [lazy], session=session)
            session.flush()
            SerializedDagModel.write_dag(lazy, bundle_name="dags-folder", session=session)
        return DagRunResult(dag.test(run_conf=conf))

    return run


class DagRunResult:
    """A finished run: its state, its tasks' states, and what they have told each other."""

    def __init__(self, run: Any) -> None:
        self.run, self.state = run, str(run.state.value if hasattr(run.state, "value") else run.state)

    @property
    def tasks(self) -> dict[str, str]:
        return {ti.task_id: str(getattr(ti.state, "value", ti.state)) for ti in self.run.get_task_instances()}

    @property
    def tries(self) -> dict[str, int]:
        return {ti.task_id: ti.try_number for ti in self.run.get_task_instances()}

    @property
    def dag(self) -> Any:
        return self.run.dag

    def xcoms(self) -> dict[tuple[str, str], Any]:
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            rows = session.scalars(select(XComModel).where(XComModel.run_id == self.run.run_id)).all()
            return {(row.task_id, row.key): XComModel.deserialize_value(row) for row in rows}

    def xcom(self, task_id: str, key: str = "return_value") -> Any:
        return self.xcoms().get((task_id, key))


@pytest.fixture
def api() -> Iterator[Any]:
    from scripted_api import ScriptedApi

    with ScriptedApi() as scripted:
        yield scripted


@pytest.fixture
def shop(monkeypatch, api):
    """A connection, made from extras and fields."""

    def connect(extra=None, **fields):
        text = json.dumps({"conn_type": "arazzo", "extra": extra or {}, **fields})
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", text)
        from airflow_arazzo.hooks.source_hooks import SourceHooks

        return SourceHooks().hook("shop")

    return connect


@pytest.fixture(params=["thread", "event loop"])
def sent(request):
    """Send requests one after the other, from a thread or from an event loop."""

    async def in_loop(hook, requests):
        try:
            return [await hook.async_send(each) for each in requests]
        finally:
            await hook.async_close()

    def send(hook, *requests):
        if request.param == "thread":
            return [hook.send(each) for each in requests]
        return asyncio.run(in_loop(hook, requests))

    return send
