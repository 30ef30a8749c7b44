"""Sent or not sent (docs/semantics.md, 5a): requests that are not idempotent are recorded before they are sent.

A worker may die at any moment, and Airflow starts the task again, whatever its ``retries``. The record then tells which
requests were answered, and how; those are not sent again. It also tells which one was about to be sent when the worker
died: it may have reached the server or not, and only a person can find out.

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
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, unquote_plus

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_arazzo.compat import TaskStateStore, task_state_store
from airflow_arazzo.protocol.encryption import seal, unseal
from airflow_arazzo.protocol.envelope import Sent
from airflow_arazzo.protocol.stored_forms import fields_of, formed
from arazzo import clock, engine
from arazzo.errors import ArazzoError, TransportError
from arazzo.exchange import Request, Response
from arazzo.flow import Plan
from arazzo.frozen import dataclass, replace

log = logging.getLogger(__name__)

#: How many characters a recorded answer may have; a longer one is not kept. Airflow warns beyond 64 KiB.
LARGEST_RECORD = 48 * 1024
_CONCLUDED_KEY = "arazzo_concluded"
#: The fields of a record: what was sent when, and with which result.
_FIELDS = frozenset(
    {
        *("request", "fingerprint", "state", "try", "max_tries", "at", "key"),
        *("time", "kind", "error", "status", "answer"),
    }
)
#: The fields that decide whether a request is sent again.
_KINDS = {"state": str, "try": int, "max_tries": int}
_NAMESPACE = uuid.UUID("8a0c8c55-3a0f-5e0a-9d0e-6f1f2d3f7b11")


class UnknownOutcomeError(AirflowFailException):
    """A request that may have reached the server in an earlier start of the task, and is not sent again."""


@dataclass(frozen=True)
class _Life:
    """One life of a task instance, and its present start."""

    ids: tuple[str, str, str, int]
    try_number: int
    max_tries: int

    @classmethod
    def of(cls, ti: Any) -> _Life:
        map_index = -1 if ti.map_index is None else ti.map_index
        return cls((ti.dag_id, ti.run_id, ti.task_id, map_index), ti.try_number, ti.max_tries)

    @property
    def has_retries(self) -> bool:
        """Whether Airflow starts the task again if it fails now, because somebody set ``retries``."""
        return self.max_tries > 0 and self.try_number <= self.max_tries


class Sending:
    """Sends the requests of a task, those that are not idempotent only once.

    :param send: sends any request.
    :param context: of the running task.
    :param sent: what it had sent when it last left its worker.
    """

    def __init__(
        self, send: Callable[[Request], Response], context: Mapping[str, Any], sent: Sent | None = None
    ) -> None:
        self.sent = sent or Sent()
        self._send = send
        self._life = _Life.of(context["ti"])
        self._store: TaskStateStore | None = task_state_store(context)
        self._answered_at: float | None = None
        self._unsent: set[str] = set()
        self._concluded: int | None = None
        self._deletions: Counter[str] = Counter()

    def now(self) -> float:
        """Return the time; after a recorded answer, the time at which that came, so that waits count from it."""
        answered_at, self._answered_at = self._answered_at, None
        return clock.now() if answered_at is None else answered_at

    def send(self, request: Request) -> Response:
        """Send a request, or return the answer that an earlier start of the task received.

        :raises UnknownOutcomeError: if an earlier start may have sent it, or another in its place, and nobody has said
            what to do in that case.
        :raises TransportError: if there is no complete answer, now or then.
        """
        if request.idempotent:
            return self._deleting(request) if request.method == "DELETE" else self._send(request)
        step = request.step_name
        if request.attempt == 1:
            self.sent = self.sent.entered(step)
        number = self.sent.counts.get(step, 0) + 1
        store = self._store
        if store is None:
            return self._counted(request, number, self._key(request, number, 0))
        record = self._record(store, _place(step, number))
        if record is None:
            key = self._key(request, number, self._last_concluded(store))
            return self._recording(store, request, number, key)
        if _is_another(record, request):
            return self._recording(store, request, number, request.idempotency_key and str(uuid.uuid4()))
        response = self._recorded(store, record, request, number)
        if response is None:
            return self._recording(store, request, number, record.get("key"), again=True)
        self.sent = self.sent.answered(step, number)
        return response

    # an earlier start

    def _record(self, store: TaskStateStore, place: str) -> dict[str, Any] | None:
        """Return the record of a request by an earlier start of this life of the task.

        :raises UnknownOutcomeError: if another version wrote it, since nobody knows then whether the request was sent.
        """
        stored = store.get(place) if place not in self._unsent else None
        if stored is None:
            return None
        try:
            record = fields_of(stored, f"the record '{place}' of a request that may have been sent", _FIELDS, _KINDS)
        except AirflowException as error:
            raise UnknownOutcomeError(f"{error}. Nothing was sent; look at the server first") from None
        if record.get("max_tries") != self._life.max_tries:
            return None
        if record.get("state") == "unsent":
            return None
        return record if record.get("try", 0) > self._last_concluded(store) else None

    def _last_concluded(self, store: TaskStateStore) -> int:
        """Return the last try that ended; 0 for none."""
        if self._concluded is None:
            stored = store.get(_CONCLUDED_KEY)
            concluded = (
                {} if stored is None else fields_of(stored, f"the record '{_CONCLUDED_KEY}'", ("try",), {"try": int})
            )
            self._concluded = int(concluded.get("try", 0))
        return self._concluded

    def _recorded(
        self, store: TaskStateStore, record: Mapping[str, Any], request: Request, number: int
    ) -> Response | None:
        """Return the recorded answer; None if the request may be sent again."""
        key, when = record.get("key"), _when(record)
        allowed = request.resend or (request.idempotency_key is not None and key is not None)
        match record.get("state"):
            case "answered" if record.get("answer"):
                log.info("%s was sent %s: its answer %s is used", request, when, record.get("status"))
                response = _opened(str(record["answer"]))
                self._answered_at = float(record["time"])
                return response
            case "unanswered" if not allowed or self._went_on(store, request, number):
                self.sent = self.sent.unanswered(request.step_name, number, key)
                self._answered_at = float(record["time"])
                text = f"{record.get('error')} (sent {when}, and not again; {_WAYS_ON})"
                visits = _opened(str(record["answer"])).visits if record.get("answer") else ()
                raise TransportError(str(record.get("kind")), text, maybe_sent=True, visits=visits)
        if allowed:
            log.warning("%s may have been sent %s: it is sent again, as its step allows", request, when)
            return None
        if record.get("state") == "answered":
            text = f"was answered with status {record.get('status')} {when}, but that answer could not be kept"
        else:
            text = f"was about to be sent {when}, and may have reached the server: no answer is recorded"
        raise UnknownOutcomeError(f"step '{request.step}': {request} {text}. It is not sent again; {_WAYS_ON}")

    def _went_on(self, store: TaskStateStore, request: Request, number: int) -> bool:
        return self._record(store, _place(request.step_name, number + 1)) is not None

    # this start

    def _counted(self, request: Request, number: int, key: str | None) -> Response:
        """Send a request, and count those that were sent."""
        try:
            response = self._send(engine.keyed(request, key))
        except TransportError as error:
            if error.maybe_sent:
                self.sent = self.sent.unanswered(request.step_name, number, key)
            raise
        self.sent = self.sent.answered(request.step_name, number)
        return response

    def _recording(
        self, store: TaskStateStore, request: Request, number: int, key: str | None, *, again: bool = False
    ) -> Response:
        """Send a request, with a record before and after it.

        :param again: whether an earlier start may have sent it.
        """
        place = _place(request.step_name, number)
        record = {**self._intent(request), "key": key}
        store.set(place, formed(record))
        self._unsent.discard(place)
        try:
            response = self._counted(request, number, key)
        except TransportError as error:
            if again or error.maybe_sent:
                self.sent = self.sent.unanswered(request.step_name, number, key)
                visited = {"answer": _sealed(Response(0, visits=error.visits))} if error.visits else {}
                _amend(store, place, record, state="unanswered", kind=error.kind, error=str(error), **visited)
            else:
                self._forget(store, place, record)
            raise
        except (ArazzoError, AirflowException):  # about the connection: nothing was sent
            if not again:
                self._forget(store, place, record)
            raise
        _amend(store, place, record, state="answered", status=response.status, answer=_sealed(response))
        return response

    def _intent(self, request: Request) -> dict[str, Any]:
        """Return the record of a request that is about to be sent."""
        return {
            "request": str(request),
            "fingerprint": _sealed_text(_fingerprint(request)),
            "state": "sending",
            "try": self._life.try_number,
            "max_tries": self._life.max_tries,
            "at": datetime.fromtimestamp(clock.now(), tz=timezone.utc).isoformat(timespec="seconds"),
        }

    def _forget(self, store: TaskStateStore, place: str, record: Mapping[str, Any]) -> None:
        """Remove the record of a request that was not sent; if that fails, the present failure matters more."""
        self._unsent.add(place)
        try:
            store.delete(place)
        except AirflowRuntimeError:
            _amend(store, place, record, state="unsent")

    # deletions

    def _deleting(self, request: Request) -> Response:
        """Send a DELETE; if it finds nothing, say that an earlier one may have been the reason.

        Its records serve only for that: it is sent whatever happened to an earlier one.
        """
        if self._store is None:
            return self._send(request)
        if request.attempt == 1:
            self._deletions[request.step_name] += 1
        place = _place(request.step_name, self._deletions[request.step_name])
        before = self._earlier(self._store, place, request)
        record = self._intent(request)
        _amend(self._store, place, record)
        try:
            response = self._send(request)
        except (ArazzoError, AirflowException) as error:
            if before is not None:
                _amend(self._store, place, before)
            elif not getattr(error, "maybe_sent", False):
                self._forget(self._store, place, record)
            raise
        if before is not None and response.status in (404, 410):
            _amend(self._store, place, before)
            return replace(response, hint=_done_before(before))
        _amend(self._store, place, record, state="answered", status=response.status)
        return response

    def _earlier(self, store: TaskStateStore, place: str, request: Request) -> dict[str, Any] | None:
        """Return the record of the same DELETE in this life of the task, if that may have done its work."""
        try:
            stored = store.get(place)
            record = {} if stored is None else fields_of(stored, f"the record '{place}'", _FIELDS, _KINDS)
            if record.get("max_tries") != self._life.max_tries:
                return None
            same = record.get("fingerprint") and unseal(str(record["fingerprint"])) == _fingerprint(request)
        except (AirflowRuntimeError, AirflowException):
            return None
        return record if same and record.get("state") != "unsent" and record.get("status", 200) < 300 else None

    # idempotency keys

    def _key(self, request: Request, number: int, concluded: int) -> str | None:
        """Return the idempotency key, the same whenever this life of the task reaches this request.

        If this repeats a request that got no answer, it has the key of that one.
        """
        if not request.idempotency_key:
            return None
        if before := self.sent.open.get(request.step_name):
            return before
        name = json.dumps([*self._life.ids, self._life.max_tries, concluded, request.step_name, number])
        return str(uuid.uuid5(_NAMESPACE, name))


def allow_retry(context: Mapping[str, Any], sent: Sent) -> None:
    """Let Airflow's next try start again: the task has failed, and somebody set ``retries``.

    A request without an answer is an exception: the next try decides by its record whether it may be sent again.

    :param context: of the running task.
    :param sent: what it has sent.
    """
    store, life = task_state_store(context), _Life.of(context["ti"])
    if store is None or not sent.counts or not sent.all_answered or not life.has_retries:
        return
    try:
        store.set(_CONCLUDED_KEY, formed({"try": life.try_number}))
    except AirflowRuntimeError as error:  # the task's own failure matters more
        log.warning(
            "A next try will use the answers of this one again: its end could not be recorded: %s", type(error).__name__
        )


def may_have_arrived(plan: Plan, sent: Sent) -> bool:
    """Say whether a request of a task that has failed may have arrived, and must not be sent again.

    :param plan: whose requests they are.
    """
    return sent.lost or any(key is None and not _may_resend(plan, step) for step, key in sent.open.items())


def _may_resend(plan: Plan, step_name: str) -> bool:
    *within, step = map(unquote, step_name.split("/"))
    return bool(plan.child(tuple(within)).step(step).settings.resend)


_WAYS_ON = (
    "look at the server, then clear the task to send it, or mark the task as it should be. With 'idempotency_key' "
    "or 'resend: true' in the step's x-airflow, the task goes on by itself"
)


def _done_before(record: Mapping[str, Any]) -> str:
    """Say that a DELETE that finds nothing may have been done by an earlier one."""
    outcome = "its answer was lost, so it may have succeeded"
    if record.get("state") == "answered":
        outcome = f"was answered with status {record.get('status')}, so it succeeded"
    sent = f"try {record.get('try')} sent this DELETE at {record.get('at')}, and {outcome}"
    return f"{sent} (successCriteria with $statusCode == 204 || $statusCode == 404 count both as success)"


def _is_another(record: Mapping[str, Any], request: Request) -> bool:
    """Say whether a record is of another request that took this place; only if this one may be resent.

    :raises UnknownOutcomeError: if it may not, since nobody has said that sending both does no harm.
    """
    title, before = str(request), str(record.get("request"))
    sealed = record.get("fingerprint")
    if title == before and (sealed is None or unseal(str(sealed)) == _fingerprint(request)):
        return False
    if title == before and request.resend:
        log.warning("Another %s was sent %s: this one is sent too, as its step allows", title, _when(record))
        return True
    changed = "the workflow has changed"
    if title == before:
        before, changed = f"another {before}", "the values in it have changed"
    raise UnknownOutcomeError(
        f"step '{request.step}' was going to send {title}, but {before} was sent in its place "
        f"{_when(record)} ({_outcome(record)}): {changed} in between. It is not sent; look at the server, "
        "then clear the task to send everything again, or mark the task as it should be"
    )


def _fingerprint(request: Request) -> str:
    """Return what tells a request from others of its step: everything except credentials, which are renewed."""
    schemes = [scheme for need in request.security for scheme in need if scheme.get("type") == "apiKey"]
    keys = {str(scheme.get("name")) for scheme in schemes}
    secret = {"authorization", "proxy-authorization", "cookie", *(name.lower() for name in keys)}
    url, _, query = request.url.partition("?")
    pairs = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in keys]
    headers = [(name.lower(), value) for name, value in request.headers if name.lower() not in secret]
    known = [request.step_name, request.method, url, pairs, headers, (request.body or b"").hex()]
    return sha256(json.dumps(known).encode()).hexdigest()


def _when(record: Mapping[str, Any]) -> str:
    return f"by try {record.get('try')} at {record.get('at')}"


def _outcome(record: Mapping[str, Any]) -> str:
    if record.get("state") == "answered":
        return f"answered with status {record.get('status')}"
    return "no answer is recorded"


def _place(step: str, number: int) -> str:
    """Return the key of a record in the task state store."""
    name = re.sub(r"[^\w.-]", "_", step, flags=re.ASCII)[:200]
    if name != step:
        name += "_" + sha256(step.encode()).hexdigest()[:12]
    return f"arazzo_sent_{name}_{number}"


def _amend(store: TaskStateStore, place: str, record: Mapping[str, Any], **outcome: Any) -> None:
    """Record an outcome; if that fails the task continues, since it knows the outcome itself."""
    try:
        store.set(place, formed({**record, **outcome, "time": clock.now()}))
    except AirflowRuntimeError as error:
        log.warning("The outcome of %s could not be recorded: %s", record["request"], type(error).__name__)


def _sealed(response: Response) -> str | None:
    """Return an answer as sealed text; None if it is too long, or there is no key to seal it."""
    value = {
        "status": response.status,
        "headers": response.headers,
        "body": base64.b64encode(zlib.compress(response.body)).decode(),
        "seconds": response.seconds,
        "beyond": response.beyond,
        "visits": response.visits,
    }
    text = _sealed_text(json.dumps(value))
    return text if text and len(text) <= LARGEST_RECORD else None


def _sealed_text(text: str) -> str | None:
    """Return sealed text; None if there is no key to seal it."""
    try:
        return seal(text)
    except AirflowException:
        return None


def _opened(text: str) -> Response:
    value = json.loads(unseal(text))
    headers = tuple((str(name), str(text)) for name, text in value["headers"])
    body = zlib.decompress(base64.b64decode(value["body"]))
    visits = tuple((url, tuple((name, text) for name, text in lines)) for url, lines in value.get("visits", ()))
    return Response(value["status"], headers, body, value["seconds"], beyond=value.get("beyond", ""), visits=visits)
