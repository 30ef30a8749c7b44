"""What tasks tell each other: outputs, and the record of what happened.

The outputs of a step are under ``return_value``, by name; for a loop of several steps, by step id and then by name.
What happened is under ``arazzo``. The rest is in the envelope (:mod:`.channel`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_arazzo.protocol.channel import ENVELOPE_KEY, RECORD_KEY, Channel
from airflow_arazzo.protocol.task_instances import pull
from airflow_arazzo.protocol.task_recording import RECORDING_KEY
from airflow_arazzo.protocol.xcom_limits import as_xcom, check_step_outputs
from arazzo.absent import UNKNOWN, from_wire, to_wire, with_nulls
from arazzo.flow import END, Plan, Region
from arazzo.json_values import write_json

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from arazzo.engine import Done, State, StepRecord

OUTPUTS_KEY = "return_value"
#: In a task's record: it failed in such a way that no action may be tried, of its workflow or of a caller.
STOPPED = "stopped"

#: Keys that no output may have: its value would be lost, or taken for something else.
RESERVED = frozenset({RECORD_KEY, ENVELOPE_KEY, RECORDING_KEY, OUTPUTS_KEY, "skipmixin_key"})

Outputs = dict[str, dict[str, Any]]
Inputs = dict[str, dict[str, Any]]


def region_outputs(region: Region, state: State) -> Outputs:
    """Return the outputs of the region's steps that ran, by step id and name."""
    return {step: state.outputs[step] for step in region.steps if step in state.records and step in state.outputs}


def _of_region(region: Region, outputs: Outputs) -> dict[str, Any]:
    """Return the outputs of a region's steps as ``return_value`` has them."""
    return outputs if len(region.steps) > 1 else outputs.get(region.steps[0], {})


def region_record(region: Region, state: State, done: Done) -> dict[str, Any]:
    """Return what happened in a region: the record of its last step, where ``next`` says where control goes."""
    last = done.step or region.entry
    record = state.records.get(last)
    dumped: dict[str, Any] = step_record(record) if record else {"step": last}
    dumped["next"] = {"step": done.target, "end": END, "workflow": END}.get(done.outcome)
    if done.outcome == "workflow":
        dumped["workflow"] = done.target
    if state.last_status != dumped.get("status"):
        dumped["last_status"] = state.last_status
    if done.outcome == "failed":
        dumped |= {"outcome": "failed", "message": done.message}
    if done.stopped:
        dumped[STOPPED] = True
    if len(region.steps) > 1:
        dumped["steps"] = {step: step_record(state.records[step]) for step in region.steps if step in state.records}
    if region.loop:
        dumped["history"] = list(state.history)
    dumped["exchanges"] = [mark.to_data() for mark in state.exchanges]
    return dumped


def push_region(
    channel: Channel, plan: Plan, region: Region, state: State, done: Done, kept: Collection[str] = ()
) -> dict[str, Any]:
    """Push what happened in a region, and return its outputs as anybody may see them.

    :param kept: plan keys of the workflows that some task reads.
    :raises AirflowException: if the outputs are too large or cannot be sealed; if the region has failed anyway, it then
        has none.
    """
    channel.ledger.add(state.secrets)
    outputs = region_outputs(region, state)
    seen = {step: with_nulls(values) for step, values in outputs.items()}
    record = region_record(region, state, done)
    try:
        check_step_outputs(seen, state)
        told = {step: to_wire(values) for step, values in outputs.items()}
        hidden = {step: channel.ledger.hide(values, plan.sensitive) for step, values in seen.items()}
        full, shown = _of_region(region, seen), _of_region(region, hidden)
        visible = _put_hidden(channel, "outputs", told, full, shown, kinds=told != seen)
        if done.outputs is not None:
            put_result(channel, plan, done.outputs)
        if done.inputs is not None:
            put_inputs(channel, plan, done.inputs)
        put_workflows(channel, plan, state.workflows, kept)
        channel.put_cookies(state.cookies)
        channel.send(seen)
    except AirflowException as error:
        channel.send(seen)
        text = f"{done.message}; and {error}" if done.outcome == "failed" else str(error)
        channel.push_record({**record, "outcome": "failed", "message": text, "next": None})
        if done.outcome == "failed":
            return {}
        raise
    channel.push_record(record)
    return visible


