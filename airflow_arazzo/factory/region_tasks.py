"""A region as a task, and the first and last task of a region whose step calls a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskGroup

from airflow_arazzo.factory.dag_settings import import_names
from airflow_arazzo.factory.task_arguments import DECIDING, SENDING, placement, task_settings
from airflow_arazzo.factory.task_ids import Names, without_nul
from airflow_arazzo.operators.arazzo import ArazzoStepOperator
from airflow_arazzo.operators.call_tasks import ArazzoCallOperator, ArazzoReturnOperator
from airflow_arazzo.operators.links import LastResponseLink, documentation_of
from airflow_arazzo.protocol.topology import Course, Position
from arazzo.document.settings import Approval
from arazzo.flow import Plan, Region

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


def region_task(plan: Plan, region: Region, names: Names, position: Position, group: TaskGroup) -> BaseOperator:
    """Add the task that runs a region, with a link to the documentation of its operation if there is one."""
    task = _region_task(plan, region, names, position, group)
    if not documentation_of(plan, region.entry):
        task.operator_extra_links = (LastResponseLink(),)
    return task


def _region_task(plan: Plan, region: Region, names: Names, position: Position, group: TaskGroup) -> BaseOperator:
    settings = plan.step(region.entry).settings
    arguments: dict[str, Any] = {
        "task_id": names.local(names.regions[region.entry]),
        "task_display_name": region.entry,
        **SENDING,
        **_step_arguments(plan, region, names, position, group),
        "doc_md": _description(plan, region),
        **task_settings(settings, group),
    }
    if settings.deferrable is not None:
        arguments["deferrable"] = settings.deferrable
    if region.loop is None:
        return ArazzoStepOperator(**arguments)
    if region.timeout is not None:
        arguments["timeout"] = region.timeout
    if settings.mode is not None:
        arguments["mode"] = settings.mode
    from airflow_arazzo.sensors.arazzo import ArazzoSensor

    return ArazzoSensor(
        **arguments,
        poke_interval=region.poke_interval,
        exponential_backoff=region.exponential_backoff,
        soft_fail=False,
        silent_fail=False,
        never_fail=False,
    )


def approval_task(plan: Plan, region: Region, names: Names, group: TaskGroup) -> BaseOperator | None:
    """Add the task that asks for approval before a region; None if none of its steps wants that."""
    if region.entry not in names.approvals:
        return None
    from airflow_arazzo.operators.approval import ArazzoApprovalOperator

    return ArazzoApprovalOperator(
        task_id=names.local(names.approvals[region.entry]),
        plan=plan,
        step=region.entry,
        **{**DECIDING, "retries": 0, "ignore_downstream_trigger_rules": False, "defaults": None},
        **approval_arguments(plan, region),
        **placement(plan.step(region.entry).settings),
        dag=group.dag,
        task_group=group,
        doc_md=f"A person approves `{region.entry}`, or refuses it.",
    )


def approval_arguments(plan: Plan, region: Region) -> dict[str, Any]:
    """Return who is asked and notified, and how long they have, from the first step of a region that asks."""
    asking = (plan.step(step).settings.approval for step in region.steps)
    approval = next((found for found in asking if isinstance(found, Approval)), None)
    if approval is None:
        return {}
    notifiers = import_names(approval.notify, "approval: notify")
    found: dict[str, Any] = {"fail_on_timeout": approval.fail_on_timeout}
    if approval.users:
        found["assigned_users"] = [{"id": user, "name": user} for user in approval.users]
    if notifiers is not None:
        several = notifiers if isinstance(notifiers, list) else [notifiers]
        found["notifiers"] = [notifier() if isinstance(notifier, type) else notifier for notifier in several]
    if approval.timeout is not None:
        found["within"] = approval.timeout
    return found


def call_task(plan: Plan, region: Region, names: Names, position: Position, group: TaskGroup) -> ArazzoCallOperator:
    """Add the first task of a workflow that a step calls.

    :param group: of the called workflow.
    """
    inner = names.calls[region.entry]
    return ArazzoCallOperator(
        task_id=inner.local(inner.gate),
        **_step_arguments(plan, region, names, position, group),
        **DECIDING,
        **placement(plan.step(region.entry).settings),
        doc_md=f"Passes the inputs from `{region.entry}` to the workflow.",
    )


def return_task(
    plan: Plan, region: Region, names: Names, position: Position, group: TaskGroup, course: Course
) -> ArazzoReturnOperator:
    """Add the last task of a workflow that a step calls.

    :param group: of the called workflow.
    :param course: its tasks.
    """
    inner = names.calls[region.entry]
    return ArazzoReturnOperator(
        task_id=inner.local(inner.outputs),
        course=course,
        **_step_arguments(plan, region, names, position, group),
        **DECIDING,
        **placement(plan.step(region.entry).settings),
        doc_md=f"Decides whether `{region.entry}` succeeded, and what follows.",
    )


def _step_arguments(plan: Plan, region: Region, names: Names, position: Position, group: TaskGroup) -> dict[str, Any]:
    return {
        "plan": plan,
        "step": region.entry,
        "tasks": names.records,
        "inputs": None if position.inputs else plan.settings.inputs,
        "position": position,
        "dag": group.dag,
        "task_group": group,
    }


def _description(plan: Plan, region: Region) -> str:
    """Return the document's description of a region's steps."""
    texts = []
    for step_id in region.steps:
        planned = plan.step(step_id)
        operation = planned.operation
        title = f"`{operation.method} {operation.path}`" if operation else f"workflow `{planned.workflow}`"
        title = "\n\n".join(filter(None, (planned.settings.doc, title)))
        heading = f"**{step_id}**: {title}" if len(region.steps) > 1 else title
        texts.append("\n\n".join(filter(None, (heading, planned.step.description))))
    return without_nul("\n\n".join(texts))
