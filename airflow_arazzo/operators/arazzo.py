"""The operators: a step of a workflow as a task, and the workflow's outputs as its last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

from airflow_arazzo.core.engine import workflow_outputs
from airflow_arazzo.core.flow import END, Plan
from airflow_arazzo.hooks.sealing import hide, seal_json
from airflow_arazzo.operators.driving import DrivesRegion, as_mapping, read_plan
from airflow_arazzo.operators.inputs import run_inputs
from airflow_arazzo.operators.xcoms import (
    OUTPUTS_KEY,
    RECORD_KEY,
    SEALED_KEY,
    finished_tasks,
    pull_handed,
    pull_outputs,
    pull_record,
    steps_of_outputs,
)

if TYPE_CHECKING:
    from airflow.sdk import Context


class ArazzoStepOperator(DrivesRegion, BaseOperator):
    """Run a step of an Arazzo workflow, its retries included.

    Its ``return_value`` are the step's outputs by name, secret ones hidden; XCom ``arazzo`` says what happened.

    :param plan: the plan of the workflow, or the path of its document.
    :param workflow_id: which workflow of the document; may be missing where it has only one.
    :param step: id of the step; the task's id where it is missing.
    :param tasks: task ids by step id, of the tasks whose outputs the step may use; the step's id where one is missing.
    :param inputs: bound inputs, values or templates by name. They are rendered when the task runs and stored nowhere.
        All other inputs come from the run's Params.
    :param connections: connection ids by name of the source description. (templated)
    :param server: a server URL, or URLs by name of the source description, in place of those of the API description,
        where the connection names none. (templated)
    :param deferrable: whether waiting for a retry is left to the triggerer.
    """

    template_fields: Sequence[str] = ("connections", "server")
    shallow_copy_attrs: Sequence[str] = ("plan",)
    ui_color = "#d9eaf7"

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
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = read_plan(plan, workflow_id)
        self.step = step or self.task_id
        self.tasks = {region.task_id: region.task_id for region in self.plan.regions} | as_mapping(tasks)
        self.inputs = as_mapping(inputs)
        self.connections = as_mapping(connections)
        self.server = dict(server) if isinstance(server, Mapping) else server
        self.deferrable = deferrable

    def execute(self, context: Context) -> dict[str, Any]:
        """Send the step's request, and judge the answer."""
        return self.run_region(context)


class ArazzoOutputsOperator(BaseOperator):
    """Evaluate the outputs of a workflow after the last of its tasks, and decide whether it has ended well.

    It follows the route that control took. The task fails, and with it the run, if that does not reach an end or if a
    failure was left standing.

    :param plan: the plan of the workflow, or the path of its document.
    :param workflow_id: which workflow of the document; may be missing where it has only one.
    :param tasks: task ids by step id; the step's id where one is missing.
    :param inputs: bound inputs, as those of :class:`ArazzoStepOperator`.
    """

    shallow_copy_attrs: Sequence[str] = ("plan",)
    ui_color = "#e2f0d9"

    def __init__(
        self,
        *,
        plan: Plan | str | Path,
        workflow_id: str | None = None,
        tasks: Mapping[str, str] | None = None,
        inputs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = read_plan(plan, workflow_id)
        self.tasks = {region.task_id: region.task_id for region in self.plan.regions} | as_mapping(tasks)
        self.inputs = as_mapping(inputs)

    def execute(self, context: Context) -> dict[str, Any]:
        """Follow the route, push the outputs, and fail if the workflow has."""
        ti = context["ti"]
        route = list(self._route(ti))
        failure = _failure(route)
        ti.xcom_push(key=RECORD_KEY, value=self._record(route, failure))
        if failure and not self._ended(route[-1]):
            raise AirflowFailException(failure)
        outputs = pull_handed(ti, self._task(route[-1])) or self._outputs(ti, context, route)
        visible = hide(outputs, self.plan.sensitive)
        if visible != outputs:
            ti.xcom_push(key=SEALED_KEY, value=seal_json(outputs))
        if failure:
            ti.xcom_push(key=OUTPUTS_KEY, value=visible)
            raise AirflowFailException(failure)
        return visible

    def _route(self, ti: Any) -> Iterator[dict[str, Any]]:
        """Yield the record of each task on the way; one without ``outcome`` for a task that did not run."""
        ran = finished_tasks(ti, [self.tasks[region.task_id] for region in self.plan.regions])
        step: str | None = self.plan.steps[0].step_id
        while step:
            task = self._task({"step": step})
            record = pull_record(ti, task) if task in ran else None
            yield record or {"step": step, "next": None}
            step = record.get("next") if record else None

    def _ended(self, record: Mapping[str, Any]) -> bool:
        """Say whether a failure was ended by an action of type ``end``: then there are outputs."""
        actions = self.plan.step(record["step"]).step.on_failure if "outcome" in record else ()
        return any(action.type == "end" and action.name == record.get("action") for action in actions)

    def _task(self, record: Mapping[str, Any]) -> str:
        region = self.plan.region_of(record["step"])
        return self.tasks[region.task_id] if region else ""

    def _outputs(self, ti: Any, context: Context, route: list[dict[str, Any]]) -> dict[str, Any]:
        inputs = run_inputs(
            self.plan, context["params"], self.inputs, lambda value: self.render_template(value, context)
        )
        ran = {step for record in route for step in _steps(record)}
        steps = [step for step in steps_of_outputs(self.plan) if step in ran]
        return workflow_outputs(self.plan, inputs, pull_outputs(ti, self.plan, self.tasks, steps))

    def _record(self, route: list[dict[str, Any]], failure: str) -> dict[str, Any]:
        return {
            "workflow": self.plan.workflow_id,
            "document": {name: self.plan.document.get(name, "") for name in ("name", "title", "version", "digest")},
            "status": "failed" if failure else "success",
            "message": failure,
            "route": [step for record in route for step in _steps(record)],
        }


def _steps(record: Mapping[str, Any]) -> list[str]:
    """Return the steps that ran in the task of a record."""
    if "outcome" not in record:
        return []
    return list(record.get("steps", [record["step"]]))


def _failure(route: list[dict[str, Any]]) -> str:
    """Return why the workflow has failed; empty if it has not."""
    last = route[-1]
    if "outcome" not in last:
        return f"step '{last['step']}' did not come to an end: see the log of its task"
    if last["outcome"] == "failed" or last.get("next") != END:
        return str(last.get("message") or f"step '{last['step']}' failed")
    return ""
