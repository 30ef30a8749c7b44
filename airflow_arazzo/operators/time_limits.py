"""How long a task may take beyond one of its starts: a loop over all tries, a try over all its deferrals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_arazzo.compat import task_state_store
from arazzo import clock, engine
from arazzo.flow import Region

#: How many seconds after a loop's deadline the scheduler ends a deferral that no triggerer has ended.
GRACE = 600.0
#: The same, after the end of a try's ``execution_timeout``.
SHORT_GRACE = 60.0
_DEADLINE_KEY = "arazzo_deadline"


def loop_deadline(context: Mapping[str, Any], region: Region) -> float | None:
    """Return the POSIX time by which a loop must be over, in any try; None for its whole timeout from now on.

    It is kept for one life of the task, from one clearing to the next, if Airflow can store it (3.3).
    """
    ti, store = context["ti"], task_state_store(context)
    if region.timeout is None or store is None or not ti.max_tries:
        return None
    kept = store.get(_DEADLINE_KEY)
    if isinstance(kept, dict) and kept.get("max_tries") == ti.max_tries:
        return float(kept["deadline"])
    deadline = clock.now() + region.timeout
    store.set(_DEADLINE_KEY, {"max_tries": ti.max_tries, "deadline": deadline})
    return deadline


def try_end(execution_timeout: timedelta | None) -> float | None:
    """Return the POSIX time at which a try that starts now must be over."""
    return None if execution_timeout is None else clock.now() + execution_timeout.total_seconds()


def too_long(task_id: str, execution_timeout: timedelta | None) -> str:
    """Say that a try took too long; Airflow itself does not count the time in which a task is deferred."""
    allowed = "" if execution_timeout is None else f" of {engine.duration(execution_timeout.total_seconds())}"
    return f"task '{task_id}' took longer than its execution_timeout{allowed}, waits in the triggerer included"


def check_time(task_id: str, execution_timeout: timedelta | None, end: float | None) -> None:
    """Fail a try whose time is over.

    :param end: from :func:`try_end`, at the start of the try.
    :raises AirflowTaskTimeout: as Airflow does for the time that a task spends on a worker.
    """
    if end is not None and clock.now() >= end:
        raise AirflowTaskTimeout(too_long(task_id, execution_timeout))


def deferral_timeout(deadline: float | None, end: float | None) -> timedelta | None:
    """Return after how long the scheduler ends a deferral if the triggerer does not; None for never.

    :param deadline: of the waiting loop.
    :param end: of the try.
    """
    until = [*([] if deadline is None else [deadline + GRACE]), *([] if end is None else [end + SHORT_GRACE])]
    return timedelta(seconds=max(min(until) - clock.now(), SHORT_GRACE)) if until else None
