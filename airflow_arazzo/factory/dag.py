"""A workflow as a DAG."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG
from pydantic import ValidationError

from airflow_arazzo.compat import set_dag_result
from airflow_arazzo.factory.params import require_schedulable, workflow_params
from airflow_arazzo.factory.task_ids import storable, valid_key
from airflow_arazzo.factory.tasks import add_task, add_tasks
from arazzo.document.settings import Settings
from arazzo.engine import load_plan
from arazzo.errors import InputError
from arazzo.expressions import Dialect
from arazzo.flow import Options, Plan, draw

#: The tag of every DAG that this package makes.
TAG = "arazzo"
#: The arguments of :class:`ArazzoDag` that a document is compiled with.
COMPILED = frozenset(
    {
        *("connections", "inputs", "server", "poke_interval", "timeout", "max_rounds", "unmatched", "deferrable"),
        *("dialect", "steps", "settings"),
    }
)
_LONGEST_TAG = 100


class ArazzoDag(DAG):
    """A DAG that runs a workflow of an Arazzo document, one task for each step, or one for all (``granularity``).

    The workflow's inputs are its Params, the workflow's outputs its result. Settings given here overrule those that the
    document has under ``x-airflow``.

    :param document: path of the document, or a plan.
    :param workflow_id: which of its workflows; may be missing where it has only one.
    :param dag_id: the workflow's id where it is missing.
    :param schedule: as for every DAG; then each required input needs a default or a binding.
    :param start_date: as for every DAG.
    :param tags: beyond ``arazzo`` and the document's version.
    :param connections: connection ids by name of the source description; by default the one that has the source's name.
    :param inputs: bound inputs, values or templates (``{{ conn.aqua.password }}``) by name: rendered when a task runs,
        stored nowhere, asked of nobody.
    :param server: a server URL, or URLs by name of the source description, in place of those of the API descriptions.
    :param poke_interval: seconds between the rounds of a poll.
    :param timeout: seconds for all rounds of a loop.
    :param max_rounds: how many rounds a loop may have.
    :param unmatched: what follows when none of a step's success actions matches: ``auto``, ``next`` or ``fail``.
    :param deferrable: whether waiting is left to the triggerer.
    :param dialect: ``lenient`` or ``strict``.
    :param steps: settings by step id, which overrule everything else.
    :param settings: any other setting of ``x-airflow``, by name.
    :param kwargs: whatever else a DAG takes; ``params`` come on top of the workflow's inputs.
    :raises DocumentError: if the document cannot be run; the message says where and why.
    :raises InputError: if there is a schedule and nobody gives a required input.
    """

    plan: Plan

    def __init__(  # noqa: PLR0913 - one keyword for each thing that people set
        self,
        document: str | Path | Plan,
        workflow_id: str | None = None,
        *,
        dag_id: str | None = None,
        schedule: Any = None,
        start_date: datetime | str | None = None,
        tags: Iterable[str] = (),
        connections: Mapping[str, str] | str | None = None,
        inputs: Mapping[str, Any] | None = None,
        server: Mapping[str, str] | str | None = None,
        poke_interval: float | None = None,
        timeout: float | None = None,
        max_rounds: int | None = None,
        unmatched: str | None = None,
        deferrable: bool | None = None,
        dialect: Dialect = "lenient",
        steps: Mapping[str, Mapping[str, Any]] | None = None,
        settings: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {
            "connections": connections,
            "inputs": inputs,
            "server": server,
            "poke_interval": poke_interval,
            "timeout": timeout,
            "max_rounds": max_rounds,
            "unmatched": unmatched,
            "deferrable": deferrable,
            "steps": steps,
            "settings": settings,
        }
        plan = plan_of(document, workflow_id, dialect, _present(given))
        super().__init__(
            dag_id or valid_key(plan.workflow_id),
            **dag_arguments(plan, schedule=schedule, start_date=start_date, tags=tags, given=kwargs),
        )
        self.plan = plan
        self.outputs = add_task(plan, self) if plan.settings.granularity == "workflow" else add_tasks(plan, self)
        set_dag_result(self, self.outputs)
        self.validate()  # type: ignore[no-untyped-call]
        with self:  # what Airflow does with every DAG that a file uses so: take it, assigned to a name or not
            pass


def compile_options(arguments: Mapping[str, Any]) -> Options:
    """Return the options that a document is compiled with.

    :param arguments: those of :class:`ArazzoDag` that are in :data:`COMPILED`.
    :raises ValueError: if a setting is unknown or cannot have its value.
    """
    given = {**arguments, **arguments.get("settings", {})}
    if "connections" in given:
        given["connection"] = given["connections"]
    names = given.keys() & Settings.model_fields.keys()
    unknown = sorted(given.keys() - names - COMPILED)
    if unknown:
        raise ValueError(f"settings of the workflow: there is no setting '{unknown[0]}'")
    return Options(
        dialect=arguments.get("dialect", "lenient"),
        settings=_settings({name: _plain(given[name]) for name in names}, "the workflow"),
        step_settings={
            step: _settings(values, f"step '{step}'") for step, values in arguments.get("steps", {}).items()
        },
    )


def dag_arguments(
    plan: Plan, *, schedule: Any, start_date: datetime | str | None, tags: Iterable[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a DAG of this workflow is made with: the factory's arguments over the document's settings.

    :raises InputError: if there is a schedule and nobody gives a required input.
    """
    settings = plan.settings
    bound = set(settings.inputs or ())
    require_known(plan, bound)
    schedule = schedule if schedule is not None else settings.schedule
    if schedule is not None:
        require_schedulable(plan, bound)
    from_document = {
        "catchup": settings.catchup if settings.catchup is not None else False,
        "max_active_runs": settings.max_active_runs,
        "description": plan.summary or plan.document.get("title") or None,
        "doc_md": describe(plan),
        "start_date": _date(start_date if start_date is not None else settings.start_date),
    }
    return {
        **_present(from_document),
        **given,
        "schedule": schedule,
        "params": {**workflow_params(plan, bound), **given.get("params", {})},
        "tags": _tags(plan, tags),
    }


