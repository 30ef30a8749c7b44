"""A workflow as a group of tasks in a person's own DAG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskGroup, XComArg

from airflow_arazzo.compat import enclosing
from airflow_arazzo.factory.arguments import plan_of
from airflow_arazzo.factory.dag import require_known
from airflow_arazzo.factory.task_arguments import default_args
from airflow_arazzo.factory.task_ids import valid_group
from airflow_arazzo.factory.tasks import add_group_tasks
from arazzo.expressions.context import Dialect
from arazzo.flow import Plan

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


class ArazzoTaskGroup(TaskGroup):
    """A group of tasks that runs a workflow of an Arazzo document, one task for each step.

    Its task ``inputs`` checks the inputs, its last has the workflow's outputs::

        rescan = ArazzoTaskGroup(DOCUMENT, "rescan", inputs={"image": find_image(), "user": "{{ conn.vault.login }}"})
        report(rescan.outputs["status"])

    :param document: path of the document, or a plan.
    :param workflow_id: which of its workflows; optional if it has only one.
    :param group_id: by default the workflow's id.
    :param inputs: values, templates or XComs by name; tasks whose XComs they are come before the group. They are
        rendered when the group's first task runs, and travel sealed where a secret is among them.
    :param connections: connection ids by name of the source description; by default the id is the source's name.
    :param server: a server URL, or URLs by name of the source description, in place of those of the API descriptions.
    :param dialect: ``lenient`` or ``strict``.
    :param steps: settings by step id, which overrule everything else.
    :param settings: any other setting of ``x-airflow``, by name.
    :param kwargs: whatever else a group of tasks takes.
    :raises DocumentError: if the document cannot be run; the message says where and why.
    :raises InputError: if the workflow has no such input.
    """

    plan: Plan
    first: BaseOperator
    last: BaseOperator

    def __init__(
        self,
        document: str | Path | Plan,
        workflow_id: str | None = None,
        *,
        group_id: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        connections: Mapping[str, str] | str | None = None,
        server: Mapping[str, str] | str | None = None,
        dialect: Dialect = "lenient",
        steps: Mapping[str, Mapping[str, Any]] | None = None,
        settings: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {"connections": connections, "server": server, "steps": steps, "settings": settings}
        around = default_args(*enclosing(kwargs.get("dag"), kwargs.get("parent_group")))
        plan = plan_of(
            document,
            workflow_id,
            dialect,
            {name: value for name, value in given.items() if value is not None},
            {**around, **kwargs.get("default_args", {})},
        )
        bound = {**(plan.settings.inputs or {}), **(inputs or {})}
        require_known(plan, bound)
        super().__init__(group_id=group_id or valid_group(plan.workflow_id), **kwargs)
        self.plan = plan
        built = add_group_tasks(plan, self, bound)
        self.first, self.last = built.first, built.last
        XComArg.apply_upstream_relationship(self.first, bound)

    @property
    def outputs(self) -> XComArg:
        """The workflow's outputs by name, as an XCom for the tasks after the group."""
        return XComArg(self.last)
