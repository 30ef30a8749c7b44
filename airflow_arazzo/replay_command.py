"""``airflow arazzo replay``: the workflow of a DAG run, run again from what its tasks have recorded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import click

from arazzo.cli.options import read_inputs
from arazzo.cli.run_log import RunLog
from arazzo.cli.run_transport import recording, writable
from arazzo.errors import ArazzoError, RecordingError
from arazzo.frozen import replace
from arazzo.json_values import write_json

if TYPE_CHECKING:
    from arazzo.engine import Run
    from arazzo.flow import Plan
    from arazzo.testing import Replay

ENDED_WELL, FAILED, REFUSED = 0, 1, 2
_NONE = (
    "the run has no recording: only tasks that end while [arazzo] record_exchanges is on keep their requests and "
    "answers (docs/guide-replay.md)"
)


@click.command("replay")
@click.argument("dag_id")
@click.argument("run_id")
@click.option("--task", metavar="ID", help="Id of the task or group that runs the workflow, if the DAG has several.")
@click.option("--map-index", type=int, default=-1, help="Which item of a mapped task or group.")
@click.option("--input", "single", multiple=True, metavar="NAME=VALUE", help="Change an input. Repeatable.")
@click.option(
    "--answers",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the answers from such a file instead, which you have changed.",
)
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable,
    help="Write the requests and answers to a HAR 1.2 file.",
)
def command(
    dag_id: str,
    run_id: str,
    task: str | None,
    map_index: int,
    single: tuple[str, ...],
    answers: Path | None,
    save: Path | None,
) -> NoReturn:
    """Run a workflow again from what a DAG run has recorded.

    Nothing is sent, and nobody waits. The tasks of the run must have recorded their requests and answers ([arazzo]
    record_exchanges). The replay shows its route beside that of the run. Exit codes: 0 if it succeeded, 1 if it failed,
    2 if it could not begin.

    \b
    Examples:
      airflow arazzo replay order manual__2026-01-15T09:30:00+00:00
      airflow arazzo replay order manual__2026-01-15T09:30:00+00:00 --save order.har
      airflow arazzo replay order manual__2026-01-15T09:30:00+00:00 --answers changed.har
    """
    from arazzo.engine.recording import STEP, route_in
    from arazzo.testing import Replay

    try:
        plan = _plan(dag_id, task)
        told = list(_recordings(dag_id, run_id, task, map_index))
        if not told:
            raise RecordingError(_NONE)
        entries: list[dict[str, Any]] = []
        for each in told:
            inner = "" if each["workflow"] == plan.workflow_id else f"{each['workflow']}/"
            entries += ({**entry, STEP: f"{inner}{entry[STEP]}"} for entry in each["entries"])
        entries.sort(key=lambda each: str(each["startedDateTime"]))
        if cut := [each["task"] for each in told if each["beyond"]]:
            raise RecordingError(f"the recording of {', '.join(cut)} is not whole ([arazzo] recorded_characters)")
        click.echo(f"{run_id}: {route_in(entries)}")
        replay = Replay.of(entries) if answers is None else Replay.read(answers)
        run = _replayed(_placed(plan, told), {**_inputs(plan, told), **read_inputs(None, single)}, replay)
    except ArazzoError as error:
        click.echo(str(error), err=True)
        sys.exit(REFUSED)
    if save is not None:
        save.write_text(recording(plan, replace(run, recorded=tuple(map(write_json, entries)))), encoding="utf-8")
    _tell(run)


def _plan(dag_id: str, task: str | None) -> Plan:
    """Return the plan of a DAG, or of a task or group of it, as its file says it now."""
    from airflow.providers.common.compat.sdk import AirflowException
    from airflow.utils.cli import get_bagged_dag

    try:
        dag: Any = get_bagged_dag(None, dag_id)
    except AirflowException as error:
        raise ArazzoError(str(error)) from None
    holders = {**dag.task_group.get_task_group_dict(), **dag.task_dict, None: dag}
    plan = _plan_of(holders.get(task))
    if plan is None:
        names = [name for name, each in holders.items() if name and _plan_of(each) is not None]
        known = f"; --task names what does: {', '.join(names)}" if names else ""
        raise ArazzoError(f"{f'task {task!r}' if task else f'DAG {dag_id!r}'} runs no workflow{known}")
    return plan


def _plan_of(holder: Any) -> Plan | None:
    """Return the plan that a DAG, group or task runs from its beginning; None if it runs none."""
    from airflow_arazzo import ArazzoDag, ArazzoTaskGroup, ArazzoWorkflowOperator

    mapped = getattr(holder, "partial_kwargs", {})
    if "document" in mapped:
        given = {name: mapped[name] for name in ("document", "workflow_id", "settings", "dialect") if name in mapped}
        return ArazzoWorkflowOperator(task_id="replay", **given).plan
    return holder.plan if isinstance(holder, (ArazzoDag, ArazzoTaskGroup, ArazzoWorkflowOperator)) else None


def _recordings(dag_id: str, run_id: str, task: str | None, map_index: int) -> Iterator[dict[str, Any]]:
    """Yield what the tasks of a run have recorded, each with its ``task``."""
    from airflow.models.xcom import XComModel
    from airflow.sdk.execution_time.xcom import XCom
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from airflow_arazzo.protocol.stored_forms import fields_of
    from airflow_arazzo.protocol.task_recording import FIELDS, RECORDING_KEY

    with create_session() as session:
        query = select(XComModel).where(
            XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.key == RECORDING_KEY
        )
        found = {(row.task_id, row.map_index): XComModel.deserialize_value(row) for row in session.scalars(query)}
    for (name, index), stored in found.items():
        if index in (map_index, -1) and (task is None or name == task or name.startswith(f"{task}.")):
            value = XCom.deserialize_value(SimpleNamespace(value=stored))  # which may be in an object store
            yield {**fields_of(value, f"the recording of task '{name}'", FIELDS), "task": name}


def _inputs(plan: Plan, told: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the inputs that the run had, secret ones as ``***``."""
    found = (each["inputs"] for each in told if each["workflow"] == plan.workflow_id)
    return {name: value for name, value in next(found, {}).items() if value is not None}


