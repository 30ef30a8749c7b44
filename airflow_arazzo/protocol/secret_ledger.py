"""Who knows which secrets: a task learns from those before it what any later answer of the API may show.

Each task tells what it knows under ``arazzo_known``, sealed: secret inputs and outputs, those of other workflows too,
and what it has learned itself. So it is enough to ask the nearest tasks before. Credentials and tokens of connections
are told on only if they have turned up in what the task tells: others have their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from airflow_arazzo.protocol.encryption import is_sensitive, register_texts, unseal_json
from airflow_arazzo.protocol.stored_forms import fields_of
from airflow_arazzo.protocol.task_instances import finished_tasks, pull
from airflow_arazzo.protocol.xcoms import KNOWN_KEY, pull_record
from arazzo.flow import Plan

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    Operator = BaseOperator
else:
    Operator = object


class SharesSecrets(Operator):
    """A task that tells those after it which secrets it knows."""

    def learn(self, ti: Any, beside: Iterable[str] = ()) -> None:
        """Register the secrets that the tasks before this one have known.

        A task that has told nothing, because its worker died or a person has set its state, is looked past.

        :param ti: the running task instance.
        :param beside: ids of tasks that may have run without being ahead of this one.
        """
        others = set(beside) - {self.task_id}
        if not self.has_dag():  # type: ignore[no-untyped-call]
            for task_id in finished_tasks(ti, sorted(others)):
                _learn_from(ti, task_id)
            return
        ahead = self.get_flat_relative_ids(upstream=True)
        ran = set(finished_tasks(ti, sorted(_telling(self, ahead | others))))
        queue = [*self.upstream_task_ids, *_last(self, ran - ahead)]
        seen: set[str] = set()
        while queue:
            task_id = queue.pop()
            if task_id in seen:
                continue
            seen.add(task_id)
            if task_id not in ran or not _learn_from(ti, task_id):
                queue += self.dag.get_task(task_id).upstream_task_ids


def mark(plan: Plan) -> Plan:
    """Return the plan with the names marked that are secret only by this Airflow's ``sensitive_var_conn_names``.

    The engine knows Airflow's own list, but none of its settings.
    """
    outputs = (name for step in plan.steps for name in step.step.outputs)
    names = dict.fromkeys((*plan.taken.schemas, *outputs, *plan.outputs))
    sensitive = dict.fromkeys((*plan.sensitive, *filter(is_sensitive, names)))
    children = {key: mark(child) for key, child in plan.children.items()}
    return plan.model_copy(update={"sensitive": tuple(sensitive), "children": children})


def _telling(task: Operator, task_ids: Iterable[str]) -> Iterator[str]:
    """Yield the ids of the tasks that are in the DAG and tell what they know."""
    for task_id in task_ids:
        if task.dag.has_task(task_id) and isinstance(task.dag.get_task(task_id), SharesSecrets):
            yield task_id


def _last(task: Operator, task_ids: set[str]) -> Iterator[str]:
    """Yield the ids of those tasks that are ahead of no other of them."""
    for task_id in task_ids:
        if task_ids.isdisjoint(task.dag.get_task(task_id).get_flat_relative_ids(upstream=False)):
            yield task_id


def _learn_from(ti: Any, task_id: str) -> bool:
    """Register what a task knew; say whether it has come so far that it would have told."""
    sealed = pull(ti, task_id, KNOWN_KEY)
    if sealed is None:
        return pull_record(ti, task_id) is not None
    for text in (sealed,) if isinstance(sealed, str) else sealed:  # several of a task that is mapped
        known = fields_of(unseal_json(text), f"what task '{task_id}' has stored", ("secrets",))
        register_texts(known["secrets"])
    return True
