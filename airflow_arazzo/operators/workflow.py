"""A whole workflow as one task: five requests in one place, or a workflow for each of many things."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator, XComArg

from airflow_arazzo.compat import default_deferrable
from airflow_arazzo.operators.argument_names import require_names, require_variables, settings_from
from airflow_arazzo.operators.asset_events import require_news, set_event_extras
from airflow_arazzo.operators.region_task import DrivesRegion, as_mapping, read_plan
from airflow_arazzo.operators.rendering import render_bound
from airflow_arazzo.operators.run_inputs import require_unbound, run_inputs, run_params
from airflow_arazzo.operators.telling import fails_in_a_sentence
from airflow_arazzo.protocol.topology import WHOLE
from airflow_arazzo.protocol.xcom_limits import OutputSizeError, check_workflow_outputs
from airflow_arazzo.protocol.xcoms import OUTPUTS_KEY, document_record, push_each, put_workflow_outputs, step_record
from arazzo import engine
from arazzo.absent import absent_names, unreadable_names, with_nulls
from arazzo.errors import InputError, UnsupportedError
from arazzo.expressions.context import Dialect
from arazzo.flow import Options, Plan, PlannedStep, change_steps

if TYPE_CHECKING:
    from airflow.sdk import Context

    from arazzo.engine import Done, State


class ArazzoWorkflowOperator(DrivesRegion, BaseOperator):
    """Run a workflow of an Arazzo document as one task.

    The XCom ``return_value`` holds the workflow's outputs, with secrets hidden; each is also an XCom of its own
    (``task.output["status"]``); XCom ``arazzo`` says what happened.
    It takes no worker slot while it waits: it waits in the triggerer, which sends safe requests (RFC 9110) and leaves
    others to a worker. Airflow's ``retries`` run the whole workflow again, with the whole ``timeout`` for its loops; a
    loop that ran out of time is not retried. To run one for each of several inputs::

        ArazzoWorkflowOperator.partial(task_id="rescan", document=DOCUMENT).expand(inputs=[{"image": "nginx"}, ...])

    :param document: path of the document, or a plan.
    :param workflow_id: which of its workflows; optional if it has only one.
    :param inputs: values, templates or XComs by name. They are rendered when the task runs and stored nowhere.
    :param connections: connection ids by name of the source description. (templated)
    :param server: a server URL, or URLs by name of the source description, in place of those of the API descriptions,
        where the connection names none. (templated)
    :param deferrable: whether it waits in the triggerer.
    :param settings: settings of ``x-airflow`` by name, which overrule the document's.
    :param dialect: ``lenient`` or ``strict``.
    :param from_params: whether all other inputs come from the run's Params.
    :raises DocumentError: if the document cannot be run; the message says where and why.
    :raises UnsupportedError: if a step asks for approval, which needs its own task.
    :raises ValueError: if an argument names something that the document does not have, or if a setting has an invalid
        value.
    """

    template_fields: Sequence[str] = ("connections", "server")
    shallow_copy_attrs: Sequence[str] = ("plan",)
    ui_color = "#d9eaf7"

    def __init__(
        self,
        *,
        document: Plan | str | Path,
        workflow_id: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        connections: Mapping[str, str] | None = None,
        server: str | Mapping[str, str] | None = None,
        deferrable: bool | None = None,
        settings: Mapping[str, Any] | None = None,
        dialect: Dialect = "lenient",
        from_params: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if settings and isinstance(document, Plan):
            raise ValueError("settings: a plan cannot be changed; pass the document, or compile it with them")
        options = Options(dialect=dialect, settings=settings_from(as_mapping(settings), "the workflow"))
        self.plan = read_plan(document, workflow_id, options)
        require_names(self.plan, {"connections": connections, "server": server, "settings": settings})
        require_variables(self.plan)
        require_no_approval(self.plan)
        self.step, self.position = self.plan.steps[0].step_id, WHOLE
        self.inputs = {**(self.plan.settings.inputs or {}), **as_mapping(inputs)}
        in_settings = options.settings.inputs or {}
        self._origins = {**dict.fromkeys(in_settings, "settings"), **dict.fromkeys(as_mapping(inputs), "inputs")}
        self.connections = as_mapping(connections)
        self.server = dict(server) if isinstance(server, Mapping) else server
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.from_params = from_params
        self._into_pool(kwargs.get("pool"))
        XComArg.apply_upstream_relationship(self, self.inputs)

    @fails_in_a_sentence
    def execute(self, context: Context) -> dict[str, Any]:
        """Run the workflow from its first step."""
        return self.run_region(context)

    def _own_steps(self) -> Iterator[PlannedStep]:
        return self.plan.all_steps()

    def _own_plan(self, placed: Callable[[PlannedStep], PlannedStep]) -> Plan:
        return change_steps(self.plan, placed)

    def _bound(self, context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the bound inputs as written, and as rendered for this run."""
        return self.inputs, render_bound(self, self.inputs, context, self.plan, self._origins)

    def _first_state(self, plan: Plan, context: Context) -> State:
        params = run_params(self.plan, self, self.inputs, context) if self.from_params else {}
        try:
            if self.from_params:
                require_unbound(self.plan, self.inputs, self, context)
            inputs = run_inputs(self.channel.ledger, plan, params, *self._bound(context))
            return engine.start(plan, inputs)
        except InputError as error:
            text = "; ".join(error.messages)
            message = (
                f"inputs of a workflow that runs before '{plan.workflow_id}' were refused: {text}; nothing was sent"
            )
            raise AirflowFailException(message) from None

    def _learn_earlier(self) -> None:
        """Do nothing: no other task runs a step of the workflow."""

    def _goes_round(self, state: State) -> bool:
        region = self.plan.child(state.frame.plan).region_of(state.frame.step)
        return region is not None and region.loop is not None

    def _triggerer_sends(self) -> bool:
        return True

    def _deadline(self, state: State) -> float | None:
        return None  # the triggerer also runs what follows the waiting loop

    def _conclude(self, state: State, done: Done, context: Context) -> dict[str, Any]:
        channel, outputs = self.channel, done.outputs or {}
        ledger, failed = channel.ledger, done.outcome == "failed"
        self.concluded = True
        ledger.add(state.secrets)
        ledger.add_named(outputs, self.plan.sensitive)
        record = self._record(state, done)
        try:
            check_workflow_outputs(self.plan.workflow_id, with_nulls(outputs))
        except OutputSizeError as error:
            channel.push_record({**record, "status": "failed", "message": str(error)})
            raise
        shown = ledger.hide(with_nulls(outputs), self.plan.sensitive)
        returns = not failed or self._was_ended(state, done)
        visible = put_workflow_outputs(channel, outputs, shown) if returns else {}
        channel.push_record(record)
        channel.send()
        if failed and returns:
            context["ti"].xcom_push(key=OUTPUTS_KEY, value=visible)
        if failed:
            raise self._failure(done)
        path = engine.step_path((name, record.rounds) for name, record in state.records.items())
        self.log.info("%s", ledger.conceal(engine.ended(self.plan.workflow_id, "", shown, path)))
        push_each(context["ti"], self, visible)
        set_event_extras(self, context, outputs, visible)
        if self.from_params:
            require_news(self, self.plan, context, state.frames[0].inputs, outputs)
        return visible

    def _was_ended(self, state: State, done: Done) -> bool:
        """Say whether a failure was ended by an action of type ``end``: then there are outputs."""
        record = state.records.get(done.step)
        actions = self.plan.step(done.step).step.on_failure if record else ()
        return any(action.type == "end" and record and action.name == record.action for action in actions)

    def _record(self, state: State, done: Done) -> dict[str, Any]:
        return {
            "workflow": self.plan.workflow_id,
            "document": document_record(self.plan),
            "status": "failed" if done.outcome == "failed" else "success",
            "message": done.message,
            "absent": list(absent_names(done.outputs or {})),
            "unreadable": list(unreadable_names(done.outputs or {})),
            "steps": {name: step_record(record) for name, record in state.records.items()},
            "history": list(state.history),
            "exchanges": [mark.to_data() for mark in state.exchanges],
        }


def require_no_approval(plan: Plan) -> None:
    """Refuse to run a workflow in one task if one of its steps asks for approval.

    :raises UnsupportedError: naming the step.
    """
    for each in plan.whole():
        for step in (step for step in each.steps if step.settings.approval):
            raise UnsupportedError(
                f"step '{step.step_id}' of workflow '{each.workflow_id}' asks for approval (x-airflow: approval), "
                "which takes a task of its own; here the workflow is part of another task"
            )