def _placed(plan: Plan, told: list[dict[str, Any]]) -> Plan:
    """Return a plan with what the run's connections had decided about requests, such as their servers."""
    decided = {name: decision for each in told for name, decision in each["placed"].items()}

    def placed(each: Plan) -> Plan:
        steps = []
        for step in each.steps:
            server, added, required = decided.get(f"{each.workflow_id}/{step.step_id}", (step.server, step.added, None))
            settings = step.settings.model_copy(
                update={"server": server, "required": required or step.settings.required}
            )
            steps.append(step.model_copy(update={"settings": settings, "added": tuple(added)}))
        children = {key: placed(child) for key, child in each.children.items()}
        return each.model_copy(update={"steps": tuple(steps), "children": children})

    return placed(plan)


def _replayed(plan: Plan, inputs: dict[str, Any], replay: Replay) -> Run:
    from arazzo.engine import run_local

    log = RunLog(str)
    try:
        return run_local(
            plan,
            inputs,
            send=log.answered(replay.send),
            sleep=replay.sleep,
            clock=replay.clock,
            note=log.note,
            sent=log.sent,
            recording=True,
        )
    except RecordingError as error:
        click.echo(str(error), err=True)
        sys.exit(FAILED)


def _tell(run: Run) -> NoReturn:
    """Say how the replay has ended."""
    from arazzo.engine.recording import route_in
    from arazzo.json_values import json_report, read_own_json

    click.echo(f"replay: {route_in(map(read_own_json, run.recorded))}")
    if run.message:
        click.echo(run.message, err=True)
    click.echo(f"{run.status}: {json_report(run.outputs, ascii_only=True)}")
    sys.exit(ENDED_WELL if run.status == "success" else FAILED)
