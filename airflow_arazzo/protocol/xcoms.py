"""What tasks tell each other: outputs, and the record of what happened.

The outputs of a step lie under ``return_value``, by name; those of a loop of several steps by step id, then by name.
Secret ones read ``***`` there and travel sealed under ``arazzo_sealed``; so do those that Airflow cannot store, and
those that are absent or unreadable, which read null. What happened lies under ``arazzo``. A task after which another
workflow takes over has the outputs of that one, sealed, under ``arazzo_result``, if it ran that workflow itself.

Between workflows: inputs of the workflow that a task enters, and of those that come before it, lie sealed under
``arazzo_inputs``; inputs and outputs of completed workflows, as far as some task reads them, under
``arazzo_workflows``. The secrets that a task knows lie sealed under ``arazzo_known`` (:mod:`.secret_ledger`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_arazzo.protocol.encryption import (
    has_key,
    hide,
    hide_registered,
    register,
    register_texts,
    seal_json,
    seal_known,
    secrets_to_share,
    unseal_known,
)
from airflow_arazzo.protocol.envelope import all_sensitive, secrets_of
from airflow_arazzo.protocol.stored_forms import fields_of, formed
from airflow_arazzo.protocol.task_instances import finished_tasks, pull
from airflow_arazzo.protocol.xcom_limits import OutputSizeError, as_xcom, check_step_outputs
from arazzo.absent import from_wire, to_people, to_wire
from arazzo.engine import Done, State, StepRecord, sensitive_inputs
from arazzo.flow import END, Plan, Region, slice_region
from arazzo.json_values import write_json

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

RECORD_KEY = "arazzo"
SEALED_KEY = "arazzo_sealed"
HANDED_KEY = "arazzo_result"
INPUTS_KEY = "arazzo_inputs"
WORKFLOWS_KEY = "arazzo_workflows"
KNOWN_KEY = "arazzo_known"
OUTPUTS_KEY = "return_value"
#: In the record of a task: it failed in such a way that no action is asked, of its workflow or of one that calls it.
STOPPED = "stopped"

#: Keys that an output of the same name must not take: what lies there would be lost, or be taken for something else.
RESERVED = frozenset(
    {RECORD_KEY, SEALED_KEY, HANDED_KEY, INPUTS_KEY, WORKFLOWS_KEY, KNOWN_KEY, OUTPUTS_KEY, "skipmixin_key"}
)

Outputs = dict[str, dict[str, Any]]
Inputs = dict[str, dict[str, Any]]


def region_outputs(region: Region, state: State) -> Outputs:
    """Return the outputs of the region's steps that ran, by step id and name."""
    return {step: state.outputs[step] for step in region.steps if step in state.records and step in state.outputs}


def visible_outputs(plan: Plan, region: Region, outputs: Outputs) -> dict[str, Any]:
    """Return a region's outputs as anybody may see them."""
    visible = {step: hide(to_people(values), plan.sensitive) for step, values in outputs.items()}
    return visible if len(region.steps) > 1 else visible.get(region.steps[0], {})


def region_record(plan: Plan, region: Region, state: State, done: Done) -> dict[str, Any]:
    """Return what happened in a region: the record of its last step, ``next`` saying where control goes."""
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
    result: dict[str, Any] = hide_registered(dumped)
    return result


def push_region(ti: Any, plan: Plan, region: Region, state: State, done: Done) -> dict[str, Any]:
    """Push a region's record and sealed outputs, and return the outputs as anybody may see them.

    :raises OutputSizeError: if they are too large; where the region has failed anyway there are none then.
    """
    outputs = region_outputs(region, state)
    register_texts(secrets_of(state, plan))
    seen = {step: to_people(values) for step, values in outputs.items()}
    push_known(ti, [seen, done.inputs])
    record = region_record(plan, region, state, done)
    try:
        check_step_outputs(seen, state)
    except OutputSizeError as error:
        text = f"{done.message}; and {error}" if done.outcome == "failed" else str(error)
        push_record(ti, {**record, "outcome": "failed", "message": text, "next": None})
        if done.outcome == "failed":
            return {}
        raise
    push_record(ti, record)
    full = seen if len(region.steps) > 1 else seen.get(region.steps[0], {})
    told = {step: to_wire(values) for step, values in outputs.items()}
    visible = push_sealed(ti, told, full, visible_outputs(plan, region, outputs), kinds=told != seen)
    if done.outputs is not None:
        push_handed(ti, plan, done.outputs)
    if done.inputs is not None:
        push_inputs(ti, plan, done.inputs)
    return visible


