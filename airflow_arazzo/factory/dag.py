"""A workflow as a DAG."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, conf
from airflow.sdk.definitions.param import ParamsDict

from airflow_arazzo.compat import set_dag_result
from airflow_arazzo.factory.arguments import plan_of, require_schedule, split_arguments
from airflow_arazzo.factory.dag_settings import callback_settings, timing, with_owner
from airflow_arazzo.factory.documentation import describe
from airflow_arazzo.factory.params import workflow_params
from airflow_arazzo.factory.task_ids import valid_key
from airflow_arazzo.factory.tasks import add_task, add_tasks
from arazzo.engine.refusals import refusals
from arazzo.errors import ArazzoError, InputError, UnsupportedError
from arazzo.expressions.context import Dialect
from arazzo.flow import Plan

#: The tag of every DAG that this package makes.
TAG = "arazzo"
_LONGEST_TAG = 100


class ArazzoDag(DAG):
    """A DAG that runs a workflow of an Arazzo document, with a task for each step, or one task for all
    (``granularity``).

    The workflow's inputs are its Params, and the workflow's outputs are its result. Settings given here overrule those
    of the document (``x-airflow``).

    :param document: path of the document, or a plan.
    :param workflow_id: which of its workflows; optional if it has only one.
    :param dag_id: by default the workflow's id.
    :param schedule: as for every DAG; then each required input needs a default or a binding.
    :param start_date: as for every DAG.
    :param tags: in addition to ``arazzo``, and to the document's version if ``[arazzo] version_tag`` is set.
    :param connections: connection ids by name of the source description; by default the id is the source's name.
    :param inputs: bound inputs, values or templates (``{{ conn.aqua.password }}``) by name: they are rendered when a
        task runs and stored nowhere, and the form does not ask for them.
    :param server: a server URL, or URLs by name of the source description, in place of those of the API descriptions.
    :param poke_interval: seconds between the rounds of a poll.
    :param timeout: seconds for all rounds of a loop.
    :param max_rounds: how many rounds a loop may have.
    :param unmatched: what follows if none of a step's success actions holds: ``auto``, ``next`` or ``fail``.
    :param deferrable: whether it waits in the triggerer.
    :param dialect: ``lenient`` or ``strict``.
    :param steps: settings by step id, which overrule everything else.
    :param settings: any other setting of ``x-airflow``, by name.
    :param kwargs: other arguments of a DAG; ``params`` are added to the workflow's inputs.
    :raises DocumentError: if the document cannot be run; the message says where and why.
    :raises InputError: if there is a schedule and a required input has no value.
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
        try:
            compiled, kwargs = split_arguments({**given, **kwargs})
            plan = plan_of(document, workflow_id, dialect, compiled, kwargs.get("default_args"))
        except (ArazzoError, TypeError) as error:
            raise error.with_traceback(None) from None  # Airflow shows the last two frames: the DAG file's is one
        super().__init__(
            dag_id or valid_key(plan.workflow_id),
            **dag_arguments(plan, schedule=schedule, start_date=start_date, tags=tags, given=kwargs),
        )
        self.plan = plan
        # Airflow copies a DAG's Params to each task several times while it is made, and reads the DAG's at run time.
        params, self.params = self.params, ParamsDict()
        self.outputs = add_task(plan, self) if plan.settings.granularity == "workflow" else add_tasks(plan, self)
        self.params = params
        set_dag_result(self, self.outputs)
        self.validate()  # type: ignore[no-untyped-call]
        with self:  # Airflow then takes this DAG, whether it is assigned to a name or not
            pass


def dag_arguments(
    plan: Plan, *, schedule: Any, start_date: datetime | str | None, tags: Iterable[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments for a workflow's DAG: the factory's overrule the document's settings.

    :raises InputError: if there is a schedule and a required input has no value.
    """
    settings = plan.settings
    bound = set(settings.inputs or ())
    catchup = given.get("catchup", settings.catchup if settings.catchup is not None else False)
    when = timing(settings, schedule, start_date, catchup)
    require_schedule(when["schedule"])
    runs = given.get("max_active_runs", settings.max_active_runs)
    if refused := refusals(plan, scheduled=when["schedule"] is not None, runs=runs):
        impossible = [str(refusal) for refusal in refused if refusal.setting[0] in ("approval", "budget", "pool")]
        raise UnsupportedError("; ".join(impossible)) if impossible else InputError(map(str, refused))
    from_document = {
        "catchup": catchup,
        "max_active_runs": runs or (1 if settings.watch or when["schedule"] == "@continuous" else None),
        "description": plan.summary or plan.document.get("title") or None,
        "doc_md": describe(plan),
        **callback_settings(settings),
    }
    return {
        **{name: value for name, value in from_document.items() if value is not None},
        **given,
        **when,
        **with_owner(settings, given),
        "params": {**workflow_params(plan, bound), **given.get("params", {})},
        "tags": _tags(plan, tags),
    }


def require_known(plan: Plan, bound: Collection[str]) -> None:
    """Refuse to bind inputs that the workflow does not have."""
    known = plan.taken.schemas
    unknown = [name for name in bound if not plan.takes(name)]
    if unknown:
        names = ", ".join(f"'{name}'" for name in sorted(unknown))
        there = f"it has {', '.join(known)}" if known else "it has none"
        raise InputError([f"workflow '{plan.workflow_id}' has no input {names}; {there}"])


def _tags(plan: Plan, tags: Iterable[str]) -> list[str]:
    version = plan.document.get("version", "") if conf.getboolean("arazzo", "version_tag", fallback=False) else ""
    own = [TAG, version, *(plan.settings.tags or ()), *tags]
    return list(dict.fromkeys(tag[:_LONGEST_TAG] for tag in own if tag))
