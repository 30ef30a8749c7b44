"""What differs between the supported versions of Airflow (3.1 to 3.4), and what they all get wrong.

What is the same everywhere is imported where it is used.

Exceptions and the secrets masker have moved between these versions: :mod:`airflow.providers.common.compat.sdk` knows
where they are.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from airflow.sdk import DAG, Asset, BaseOperator, TaskGroup
    from opentelemetry.trace import TracerProvider


class TaskStateStore(Protocol):
    """The part of Airflow 3.3's task state store that we use: values that outlive one start of a task."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of ``key``, ``default`` if there is none."""

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value under ``key``."""

    def delete(self, key: str) -> None:
        """Forget ``key``."""


def task_state_store(context: Mapping[str, Any]) -> TaskStateStore | None:
    """Return the task state store of a running task; None before Airflow 3.3."""
    return cast("TaskStateStore | None", context.get("task_state_store"))


def set_dag_result(dag: DAG, task: BaseOperator) -> None:
    """Make the task's ``return_value`` the result of the DAG's runs, if Airflow has results (3.3)."""
    if add_result := getattr(dag, "add_result", None):
        add_result(task.output)


def last_event(asset: Asset) -> dict[str, Any]:
    """Return the ``extra`` of the last event of an asset, for a running task; empty if there is none."""
    from airflow.sdk.execution_time.context import InletEventsAccessors

    events: Any = InletEventsAccessors([asset])[asset]
    newest = events.ascending(False).limit(1) if hasattr(events, "limit") else events[-1:]  # 3.1 gives a list
    return next((dict(event.extra) for event in newest), {})


async def mask_secret_async(secret: str | list[Any]) -> None:
    """Register secrets with Airflow's masker from a coroutine, without blocking the triggerer's event loop."""
    from airflow.sdk import log

    if amask := getattr(log, "amask_secret", None):
        await amask(secret)
    else:
        await asyncio.to_thread(log.mask_secret, secret)


def enclosing(dag: DAG | None = None, group: TaskGroup | None = None) -> tuple[DAG | None, TaskGroup | None]:
    """Return the DAG and task group that a new group goes into: the given ones, or else those around it."""
    from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext

    dag = dag or (group.dag if group else DagContext.get_current())
    return dag, group or (TaskGroupContext.get_current(dag) if dag else None)


def default_deferrable() -> bool:
    """Say whether the triggerer waits unless somebody says otherwise: yes, since a wait must not hold a worker.

    The environment may say no (``AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE``). ``airflow.cfg`` may not: Airflow writes
    that file itself, with its own default, and nobody can tell whether a person means it.
    """
    if "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE" not in os.environ:
        return True
    from airflow.providers.common.compat.sdk import conf

    return bool(conf.getboolean("operators", "default_deferrable"))


def draws_mermaid() -> bool:
    """Say whether Airflow draws Mermaid in the documentation of DAGs: after 3.3.2 (apache/airflow#66809)."""
    import airflow
    from packaging.version import Version

    return Version(airflow.__version__) > Version("3.3.2")


def settling_time() -> float:
    """Return after how many seconds a scheduler surely knows that a task has left its worker.

    A task's supervisor may notice its end only at the next heartbeat, and the scheduler hears of it later still. A task
    that is queued again before that, because its trigger has fired or its reschedule is due, is taken for one that
    was killed: "finished with state success, but the task instance's state attribute is queued" (all versions).
    """
    from airflow.providers.common.compat.sdk import conf

    return float(conf.getfloat("workers", "min_heartbeat_interval", fallback=5.0)) + 5.0


def tracer_provider() -> TracerProvider | None:
    """Return the maker of spans in this process: Airflow's with ``[traces] otel_on`` (3.2), or any other, or None."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, (trace.ProxyTracerProvider, trace.NoOpTracerProvider)) else provider


def stats(*, in_triggerer: bool) -> Any:
    """Return Airflow's metrics: from 3.2 on, tasks and the triggerer have different ones, each filled by itself."""
    place = "airflow.observability.stats" if in_triggerer else "airflow.sdk.observability.stats"
    return _moved("Stats", place, "airflow.stats")


def determine_kwargs(function: Callable[..., Any], args: Collection[Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known values that a function takes by name, for a call with these arguments (TaskFlow)."""
    determine = _moved("determine_kwargs", "airflow.sdk.bases.decorator", "airflow.utils.operator_helpers")
    return dict(determine(function, args, known))


def _moved(name: str, *modules: str) -> Any:
    """Return a name that has moved, from the first of these modules that has it."""
    for module in modules:
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise AssertionError(f"no Airflow is without '{name}'")