def push_workflow_outputs(ti: Any, outputs: dict[str, Any], hidden: dict[str, Any]) -> dict[str, Any]:
    """Push a workflow's outputs sealed where ``return_value`` cannot be what they are; return what it can be.

    :param hidden: what people see of them, secrets hidden.
    """
    seen, told = to_people(outputs), to_wire(outputs)
    return push_sealed(ti, told, seen, hidden, kinds=told != seen)


def push_sealed(
    ti: Any, outputs: dict[str, Any], full: dict[str, Any], hidden: dict[str, Any], *, kinds: bool
) -> dict[str, Any]:
    """Push outputs sealed if their ``return_value`` cannot be what they are; return what it can be.

    :param outputs: what is sealed, the kinds of nothing told apart.
    :param full: what ``return_value`` would be.
    :param hidden: that with its secrets hidden.
    :param kinds: whether something among them is absent or unreadable, and not null as people see it.
    """
    visible: dict[str, Any] = as_xcom(hidden)
    there = write_json(full)
    if kinds or write_json(visible) != there:
        ti.xcom_push(key=SEALED_KEY, value=seal_known(outputs, secret=write_json(hidden) != there))
    return visible


def push_each(ti: Any, task: BaseOperator, outputs: Mapping[str, Any]) -> None:
    """Push each output under its own name where Airflow would, if one of them has a name that is taken.

    :param task: the running task, which Airflow then leaves alone; those with a name that is taken are not pushed.
    """
    if task.multiple_outputs and not RESERVED.isdisjoint(outputs):
        for name in outputs.keys() - RESERVED:
            ti.xcom_push(key=name, value=outputs[name])
        task.multiple_outputs = False


def step_record(record: StepRecord) -> dict[str, Any]:
    """Return what happened to a step; of each criterion what was seen, without the condition once more."""
    data: dict[str, Any] = record.to_data()
    for criterion in data["criteria"]:
        said = f"{' '.join(criterion['condition'].split())}: "
        criterion["reason"] = criterion["reason"].removeprefix(said)
    return data


def document_record(plan: Plan) -> dict[str, Any]:
    """Return which document a workflow is of, without the folder that it lies in."""
    known = {name: plan.document.get(name, "") for name in ("name", "title", "version", "digest")}
    return {**known, "name": PurePath(known["name"]).name}


def push_handed(ti: Any, plan: Plan, outputs: dict[str, Any]) -> None:
    """Push the outputs that a task has got from a workflow it has handed over to."""
    seen = to_people(outputs)
    secret = hide(seen, plan.sensitive) != seen
    ti.xcom_push(key=HANDED_KEY, value=seal_known(to_wire(outputs), secret=secret))


def push_inputs(ti: Any, plan: Plan, inputs: Inputs) -> None:
    """Push the inputs of the workflow that a task enters, whose tasks have to know all secrets that this one knows.

    :raises AirflowException: if it knows any and there is no key to seal them with.
    :param plan: the outermost plan, whose descendants the workflows are.
    :param inputs: by role, see :class:`Position`.
    """
    marked = all_sensitive(plan)
    secret = any(hide(values, marked) != values for values in inputs.values()) or bool(secrets_to_share(inputs))
    told = {role: to_wire(values) for role, values in inputs.items()}
    ti.xcom_push(key=INPUTS_KEY, value=seal_known(told, secret=secret))


def pull_inputs(ti: Any, plan: Plan, task_id: str, role: str) -> dict[str, Any]:
    """Return the inputs of a workflow as the task says that has entered it; secret ones are registered.

    :param plan: the plan of that workflow.
    :raises AirflowFailException: if the task has said nothing.
    """
    sealed = pull(ti, task_id, INPUTS_KEY)
    if sealed is None:
        raise AirflowFailException(f"task '{task_id}' has not said what the inputs of '{plan.workflow_id}' are")
    inputs = from_wire(unseal_known(sealed)[role])
    register(inputs, sensitive_inputs(plan))
    return inputs


def push_workflows(ti: Any, plan: Plan, workflows: Outputs, kept: Collection[str]) -> None:
    """Push inputs and outputs of the workflows that have been completed in a task, as far as somebody reads them."""
    found = {
        key: {field: to_wire(known) for field, known in values.items()}
        for key, values in workflows.items()
        if key in kept
    }
    if found:
        secret = hide(found, all_sensitive(plan)) != found
        ti.xcom_push(key=WORKFLOWS_KEY, value=seal_known(found, secret=secret))


