"""Settings that are arguments of operators: whatever an operator takes that does not decide what the workflow does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_arazzo.factory.dag_settings import assets, callback_arguments, import_names
from arazzo.document.settings import OWNED_ARGUMENTS, Settings
from arazzo.document.shape import near


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
