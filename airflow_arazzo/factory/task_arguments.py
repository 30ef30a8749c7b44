"""Which of a person's ``default_args`` apply to the tasks of a workflow, and which do not.

Trigger rules, XComs and the retries of tasks that decide belong to the workflow: otherwise a request could be sent that
the document does not send, or an output be lost. docs/operating.md has the table, and a test reads it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, TriggerRule

from airflow_arazzo.factory.dag_settings import assets, callback_arguments, import_names
from arazzo.document.settings import OWNED_ARGUMENTS, Settings
from arazzo.document.shape import near

if TYPE_CHECKING:
    from airflow.sdk import DAG, TaskGroup

_CALLBACKS = ("execute", "success", "retry", "skipped", "failure")
#: For every task.
OWNED: dict[str, Any] = {
    "trigger_rule": TriggerRule.ALL_SUCCESS,
    "do_xcom_push": True,
    "multiple_outputs": False,
    "outlets": None,
}
#: For tasks that send. ``connections`` and ``server`` are arguments of other operators; here the plan has them.
SENDING: dict[str, Any] = {**OWNED, "connections": None, "server": None}
#: For tasks that send nothing: they may always start again after their worker died. What they decide is final: they
#: fail with AirflowFailException, which is not retried.
DECIDING: dict[str, Any] = {
    **OWNED,
    "retries": 2,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": False,
    "execution_timeout": None,
    "max_active_tis_per_dag": None,
}
#: For empty tasks, which Airflow does not even start if they have nothing to do.
EMPTY: dict[str, Any] = {**OWNED, "inlets": None, **{f"on_{event}_callback": None for event in _CALLBACKS}}


def placement(settings: Settings) -> dict[str, Any]:
    """Return the settings for where and when a task runs, which also apply to tasks that send nothing.

    Workers may listen to that queue only. The tasks of a step follow the step: its approval, its branch, the tasks
    around a workflow that it calls. ``inputs`` and ``outputs`` follow the workflow.
    """
    names = ("pool", "queue", "priority_weight", "owner")
    return {name: value for name in names if (value := getattr(settings, name)) is not None}


def task_settings(settings: Settings, group: TaskGroup) -> dict[str, Any]:
    """Return the settings that Airflow itself acts on; a workflow has its own retries, so the default is none.

    :param group: the group that the task is in.
    """
    found = placement(settings)
    for name in ("execution_timeout", "retry_delay"):
        if (seconds := getattr(settings, name)) is not None:
            found[name] = timedelta(seconds=seconds)
    if settings.retries is not None or "retries" not in default_args(group.dag, group):
        found["retries"] = settings.retries or 0
    return {**found, **operator_arguments(settings)}


def default_args(dag: DAG | None, group: TaskGroup | None) -> dict[str, Any]:
    """Return what Airflow gives the tasks of a group or a DAG that set nothing themselves."""
    return {**(dag.default_args if dag else {}), **(group.default_args if group else {})}


def completion_assets(settings: Settings, dag: DAG, group: TaskGroup) -> dict[str, Any]:
    """Return the assets of a workflow's last task: it has updated them only once it has ended well.

    :param settings: of the workflow; its outlets are added to those in ``default_args``. Only a DAG has the asset that
        it watches: nothing else knows what has been seen.
    """
    given = default_args(dag, group)
    found = {name: [*assets(given.get(name)), *assets(getattr(settings, name))] for name in ("inlets", "outlets")}
    if settings.watch is not None and group is dag.task_group:
        found["outlets"] += assets(settings.watch.asset)
    return {name: value for name, value in found.items() if value}


@cache
def operator_parameters() -> tuple[str, ...]:
    """Return the names of the arguments that every operator takes, without those that are this package's to say."""
    given = inspect.signature(BaseOperator.__init__).parameters
    return tuple(name for name in given if name not in ("self", "kwargs", *OWNED_ARGUMENTS))


def operator_arguments(settings: Settings) -> dict[str, Any]:
    """Return what a step's settings say of its task: callbacks, and what is under ``task``.

    :raises ValueError: for an argument that operators do not take, and for what cannot be imported.
    """
    found = callback_arguments(settings)
    for name, value in (settings.task or {}).items():
        if name not in operator_parameters():
            hint = near(name, operator_parameters())
            raise ValueError(f"task: no operator takes '{name}'" + (f"; {hint}" if hint else ""))
        found[name] = _converted(name, value)
    return found


def _converted(name: str, value: Any) -> Any:
    """Return an argument that a document has written as the object that Airflow wants."""
    convert = _CONVERSIONS.get(name)
    if convert is None and name.endswith("_callback"):
        return import_names(value, f"task: {name}")
    return convert(value) if convert else value


def _duration(value: Any) -> Any:
    return timedelta(seconds=value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "inlets": assets,
    "outlets": assets,
    "execution_timeout": _duration,
    "retry_delay": _duration,
    "max_retry_delay": _duration,
}
