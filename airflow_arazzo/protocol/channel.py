"""What a task learns from earlier tasks and tells later ones: one sealed envelope, beside what people read.

People read ``return_value`` and ``arazzo``. Everything else for other tasks is in XCom ``arazzo_envelope``:

- ``outputs`` of the region's steps, by step and name, if ``return_value`` cannot show them: secret outputs are ``***``
  there, and absent or unreadable ones, and values that Airflow cannot store, are changed, too;
- ``result``: outputs of a workflow that ended with this task, also one that the task handed over to or ran itself;
- ``inputs`` of the workflow that the task enters, and of the workflows that come before it, by role;
- ``cookies`` of the run after the task, with which later tasks continue;
- ``workflows``: inputs and outputs of completed workflows, if some task reads them;
- ``secrets`` that the task knows, from its inputs and outputs and from earlier tasks. So it is enough to ask the
  nearest earlier tasks. Secrets of connections are passed on only if they appear in what the task tells, since other
  tasks have their own connections.
  their own.

A task that has none of these has no envelope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from airflow_arazzo.protocol.encryption import has_key, seal_json, unseal_json
from airflow_arazzo.protocol.record_form import read_record
from airflow_arazzo.protocol.secret_ledger import Ledger
from airflow_arazzo.protocol.stored_forms import fields_of, formed
from airflow_arazzo.protocol.task_instances import finished_tasks, pull
from arazzo.cookies import Jar

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    Operator = BaseOperator
else:
    Operator = object

RECORD_KEY = "arazzo"
ENVELOPE_KEY = "arazzo_envelope"
_FIELDS = ("outputs", "result", "inputs", "workflows", "cookies", "secrets")


class Channel:
    """The exchange of data between a running task and the other tasks of the run.

    :param ti: the running task instance.
    :ivar ledger: what the task knows to be secret, also from other tasks.
    :ivar pushed: the record of this task, once it has been pushed.
    :ivar cookies: those of the run as the task found them; None at the start, or if the run keeps none.
    """

    def __init__(self, ti: Any) -> None:
        self.ti = ti
        self.ledger = Ledger()
        self.pushed: dict[str, Any] | None = None
        self.cookies: Jar | None = None
        self._read: dict[str, list[dict[str, Any]]] = {}
        self._records: dict[str, dict[str, Any] | None] = {}
        self._states: dict[str, str | None] = {}
        self._told: dict[str, Any] = {}
        self._secret = False

    def envelopes(self, task_id: str) -> list[dict[str, Any]]:
        """Return another task's envelope: none, or several for a mapped task; its secrets are known from now on.

        :raises AirflowException: if it cannot be opened here, or comes from another version of this package.
        """
        if task_id not in self._read:
            sealed = pull(self.ti, task_id, ENVELOPE_KEY)
            self._read[task_id] = [_opened(text, f"what task '{task_id}' has stored") for text in _each(sealed)]
            for envelope in self._read[task_id]:
                self.ledger.add(envelope["secrets"])
        if not self._read[task_id]:
            self.record(task_id)  # raises if it comes from another version, which passed the rest on in another way
        return self._read[task_id]

    def read(self, task_id: str, field: str) -> Any:
        """Return a field of another task's envelope; None if it does not have the field."""
        return next((envelope[field] for envelope in self.envelopes(task_id) if field in envelope), None)

    def record(self, task_id: str) -> dict[str, Any] | None:
        """Return the record of what happened in another task; raises as :func:`pull_record`."""
        if task_id not in self._records:
            self._records[task_id] = pull_record(self.ti, task_id)
        return self._records[task_id]

    def finished(self, task_ids: Iterable[str]) -> dict[str, str]:
        """Return the tasks that have run, as :func:`finished_tasks`, which is asked once for each task."""
        wanted = list(dict.fromkeys(task_ids))
        missing = [task_id for task_id in wanted if task_id not in self._states]
        self._states |= {**dict.fromkeys(missing), **finished_tasks(self.ti, missing)}
        return {task_id: state for task_id in wanted if (state := self._states[task_id]) is not None}

    def find_cookies(self, task_ids: Iterable[str]) -> None:
        """Find the cookies of the run in the envelopes of other tasks: the jar with the most changes."""
        told = [jar for task in task_ids if (jar := self.read(task, "cookies")) is not None]
        if told:
            self.cookies = TypeAdapter(Jar).validate_python(max(told, key=lambda jar: int(jar["changes"])))

    def put_cookies(self, cookies: Jar | None) -> None:
        """Put the run's cookies into this task's envelope."""
        if cookies is not None:
            self.put("cookies", asdict(cookies), secret=bool(cookies.cookies))

    def put(self, field: str, value: Any, *, secret: bool) -> None:
        """Put a field into this task's envelope.

        :param secret: whether it contains something that is secret by its name.
        """
        self._told[field] = value
        self._secret = self._secret or secret

    def send(self, shown: Any = None) -> None:
        """Push the envelope, if it has any content; without a key, secrets that are not in that content stay here.

        :param shown: what else the task pushes.
        :raises AirflowException: if it contains a secret and there is no key to seal it; it is then empty again.
        """
        told, secret, self._told, self._secret = self._told, self._secret, {}, False
        keyed = has_key()
        secrets = [*self.ledger.to_share([told, shown]).texts] if keyed else []
        if told or secrets:
            secret = secret or (not keyed and bool(self.ledger.secrets.occurring(told).texts))
            self.ti.xcom_push(key=ENVELOPE_KEY, value=seal_json(formed({**told, "secrets": secrets}), secret=secret))

    def push_record(self, record: dict[str, Any]) -> None:
        """Push the record of what happened in this task, for people and for later tasks."""
        self.pushed = self.ledger.conceal_in(record)
        self.ti.xcom_push(key=RECORD_KEY, value=formed(self.pushed))


