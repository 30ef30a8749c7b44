"""What a ``BranchPythonOperator`` after a step asks: which way did control go?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_arazzo.protocol.topology import way_key
from airflow_arazzo.protocol.xcoms import finished_tasks, pull_record


def choose_branch(
    *,
    ti: Any,
    source: str,
    ways: Mapping[str, str],
    takers: Mapping[str, str] | None = None,
    marked: str | None = None,
    **_: Any,
) -> str:
    """Return the task that follows, by what the task before says comes next.

    :param ti: the running task instance.
    :param source: id of the task before.
    :param ways: task ids by the step that comes next; ``""`` is the end.
    :param takers: by :func:`way_key`, the first task of the workflow that takes over.
    :param marked: the task that comes next if a person has marked the task before as a success; None if several can.
    :raises AirflowFailException: if the task before says nothing, or names none of the ways.
    """
    record = pull_record(ti, source) or {}
    following = record.get("next")
    if record.get("workflow"):
        key = way_key(str(record.get("step")), record.get("action"), failed=record.get("outcome") == "recovered")
        if key in (takers or {}):
            return (takers or {})[key]
    elif isinstance(following, str) and following in ways:
        return ways[following]
    if record.get("outcome", "failed") == "failed" and finished_tasks(ti, [source]).get(source) == "success":
        if marked is not None:
            return marked
        raise AirflowFailException(
            f"task '{source}' was marked as a success, and its actions lead to {', '.join(sorted(map(_named, ways)))}: "
            "nobody knows where to; mark this task and those that are not to run instead, or clear it"
        )
    raise AirflowFailException(f"task '{source}' says that {following!r} comes next, which is none of its ways")


def _named(step: str) -> str:
    return f"'{step}'" if step else "the end"
