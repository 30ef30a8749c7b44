"""The route that control took through the tasks of a workflow, and the workflow's result.

For steps that run side by side, the route is document order up to the first that did not end well: where an interpreter
would arrive that runs them one by one. Later ones that ran all the same did send their requests, and report failures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_arazzo.protocol.channel import Channel
from airflow_arazzo.protocol.topology import Course, way_key
from airflow_arazzo.protocol.xcoms import STOPPED, Outputs, pull_outputs, pull_result, pull_workflows
from arazzo import engine
from arazzo.absent import UNKNOWN
from arazzo.errors import GaveUpError
from arazzo.flow import END, Plan
from arazzo.frozen import dataclass

#: The record of a workflow's last task has what its caller asks for under this key.
STATUS = "last_status"


_MARKED = (
    "step '{step}' was marked as a success, but several routes lead on: mark the branch after it and the tasks "
    "that should not run as a success, and clear this task and those that should run"
)


@dataclass(frozen=True)
class Result:
    """How a workflow ended.

    :param failure: why it failed; empty if it did not.
    :param outputs: its outputs, each with its kind; all absent if it failed, unless an action ended it.
    :param status: the status that its last step saw.
    :param steps: the steps that ran, in the order in which control reached them; side by side, in document order.
    :param complete: whether an action ended it, so that its outputs count in spite of a failure.
    :param workflows: inputs, outputs and completed steps of the workflows that are over.
    :param told: those of this workflow.
    :param stopped: whether it failed in such a way that no action may be tried, not even of a caller.
    :param path: the steps that ran in a form for people, with the rounds of loops.
    """

    failure: str
    outputs: dict[str, Any]
    status: int | None
    steps: tuple[str, ...]
    complete: bool
    workflows: Outputs
    told: dict[str, Any]
    stopped: bool = False
    path: tuple[str, ...] = ()


def read_result(channel: Channel, course: Course, inputs: Mapping[str, Any]) -> Result:
    """Follow the route through a workflow's tasks, and return how the workflow ended.

    :param channel: of the running task.
    :param course: the tasks of the workflow.
    :param inputs: its inputs.
    """
    ran = _ran(channel, course)
    route = list(_route(channel, course, ran))
    beside = list(_beside(channel, course, ran, route[-1]))
    last, workflows = route[-1], pull_workflows(channel, course.plan, course.position.completed)
    failure, status, stopped = _ended(route) if "outcome" in last else _unfinished(channel, course, ran, last)
    outputs, complete = None, _was_ended(course, last)
    taker = course.takers.get(way_key(last["step"], last.get("action"), failed=last.get("outcome") == "recovered"))
    if not failure and last.get("workflow") and taker:
        record = (channel.record(taker) if taker in ran else None) or {}
        outputs, status, complete = pull_result(channel, taker), record.get(STATUS), bool(record.get("complete"))
        failure, stopped = str(record.get("message", "")), bool(record.get(STOPPED))
        if not failure and ran.get(taker) != "success":
            failure = f"workflow '{last['workflow']}' did not finish: see its tasks"
    elif last.get("step") and course.task_of(last["step"]) in ran:
        outputs = pull_result(channel, course.task_of(last["step"]))
    steps = tuple(step for record in route for step in _steps(record))
    failure += "".join(f"; and {record['message']}" for record in beside if record.get("outcome") == "failed")
    if outputs is None:
        wanted = [step for step in course.plan.output_reads.steps if step in steps]
        found = pull_outputs(channel, course.plan, course.tasks, wanted)
        try:
            outputs = engine.workflow_outputs(course.plan, inputs, found, workflows)
            failure = failure or engine.unreadable_output(outputs)
        except GaveUpError as error:
            outputs, stopped = dict.fromkeys(course.plan.outputs, UNKNOWN), True
            failure = failure or f"outputs of workflow '{course.plan.workflow_id}': {error}"
    if failure and not complete:
        outputs = dict.fromkeys(outputs, UNKNOWN)
    steps += tuple(step for record in beside for step in _steps(record))
    stopped = stopped or any(record.get(STOPPED) for record in beside)
    records = [*route, *beside]
    path = engine.step_path(entry for record in records for entry in _rounds(record))
    each = [entry for record in records for entry in _records(record).items()]
    completed = {step: True for step, record in each if record["outcome"] != "failed"}
    told = {"inputs": dict(inputs), "outputs": outputs, "steps": completed}
    return Result(failure, outputs, status, steps, complete, workflows, told, stopped, path)


def after_success(plan: Plan, step: str) -> str | None:
    """Return the step that follows the success of a step's region, ``END`` for none; None if actions decide."""
    region = plan.region_of(step)
    ways = (
        {(edge.target, edge.workflow) for edge in region.exits if edge.kind in ("success", "next")} if region else set()
    )
    if len(ways) != 1:
        return None
    target, workflow = ways.pop()
    return None if workflow else target


def failed_before(channel: Channel, course: Course) -> bool:
    """Say whether a task of the workflow has failed and has reported it.

    A task that was killed could not report it. A branch leaves no record.
    """
    failed = [task for task, state in _ran(channel, course).items() if state == "failed"]
    branches = channel.finished(course.branches.values())
    return "failed" in branches.values() or any(channel.record(task) is not None for task in failed)


def has_begun(channel: Channel, course: Course) -> bool:
    """Say whether control has reached a workflow: any task that leaves a record has run."""
    return bool(_ran(channel, course))