def pull_workflows(ti: Any, plan: Plan, completed: Mapping[str, Sequence[str]]) -> Outputs:
    """Return inputs and outputs of workflows that have been completed in other tasks, by plan key.

    :param completed: by plan key the tasks that may have, in order; the last that has decides.
    """
    ran = finished_tasks(ti, list(dict.fromkeys(task for tasks in completed.values() for task in tasks)))
    found: Outputs = {}
    for key, tasks in completed.items():
        for task in reversed(tasks):
            sealed = pull(ti, task, WORKFLOWS_KEY) if task in ran else None
            values = unseal_known(sealed).get(key) if sealed is not None else None
            if values is not None:
                found[key] = {field: from_wire(known) for field, known in values.items()}
                break
    register(found, all_sensitive(plan))
    return found


def push_known(ti: Any, told: Any = None) -> None:
    """Push the secrets that a task knows, for the tasks after it to know as well; without a key it keeps them.

    :param told: what else it tells.
    """
    if has_key() and (secrets := secrets_to_share(told)):
        ti.xcom_push(key=KNOWN_KEY, value=seal_json(formed({"secrets": secrets})))


def push_refusal(ti: Any, region: Region, message: str, *, stopped: bool = False) -> None:
    """Push the record of a task that refused to begin, or to go on.

    :param stopped: whether no action of a caller may be asked.
    """
    record: dict[str, Any] = {"step": region.entry, "outcome": "failed", "message": hide_registered(message)}
    record |= {"next": None, **({STOPPED: True} if stopped else {})}
    push_record(ti, record)
    push_known(ti)


def push_unanswered(ti: Any, region: Region, message: str) -> None:
    """Push the record of a question that nobody has answered, with which the workflow ends."""
    record = {"step": region.entry, "outcome": "success", "message": hide_registered(message), "next": END}
    push_record(ti, {**record, "action": None, "steps": {}})
    push_known(ti)


def pull_handed(ti: Any, task_id: str) -> dict[str, Any] | None:
    """Return the outputs of the workflow that a task has handed over to; None if it has not."""
    sealed = pull(ti, task_id, HANDED_KEY)
    return None if sealed is None else from_wire(unseal_known(sealed))


def pull_outputs(ti: Any, plan: Plan, tasks: Mapping[str, str], steps: Iterable[str]) -> Outputs:
    """Return the outputs of steps that ran in other tasks of this run, secrets unsealed, by step id and name.

    :param tasks: task ids by region.
    """
    wanted = set(steps)
    regions = [region for region in plan.regions if wanted.intersection(region.steps)]
    ran = finished_tasks(ti, [tasks[region.entry] for region in regions])
    outputs: Outputs = {}
    for region in regions:
        if tasks[region.entry] in ran:
            outputs |= _pull_region(ti, region, tasks[region.entry])
    for values in outputs.values():
        register(values, plan.sensitive)
    return {step: values for step, values in outputs.items() if step in wanted}


def _pull_region(ti: Any, region: Region, task_id: str) -> Outputs:
    sealed = pull(ti, task_id, SEALED_KEY)
    if sealed is not None:
        return {step: from_wire(values) for step, values in unseal_known(sealed).items()}
    values = pull(ti, task_id, OUTPUTS_KEY)
    if values is None:
        return {}
    return dict(values) if len(region.steps) > 1 else {region.steps[0]: values}


def push_record(ti: Any, record: Mapping[str, Any]) -> None:
    """Push the record of what happened in a task, which people read and the tasks after it go by."""
    ti.xcom_push(key=RECORD_KEY, value=formed(dict(record)))


def pull_record(ti: Any, task_id: str) -> dict[str, Any] | None:
    """Return the record of what happened in a task of this run.

    A person may have pushed one, which has no version.

    :raises AirflowFailException: if another version of this package has pushed it.
    """
    record: dict[str, Any] | None = pull(ti, task_id, RECORD_KEY)
    if record is None or "version" not in record:
        return record
    try:
        return fields_of(record, f"the record of task '{task_id}'", record)
    except AirflowException as error:
        raise AirflowFailException(str(error)) from None


def needed_steps(plan: Plan, region: Region) -> list[str]:
    """Return the steps outside of a region whose outputs it may need, in document order."""
    read = {name for reads in slice_region(plan, region).reads.values() for name in reads.steps} - {*region.steps}
    return [step.step_id for step in plan.steps if step.step_id in read]
