"""A plan becomes tasks: one for each region, a branch where control can go several ways, and the outputs last.

A workflow that a step calls, that a ``goto`` hands over to, or that comes before another is a group of tasks. If steps
may run side by side, a task waits only for the tasks of the steps that its step needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskGroup, TriggerRule
from airflow.providers.standard.operators.empty import EmptyOperator

from airflow_arazzo.factory.region_tasks import (
    approval_task,
    call_task,
    region_task,
    return_task,
)
from airflow_arazzo.factory.task_arguments import (
    DECIDING,
    EMPTY,
    SENDING,
    completion_assets,
    placement,
    task_settings,
)
from airflow_arazzo.factory.task_ids import Names, Way, first_regions, hand_overs, name_tasks, valid_key
from airflow_arazzo.operators.arazzo import ArazzoOutputsOperator
from airflow_arazzo.operators.branching import choose_branch
from airflow_arazzo.operators.call_tasks import ArazzoInputsOperator
from airflow_arazzo.operators.workflow import ArazzoWorkflowOperator, require_no_approval
from airflow_arazzo.protocol.pictures import picture_text
from airflow_arazzo.protocol.route_replay import after_success
from airflow_arazzo.protocol.topology import Course, Position
from arazzo.flow import END, Plan, Region, dependencies, region_children, workflows_read
from arazzo.frozen import dataclass, field, replace

if TYPE_CHECKING:
    from airflow.providers.standard.operators.python import BranchPythonOperator
    from airflow.sdk import DAG, BaseOperator


@dataclass(frozen=True)
class Built:
    """A workflow, or a region of one, as tasks.

    :param first: the task that comes before the others.
    :param last: the task that comes after them.
    """

    first: BaseOperator
    last: BaseOperator


@dataclass(frozen=True)
class Site:
    """A workflow that becomes tasks.

    :param names: of its tasks.
    :param position: where it is.
    :param group: where its tasks are put.
    """

    plan: Plan
    names: Names
    position: Position
    group: TaskGroup


def add_tasks(plan: Plan, dag: DAG) -> BaseOperator:
    """Add the tasks of a workflow to a DAG, with their edges, and return the last.

    :param plan: the plan of the workflow, with all settings in it.
    :param dag: the DAG, which has the workflow's inputs as Params.
    """
    names = name_tasks(plan)
    weaving = _Weaving(dag, _kept(plan))
    site = Site(plan, names, Position(kept=weaving.kept), dag.task_group)
    gate = weaving.gate(site, plan.settings.inputs, from_params=True) if names.gate else None
    return weaving.add_workflow(site, gate, weaving.assets(site)).last


def add_task(plan: Plan, dag: DAG) -> BaseOperator:
    """Add a workflow to a DAG as one task, and return that.

    :param plan: the plan of the workflow, with all settings in it.
    :param dag: the DAG, which has the workflow's inputs as Params.
    :raises UnsupportedError: if a step asks for approval.
    """
    settings = plan.settings
    return ArazzoWorkflowOperator(
        task_id=valid_key(plan.workflow_id),
        document=plan,
        from_params=True,
        deferrable=settings.deferrable,
        dag=dag,
        doc_md=plan.description or plan.summary,
        **{
            **SENDING,
            "multiple_outputs": True,
            **completion_assets(settings, dag, dag.task_group),
            **task_settings(settings, dag.task_group),
        },
    )


def add_group_tasks(plan: Plan, group: TaskGroup, inputs: Mapping[str, Any]) -> Built:
    """Add the tasks of a workflow to a group in a person's own DAG.

    :param plan: the plan of the workflow, with all settings in it.
    :param group: the group.
    :param inputs: values, templates or XComs by name.
    """
    taken = (*group.dag.task_ids, *filter(None, group.used_group_ids))
    names = name_tasks(plan, str(group.group_id) if group.prefix_group_id else "", taken)
    weaving = _Weaving(group.dag, _kept(plan))
    site = Site(plan, names, Position(inputs=names.gate, kept=weaving.kept), group)
    built = weaving.add_workflow(site, weaving.gate(site, inputs, from_params=False), weaving.assets(site))
    built.last.multiple_outputs = True  # so that people can name one of them
    return built


@dataclass
class _Weaving:
    """Weaves the tasks of a DAG.

    :param kept: plan keys of the workflows whose values some task reads.
    :param completed: by plan key, the tasks woven so far in which a workflow may be completed.
    """

    dag: DAG
    kept: frozenset[str]
    completed: dict[str, list[str]] = field(default_factory=dict)

    def gate(self, site: Site, inputs: Mapping[str, Any] | None, *, from_params: bool) -> ArazzoInputsOperator:
        """Add the task that checks the inputs of a workflow before all others."""
        return ArazzoInputsOperator(
            task_id=site.names.local(site.names.gate),
            plan=site.plan,
            inputs=inputs,
            from_params=from_params,
            **DECIDING,
            **placement(site.plan.settings),
            dag=self.dag,
            task_group=site.group,
            doc_md="Checks the inputs before the first request.",
        )

    def assets(self, site: Site) -> dict[str, Any]:
        """Return the assets that the workflow reads, and those it has updated when it has ended."""
        return completion_assets(site.plan.settings, self.dag, site.group)

    def add_workflow(
        self, site: Site, gate: BaseOperator | None = None, assets: Mapping[str, Any] = MappingProxyType({})
    ) -> Built:
        """Add a workflow whose last task is its outputs.

        :param assets: the ``inlets`` and ``outlets`` of that task.
        """

        def outputs(course: Course) -> BaseOperator:
            return ArazzoOutputsOperator(
                task_id=site.names.local(site.names.outputs),
                plan=site.plan,
                inputs=None if site.position.inputs else site.plan.settings.inputs,
                course=course,
                **{**DECIDING, **assets, "trigger_rule": _last_rule(site.names)},
                **placement(site.plan.settings),
                dag=self.dag,
                task_group=site.group,
                doc_md="The workflow's outputs, and whether it succeeded.",
                doc_json=picture_text(site.plan, site.names.records),
            )

        return self._workflow(site, gate, outputs)

    def _workflow(self, site: Site, gate: BaseOperator | None, end: Callable[[Course], BaseOperator]) -> Built:
        """Add a workflow: what comes before it, its regions, and the last task that ``end`` makes."""
        plan, names = site.plan, site.names
        begin = self._empty(site, names.begin) if names.begin else None
        started = [Built(task, task) for task in (begin, gate) if task]
        started += [self._before(site, key) for key in names.before]
        regions = {region.entry: self._region(site, region) for region in plan.regions}
        beginning = [regions[region.entry] for region in first_regions(plan)]
        for one, other in pairwise(started):
            one.last >> other.first
        for built in beginning if started else ():
            started[-1].last >> built.first
        takers = {
            key: self._takeover(site, names.takers[key], names.records[region.entry], str(edge.workflow))
            for region in plan.regions
            for key, edge in hand_overs(plan, region)
        }
        last = end(self._course(site))
        self._note_completed(plan.key, last.task_id)
        _Joining(site, regions, takers, self._done(site, begin, last) if begin else last).connect(self.dag)
        return Built((started or beginning)[0].first, last)

    def _done(self, site: Site, begin: BaseOperator, last: BaseOperator) -> BaseOperator:
        """Add the empty task that waits for all others of a group, and return it.

        It is a teardown, whose setup is the group's first task. If control does not reach the group, Airflow gives it
        that task's state, ``skipped`` or ``upstream_failed``; otherwise Airflow runs it whatever happened in between.
        No trigger rule of the last task does the same.
        """
        done = self._empty(site, site.names.done)
        done.as_teardown(setups=begin, on_failure_fail_dagrun=True)
        done >> last
        return done

    def _empty(self, site: Site, name: str) -> EmptyOperator:
        return EmptyOperator(task_id=site.names.local(name), **EMPTY, dag=self.dag, task_group=site.group)

    def _course(self, site: Site) -> Course:
        names = site.names
        return Course(
            site.plan,
            names.records,
            approvals=names.approvals,
            branches=names.branches,
            takers={key: taker.outputs for key, taker in names.takers.items()},
            before={key: other.outputs for key, other in names.before.items()},
            gate=names.gate,
            position=replace(site.position, completed=self._read_by(site.plan, None)),
        )

    # workflows within

    def _before(self, site: Site, key: str) -> Built:
        """Add a workflow that comes first; the task that knows the other workflow's inputs knows its inputs, too."""
        names = site.names.before[key]
        plan = next(plan for plan in dependencies(site.plan) if plan.key == key)
        position = Position(inputs=site.names.gate or site.position.inputs, role=key, kept=self.kept)
        group = self._group(site, names, f"Runs before workflow `{site.plan.workflow_id}`.")
        return self.add_workflow(Site(plan, names, position, group))

    def _takeover(self, site: Site, names: Names, source: str, key: str) -> Built:
        """Add a workflow that a ``goto`` hands over to; the previous task has its inputs."""
        group = self._group(site, names, "Takes over: its outputs are the result.")
        return self.add_workflow(Site(site.plan.children[key], names, Position(inputs=source, kept=self.kept), group))

    def _region(self, site: Site, region: Region) -> Built:
        elsewhere = tuple(dict.fromkeys(str(edge.workflow) for _, edge in hand_overs(site.plan, region)))
        completed = self._read_by(site.plan, region)
        here = replace(site, position=replace(site.position, completed=completed, elsewhere=elsewhere))
        approval = approval_task(site.plan, region, site.names, site.group)
        built = self._call(here, region) if region.entry in site.names.calls else self._task(here, region)
        if approval is None:
            return built
        approval >> built.first
        return Built(approval, built.last)

    def _task(self, site: Site, region: Region) -> Built:
        task = region_task(site.plan, region, site.names, site.position, site.group)
        children = region_children(site.plan, region)
        for child in children.values():
            if child.key not in site.position.elsewhere:
                require_no_approval(child)
        for key in _called(children):
            self._note_completed(key, task.task_id)
        return Built(task, task)

    def _call(self, site: Site, region: Region) -> Built:
        """Add a step that calls a workflow: its inputs, its tasks, and the task that judges the step."""
        names = site.names.calls[region.entry]
        planned = site.plan.step(region.entry)
        plan = site.plan.children[str(planned.workflow)]
        group = self._group(site, names, planned.step.description or f"Workflow `{plan.workflow_id}`.")
        gate = call_task(site.plan, region, site.names, site.position, group)
        inner = Site(plan, names, Position(inputs=names.gate, kept=self.kept), group)
        return self._workflow(
            inner, gate, lambda course: return_task(site.plan, region, site.names, site.position, group, course)
        )

    def _group(self, site: Site, names: Names, text: str) -> TaskGroup:
        return TaskGroup(group_id=site.names.local(names.group), parent_group=site.group, dag=self.dag, tooltip=text)

    # what workflows tell each other

    def _note_completed(self, key: str, task_id: str) -> None:
        if key in self.kept:
            self.completed.setdefault(key, []).append(task_id)

    def _read_by(self, plan: Plan, region: Region | None) -> dict[str, tuple[str, ...]]:
        """Return the tasks woven so far that may complete the workflows which a region reads."""
        if not self.completed:
            return {}
        read = workflows_read(plan, region) if region else plan.output_reads.workflows
        return {key: tuple(tasks) for key, tasks in self.completed.items() if key in read}


