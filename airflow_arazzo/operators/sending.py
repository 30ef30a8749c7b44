"""Sent or not sent (docs/semantics.md, 5a): requests that are not idempotent are recorded before they are sent.

A worker may die at any moment, and Airflow starts the task again, whatever its ``retries``. Then the record tells which
requests have been answered, and how; those are not sent again. It also tells which one was about to be sent when the
worker died: that may have reached the server or not, and only a person can find out.

Records are kept in the task state store (Airflow 3.3). They hold for one life of a task, from one clearing to the next:
clearing a task by hand sets its ``max_tries``, and nothing else does.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_arazzo import clock
from airflow_arazzo.compat import TaskStateStore, task_state_store
from airflow_arazzo.core.engine import IdempotencyKeys, keyed
from airflow_arazzo.core.errors import ArazzoError, TransportError
from airflow_arazzo.core.exchange import Request, Response
from airflow_arazzo.hooks.sealing import seal, unseal

log = logging.getLogger(__name__)

#: Characters that a recorded answer may have; a longer one is not kept. Airflow warns beyond 64 KiB.
LARGEST_RECORD = 48 * 1024
_CONCLUDED_KEY = "arazzo_concluded"
_NAMESPACE = uuid.UUID("8a0c8c55-3a0f-5e0a-9d0e-6f1f2d3f7b11")


class UnknownOutcomeError(AirflowFailException):
    """A request that may have reached the server, in an earlier start of the task, and is not sent again."""


@dataclass(frozen=True)
class _Life:
    """One life of a task instance, and the start at hand."""

    ids: tuple[str, str, str, int]
    try_number: int
    max_tries: int

    @classmethod
    def of(cls, ti: Any) -> _Life:
        map_index = -1 if ti.map_index is None else ti.map_index
        return cls((ti.dag_id, ti.run_id, ti.task_id, map_index), ti.try_number, ti.max_tries)

    @property
    def has_retries(self) -> bool:
        """Whether Airflow starts the task again if it fails now, because somebody has set ``retries``."""
        return self.max_tries > 0 and self.try_number <= self.max_tries


class Sending:
    """Sends the requests of a task, and those that are not idempotent once.

    :param send: sends any request.
    :param context: of the running task.
    :param sent: how many requests that are not idempotent each step had sent when the task last gave its worker back.
    """

    def __init__(
        self, send: Callable[[Request], Response], context: Mapping[str, Any], sent: Mapping[str, int] | None = None
    ) -> None:
        self.sent = dict(sent or {})
        self._send = send
        self._life = _Life.of(context["ti"])
        self._store: TaskStateStore | None = task_state_store(context)
        self._answered_at: float | None = None
        self._keys = IdempotencyKeys(lambda request: self._new_key(request, self.sent[request.step], 0))
        self._open: set[str] = set()
        self._concluded: int | None = None

    def now(self) -> float:
        """Return the time; after an answer that was used again that at which it came, so that waits count from it."""
        answered_at, self._answered_at = self._answered_at, None
        return clock.now() if answered_at is None else answered_at

    def send(self, request: Request) -> Response:
        """Send a request, or return the answer that an earlier start of the task got to it.

        :raises UnknownOutcomeError: an earlier start may have sent it, and nobody has said what to do then.
        :raises TransportError: no complete answer, now or then.
        """
        if request.idempotent:
            return self._send(request)
        number = self.sent[request.step] = self.sent.get(request.step, 0) + 1
        store = self._store
        if store is None:
            return self._unrecorded(request)
        place = _place(request.step, number)
        record = self._record(store, place)
        if record is not None and (response := self._recorded(store, record, request)) is not None:
            return response
        key = self._key(store, request, number, record)
        return self._recording(store, place, keyed(request, key), key)

    def let_retry(self) -> None:
        """Let Airflow's next try begin anew: the task has failed, and somebody has set ``retries``.

        Not where a request got no answer: whether it may be sent again, the next try decides by its record.
        """
        if self._store is not None and self.sent and self._life.has_retries and not self._open:
            self._store.set(_CONCLUDED_KEY, self._life.try_number)

    # an earlier start

    def _record(self, store: TaskStateStore, place: str) -> dict[str, Any] | None:
        """Return the record of a request by an earlier start of this life of the task."""
        record = store.get(place)
        if not isinstance(record, dict) or record.get("max_tries") != self._life.max_tries:
            return None
        return record if record.get("try", 0) > self._last_concluded(store) else None

    def _last_concluded(self, store: TaskStateStore) -> int:
        """Return the last try that came to its end; 0 for none."""
        if self._concluded is None:
            concluded = store.get(_CONCLUDED_KEY, 0)
            self._concluded = concluded if isinstance(concluded, int) else 0
        return self._concluded

    def _recorded(self, store: TaskStateStore, record: Mapping[str, Any], request: Request) -> Response | None:
        """Return the recorded answer; None if the request may be sent again."""
        allowed = request.resend or bool(request.idempotency_key)
        title, when = str(request), f"by try {record.get('try')} at {record.get('at')}"
        if record.get("request") != title:
            raise UnknownOutcomeError(
                f"step '{request.step}' is to send {title}, and {record.get('request')} was sent in its place {when}: "
                f"the workflow has changed in between; {_WAYS_ON}"
            )
        match record.get("state"):
            case "answered" if record.get("answer"):
                log.info("%s was sent %s: its answer %s is used", title, when, record.get("status"))
                response = _opened(str(record["answer"]))
                self._answered_at = float(record["time"])
                return response
            case "unanswered" if not allowed or self._went_on(store, request):
                self._open.add(request.step)
                self._answered_at = float(record["time"])
                text = f"{record.get('error')} (sent {when}, and not again; {_WAYS_ON})"
                raise TransportError(str(record.get("kind")), text, maybe_sent=True)
        if allowed:
            log.warning("%s may have been sent %s: it is sent again, as its step allows", title, when)
            return None
        if record.get("state") == "answered":
            text = f"was answered with status {record.get('status')} {when}, but that answer could not be kept"
        else:
            text = f"was about to be sent {when}, and may have reached the server: no answer is recorded"
        raise UnknownOutcomeError(f"step '{request.step}': {title} {text}. It is not sent again; {_WAYS_ON}")

    def _went_on(self, store: TaskStateStore, request: Request) -> bool:
        return self._record(store, _place(request.step, self.sent[request.step] + 1)) is not None

    # this start

    def _unrecorded(self, request: Request) -> Response:
        """Send a request where there is no task state (before Airflow 3.3)."""
        return self._keys.send(request, self._send)

    def _recording(self, store: TaskStateStore, place: str, request: Request, key: str | None) -> Response:
        record: dict[str, Any] = {
            "request": str(request),
            "state": "sending",
            "try": self._life.try_number,
            "max_tries": self._life.max_tries,
            "at": datetime.fromtimestamp(clock.now(), tz=timezone.utc).isoformat(timespec="seconds"),
            "key": key,
        }
        store.set(place, record)
        try:
            response = self._send(request)
        except TransportError as error:
            if error.maybe_sent:
                self._open.add(request.step)
                _amend(store, place, record, state="unanswered", kind=error.kind, error=str(error))
            else:
                self._forget(store, place, request)
            raise
        except (ArazzoError, AirflowException):  # about the connection: nothing was sent
            self._forget(store, place, request)
            raise
        self._open.discard(request.step)
        _amend(store, place, record, state="answered", status=response.status, answer=_sealed(response))
        return response

    def _forget(self, store: TaskStateStore, place: str, request: Request) -> None:
        store.delete(place)
        self.sent[request.step] -= 1

    # idempotency keys

    def _key(
        self, store: TaskStateStore, request: Request, number: int, record: Mapping[str, Any] | None
    ) -> str | None:
        """Return the idempotency key: that of the request that got no answer, if it is this one once more."""
        if not request.idempotency_key:
            return None
        if record is None and number > 1 and request.attempt > 1:
            before = self._record(store, _place(request.step, number - 1))
            record = before if before and before.get("state") == "unanswered" else None
        if record and record.get("key"):
            return str(record["key"])
        return self._new_key(request, number, self._last_concluded(store))

    def _new_key(self, request: Request, number: int, concluded: int) -> str:
        """Return a key that is the same whenever this life of the task comes to this request."""
        name = json.dumps([*self._life.ids, self._life.max_tries, concluded, request.step, number])
        return str(uuid.uuid5(_NAMESPACE, name))


_WAYS_ON = (
    "see what the server has, then clear the task to send it, or mark the task as it should be. With 'idempotency_key' "
    "or 'resend: true' in the step's x-airflow it goes on by itself"
)


def _place(step: str, number: int) -> str:
    """Return the key of a record in the task state store."""
    name = re.sub(r"[^\w.-]", "_", step, flags=re.ASCII)[:200]
    if name != step:
        name += "_" + sha256(step.encode()).hexdigest()[:12]
    return f"arazzo_sent_{name}_{number}"


def _amend(store: TaskStateStore, place: str, record: Mapping[str, Any], **outcome: Any) -> None:
    """Record an outcome; if that fails the task goes on, since it knows the outcome itself."""
    try:
        store.set(place, {**record, **outcome, "time": clock.now()})
    except AirflowRuntimeError as error:
        log.warning("The outcome of %s could not be recorded: %s", record["request"], type(error).__name__)


def _sealed(response: Response) -> str | None:
    """Return an answer as sealed text; None if it is too long, or there is no key to seal it with."""
    value = {
        "status": response.status,
        "headers": response.headers,
        "body": base64.b64encode(zlib.compress(response.body)).decode(),
        "seconds": response.seconds,
    }
    try:
        text = seal(json.dumps(value))
    except AirflowException:
        return None
    return text if len(text) <= LARGEST_RECORD else None


def _opened(text: str) -> Response:
    value = json.loads(unseal(text))
    headers = tuple((str(name), str(text)) for name, text in value["headers"])
    body = zlib.decompress(base64.b64decode(value["body"]))
    return Response(status=value["status"], headers=headers, body=body, seconds=value["seconds"])
