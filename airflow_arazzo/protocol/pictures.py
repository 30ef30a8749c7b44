"""The pictures of a DAG's workflows, each stored with the workflow's last task as its ``doc_json``.

The only task of a document that cannot be run has the problems there instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from arazzo.flow import Picture, Plan, picture_of
from arazzo.frozen import dataclass

_KEY, _PROBLEMS = "arazzo_picture", "arazzo_problems"


@dataclass(frozen=True)
class PicturedWorkflow:
    """A workflow of a DAG.

    :ivar task: id of the task that it ends with.
    """

    task: str
    picture: Picture


def picture_text(plan: Plan, tasks: Mapping[str, str]) -> str:
    """Return the ``doc_json`` of a task.

    :param tasks: ids of tasks by the entry step of their region.
    """
    return json.dumps({_KEY: picture_of(plan, tasks).to_data()})


def problems_text(problems: str) -> str:
    """Return the ``doc_json`` of the task that tells the problems of a document."""
    return json.dumps({_PROBLEMS: problems})


def problems_of(data: Any) -> str:
    """Return why the document of a serialized DAG cannot be run; empty if it can."""
    noted = (_noted(task.get("__var", task).get("doc_json"), _PROBLEMS) for task in data["dag"]["tasks"])
    return next((text for text in noted if isinstance(text, str)), "")


def workflows_of(data: Any) -> list[PicturedWorkflow]:
    """Return the workflows of a serialized DAG, those with the fewest enclosing groups first."""
    found = []
    for task in data["dag"]["tasks"]:
        fields = task.get("__var", task)
        picture = _picture(fields.get("doc_json"))
        if picture is not None:
            found.append(PicturedWorkflow(str(fields["task_id"]), picture))
    return sorted(found, key=lambda workflow: workflow.task.count("."))


def _picture(text: Any) -> Picture | None:
    """Return the picture in a ``doc_json``, which may be somebody else's."""
    try:
        return Picture.from_data(_noted(text, _KEY))
    except (ValueError, TypeError, KeyError):
        return None


def _noted(text: Any, key: str) -> Any:
    """Return what we have noted in a ``doc_json``; None if there is nothing."""
    try:
        return json.loads(text)[key]
    except (ValueError, TypeError, KeyError):
        return None