def put_workflow_outputs(channel: Channel, outputs: dict[str, Any], hidden: dict[str, Any]) -> dict[str, Any]:
    """Put a workflow's outputs into the envelope if ``return_value`` cannot show them; return what it can show.

    :param hidden: the outputs for people, with secrets hidden.
    """
    seen, told = with_nulls(outputs), to_wire(outputs)
    return _put_hidden(channel, "result", told, seen, hidden, kinds=told != seen)


def _put_hidden(
    channel: Channel, field: str, told: dict[str, Any], full: dict[str, Any], hidden: dict[str, Any], *, kinds: bool
) -> dict[str, Any]:
    """Put outputs into the envelope if ``return_value`` cannot show them; return what it can show.

    :param told: the value for the envelope, with the kinds of nothing told apart.
    :param full: the value for ``return_value``.
    :param hidden: that value with its secrets hidden.
    :param kinds: whether it contains something absent or unreadable, which people see as null.
    """
    visible: dict[str, Any] = as_xcom(hidden)
    there = write_json(full)
    if kinds or write_json(visible) != there:
        channel.put(field, told, secret=write_json(hidden) != there)
    return visible


def push_each(ti: Any, task: BaseOperator, outputs: Mapping[str, Any]) -> None:
    """Push each output under its own name as Airflow would, if the name of one is reserved.

    :param task: the running task, which Airflow then leaves alone; outputs with a reserved name are not pushed.
    """
    if task.multiple_outputs and not RESERVED.isdisjoint(outputs):
        for name in outputs.keys() - RESERVED:
            ti.xcom_push(key=name, value=outputs[name])
        task.multiple_outputs = False


def step_record(record: StepRecord) -> dict[str, Any]:
    """Return what happened to a step; for each criterion only the values seen, as the condition is already there."""
    data: dict[str, Any] = record.to_data()
    for criterion in data["criteria"]:
        said = f"{' '.join(criterion['condition'].split())}: "
        criterion["reason"] = criterion["reason"].removeprefix(said)
    return data


def document_record(plan: Plan) -> dict[str, Any]:
    """Return the document of a workflow, without its folder."""
    known = {name: plan.document.get(name, "") for name in ("name", "title", "version", "digest")}
    return {**known, "name": PurePath(known["name"]).name}


def put_result(channel: Channel, plan: Plan, outputs: dict[str, Any]) -> None:
    """Put the outputs of a workflow that ended with this task into the envelope."""
    seen = with_nulls(outputs)
    channel.put("result", to_wire(outputs), secret=channel.ledger.hide(seen, plan.sensitive) != seen)


def put_inputs(channel: Channel, plan: Plan, inputs: Inputs) -> None:
    """Put the inputs of the workflow that a task enters into the envelope; its tasks need all known secrets.

    :param plan: the outermost plan, whose descendants the workflows are.
    :param inputs: by role, see :class:`Position`.
    """
    marked, ledger = plan.all_sensitive, channel.ledger
    secret = any(ledger.hide(values, marked) != values for values in inputs.values())
    told = {role: to_wire(values) for role, values in inputs.items()}
    channel.put("inputs", told, secret=secret or bool(ledger.to_share(inputs).texts))


def pull_inputs(channel: Channel, plan: Plan, task_id: str, role: str) -> dict[str, Any]:
    """Return the inputs of a workflow from the task that entered it; the secret ones are known from now on.

    :param plan: the plan of that workflow.
    :raises AirflowFailException: if the task passed none.
    """
    told = channel.read(task_id, "inputs")
    if told is None:
        raise AirflowFailException(f"task '{task_id}' has not said what the inputs of '{plan.workflow_id}' are")
    inputs: dict[str, Any] = from_wire(told[role])
    channel.ledger.add_named(inputs, plan.secret_inputs)
    return inputs