def describe(plan: Plan) -> str:
    """Return the documentation of a workflow's DAG, as Markdown."""
    document = plan.document
    version, digest = document.get("version", ""), document.get("digest", "")
    parts = [
        f"# {plan.summary or document.get('title') or plan.workflow_id}",
        plan.description,
        f"Workflow `{plan.workflow_id}` of {document.get('title', '')}, version {version}, "
        f"document `{Path(document.get('name', '')).name}`, SHA-256 `{digest[:16]}`.",
        f"Not reachable and left out: {', '.join(plan.unreachable)}." if plan.unreachable else "",
        f"```mermaid\n{draw(plan, 'mermaid').strip()}\n```",
    ]
    return storable("\n\n".join(part.strip() for part in parts if part.strip()))


def plan_of(
    document: str | Path | Plan, workflow_id: str | None, dialect: Dialect, arguments: Mapping[str, Any]
) -> Plan:
    if not isinstance(document, Plan):
        return load_plan(document, workflow_id, compile_options({"dialect": dialect, **arguments}))
    if arguments or workflow_id not in (None, document.workflow_id):
        names = ", ".join(arguments) or "workflow_id"
        raise ValueError(f"{names}: what a plan says is fixed; give the document, or compile it with these settings")
    return document


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _settings(values: Mapping[str, Any], subject: str) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"settings of {subject}: {place}: {first['msg']}") from None


def require_known(plan: Plan, bound: Collection[str]) -> None:
    """Refuse to bind what the workflow does not have."""
    known = plan.taken.schemas
    unknown = [name for name in bound if known and name not in known]
    if unknown:
        names = ", ".join(f"'{name}'" for name in sorted(unknown))
        raise InputError([f"workflow '{plan.workflow_id}' has no input {names}; it has {', '.join(known)}"])


def _tags(plan: Plan, tags: Iterable[str]) -> list[str]:
    own = [TAG, plan.document.get("version", ""), *(plan.settings.tags or ()), *tags]
    return list(dict.fromkeys(tag[:_LONGEST_TAG] for tag in own if tag))


def _date(value: datetime | str | None) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        date = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"start_date: '{value}' is no ISO 8601 date") from None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
