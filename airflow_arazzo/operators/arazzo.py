"""The operators: a step of a workflow as a task, and the workflow's outputs as its last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, BaseOperator

from airflow_arazzo.compat import default_deferrable
from airflow_arazzo.operators.argument_names import require_names
from airflow_arazzo.operators.asset_events import require_news, set_event_extras
from airflow_arazzo.operators.lineage import TellsLineage
from airflow_arazzo.operators.region_task import DrivesRegion, as_mapping, read_plan
from airflow_arazzo.operators.run_inputs import workflow_inputs
from airflow_arazzo.operators.telling import fails_in_a_sentence, silence_callbacks
from airflow_arazzo.operators.titles import title_of
from airflow_arazzo.protocol.channel import Channel
from airflow_arazzo.protocol.route_replay import STATUS, Result, failed_before, has_begun, read_result
from airflow_arazzo.protocol.topology import WHOLE, Course, Position, TaskIds
from airflow_arazzo.protocol.xcom_limits import OutputSizeError, check_workflow_outputs
from airflow_arazzo.protocol.xcoms import (
    OUTPUTS_KEY,
    STOPPED,
    document_record,
    push_each,
    put_result,
    put_workflow_outputs,
    put_workflows,
)
from arazzo import engine
from arazzo.absent import absent_names, unreadable_names, with_nulls
from arazzo.flow import Plan

if TYPE_CHECKING:
    from airflow.sdk import Context


class ArazzoStepOperator(DrivesRegion, BaseOperator):
    """Run a step of an Arazzo workflow, with its retries.

    The XCom ``return_value`` holds the step's outputs by name, with secrets hidden; ``arazzo`` says what happened.

    :param plan: the plan of the workflow, or the path of its document.
    :param workflow_id: which workflow of the document; optional if it has only one.
    :param step: id of the step; by default the task's id.
    :param tasks: task ids by step id, for the tasks whose outputs the step may use; by default the step's id.
    :param inputs: bound inputs, values or templates by name. They are rendered when the task runs and stored nowhere.
        All other inputs come from the run's Params.
    :param connections: connection ids by name of the source description. (templated)
    :param server: a server URL, or URLs by name of the source description, in place of those of the API description,
        where the connection names none. (templated)
    :param deferrable: whether it waits for a retry in the triggerer.
    :param position: where the workflow is in a DAG of several.
    """

    template_fields: Sequence[str] = ("connections", "server")
    shallow_copy_attrs: Sequence[str] = ("plan", "tasks")
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
        deferrable: bool | None = None,
        position: Position = WHOLE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
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

    @fails_in_a_sentence
    def execute(self, context: Context) -> dict[str, Any]:
        """Send the step's request and evaluate the answer."""
        return self.run_region(context)


class ArazzoOutputsOperator(TellsLineage, BaseOperator):
    """Evaluate the outputs of a workflow after its last task, and decide whether it succeeded.

    It follows the route that control took. If the route does not reach an end, or if a failure was not recovered, the
    task and the run fail. In a group that control does not reach, it is skipped.

    :param plan: the plan of the workflow, or the path of its document.
    :param workflow_id: which workflow of the document; optional if it has only one.
    :param tasks: task ids by step id; by default the step's id.
    :param inputs: bound inputs, as those of :class:`ArazzoStepOperator`.
    :param course: the tasks of the workflow, if it is one of several; then the three arguments above have no effect.
    """

    shallow_copy_attrs: Sequence[str] = ("plan", "course")
    ui_color = "#e2f0d9"

    def __init__(
        self,
        *,
        plan: Plan | str | Path,
        workflow_id: str | None = None,
        tasks: Mapping[str, str] | None = None,
        inputs: Mapping[str, Any] | None = None,
        course: Course | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = read_plan(plan, workflow_id)
        require_names(self.plan, {"tasks": tasks})
        own = {region.entry: region.entry for region in self.plan.regions} | as_mapping(tasks)
        self.course = course or Course(self.plan, own)
        self.inputs = as_mapping(inputs)

    @fails_in_a_sentence
    def execute(self, context: Context) -> dict[str, Any]:
        """Follow the route, push the outputs, and fail if the workflow has failed."""
        ti, position = context["ti"], self.course.position
        channel = self.channel = Channel(ti)
        if position.inputs and not has_begun(channel, self.course):
            raise AirflowSkipException(f"the run did not reach workflow '{self.plan.workflow_id}'")
        self.learn(beside=self.course.tasks.values())
        inputs, refused = self._inputs(context)
        result = self._bounded(read_result(channel, self.course, inputs))
        failure = result.failure or refused
        put_workflows(channel, self.plan, {**result.workflows, self.plan.key: result.told}, position.kept)
        if position.inputs:
            put_result(channel, self.plan, result.outputs)
        if position.inputs not in ("", self.course.gate):  # it is part of another workflow, which continues with them
            channel.put_cookies(channel.cookies)
        shown = channel.ledger.hide(with_nulls(result.outputs), self.plan.sensitive)
        returns = not failure or result.complete
        visible = put_workflow_outputs(channel, result.outputs, shown) if returns else {}
        channel.send(with_nulls(result.outputs))
        channel.push_record(self._record(result, failure))
        line = engine.ended(self.plan.workflow_id, failure, shown if returns else {}, result.path)
        (self.log.error if failure else self.log.info)("%s", channel.ledger.conceal(line))
        if failure:
            if failed_before(channel, self.course):
                silence_callbacks(self)
            if returns:
                ti.xcom_push(key=OUTPUTS_KEY, value=visible)
            raise AirflowFailException(failure)
        push_each(ti, self, visible)
        set_event_extras(self, context, result.outputs, visible)
        if not position.inputs:
            require_news(self, self.plan, context, inputs, result.outputs)
        return visible

    def _inputs(self, context: Context) -> tuple[dict[str, Any], str]:
        """Return the workflow's inputs; none of them, and why, if they are refused."""
        try:
            return workflow_inputs(self.channel, self.plan, self.course.position, self.inputs, self, context), ""
        except AirflowFailException as error:
            return {}, str(error)

    def _bounded(self, result: Result) -> Result:
        """Return the result, or a failure without outputs if these are too large."""
        try:
            check_workflow_outputs(self.plan.workflow_id, with_nulls(result.outputs))
        except OutputSizeError as error:
            failure = f"{result.failure}; and {error}" if result.failure else str(error)
            return replace(result, failure=failure, outputs={}, complete=False)
        return result

    def _record(self, result: Result, failure: str) -> dict[str, Any]:
        return {
            "workflow": self.plan.workflow_id,
            "document": document_record(self.plan),
            "status": "failed" if failure else "success",
            "message": failure,
            "route": list(result.steps),
            **({STOPPED: True} if result.stopped else {}),
            "absent": list(absent_names(result.outputs)),
            "unreadable": list(unreadable_names(result.outputs)),
            **({STATUS: result.status, "complete": result.complete} if self.course.position.inputs else {}),
        }