def _kept(plan: Plan) -> frozenset[str]:
    """Return the plan keys of workflows that some plan in this one reads, or depends on a step of."""
    called = frozenset(_called(plan.children))
    return called & {*plan.read_workflows, *plan.output_reads.workflows} if called else called


def _called(children: Mapping[str, Plan]) -> Iterator[str]:
    return (each.key for child in children.values() for each in child.whole())


@dataclass(frozen=True)
class _Joining:
    """Connects the tasks of a workflow.

    :param regions: by region.
    :param takers: by :func:`way_key`.
    :param last: the task that decides how the workflow has ended.
    """

    site: Site
    regions: Mapping[str, Built]
    takers: Mapping[str, Built]
    last: BaseOperator

    def connect(self, dag: DAG) -> None:
        """Connect each region with what may follow it, and workflows that take over with the last task."""
        if self.site.plan.needs is not None:
            self._side_by_side(self.site.plan.needs)
            return
        for region in self.site.plan.regions:
            self._connect_region(region, dag)
        for taker in self.takers.values():
            taker.last >> self.last
        for built in self.regions.values():
            if len(built.first.upstream_task_ids) > 1:
                built.first.trigger_rule = TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS

    def _side_by_side(self, needs: Mapping[str, tuple[str, ...]]) -> None:
        """Connect each region with those it needs, and the last task with all that may still run when others are over.

        Airflow gives up a task after several others as soon as one of them fails, while the others still run.
        """
        awaited = {of[0] for of in needs.values() if len(of) == 1}
        for step, of in needs.items():
            for need in of:
                self.regions[need].last >> self.regions[step].first
            if step not in awaited:
                self.regions[step].last >> self.last

    def _connect_region(self, region: Region, dag: DAG) -> None:
        names = self.site.names
        task: BaseOperator = self.regions[region.entry].last
        ways = names.ways[region.entry]
        if region.entry in names.branches:
            branch = self._branch(region, dag)
            task >> branch
            task = branch
        for way in ways:
            edge = names.edges.get((region.entry, way.target))
            target = self._target(way)
            if edge is None:
                _connect(task, target, way, dag)
            else:
                between = EmptyOperator(task_id=names.local(edge), **EMPTY, dag=dag, task_group=self.site.group)
                _connect(task, between, way, dag)
                between >> target
        if not ways:
            task >> self.last

    def _target(self, way: Way) -> BaseOperator:
        if way.workflow is not None:
            return self.takers[way.target].first
        return self.last if way.target == END else self.regions[way.target].first

    def _branch(self, region: Region, dag: DAG) -> BranchPythonOperator:
        from airflow.providers.standard.operators.python import BranchPythonOperator

        names = self.site.names
        ways: dict[str, str] = {}
        takers: dict[str, str] = {}
        for way in names.ways[region.entry]:
            task = names.edges.get((region.entry, way.target), self._target(way).task_id)
            ways |= dict.fromkeys(way.steps, task)
            if way.workflow is not None:
                takers[way.target] = task
        marked = after_success(self.site.plan, region.entry)
        # Airflow renders the values here, not the names, which are ids of tasks with few characters.
        return BranchPythonOperator(
            task_id=names.local(names.branches[region.entry]),
            python_callable=choose_branch,
            op_kwargs={
                "source": names.records[region.entry],
                "ways": ways,
                "marked": None if marked is None else ways[marked],
                **({"takers": takers} if takers else {}),
            },
            show_return_value_in_logs=False,
            **dict.fromkeys(("op_args", "templates_dict", "templates_exts")),
            **DECIDING,
            **placement(self.site.plan.step(region.entry).settings),
            dag=dag,
            task_group=self.site.group,
            doc_md=f"Which branch did the run take after `{region.entry}`?",
        )


def _last_rule(names: Names) -> TriggerRule:
    """Return the trigger rule of a workflow's last task: in a group, the task before it decides when."""
    return TriggerRule.ALL_SUCCESS if names.done else TriggerRule.ALL_DONE


def _connect(task: BaseOperator, target: BaseOperator, way: Way, dag: DAG) -> None:
    """Connect two tasks, but not by ``Label``, which would connect their groups instead."""
    task >> target
    if way.label:
        dag.set_edge_info(task.task_id, target.task_id, {"label": way.label})
