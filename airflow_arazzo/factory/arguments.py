"""The arguments in a person's own Python: an unknown name is an error that suggests what was meant."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_arazzo.factory.documentation import with_documentation
from airflow_arazzo.operators.argument_names import require_names, require_variables, settings_from
from airflow_arazzo.protocol.plan_folder import plan_cache
from arazzo.document.schedules import schedule_fault
from arazzo.document.settings import Settings
from arazzo.document.shape import near
from arazzo.expressions.context import Dialect
from arazzo.flow import Options, Plan

#: Arguments for compiling a document that are not settings of the same name.
_COMPILED = frozenset({"connections", "dialect", "steps", "settings"})
#: What ``default_args`` set for every sensor, and a document under the same names.
_OF_SENSORS = ("poke_interval", "timeout", "exponential_backoff")
#: Arguments of :class:`~airflow_arazzo.factory.dag.ArazzoDag` that say which workflow, and under which id.
_IDENTITY = frozenset({"document", "workflow_id", "dag_id"})


@cache
def dag_parameters() -> frozenset[str]:
    """Return the names of the arguments that a DAG of Airflow takes, beyond its id."""
    return frozenset(inspect.signature(DAG).parameters) - {"dag_id"}


def is_document_setting(name: str, value: Any) -> bool:
    """Say whether an argument belongs to the document's settings, and not to the DAG.

    If both have it, it is the DAG's; a ``deadline`` written as in a document is the document's.
    """
    if name == "deadline":
        return isinstance(value, Mapping)
    return name in _COMPILED or (name in Settings.model_fields and name not in dag_parameters())


def split_arguments(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments for compiling a document, and those for its DAG; without None.

    :raises TypeError: if an argument does not exist.
    """
    require_arguments(given)
    present = {name: value for name, value in given.items() if value is not None}
    compiled = {name: value for name, value in present.items() if is_document_setting(name, value)}
    return compiled, {name: value for name, value in present.items() if name not in compiled}


def require_arguments(given: Iterable[str]) -> None:
    """Refuse arguments that do not exist.

    :raises TypeError: naming the first one, and what may have been meant.
    """
    known = _COMPILED | Settings.model_fields.keys() | dag_parameters()
    for name in given:
        if name in _IDENTITY:
            raise TypeError(f"'{name}' is no argument here: it is for one workflow, and each has its own")
        if name not in known:
            hint = near(name, sorted(known))
            raise TypeError(f"there is no argument '{name}'" + (f"; {hint}" if hint else ""))


def require_schedule(schedule: Any) -> None:
    """Refuse a schedule that is text and not valid.

    :raises ValueError: saying what is wrong.
    """
    if isinstance(schedule, str) and (fault := schedule_fault(schedule)):
        raise ValueError(f"schedule: {fault}")


def compile_options(arguments: Mapping[str, Any], default_args: Mapping[str, Any] | None = None) -> Options:
    """Return the options for compiling a document.

    :param arguments: those for which :func:`is_document_setting` holds.
    :param default_args: the DAG's, which apply to sensors if the document says nothing.
    :raises ValueError: if a setting is unknown or has an invalid value.
    """
    given = {**arguments, **arguments.get("settings", {})}
    if "connections" in given:
        given["connection"] = given["connections"]
    own = {name: value for name, value in given.items() if name not in _COMPILED}
    plain = {name: dict(value) if isinstance(value, Mapping) else value for name, value in own.items()}
    return Options(
        dialect=arguments.get("dialect", "lenient"),
        settings=settings_from(plain, "the workflow"),
        step_settings={
            step: settings_from(values, f"step '{step}'") for step, values in arguments.get("steps", {}).items()
        },
        defaults=settings_from(_of_sensors(default_args or {}), "default_args"),
    )


def plan_of(
    document: str | Path | Plan,
    workflow_id: str | None,
    dialect: Dialect,
    arguments: Mapping[str, Any],
    default_args: Mapping[str, Any] | None = None,
) -> Plan:
    """Return a plan as it is, or compile a document with these arguments.

    :param default_args: as for :func:`compile_options`.
    :raises ValueError: if arguments would change a plan, or name what the document does not have.
    """
    if not isinstance(document, Plan):
        options = compile_options({"dialect": dialect, **arguments}, default_args)
        plan = with_documentation(plan_cache().load(document, workflow_id, options))
        require_names(plan, arguments)
        require_variables(plan)
        return plan
    if arguments or workflow_id not in (None, document.workflow_id):
        names = ", ".join(arguments) or "workflow_id"
        raise ValueError(f"{names}: a plan cannot be changed; pass the document, or compile it with these settings")
    return document


def _of_sensors(default_args: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: default_args[name] for name in _OF_SENSORS if default_args.get(name) is not None}
    return {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in given.items()}
