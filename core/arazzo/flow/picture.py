"""A workflow as boxes and arrows: the content of a drawing, small enough to travel beside a DAG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arazzo.flow.drawing import arrows_of, label_of, operation_of
from arazzo.flow.plan import Plan
from arazzo.frozen import dataclass


@dataclass(frozen=True)
class Box:
    """A step.

    :ivar what: what it calls.
    :ivar task: id of its task, if there are tasks.
    :ivar url: of the operation's documentation; empty if there is none.
    """

    step: str
    what: str
    task: str = ""
    url: str = ""


@dataclass(frozen=True)
class Arrow:
    """A way from a step to the next; to ``""``, the end.

    :ivar kind: as of :class:`~arazzo.flow.Edge`.
    """

    source: str
    target: str
    label: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """A workflow.

    :ivar workflow: its id.
    :ivar title: what it is for.
    """

    workflow: str
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    def to_data(self) -> dict[str, Any]:
        """Return the picture as JSON has it."""
        boxes = [[box.step, box.what, box.task, box.url] for box in self.boxes]
        arrows = [[arrow.source, arrow.target, arrow.label, arrow.kind] for arrow in self.arrows]
        return {"workflow": self.workflow, "title": self.title, "boxes": boxes, "arrows": arrows}

    @classmethod
    def from_data(cls, data: Any) -> Picture:
        """Return the picture that :meth:`to_data` was called on.

        :raises ValueError: if it is not a picture.
        """
        try:
            boxes = tuple(Box(*map(str, box)) for box in data["boxes"])
            arrows = tuple(Arrow(*map(str, arrow)) for arrow in data["arrows"])
            return cls(str(data["workflow"]), str(data["title"]), boxes, arrows)
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no picture of a workflow: {error}") from error


def picture_of(plan: Plan, tasks: Mapping[str, str] | None = None) -> Picture:
    """Return the picture of a workflow.

    :param tasks: ids of tasks by the entry step of their region.
    """
    task_of = {step: (tasks or {}).get(region.entry, "") for region in plan.regions for step in region.steps}
    boxes = tuple(
        Box(
            step.step_id,
            operation_of(step),
            task_of.get(step.step_id, ""),
            step.operation.documentation if step.operation else "",
        )
        for step in plan.steps
    )
    arrows = tuple(Arrow(edge.source, edge.target, label_of(edge), edge.kind) for edge in arrows_of(plan))
    return Picture(plan.workflow_id, plan.summary or str(plan.document.get("title", "")), boxes, arrows)
