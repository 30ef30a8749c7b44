"""A step that calls a workflow, as a group of tasks: the first passes the inputs, the last judges the step.

A workflow that is a DAG, or that a person puts into one, also has such a first task if other workflows come before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    BaseOperator,
)

from airflow_arazzo.hooks.source_connections import require_sendable, with_connections
from airflow_arazzo.hooks.source_hooks import SourceHooks
from airflow_arazzo.operators.region_task import DrivesRegion, as_mapping, read_plan
from airflow_arazzo.operators.rendering import render_bound
from airflow_arazzo.operators.run_inputs import require_unbound, run_inputs, run_params
from airflow_arazzo.operators.telling import fails_in_a_sentence, silence_callbacks
from airflow_arazzo.operators.titles import title_of
from airflow_arazzo.protocol.channel import Channel, SharesSecrets
from airflow_arazzo.protocol.route_replay import failed_before, has_begun, read_result
from airflow_arazzo.protocol.secret_ledger import mark_sensitive
from airflow_arazzo.protocol.topology import WHOLE, Course, Position, TaskIds
from airflow_arazzo.protocol.xcoms import pull_inputs, put_inputs
from arazzo import clock, engine
from arazzo.errors import InputError
from arazzo.flow import Plan, slice_region

if TYPE_CHECKING:
    from airflow.sdk import Context

    from arazzo.engine import Done, State


class ArazzoInputsOperator(SharesSecrets, BaseOperator):
    """Check the inputs of a workflow, and of those that come before it, before all their tasks run.

    They travel sealed if there is a secret among them. Airflow stores nothing that is rendered.

    :param plan: the plan of the workflow, or the path of its document.
    :param workflow_id: which workflow of the document; optional if it has only one.
    :param inputs: values, templates or XComs by name.
    :param from_params: whether other inputs come from the run's Params.
    """

    shallow_copy_attrs: Sequence[str] = ("plan",)
    ui_color = "#f3e9d9"

    def __init__(
        self,
        *,
        plan: Plan | str | Path,
        workflow_id: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        from_params: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = read_plan(plan, workflow_id)
        self.inputs = as_mapping(inputs)
        self.from_params = from_params

    @fails_in_a_sentence
    def execute(self, context: Context) -> None:
        """Check the inputs and pass them on."""
        plan, channel = self.plan, Channel(context["ti"])
        self.channel = channel
        self.learn()
        params = run_params(plan, self, self.inputs, context) if self.from_params else {}
        try:
            if self.from_params:
                require_unbound(plan, self.inputs, self, context)
            rendered = render_bound(self, self.inputs, context, plan)
            hooks = SourceHooks(ledger=channel.ledger)
            inputs = run_inputs(channel.ledger, with_connections(plan, hooks), params, self.inputs, rendered)
            require_sendable(plan, hooks)
            state = engine.start(plan, inputs)
        except InputError as error:
            refused = f"inputs of a workflow that runs before '{plan.workflow_id}' were refused: "
            refused += f"{'; '.join(error.messages)}; nothing was sent"
            raise self._refusal(refused) from None
        except AirflowFailException as error:
            raise self._refusal(str(error)) from None
        put_inputs(channel, plan, engine.entered_inputs(plan, state))
        channel.send()

    def _refusal(self, message: str) -> AirflowFailException:
        self.channel.send()
        self.channel.push_record({"step": "", "outcome": "failed", "message": message, "next": None})
        return AirflowFailException(message)


class _CallingStep(DrivesRegion, BaseOperator):
    """What the first and the last task of a called workflow share: the step that calls it."""

    shallow_copy_attrs: Sequence[str] = ("plan", "tasks", "course")
    ui_color = "#f3e9d9"

    def __init__(
        self,
        *,
        plan: Plan,
        step: str,
        tasks: Mapping[str, str],
        inputs: Mapping[str, Any] | None = None,
        position: Position = WHOLE,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan, self.step, self.tasks = plan, step, TaskIds.of(tasks)
        self.inputs, self.position = as_mapping(inputs), position
        self.connections, self.server, self.deferrable = {}, None, False

    def _begun(self, context: Context) -> tuple[Plan, State, Done | None]:
        """Return the step's slice of the plan, and the step's state when the workflow is about to start."""
        plan = mark_sensitive(slice_region(self.plan, self.region))
        conceal = self.channel.ledger.conceal
        return plan, *engine.begin_call(plan, self._first_state(plan, context), now=clock.now(), conceal=conceal)

    def _ended(self, state: State, done: Done, context: Context) -> dict[str, Any]:
        """Conclude the step; the decision is final, since another try could change nothing."""
        try:
            return super()._ended(state, done, context)
        except AirflowFailException:
            raise
        except AirflowException as error:
            raise AirflowFailException(str(error)) from None


class ArazzoCallOperator(_CallingStep):
    """Start a step that calls a workflow: evaluate its parameters, check them, and pass them on as inputs.

    :param plan: the plan of the calling workflow.
    :param step: id of the calling step.
    :param tasks: task ids by region of the calling workflow.
    :param inputs: bound inputs of the calling workflow.
    :param position: where the calling workflow is.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.custom_operator_name = title_of(self.plan, self.step)

    @fails_in_a_sentence
    def execute(self, context: Context) -> None:
        """Evaluate the inputs and pass them on; if that is impossible, the step has failed here."""
        with self._telling(context):
            self._learn_earlier()
            require_sendable(self.plan, self.hooks)
            plan, state, done = self._begun(context)
        if done is not None:
            self._ended(state, done, context)
            recovered = state.records[done.step].message  # by an action, which the last task of the group takes
            raise AirflowFailException(recovered)
        self.channel.ledger.add(state.secrets)
        put_inputs(self.channel, plan, engine.entered_inputs(plan, state))
        self.channel.put_cookies(state.cookies)
        self.channel.send()


class ArazzoReturnOperator(_CallingStep):
    """End a step that calls a workflow: judge it by the workflow's result, and decide where control goes.

    Its XComs are those of the step: ``return_value`` has the step's outputs.

    :param course: the tasks of the called workflow.
    """

    def __init__(self, *, course: Course, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.course = course

    @fails_in_a_sentence
    def execute(self, context: Context) -> dict[str, Any]:
        """Judge the step; skip it if control did not reach it."""
        self._begin(context)
        channel, course = self.channel, self.course
        if not has_begun(channel, course):
            raise AirflowSkipException(f"the run did not reach step '{self.step}'")
        if failed_before(channel, course):
            silence_callbacks(self)
        self._learn_earlier()
        refusal = channel.record(course.gate) if course.gate in channel.finished([course.gate]) else None
        if refusal and refusal.get("outcome") == "recovered":
            _, state, done = self._begun(context)
            if done is not None:
                return self._ended(state, done, context)
        if refusal:
            channel.put_cookies(channel.cookies)
            channel.send()
            channel.push_record(refusal)
            raise AirflowFailException(str(refusal.get("message")))
        inputs = pull_inputs(channel, course.plan, course.position.inputs, course.position.role)
        result = read_result(channel, course, inputs)
        known = {course.plan.key: result.told}
        plan = mark_sensitive(slice_region(self.plan, self.region))
        state = self._first_state(plan, context)
        state = replace(state, workflows={**state.workflows, **result.workflows, **known})
        state, done = engine.end_call(
            plan,
            state,
            result.outputs,
            result.failure,
            result.status,
            stopped=result.stopped,
            now=clock.now(),
            conceal=channel.ledger.conceal,
        )
        for note in done.notes:
            self._log_note(note)
        return self._ended(state, done, context)
