"""Other tasks of the run, as a task sees them: how they ended, and what they pushed.

In a mapped group of tasks every item has its own task instances, with its map index. A task there asks those of its own
item first, and then tasks that are not mapped.
"""

from __future__ import annotations

from typing import Any

_ENDED = ("success", "failed")
_UNMAPPED = -1


def map_index(ti: Any) -> int:
    """Return the map index of a task instance; -1 if it is not mapped."""
    return _UNMAPPED if ti.map_index is None else int(ti.map_index)


def finished_tasks(ti: Any, task_ids: list[str]) -> dict[str, str]:
    """Return the tasks that have run in this run, with their states, ``success`` or ``failed``.

    A task that was cleared and then skipped still has its earlier XComs, which must not be read.
    """
    return {task: state for task, state in task_states(ti, task_ids).items() if state in _ENDED}


def task_states(ti: Any, task_ids: list[str]) -> dict[str, str | None]:
    """Return the states of tasks in this run, without tasks that have no instance.

    For a mapped task, the state of this item; for one that is mapped elsewhere, the state of its last item.
    """
    if not task_ids:
        return {}
    wanted = set(task_ids)
    index = map_index(ti)
    own = {} if index == _UNMAPPED else _states(ti, task_ids, map_index=index)
    found = {task.removesuffix(f"_{index}"): state for task, state in own.items()}
    if missing := sorted(wanted - found.keys()):
        for name, state in _states(ti, missing).items():
            task, _, number = name.rpartition("_")
            mapped = name not in wanted and number.isdecimal() and index == _UNMAPPED
            found[task if mapped else name] = state
    return {task: state for task, state in found.items() if task in wanted}


def _states(ti: Any, task_ids: list[str], **of_item: int) -> dict[str, str | None]:
    """Return the states of task instances; Airflow appends the map index to ids of mapped ones."""
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=task_ids, run_ids=[ti.run_id], **of_item)
    found: dict[str, str | None] = states.get(ti.run_id, {})
    return found


def pull(ti: Any, task_id: str, key: str) -> Any:
    """Return an XCom of a task in this run; None if there is none; several for a task that is mapped elsewhere."""
    index = map_index(ti)
    if index == _UNMAPPED:
        return ti.xcom_pull(task_ids=task_id, key=key)
    value = ti.xcom_pull(task_ids=task_id, key=key, map_indexes=index)
    return ti.xcom_pull(task_ids=task_id, key=key, map_indexes=_UNMAPPED) if value is None else value
