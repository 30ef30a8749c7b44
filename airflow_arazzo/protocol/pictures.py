"""The pictures of a DAG's workflows, each stored with the workflow's last task as its ``doc_json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from arazzo.flow import Picture, Plan, picture_of
from arazzo.frozen import dataclass

_KEY = "arazzo_picture"


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
        return Picture.from_data(json.loads(text)[_KEY])
    except (ValueError, TypeError, KeyError):
        return None
