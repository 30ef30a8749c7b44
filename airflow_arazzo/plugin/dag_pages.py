"""The pages of DAGs, made from what Airflow has stored: the serialized DAG, and the XComs of its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.xcom import XComModel
from airflow.providers.common.compat.sdk import conf
from sqlalchemy import select

from airflow_arazzo.plugin import EMBEDDED, PREFIX
from airflow_arazzo.protocol.channel import RECORD_KEY
from airflow_arazzo.protocol.pictures import PicturedWorkflow, problems_of, workflows_of
from airflow_arazzo.protocol.xcoms import OUTPUTS_KEY
from arazzo.engine import StepRecord
from arazzo.engine.state import Mark
from arazzo.frozen import dataclass
from arazzo.report import (
    Dot,
    ReportedWorkflow,
    exchange_dots,
    operations_page,
    page,
    run_page,
    step_section,
    tag,
    workflow_page,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Addresses:
    """The addresses for the links of a page.

    :ivar embedded: whether the page is inside Airflow's, where links cannot leave the frame.
    """

    embedded: bool = False

    def airflow(self, *parts: str) -> dict[str, str]:
        """Return the link to a page of Airflow's own; none if this page is inside it."""
        return {} if self.embedded else {"Airflow": _base() + _path(parts)}

    def own(self, *parts: str) -> str:
        """Return the address of one of our pages."""
        return f"{_base()}{PREFIX}{_path(parts)}{f'?{EMBEDDED}=true' if self.embedded else ''}"


def _path(parts: tuple[str, ...]) -> str:
    """Return the path of a DAG, of one of its runs, or of a task in a run."""
    names = ("dags", "runs", "tasks", "")
    return "".join(
        f"/{name}/{quote(part, safe='')}".replace("//", "/") for name, part in zip(names, parts, strict=False)
    )


def _base() -> str:
    return str(conf.get("api", "base_url", fallback="/")).rstrip("/")


#: How many runs the page of a DAG covers.
RUNS = 25
#: How many workflows of a run its page shows: a mapped group has one for each item.
_MOST_PARTS = 50
_OF_A_STEP = frozenset(field.name for field in fields(StepRecord))
_NOTHING = "None of its tasks runs an Arazzo workflow."


@dataclass(frozen=True)
class TaskPlace:
    """A task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


Address = Callable[..., str]
"""Returns the address of a task's page, given its id and perhaps its map index."""

Told = dict[tuple[str, int], dict[str, Any]]
"""By task id and map index, the XComs of the task by key."""


def dag_page(session: Session, dag_id: str, at: Addresses) -> str | None:
    """Return the page of a DAG: its workflows, and how its operations did in the last runs."""
    serialized = SerializedDagModel.get(dag_id, session=session)
    if serialized is None:
        return None
    workflows = workflows_of(serialized.data)
    runs = session.scalars(
        select(DagRun.run_id).where(DagRun.dag_id == dag_id).order_by(DagRun.run_after.desc()).limit(RUNS)
    ).all()
    told = [_told(session, dag_id, run_id) for run_id in runs]
    if not workflows and not any(told):
        return _without_workflow(dag_id, serialized)
    links = at.airflow(dag_id) | ({"the last run": at.own(dag_id, runs[0])} if runs else {})
    exchanges = [item for each in told for item in _exchanges(each)]
    return workflow_page(dag_id, [each.picture for each in workflows], links, *operations_page(exchanges, len(runs)))


def run_page_of(session: Session, dag_id: str, run_id: str, at: Addresses) -> str | None:
    """Return the page of a run."""
    run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    if run is None:
        return None
    told = _told(session, dag_id, run_id)
    serialized = _serialized(session, run)
    workflows = workflows_of(serialized.data) if serialized else []
    parts = list(_parts(workflows, told, lambda *task: at.own(dag_id, run_id, *task)))
    if not parts:
        return _without_workflow(dag_id, serialized)
    facts = {
        "run": run_id,
        "state": str(run.state),
        "started": str(run.start_date or ""),
        "ended": str(run.end_date or ""),
    }
    links = {**at.airflow(dag_id, run_id), "all runs": at.own(dag_id)}
    return run_page(dag_id, parts[:_MOST_PARTS], facts, links)


def task_page(session: Session, place: TaskPlace, at: Addresses) -> str | None:
    """Return the page of a task: what its steps sent, and the answers."""
    told = _told(session, place.dag_id, place.run_id).get((place.task_id, place.map_index))
    if told is None:
        return None
    dots = exchange_dots(told[RECORD_KEY])
    steps = list(_steps(told, place.task_id, ""))
    sections = [step_section(record, dots.get(record["step"], ()), opened=True) for record in steps]
    run = (place.dag_id, place.run_id)
    links = {**at.airflow(*run, place.task_id), "the whole run": at.own(*run)}
    return workflow_page(place.task_id, [], links, *sections)


