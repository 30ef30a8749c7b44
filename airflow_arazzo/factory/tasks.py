"""A plan becomes tasks: one for each region, a branch where control can go more than one way, the outputs last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Label, TriggerRule
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator

from airflow_arazzo.core.document.settings import Settings
from airflow_arazzo.core.flow import END, Plan, Region
from airflow_arazzo.factory.names import Names, Way, name_tasks
from airflow_arazzo.operators.arazzo import ArazzoOutputsOperator, ArazzoStepOperator
from airflow_arazzo.operators.branching import choose_branch
from airflow_arazzo.sensors.arazzo import ArazzoSensor

if TYPE_CHECKING:
    from airflow.sdk import DAG, BaseOperator


def add_tasks(plan: Plan, dag: DAG) -> ArazzoOutputsOperator:
    """Add the tasks of a workflow to a DAG, with their edges, and return the last.

    :param plan: the plan of the workflow, with all settings in it.
    :param dag: the DAG, which has the workflow's inputs as Params.
    """
    names = name_tasks(plan)
    regions = {region.task_id: _region_task(plan, region, names, dag) for region in plan.regions}
    outputs = ArazzoOutputsOperator(
        task_id=names.outputs,
        plan=plan,
        tasks=names.regions,
        inputs=plan.settings.inputs,
        trigger_rule=TriggerRule.ALL_DONE,
        retries=0,
        dag=dag,
        doc_md="The workflow's outputs, and whether it has ended well.",
    )
    for region in plan.regions:
        _lead_on(region, names, regions, outputs, dag)
    for task in regions.values():
        if len(task.upstream_task_ids) > 1:
            task.trigger_rule = TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    return outputs


def _lead_on(
    region: Region,
    names: Names,
    regions: Mapping[str, BaseOperator],
    outputs: ArazzoOutputsOperator,
    dag: DAG,
) -> None:
    """Connect a region's task with what can follow it."""
    task: BaseOperator = regions[region.task_id]
    ways = names.ways[region.task_id]
    if region.task_id in names.branches:
        task = _branch(region, names, dag)
        regions[region.task_id] >> task
    for way in ways:
        edge = names.edges.get((region.task_id, way.target))
        target = outputs if way.target == END else regions[way.target]
        if edge is None:
            _connect(task, target, way)
        else:
            between = EmptyOperator(task_id=edge, dag=dag)
            _connect(task, between, way)
            between >> target
    if not ways:
        task >> outputs


def _connect(task: BaseOperator, target: BaseOperator, way: Way) -> None:
    if way.label:
        task >> Label(way.label) >> target
    else:
        task >> target


def _branch(region: Region, names: Names, dag: DAG) -> BranchPythonOperator:
    ways: dict[str, str] = {}
    for way in names.ways[region.task_id]:
        direct = names.outputs if way.target == END else names.regions[way.target]
        ways |= dict.fromkeys(way.steps, names.edges.get((region.task_id, way.target), direct))
    return BranchPythonOperator(
        task_id=names.branches[region.task_id],
        python_callable=choose_branch,
        op_kwargs={"source": names.regions[region.task_id], "ways": ways},
        show_return_value_in_logs=False,
        dag=dag,
        doc_md=f"Which way did control go after `{region.task_id}`?",
    )


def _region_task(plan: Plan, region: Region, names: Names, dag: DAG) -> BaseOperator:
    planned = plan.step(region.task_id)
    settings = planned.settings
    arguments: dict[str, Any] = {
        "task_id": names.regions[region.task_id],
        "task_display_name": region.task_id,
        "plan": plan,
        "step": region.task_id,
        "tasks": names.regions,
        "inputs": plan.settings.inputs,
        "deferrable": settings.deferrable if settings.deferrable is not None else True,
        "doc_md": _description(plan, region),
        "dag": dag,
        **_task_settings(settings, dag),
    }
    if region.loop is None:
        return ArazzoStepOperator(**arguments)
    if region.timeout is not None:
        arguments["timeout"] = region.timeout
    return ArazzoSensor(
        **arguments,
        mode=settings.mode or "poke",
        poke_interval=region.poke_interval,
        exponential_backoff=region.exponential_backoff,
    )


def _task_settings(settings: Settings, dag: DAG) -> dict[str, Any]:
    """Return the settings that Airflow itself acts on; a workflow has retries of its own, so the default is none."""
    found: dict[str, Any] = {
        name: value for name in ("pool", "queue", "priority_weight") if (value := getattr(settings, name)) is not None
    }
    for name in ("execution_timeout", "retry_delay"):
        if (seconds := getattr(settings, name)) is not None:
            found[name] = timedelta(seconds=seconds)
    if settings.retries is not None or "retries" not in dag.default_args:
        found["retries"] = settings.retries or 0
    return found


def _description(plan: Plan, region: Region) -> str:
    """Return what the document says about the steps of a region."""
    texts = []
    for step_id in region.steps:
        planned = plan.step(step_id)
        operation = planned.operation
        title = f"`{operation.method} {operation.path}`" if operation else f"workflow `{planned.workflow}`"
        heading = f"**{step_id}**: {title}" if len(region.steps) > 1 else title
        texts.append("\n\n".join(filter(None, (heading, planned.step.description))))
    return "\n\n".join(texts)