class SharesSecrets(Operator):
    """A task that passes on the secrets it knows."""

    #: Set when the task starts.
    channel: Channel

    def learn(self, beside: Iterable[str] = ()) -> None:
        """Learn the secrets that earlier tasks know.

        A task that told nothing, because its worker died or a person set its state, is skipped.

        :param beside: ids of tasks that may have run although they are not upstream of this one.
        """
        channel, others = self.channel, set(beside) - {self.task_id}
        if not self.has_dag():  # type: ignore[no-untyped-call]
            for task_id in channel.finished(sorted(others)):
                _has_told(channel, task_id)
            return
        ahead = self.get_flat_relative_ids(upstream=True)
        ran = set(channel.finished(sorted(_telling(self, ahead | others))))
        queue = [*self.upstream_task_ids, *_last(self, ran - ahead)]
        seen: set[str] = set()
        nearest: list[str] = []
        while queue:
            task_id = queue.pop()
            if task_id in seen:
                continue
            seen.add(task_id)
            if task_id in ran and _has_told(channel, task_id):
                nearest.append(task_id)
            else:
                queue += self.dag.get_task(task_id).upstream_task_ids
        channel.find_cookies(nearest)


def pull_record(ti: Any, task_id: str) -> dict[str, Any] | None:
    """Return the record of a task of this run, the last one of a mapped task; None if it left none.

    :raises AirflowFailException: as :func:`read_record`.
    """
    records = [read_record(each, task_id) for each in _each(pull(ti, task_id, RECORD_KEY))]
    return records[-1] if records else None


def _each(pulled: Any) -> list[Any]:
    """Return pulled XComs as a list: none, one, or several for a mapped task."""
    if isinstance(pulled, Sequence) and not isinstance(pulled, str):
        return [*pulled]
    return [] if pulled is None else [pulled]


def _opened(text: Any, what: str) -> dict[str, Any]:
    value = unseal_json(text)
    there = [name for name in _FIELDS if isinstance(value, dict) and name in value]
    return fields_of(value, what, _FIELDS, {**dict.fromkeys(there, dict), "secrets": list})


def _telling(task: Operator, task_ids: Iterable[str]) -> Iterator[str]:
    """Yield the ids of the tasks that are in the DAG and pass on secrets."""
    for task_id in task_ids:
        if task.dag.has_task(task_id) and isinstance(task.dag.get_task(task_id), SharesSecrets):
            yield task_id


def _last(task: Operator, task_ids: set[str]) -> Iterator[str]:
    """Yield the ids of the tasks that are upstream of none of the others."""
    for task_id in task_ids:
        if task_ids.isdisjoint(task.dag.get_task(task_id).get_flat_relative_ids(upstream=False)):
            yield task_id


def _has_told(channel: Channel, task_id: str) -> bool:
    """Say whether a task came far enough to pass on its secrets, which are now known."""
    return bool(channel.envelopes(task_id)) or channel.record(task_id) is not None
