"""A task instance and its context as far as operators see them: XComs, states, Params and, if wanted, a state store."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from airflow.providers.common.compat.sdk import TaskDeferred


@dataclass
class Run:
    """A DAG run in memory."""

    params: dict[str, Any] = field(default_factory=dict)
    xcoms: dict[tuple[str, str], Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    stored: dict[str, Any] | None = None

    def context(self, task_id: str, try_number: int = 1, max_tries: int = 0) -> dict[str, Any]:
        context = {"params": self.params, "ti": TaskInstance(self, task_id, try_number, max_tries=max_tries)}
        if self.stored is not None:
            context["task_state_store"] = Store(self.stored)
        return context

    def execute(self, task: Any, **kwargs: Any) -> Any:
        """Run a task to its end, deferrals included, everything stored through JSON."""
        context = self.context(task.task_id, **kwargs)
        self.states[task.task_id] = "failed"
        result = finish(task, context)
        if result is not None:
            context["ti"].xcom_push("return_value", result)
        self.states[task.task_id] = "success"
        return result


@dataclass
class TaskInstance:
    run: Run
    task_id: str
    try_number: int = 1
    dag_id: str = "dag"
    run_id: str = "run"
    map_index: int = -1
    max_tries: int = 0

    def xcom_push(self, key: str, value: Any) -> None:
        self.run.xcoms[self.task_id, key] = json.loads(json.dumps(value))

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        return self.run.xcoms.get((task_ids, key))

    def get_task_states(self, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, Any]:
        return {self.run_id: {task: self.run.states[task] for task in task_ids if task in self.run.states}}


@dataclass
class Store:
    values: dict[str, Any]

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        if value is None:
            raise ValueError("Cannot set value as None")
        self.values[key] = json.loads(json.dumps(value))

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


def finish(task: Any, context: dict[str, Any]) -> Any:
    """Execute a task, and resume it for as long as it defers."""
    method, kwargs = "execute", {}
    while True:
        try:
            return task.execute(context) if method == "execute" else task.resume_execution(method, kwargs, context)
        except TaskDeferred as deferred:
            trigger = restored(deferred.trigger)
            method, kwargs = deferred.method_name, {"event": json.loads(json.dumps(first_event(trigger)))}


def restored(trigger: Any) -> Any:
    """Return a trigger as a triggerer makes it anew from what Airflow has stored."""
    from airflow.sdk.module_loading import import_string

    path, arguments = trigger.serialize()
    return import_string(path)(**json.loads(json.dumps(arguments)))


def first_event(trigger: Any) -> Any:
    async def event() -> Any:
        return await asyncio.wait_for(anext(trigger.run()), 10)

    return asyncio.run(event()).payload
