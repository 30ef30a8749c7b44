"""What a ``BranchPythonOperator`` after a step asks: which way did control go?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_arazzo.operators.xcoms import pull_record


def choose_branch(*, ti: Any, source: str, ways: Mapping[str, str], **_: Any) -> str:
    """Return the task that follows, by what the task before says comes next.

    :param ti: the running task instance.
    :param source: id of the task before.
    :param ways: task ids by the step that comes next; ``""`` is the end.
    :raises AirflowFailException: if the task before says nothing, or names none of the ways.
    """
    record = pull_record(ti, source) or {}
    following = record.get("next")
    if not isinstance(following, str) or following not in ways:
        raise AirflowFailException(f"task '{source}' says that {following!r} comes next, which is none of its ways")
    return ways[following]
