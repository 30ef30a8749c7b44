"""Settings of a workflow that are arguments of its DAG: when it runs, who owns it, whom it calls."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

from arazzo.document.asset_settings import AssetSchedule
from arazzo.document.settings import Deadline, Settings

#: The default start of a DAG with a time zone: Airflow takes the zone from that date. A continuous DAG needs a start
#: too: without one its first run has no length, and Airflow takes the second for the same run and never makes it.
_BEGINNING = datetime(2000, 1, 1)


def timing(settings: Settings, schedule: Any, start_date: datetime | str | None, catchup: Any = None) -> dict[str, Any]:
    """Return when a DAG runs: what is given overrules the document.

    :raises ValueError: if the start date is not a date.
    """
    schedule = schedule if schedule is not None else _own_schedule(settings.schedule)
    zone = None if settings.timezone is None else ZoneInfo(settings.timezone)
    begin = _date(start_date if start_date is not None else settings.start_date, zone)
    if begin is None and (zone is not None or schedule == "@continuous") and not catchup:
        begin = _BEGINNING.replace(tzinfo=zone or timezone.utc)
    found = {"schedule": schedule, "start_date": begin}
    return {name: value for name, value in found.items() if value is not None or name == "schedule"}


def _own_schedule(schedule: str | AssetSchedule | None) -> Any:
    if not isinstance(schedule, AssetSchedule):
        return schedule
    from airflow.sdk import AssetAll, AssetAny

    return AssetAny(*assets(schedule.any)) if schedule.any else AssetAll(*assets(schedule.all))


def assets(value: Any) -> list[Any]:
    """Return one or several assets as objects of Airflow's; those that already are stay.

    :param value: as a URI, or as a map of ``uri``, ``name`` and ``group``.
    """
    from airflow.sdk import Asset

    several = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
    return [
        Asset(item) if isinstance(item, str) else Asset(**item) if isinstance(item, Mapping) else item
        for item in several
    ]


def callback_settings(settings: Settings) -> dict[str, Any]:
    """Return what a DAG calls when a run is over, or late.

    :raises ValueError: if something cannot be imported, or is for a task and not for a run.
    """
    found: dict[str, Any] = callback_arguments(settings, runs=True)
    if settings.deadline is not None:
        found["deadline"] = _deadline(settings.deadline)
    return found


def callback_arguments(settings: Settings, *, runs: bool = False) -> dict[str, Any]:
    """Return callbacks as arguments of a DAG or an operator.

    :param runs: whether they are for a run, which has fewer.
    :raises ValueError: if something cannot be imported, or is for a task and not for a run.
    """
    found = {}
    for event, names in (settings.callbacks or {}).items():
        if runs and event not in ("on_success", "on_failure"):
            raise ValueError(f"callbacks: '{event}' is of a task, and a workflow has on_success and on_failure")
        found[f"{event}_callback"] = import_names(names, f"callbacks: {event}")
    return found


def import_names(names: Any, subject: str) -> Any:
    """Return the objects of names: one for one name, a list for several; what is not a name stays.

    :param subject: whose names they are, for messages.
    :raises ValueError: if a name cannot be imported.
    """
    if isinstance(names, (list, tuple)):
        return [import_names(name, subject) for name in names]
    if not isinstance(names, str):
        return names
    module, _, name = names.replace(":", ".").rpartition(".")
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ValueError(f"{subject}: '{names}' is part of Python itself; name a function of your own")
    try:
        found = getattr(import_module(module), name)
    except Exception as error:
        raise ValueError(f"{subject}: '{names}' cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise ValueError(f"{subject}: '{names}' cannot be called")
    return found


def _deadline(deadline: Deadline) -> Any:
    sdk = _deadlines()
    function = import_names(deadline.callback, "deadline: callback")
    kind = sdk.AsyncCallback if inspect.iscoroutinefunction(function) else _sync_callback()
    logical = deadline.reference == "logical_date"
    return sdk.DeadlineAlert(
        reference=sdk.DeadlineReference.DAGRUN_LOGICAL_DATE if logical else sdk.DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=deadline.interval),
        callback=kind(function, deadline.kwargs),
    )


def _sync_callback() -> Callable[..., Any]:
    """Return the class of callbacks that run on a worker (Airflow 3.2)."""
    found: Callable[..., Any] | None = getattr(_deadlines(), "SyncCallback", None)
    if found is None:
        raise ValueError("deadline: callback: before Airflow 3.2 it has to be a coroutine function (async def)")
    return found


def _deadlines() -> Any:
    """Return Airflow's module of deadlines, whose names differ between versions."""
    return import_module("airflow.sdk.definitions.deadline")


def _date(value: datetime | str | None, zone: tzinfo | None) -> datetime | None:
    """Return a date in the workflow's time zone; one without a zone is in that zone, or in UTC."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise ValueError(f"start_date: '{value}' is not an ISO 8601 date") from None
        value = value if value.tzinfo or zone else value.replace(tzinfo=timezone.utc)
    if zone is None:
        return value
    return value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)


def with_owner(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the default arguments of a DAG's tasks with the workflow's owner."""
    defaults = dict(given.get("default_args") or {})
    return {"default_args": {**defaults, "owner": settings.owner}} if settings.owner else {}
