"""The sensor: a loop of a workflow as a task. Going round is waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseSensorOperator

from airflow_arazzo.compat import default_deferrable
from airflow_arazzo.operators.argument_names import require_names
from airflow_arazzo.operators.region_task import DrivesRegion, as_mapping, read_plan
from airflow_arazzo.operators.telling import fails_in_a_sentence
from airflow_arazzo.operators.titles import title_of
from airflow_arazzo.protocol.topology import WHOLE, Position, TaskIds
from arazzo.flow import Plan

if TYPE_CHECKING:
    from airflow.sdk import Context


class ArazzoSensor(DrivesRegion, BaseSensorOperator):
    """Run a loop of an Arazzo workflow: a poll until something has changed, or an iteration until all data is read.

    The first round runs on the worker. Between rounds a poll takes no worker slot: it waits in the triggerer, which
    also sends the requests if all of them are safe. The plan has the interval, the time limit and the number of rounds.

    :param plan: the plan of the workflow, or the path of its document.
    :param workflow_id: which workflow of the document; optional if it has only one.
    :param step: id of a step of the loop; by default the task's id.
    :param tasks: task ids by step id, for the tasks whose outputs the loop may use; by default the step's id.
    :param inputs: bound inputs, values or templates by name. They are rendered when the task runs and stored nowhere.
        All other inputs come from the run's Params.
    :param connections: connection ids by name of the source description. (templated)
    :param server: a server URL, or URLs by name of the source description, in place of those of the API description,
        where the connection names none. (templated)
    :param deferrable: whether it waits in the triggerer. Otherwise ``mode`` says how it waits: ``poke`` sleeps on the
        worker, ``reschedule`` frees the worker (from Airflow 3.3 on; before, it sleeps as well).
    :param position: where the workflow is in a DAG of several.
    :raises ValueError: for ``soft_fail`` and ``never_fail`` of other sensors.
    """

    template_fields: Sequence[str] = ("connections", "server")
    shallow_copy_attrs: Sequence[str] = ("plan", "tasks")

    def __init__(
        self,
        *,
        plan: Plan | str | Path,
        workflow_id: str | None = None,
        step: str | None = None,
        tasks: Mapping[str, str] | None = None,
        inputs: Mapping[str, Any] | None = None,
        connections: Mapping[str, str] | None = None,
        server: str | Mapping[str, str] | None = None,
        deferrable: bool | None = None,
        position: Position = WHOLE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if self.soft_fail or self.never_fail:
            raise ValueError(
                f"ArazzoSensor '{self.task_id}': soft_fail and never_fail are not possible, because a skipped task is "
                "a step that control did not come to; let an action of the step's onFailure recover the failure"
            )
        self.plan = read_plan(plan, workflow_id)
        require_names(self.plan, {"connections": connections, "server": server, "tasks": tasks})
        self.step = step or self.task_id
        self.custom_operator_name = title_of(self.plan, self.step)
        self.tasks = TaskIds.of(tasks)
        self.inputs = as_mapping(inputs)
        self.connections = as_mapping(connections)
        self.server = dict(server) if isinstance(server, Mapping) else server
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.position = position
        self._into_pool(kwargs.get("pool"))

    @property
    def waits_by_rescheduling(self) -> bool:
        """Whether a wait frees the worker with a reschedule."""
        return not self.deferrable and bool(self.reschedule)

    @fails_in_a_sentence
    def execute(self, context: Context) -> dict[str, Any]:
        """Run rounds until control leaves the loop."""
        return self.run_region(context)
