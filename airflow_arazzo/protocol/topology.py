"""Where a workflow is in a DAG: its tasks, and what tasks of other workflows pass to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arazzo.flow import Plan
from arazzo.frozen import dataclass, field


class TaskIds(dict[str, str]):
    """Task ids by region; a region without an entry has a task of its own name."""

    def __missing__(self, region: str) -> str:
        return region

    @classmethod
    def of(cls, tasks: Mapping[str, str] | None) -> TaskIds:
        """Return task ids as this type; not a copy if they are, since all operators of a DAG have them."""
        return tasks if isinstance(tasks, TaskIds) else cls(tasks or {})


@dataclass(frozen=True)
class Position:
    """Where a task is in a DAG of several workflows; the default is a workflow that is the whole DAG.

    :param inputs: the task that passes the workflow's inputs; empty if they are the run's Params.
    :param role: which of that task's inputs: ``""`` for the workflow that it enters, or the plan key of a workflow that
        comes before it.
    :param completed: by plan key, the earlier tasks in which a workflow may have been completed, in order.
    :param kept: plan keys of the workflows whose inputs and outputs some task reads.
    :param elsewhere: plan keys of workflows with tasks of their own to which a ``goto`` of this task hands over.
    """

    inputs: str = ""
    role: str = ""
    completed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class Course:
    """The tasks of a workflow, for the task that decides how it ended.

    :param plan: the plan of the workflow.
    :param tasks: by region, the task with its record.
    :param approvals: by region, the task that asks for approval before it.
    :param branches: by region, the branch after it.
    :param takers: by :func:`way_key`, the last task of the workflow that a ``goto`` hands over to.
    :param before: by plan key, the last task of each workflow that comes before this one, in order.
    :param gate: the task that checks the workflow's inputs before all others; empty if there is none.
    :param position: where the workflow is.
    """

    plan: Plan
    tasks: Mapping[str, str]
    approvals: Mapping[str, str] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)
    takers: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    gate: str = ""
    position: Position = field(default_factory=Position)

    def task_of(self, step: str) -> str:
        """Return the task with the record of a step; empty if there is none."""
        region = self.plan.region_of(step)
        return self.tasks[region.entry] if region else ""

    def approval_of(self, step: str) -> str | None:
        """Return the task that asks for approval before a step's region; None if there is none."""
        region = self.plan.region_of(step)
        return self.approvals.get(region.entry) if region else None


#: The position of a workflow that is the whole DAG.
WHOLE = Position()


def way_key(step: str, action: str | None, *, failed: bool) -> str:
    """Return the key of a ``goto`` to a workflow among those of one plan.

    :param step: the step whose action it is.
    :param action: the action's name.
    :param failed: whether it is a failure action.
    """
    return f"{step}/{'failure' if failed else 'success'}/{action}"
