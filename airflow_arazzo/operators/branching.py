"""What a ``BranchPythonOperator`` after a step asks: where does control go?"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, DownstreamTasksSkipped

from airflow_arazzo.protocol.channel import pull_record
from airflow_arazzo.protocol.task_instances import finished_tasks, map_index
from airflow_arazzo.protocol.topology import way_key

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

log = logging.getLogger(__name__)


def choose_branch(
    *,
    ti: Any,
    source: str,
    ways: Mapping[str, str],
    takers: Mapping[str, str] | None = None,
    marked: str | None = None,
    **_: Any,
) -> str:
    """Return the task that follows, by the next step in the previous task's record.

    :param ti: the running task instance.
    :param source: id of the previous task.
    :param ways: task ids by the next step; ``""`` is the end.
    :param takers: by :func:`way_key`, the first task of the workflow that takes over.
    :param marked: the task that follows if a person marked the previous one as a success; None if several may follow.
    :raises AirflowFailException: if the previous task has no record, or its record names none of the ways.
    :raises DownstreamTasksSkipped: in a mapped group, in which Airflow itself skips nothing after a branch.
    """
    chosen = _chosen(ti, source, ways, takers or {}, marked)
    log.info("'%s' leads to '%s': %s", source, chosen, _why(pull_record(ti, source) or {}))
    if (index := map_index(ti)) < 0:
        return chosen
    task: BaseOperator = ti.task
    behind = {chosen, *task.dag.get_task(chosen).get_flat_relative_ids(upstream=False)}
    if skipped := sorted(task.downstream_task_ids - behind):
        raise DownstreamTasksSkipped(tasks=[(name, index) for name in skipped])  # type: ignore[no-untyped-call]
    return chosen


def _chosen(ti: Any, source: str, ways: Mapping[str, str], takers: Mapping[str, str], marked: str | None) -> str:
    record = pull_record(ti, source) or {}
    following = record.get("next")
    if record.get("workflow"):
        key = way_key(str(record.get("step")), record.get("action"), failed=record.get("outcome") == "recovered")
        if key in takers:
            return takers[key]
    elif isinstance(following, str) and following in ways:
        return ways[following]
    if record.get("outcome", "failed") == "failed" and finished_tasks(ti, [source]).get(source) == "success":
        if marked is not None:
            return marked
        raise AirflowFailException(
            f"task '{source}' was marked as a success, and its actions lead to {', '.join(sorted(map(_named, ways)))}: "
            "this branch cannot know where to go. Mark this task and the tasks that should not run as a success, and "
            f"clear those that should run, and the last one; or clear '{source}' to send its requests again"
        )
    raise AirflowFailException(f"task '{source}' says that {following!r} comes next, which is not one of its routes")


def _why(record: Mapping[str, Any]) -> str:
    """Say which action decided, and which of its criteria held; or that none did."""
    action = record.get("action")
    if not action:
        return "no action was taken"
    met = [each for each in record.get("criteria", ()) if each.get("action") == action and each.get("passed")]
    held = "; ".join(f"{each['condition']} ({each['reason']})" for each in met)
    return f"action '{action}'" + (f", since {held}" if held else ", which has no criteria")


def _named(step: str) -> str:
    return f"'{step}'" if step else "the end"