def _ran(channel: Channel, course: Course) -> dict[str, str]:
    """Return the workflow's tasks with a record that have run, and how they ended."""
    others = [course.gate] if course.gate else []
    for tasks in (course.tasks, course.approvals, course.takers, course.before):
        others += tasks.values()
    return channel.finished(others)


def _route(channel: Channel, course: Course, ran: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the record of each task on the route; one without ``outcome`` for a task that did not run.

    :raises AirflowFailException: if the records form a circle, which tasks cannot.
    """
    step: str | None = course.plan.steps[0].step_id
    met: set[str] = set()
    while step:
        if step in met:
            raise AirflowFailException(f"the records of this run lead to step '{step}' twice: one of them is wrong")
        met.add(step)
        record = _record(channel, course, ran, step)
        yield record or {"step": step, "next": None}
        step = record.get("next") if record else None


def _beside(
    channel: Channel, course: Course, ran: Mapping[str, str], last: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the records of steps that ran although an earlier step in document order did not end well."""
    if course.plan.needs is None:
        return
    steps = [step.step_id for step in course.plan.steps]
    for step in steps[steps.index(last["step"]) + 1 :] if last["step"] in steps else ():
        if record := _record(channel, course, ran, step):
            yield record


def _record(channel: Channel, course: Course, ran: Mapping[str, str], step: str) -> dict[str, Any] | None:
    """Return what happened to a step, or who refused it."""
    task, approval = course.task_of(step), course.approval_of(step)
    if task in ran:
        pulled = channel.record(task)
        record = None if pulled is None else {"step": step, **pulled}
        unsaid = record is None or record.get("outcome") == "failed"
        following = _after_mark(channel, course, ran, step) if ran[task] == "success" and unsaid else None
        return _agreed(course, step, ran[task], record, following)
    return channel.record(approval) if approval in ran and approval is not None else None


def _after_mark(channel: Channel, course: Course, ran: Mapping[str, str], step: str) -> str | None:
    """Return the step after one that a person marked as a success; None if nobody can tell.

    If actions decide, the person has marked the branch as well, and let one of its targets run.
    """
    following, region = after_success(course.plan, step), course.plan.region_of(step)
    branch = course.branches.get(region.entry, "") if region is not None else ""
    if following is not None or region is None or channel.finished([branch] if branch else []) != {branch: "success"}:
        return following
    ways = dict.fromkeys(edge.target for edge in region.exits if edge.workflow is None)
    tasks = {way: course.task_of(way) for way in ways if way != END}
    taken = [way for way, task in tasks.items() if task in ran and channel.record(task) is not None]
    if len(taken) == 1:
        return taken[0]
    return END if not taken and END in ways else None


def _agreed(
    course: Course, step: str, state: str, record: dict[str, Any] | None, following: str | None
) -> dict[str, Any] | None:
    """Return the record of a task, corrected by the task's state.

    A task may have failed, or been killed, after it pushed its record and before its outputs were stored. And a person
    may have marked a failed task as a success, which then holds for the step.
    """
    failed = record is None or record.get("outcome") == "failed"
    if state == "failed" and record is not None and not failed:
        text = f"step '{step}' had finished when its task failed, before its outputs were stored: see its log"
        return {**record, "outcome": "failed", "message": text, "action": None, "next": None, "workflow": None}
    if state == "success" and failed:
        text = "" if following is not None else _MARKED.format(step=step)
        outcome = "failed" if text else "success"
        return {"step": step, **(record or {}), "outcome": outcome, "message": text, "action": None, "next": following}
    return record


def _was_ended(course: Course, record: Mapping[str, Any]) -> bool:
    """Say whether a failure was ended by an action of type ``end``: then there are outputs."""
    actions = course.plan.step(record["step"]).step.on_failure if "outcome" in record else ()
    return any(action.type == "end" and action.name == record.get("action") for action in actions)


_End = tuple[str, int | None, bool]


def _unfinished(channel: Channel, course: Course, ran: Mapping[str, str], last: Mapping[str, Any]) -> _End:
    """Return why a step did not end, the last status, and whether that stopped everything.

    Its inputs were refused, or a workflow that comes first has failed.
    """
    gate = channel.record(course.gate) if course.gate in ran else None
    if gate and gate.get("message"):
        return str(gate["message"]), None, False
    for key, task in course.before.items():
        record = channel.record(task) if task in ran else None
        if record and record.get("message"):
            text = f"workflow '{key}', which runs first, failed: {record['message']}"
            return text, None, bool(record.get(STOPPED))
    task = course.task_of(last["step"])
    reason = f"its task '{task}' did not run"
    if task in ran:
        reason = (
            f"its task '{task}' failed without a message: it was killed or marked as failed, or its worker was lost"
        )
    return f"step '{last['step']}' did not finish: {reason}", None, False


def _ended(route: list[dict[str, Any]]) -> _End:
    """Return why the workflow failed (empty if it did not), the status of its last step, and whether that stopped
    everything.
    """
    last = route[-1]
    status = last.get(STATUS, last.get("status"))
    if last["outcome"] == "failed" or last.get("next") != END:
        return str(last.get("message") or f"step '{last['step']}' failed"), status, bool(last.get(STOPPED))
    return "", status, False


def _steps(record: Mapping[str, Any]) -> list[str]:
    """Return the steps that ran in the task of a record."""
    return [step for step, _ in _rounds(record)]


def _rounds(record: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the steps that ran in the task of a record, each with the rounds of its loop."""
    return [(step, int(each.get("rounds", 1))) for step, each in _records(record).items()]


def _records(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the records of the steps that ran in the task of a record."""
    return record.get("steps", {record["step"]: record}) if "outcome" in record else {}
