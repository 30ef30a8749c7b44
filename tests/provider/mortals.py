"""A server, a store and a worker that dies: what tests of requests that are sent once are made with."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from running import Run, Store

from airflow_arazzo.operators.at_most_once import Sending, allow_retry
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response, header

POST = Request(method="POST", url="http://shop.test/orders", template="/orders", step="order")


class Killed(BaseException):
    """What kill -9 does: nothing after it is executed."""


@dataclass
class Server:
    """Answers each request with its number, or as told."""

    received: list[Request] = field(default_factory=list)
    answers: list[Response | BaseException] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        answer = self.answers.pop(0) if self.answers else Response(201, body=b"%d" % (len(self.received) + 1))
        unsent = isinstance(answer, TransportError) and not answer.maybe_sent
        if not unsent and not isinstance(answer, AirflowException):
            self.received.append(request)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def keys_sent(self, name="Idempotency-Key"):
        return [header(request.headers, name) for request in self.received]


@dataclass
class MortalStore(Store):
    """A state store whose user dies just before, or just after, it writes for the n-th time; or that fails to."""

    dies_at: int = 0
    written: bool = True
    fails: frozenset[str] = frozenset()

    def delete(self, key):
        self.fail("delete")
        super().delete(key)

    def fail(self, what):
        if what in self.fails:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR))

    def set(self, key, value):
        self.fail(f"set {value['state']}" if "state" in value else "set")
        self.dies_at -= 1
        if self.dies_at == 0 and not self.written:
            raise Killed
        super().set(key, value)
        if self.dies_at == 0:
            raise Killed


def start(server, stored, *, try_number=1, max_tries=0, dies_at=0, written=True, sent=None, fails=frozenset()):
    context = Run().context("order", try_number, max_tries)
    if stored is not None:
        context["task_state_store"] = MortalStore(stored, dies_at, written, fails)
    return Sending(server.send, context, sent)


def end_in_failure(sending, stored, *, try_number=1, max_tries=1, fails=frozenset()):
    context = Run().context("order", try_number, max_tries)
    context["task_state_store"] = MortalStore(stored, fails=fails)
    allow_retry(context, sending.sent)


def lost(text="no complete answer within 60 s"):
    return TransportError("timeout", text, maybe_sent=True)
