"""What a task learns from those before it, and tells those after it: one sealed envelope, beside what people read.

People read ``return_value`` and ``arazzo``. What else tasks have to know of each other is in XCom ``arazzo_envelope``:

- ``outputs`` of the region's steps, by step and name, where ``return_value`` cannot be what they are: secret ones read
  ``***`` there, and those that are absent, unreadable, or nothing that Airflow can store, read otherwise, too;
- ``result``: outputs of a workflow that has ended with this task, be it that it handed over to it, or ran it itself;
- ``inputs`` of the workflow that the task enters, and of those that come before that, by role;
- ``cookies`` of the run as they stand after the task, which the tasks after it go on with;
- ``workflows``: inputs and outputs of workflows that have been completed, as far as some task reads them;
- ``secrets`` that the task knows: of its inputs and outputs, and what it has heard itself. So it is enough to ask the
  nearest tasks before. Those of connections are told on only if they turn up in what the task tells: others have
  their own.

A task that has nothing of all that to tell has no envelope.
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
    """What goes between a running task and the other tasks of the run.

    :param ti: the running task instance.
    :ivar ledger: what the task knows to be secret, which it has learned of, too.
    :ivar pushed: the record of this task, once it has been pushed.
    :ivar cookies: those of the run as the task found them; None where it begins, or keeps none.
    """

    def __init__(self, ti: Any) -> None:
        self.ti = ti
        self.ledger = Ledger()
        self.pushed: dict[str, Any] | None = None
        self.cookies: Jar | None = None
        self._read: dict[str, list[dict[str, Any]]] = {}
        self._records: dict[str, dict[str, Any] | None] = {}
        self._told: dict[str, Any] = {}
        self._secret = False

    def envelopes(self, task_id: str) -> list[dict[str, Any]]:
        """Return the envelope of another task: none, or several of one that is mapped; the secrets in it are known now.

        :raises AirflowException: if it cannot be opened here, or another version of this package has written it.
        """
        if task_id not in self._read:
            sealed = pull(self.ti, task_id, ENVELOPE_KEY)
            self._read[task_id] = [_opened(text, f"what task '{task_id}' has stored") for text in _each(sealed)]
            for envelope in self._read[task_id]:
                self.ledger.add(envelope["secrets"])
        if not self._read[task_id]:
            self.record(task_id)  # which says so if another version has written it, and told the rest elsewhere
        return self._read[task_id]

    def read(self, task_id: str, field: str) -> Any:
        """Return a field of another task's envelope; None if that has not got it."""
        return next((envelope[field] for envelope in self.envelopes(task_id) if field in envelope), None)

    def record(self, task_id: str) -> dict[str, Any] | None:
        """Return the record of what happened in another task; raises as :func:`pull_record`."""
        if task_id not in self._records:
            self._records[task_id] = pull_record(self.ti, task_id)
        return self._records[task_id]

    def find_cookies(self, task_ids: Iterable[str]) -> None:
        """Find the cookies of the run among what other tasks have told: the jar that has been changed most often."""
        told = [jar for task in task_ids if (jar := self.read(task, "cookies")) is not None]
        if told:
            self.cookies = TypeAdapter(Jar).validate_python(max(told, key=lambda jar: int(jar["changes"])))

    def put_cookies(self, cookies: Jar | None) -> None:
        """Put the cookies of the run into the envelope of this task."""
        if cookies is not None:
            self.put("cookies", asdict(cookies), secret=bool(cookies.cookies))

    def put(self, field: str, value: Any, *, secret: bool) -> None:
        """Put a field into the envelope of this task.

        :param secret: whether there is something in it that is secret by its name.
        """
        self._told[field] = value
        self._secret = self._secret or secret

    def send(self, shown: Any = None) -> None:
        """Push the envelope, if there is anything in it; without a key the secrets that are not in the rest stay here.

        :param shown: what else the task tells.
        :raises AirflowException: if there is a secret in it and no key to seal it with; then it is empty again.
        """
        told, secret, self._told, self._secret = self._told, self._secret, {}, False
        keyed = has_key()
        secrets = [*self.ledger.to_share([told, shown]).texts] if keyed else []
        if told or secrets:
            secret = secret or (not keyed and bool(self.ledger.secrets.occurring(told).texts))
            self.ti.xcom_push(key=ENVELOPE_KEY, value=seal_json(formed({**told, "secrets": secrets}), secret=secret))

    def push_record(self, record: dict[str, Any]) -> None:
        """Push the record of what happened in this task, which people read and the tasks after it go by."""
        self.pushed = self.ledger.conceal_in(record)
        self.ti.xcom_push(key=RECORD_KEY, value=formed(self.pushed))


class SharesSecrets(Operator):
    """A task that tells those after it which secrets it knows."""

    #: Set when the task starts.
    channel: Channel

    def learn(self, beside: Iterable[str] = ()) -> None:
        """Learn the secrets that the tasks before this one have known.

        A task that has told nothing, because its worker died or a person has set its state, is looked past.

        :param beside: ids of tasks that may have run without being ahead of this one.
        """
        channel, others = self.channel, set(beside) - {self.task_id}
        if not self.has_dag():  # type: ignore[no-untyped-call]
            for task_id in finished_tasks(channel.ti, sorted(others)):
                _has_told(channel, task_id)
            return
        ahead = self.get_flat_relative_ids(upstream=True)
        ran = set(finished_tasks(channel.ti, sorted(_telling(self, ahead | others))))
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
    """Return the record of what happened in a task of this run, the last of one that is mapped; None if it left none.

    :raises AirflowFailException: as :func:`read_record`.
    """
    records = [read_record(each, task_id) for each in _each(pull(ti, task_id, RECORD_KEY))]
    return records[-1] if records else None


def _each(pulled: Any) -> list[Any]:
    """Return the XComs that were pulled: none, one, or several of a task that is mapped."""
    if isinstance(pulled, Sequence) and not isinstance(pulled, str):
        return [*pulled]
    return [] if pulled is None else [pulled]


def _opened(text: Any, what: str) -> dict[str, Any]:
    value = unseal_json(text)
    there = [name for name in _FIELDS if isinstance(value, dict) and name in value]
    return fields_of(value, what, _FIELDS, {**dict.fromkeys(there, dict), "secrets": list})


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


def _has_told(channel: Channel, task_id: str) -> bool:
    """Say whether a task has come so far that it would have told its secrets, which are known now."""
    return bool(channel.envelopes(task_id)) or channel.record(task_id) is not None
