"""A DAG run task by task, without scheduler and database: the real tasks, under the scheduler's own trigger rules.

The scheduler's part is played by Airflow's own :class:`TriggerRuleDep` over the serialized DAG; the task runner's
part (Params, templates, branches, deferrals, reschedules) by the lines below. What a task pushes, what a trigger is
made of and what it fires goes through JSON. ``test_equivalence_dag_test.py`` holds the same against ``dag.test()``.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timezone
from random import Random
from typing import Any

from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSkipException,
    DownstreamTasksSkipped,
    ParamValidationError,
    TaskDeferred,
)
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.definitions.param import process_params
from airflow.serialization import serialized_objects
from airflow.ti_deps.dep_context import DepContext
from airflow.ti_deps.deps.trigger_rule_dep import TriggerRuleDep
from running import Run, Store, TaskInstance, restored

serialization: Any = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)
FINISHED = ("success", "failed", "skipped", "upstream_failed")


@dataclass
class ScheduledTask:
    """A task instance as the scheduler sees it: as much of one as trigger rules look at."""

    task: Any
    state: str | None = None
    dag_id: str = "dag"
    run_id: str = "run"
    map_index: int = -1
    region_index: int = -1  # what Airflow 3.4 asks for in its stead

    @property
    def task_id(self) -> str:
        return self.task.task_id

    def get_dagrun(self, session: Any = None) -> None:
        return None

    def set_state(self, state: Any, session: Any = None) -> bool:
        changed, self.state = self.state != state, str(state.value)
        return changed


@dataclass
class RunningTask(TaskInstance):
    """A task instance as the task itself sees it."""

    task: Any = None
    map_index: int = -1


@dataclass
class Execution:
    """One run of a DAG.

    :ivar dag: as the factory has made it.
    :ivar conf: what the run was triggered with.
    :ivar clock: has ``clock()``, and ``sleep`` for a reschedule.
    :ivar shuffle: which task comes first of those whose time has come; None: in the order of the DAG.
    :ivar refused: the tasks that ask for approval and do not get it.
    """

    dag: Any
    conf: dict[str, Any]
    clock: Any
    shuffle: Random | None = None
    refused: Collection[str] = ()
    run: Run = field(default_factory=Run)
    errors: dict[str, BaseException] = field(default_factory=dict)
    deferrals: int = 0

    def __post_init__(self) -> None:
        serialized = serialization.from_dict(json.loads(json.dumps(serialization.to_dict(self.dag))))
        self.scheduled = {
            task.task_id: ScheduledTask(serialized.get_task(task.task_id)) for task in self.dag.topological_sort()
        }
        self.store: dict[str, dict[str, Any]] = {}

    def finish(self) -> str:
        """Run every task that comes to run, and return the state of the run."""
        while any(self._schedule(instance) for instance in self._turns()):
            pass
        unfinished = [instance.task_id for instance in self.scheduled.values() if instance.state not in FINISHED]
        assert not unfinished, f"deadlock: {unfinished} never came to run"
        leaves = [instance for instance in self.scheduled.values() if not instance.task.downstream_task_ids]
        return "failed" if any(leaf.state in ("failed", "upstream_failed") for leaf in leaves) else "success"

    @property
    def states(self) -> dict[str, str]:
        return {instance.task_id: str(instance.state) for instance in self.scheduled.values()}

    def _turns(self) -> list[ScheduledTask]:
        instances = list(self.scheduled.values())
        if self.shuffle is not None:
            self.shuffle.shuffle(instances)
        return instances

    def _schedule(self, instance: ScheduledTask) -> bool:
        """Decide about a task as the scheduler does, run it if its time has come; say whether anything happened."""
        if instance.state in FINISHED:
            return False
        context = DepContext(
            flag_upstream_failed=True,
            finished_tis=[other for other in self.scheduled.values() if other.state in FINISHED],
        )
        statuses = list(TriggerRuleDep()._get_dep_statuses(ti=instance, dep_context=context, session=None))
        if instance.state in FINISHED:
            self.run.states[instance.task_id] = str(instance.state)
            return True
        if not all(status.passed for status in statuses):
            return False
        if instance.state is None:
            instance.state = self._run(instance.task_id)
            self.run.states[instance.task_id] = instance.state
        return True

    def _run(self, task_id: str) -> str:
        task = self.dag.get_task(task_id)
        if task.task_type == "EmptyOperator":
            return "success"
        try:
            result = self._execute(task)
        except DownstreamTasksSkipped as skipped:
            for target in skipped.tasks:
                name = target if isinstance(target, str) else target[0]
                self.scheduled[name].state = self.run.states[name] = "skipped"
            return "success"
        except AirflowSkipException:
            return "skipped"
        except (AirflowException, ParamValidationError) as error:
            self.errors[task_id] = error
            return "failed"
        if result is not None and not isinstance(task, ApprovalOperator):
            self.run.xcoms[task_id, "return_value"] = json.loads(json.dumps(result))
        return "success"

    def _execute(self, task: Any) -> Any:
        """Do what the task runner does, over deferrals and reschedules."""
        method, kwargs = "execute", {}
        if isinstance(task, ApprovalOperator):
            method, kwargs = "execute_complete", {"event": self._answer(task)}
        while True:
            copied = task.prepare_for_execution()
            context = {
                "params": process_params(self.dag, copied, self.conf, suppress_exception=False),
                "ti": RunningTask(self.run, task.task_id, task=copied),
                "task": copied,
                "task_state_store": Store(self.store.setdefault(task.task_id, {})),
            }
            copied.render_template_fields(context)
            try:
                if method == "execute":
                    return copied.execute(context)
                return copied.resume_execution(method, kwargs, context)
            except TaskDeferred as deferred:
                self.deferrals += 1
                event = asyncio.run(_first_event(restored(deferred.trigger)))
                method, kwargs = deferred.method_name, {"event": json.loads(json.dumps(event))}
            except AirflowRescheduleException as rescheduled:
                method, kwargs = "execute", {}
                self.clock.sleep(round(rescheduled.reschedule_date.timestamp() - self.clock.clock(), 3))

    def _answer(self, task: Any) -> dict[str, Any]:
        """Return what a person says to a task that asks."""
        word = task.REJECT if task.task_id in self.refused else task.APPROVE
        now = datetime.fromtimestamp(self.clock.clock(), tz=timezone.utc)
        return {"chosen_options": [word], "params_input": {}, "responded_at": now, "responded_by_user": None}


async def _first_event(trigger: Any) -> Any:
    return (await asyncio.wait_for(anext(trigger.run()), 30)).payload


def quiet() -> None:
    """Silence the tasks' logs: a line each for thousands of requests."""
    logging.getLogger("airflow").setLevel(logging.ERROR)