def put_workflows(channel: Channel, plan: Plan, workflows: Outputs, kept: Collection[str]) -> None:
    """Put inputs and outputs of completed workflows into the envelope, if somebody reads them."""
    found = {
        key: {field: to_wire(known) for field, known in values.items()}
        for key, values in workflows.items()
        if key in kept
    }
    if found:
        channel.put("workflows", found, secret=channel.ledger.hide(found, plan.all_sensitive) != found)


def pull_workflows(channel: Channel, plan: Plan, completed: Mapping[str, Sequence[str]]) -> Outputs:
    """Return inputs and outputs of workflows completed in other tasks, by plan key.

    :param completed: by plan key, the tasks that may have completed it, in order; the last that has decides.
    """
    ran = channel.finished(task for tasks in completed.values() for task in tasks)
    found: Outputs = {}
    for key, tasks in completed.items():
        told = ((channel.read(task, "workflows") or {}).get(key) for task in reversed(tasks) if task in ran)
        if (values := next((values for values in told if values is not None), None)) is not None:
            found[key] = {field: from_wire(known) for field, known in values.items()}
    if found:
        channel.ledger.add_named(found, plan.all_sensitive)
    return found


def push_refusal(channel: Channel, region: Region, message: str, *, stopped: bool = False) -> None:
    """Push the record of a task that refused to start or to continue.

    :param stopped: whether no action of a caller may be tried.
    """
    record: dict[str, Any] = {"step": region.entry, "outcome": "failed", "message": message, "next": None}
    channel.put_cookies(channel.cookies)
    channel.send()
    channel.push_record({**record, **({STOPPED: True} if stopped else {})})


def push_unanswered(channel: Channel, region: Region, message: str) -> None:
    """Push the record of a question without an answer, which ends the workflow."""
    record = {"step": region.entry, "outcome": "success", "message": message, "next": END}
    channel.send()
    channel.push_record({**record, "action": None, "steps": {}})


def pull_result(channel: Channel, task_id: str) -> dict[str, Any] | None:
    """Return the outputs of the workflow that a task handed over to; None if it did not."""
    told = channel.read(task_id, "result")
    return None if told is None else from_wire(told)


def pull_outputs(channel: Channel, plan: Plan, tasks: Mapping[str, str], steps: Iterable[str]) -> Outputs:
    """Return the outputs of steps that ran in other tasks of this run, secrets unsealed, by step id and name.

    :param tasks: task ids by region.
    """
    wanted = set(steps)
    regions = [region for region in plan.regions if wanted.intersection(region.steps)]
    ran = channel.finished(tasks[region.entry] for region in regions)
    outputs: Outputs = {}
    for region in regions:
        if tasks[region.entry] in ran:
            outputs |= _pull_region(channel, region, tasks[region.entry]) or _outputs_not_pushed(plan, region)
    for values in outputs.values():
        channel.ledger.add_named(values, plan.sensitive)
    return {step: values for step, values in outputs.items() if step in wanted}


def _outputs_not_pushed(plan: Plan, region: Region) -> Outputs:
    """Return the outputs of a region whose task was killed or marked before it could push them: they are unknown."""
    return {step: dict.fromkeys(plan.step(step).step.outputs, UNKNOWN) for step in region.steps}


def _pull_region(channel: Channel, region: Region, task_id: str) -> Outputs:
    told = channel.read(task_id, "outputs")
    if told is not None:
        return {step: from_wire(values) for step, values in told.items()}
    values = pull(channel.ti, task_id, OUTPUTS_KEY)
    if values is None:
        return {}
    return dict(values) if len(region.steps) > 1 else {region.steps[0]: values}


def needed_steps(plan: Plan, part: Plan) -> list[str]:
    """Return the steps outside a region whose outputs it may need, in document order.

    :param part: the region's slice of the plan.
    """
    read = {name for reads in part.reads.values() for name in reads.steps} - part.reads.keys()
    return [step.step_id for step in plan.steps if step.step_id in read]