def _without_workflow(dag_id: str, serialized: SerializedDagModel | None) -> str:
    """Return the page of a DAG that runs no workflow, because its document cannot be run, or because it has none."""
    problems = problems_of(serialized.data) if serialized else ""
    said = tag("p", "Its document cannot be run:" if problems else _NOTHING)
    return page(dag_id, tag("h1", dag_id), said, *([tag("pre", problems)] if problems else []))


def _serialized(session: Session, run: DagRun) -> SerializedDagModel | None:
    """Return the DAG as it was when a run started, or as it is now."""
    version = run.created_dag_version_id
    query = select(SerializedDagModel).where(SerializedDagModel.dag_version_id == version)
    serialized = session.scalar(query) if version else None
    return serialized or SerializedDagModel.get(run.dag_id, session=session)


def _told(session: Session, dag_id: str, run_id: str) -> Told:
    keys = (RECORD_KEY, OUTPUTS_KEY)
    query = select(XComModel).where(XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.key.in_(keys))
    found: Told = {}
    for row in session.scalars(query):
        found.setdefault((row.task_id, row.map_index), {})[row.key] = row.value  # Airflow would make objects of texts
    return {place: told for place, told in found.items() if _is_record(told.get(RECORD_KEY))}


def _is_record(value: Any) -> bool:
    """Say whether an XCom has the form of a record of any version, and was not made up by some other task."""
    if not isinstance(value, dict) or not isinstance(value.get("history", []), list):
        return False
    steps = value.get("steps", {"": value} if "step" in value else {})
    try:
        for record in steps.values():
            StepRecord.from_data({"step": "", **{name: record[name] for name in record if name in _OF_A_STEP}})
        return all(Mark.from_data(mark) for mark in value.get("exchanges", ()))
    except (AttributeError, TypeError, ValueError):
        return False


def _parts(workflows: list[PicturedWorkflow], told: Told, address: Address) -> Iterator[ReportedWorkflow]:
    """Yield the workflows that have run, in the DAG's order, a mapped one once for each item."""
    shown = set()
    for workflow in workflows:
        tasks = {box.task for box in workflow.picture.boxes} | {workflow.task}
        shown |= tasks
        for map_index in sorted({index for task, index in told if task in tasks}):
            yield ReportedWorkflow(_report(workflow, told, map_index, address), workflow.picture)
    for (task, map_index), values in sorted(told.items()):
        if task not in shown and "workflow" in values[RECORD_KEY]:
            yield ReportedWorkflow(_whole(values, address(task, *_mapped(map_index))))


def _report(workflow: PicturedWorkflow, told: Told, map_index: int, address: Address) -> dict[str, Any]:
    ending = told.get((workflow.task, map_index), {})
    record = ending.get(RECORD_KEY, {})
    if "steps" in record:  # the whole workflow is one task
        return _whole(ending, address(workflow.task, *_mapped(map_index)))
    tasks = dict.fromkeys(box.task for box in workflow.picture.boxes)
    values = {task: told[task, map_index] for task in tasks if (task, map_index) in told}
    steps = [step for task, each in values.items() for step in _steps(each, task, address(task, *_mapped(map_index)))]
    exchanges = [mark for each in values.values() for mark in each[RECORD_KEY].get("exchanges", ())]
    return {
        "status": record.get("status", ""),
        "message": record.get("message", ""),
        "outputs": ending.get(OUTPUTS_KEY),
        "steps": steps,
        "exchanges": exchanges,
    }


def _whole(values: Mapping[str, Any], link: str) -> dict[str, Any]:
    """Return the report of a workflow that is one task."""
    record = values[RECORD_KEY]
    steps = [{**each, "step": name, "link": link} for name, each in record.get("steps", {}).items()]
    return {**record, "steps": steps, "outputs": values.get(OUTPUTS_KEY), "log": record.get("history", ())}


def _steps(values: Mapping[str, Any], task: str, link: str) -> Iterator[dict[str, Any]]:
    """Yield the records of the steps of a task, with their outputs."""
    record, outputs = values[RECORD_KEY], values.get(OUTPUTS_KEY)
    several = record.get("steps")
    inner = several or {str(record.get("step", task)): record}
    for name, each in inner.items():
        own = (outputs or {}).get(name) if several and isinstance(outputs, dict) else outputs
        last = {"next": record.get("next")} if each.get("step") == record.get("step") else {}
        yield {**each, **last, "step": name, "outputs": own, **({"link": link} if link else {})}


def _exchanges(told: Told) -> Iterator[tuple[str, Dot]]:
    """Yield the exchanges of a run, each with what it called."""
    for values in told.values():
        record = values[RECORD_KEY]
        inner = record.get("steps") or {record.get("step"): record}
        requests = {name: str(each.get("request", "")) for name, each in inner.items() if isinstance(each, dict)}
        for name, dots in exchange_dots(record).items():
            for dot in dots:
                if requests.get(name):
                    yield requests[name], dot


def _mapped(map_index: int) -> tuple[str, ...]:
    return (str(map_index),) if map_index >= 0 else ()
