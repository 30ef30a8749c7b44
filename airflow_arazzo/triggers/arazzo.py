"""The trigger: a region of a plan that waits, without a worker.

Everything it needs travels in its arguments and everything it has found out in the event that it fires, both as plain
JSON: Airflow stores them, a restarted triggerer begins again from the arguments, and the times in them are absolute.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent
from pydantic import TypeAdapter

from airflow_arazzo import clock, compat
from airflow_arazzo.core.engine import Done, Note, State, drive_async, sensitive_inputs
from airflow_arazzo.core.exchange import Request
from airflow_arazzo.core.flow import Plan
from airflow_arazzo.hooks.arazzo import SourceHooks
from airflow_arazzo.hooks.sealing import (
    has_key,
    occurring,
    redacted,
    register_texts_async,
    seal_json,
    secrets_in,
    unseal_json,
)

#: How many secrets of connections are carried that occur in nothing else: tokens that an answer may show later.
MOST_CARRIED = 20


@dataclass(frozen=True)
class Sent:
    """What a task has sent of requests that are not idempotent, by step (``workflow/step`` in inner workflows).

    :param counts: how many.
    :param open: where none has got an answer since control came to the step: the idempotency key, if they have one.
    :param lost: whether control has gone on without an answer, and come to the step anew.
    """

    counts: dict[str, int] = field(default_factory=dict)
    open: dict[str, str | None] = field(default_factory=dict)
    lost: bool = False

    @property
    def all_answered(self) -> bool:
        return not self.open and not self.lost

    def anew(self, step: str) -> Sent:
        """Return what it is when control comes to a step."""
        return replace(self, open=_without(self.open, step), lost=True) if step in self.open else self

    def answered(self, step: str, number: int) -> Sent:
        """Return what it is when the step's request of that number has got an answer."""
        return replace(self, counts={**self.counts, step: number}, open=_without(self.open, step))

    def unanswered(self, step: str, number: int, key: str | None) -> Sent:
        """Return what it is when the step's request of that number may have been sent, and got no answer."""
        return replace(self, counts={**self.counts, step: number}, open={**self.open, step: key})


def _without(keys: dict[str, str | None], step: str) -> dict[str, str | None]:
    return {name: key for name, key in keys.items() if name != step}


@dataclass(frozen=True)
class Carried:
    """What goes from worker to triggerer and back.

    :param state: where the run of the region stands.
    :param done: how it has ended, if it has.
    :param sent: what it has sent.
    :param secrets: the secret texts that are known so far, the oldest first, and by each whether it is a connection's.
    """

    state: State
    done: Done | None = None
    sent: Sent = field(default_factory=Sent)
    secrets: dict[str, bool] = field(default_factory=dict)


class ArazzoTrigger(BaseTrigger):
    """Go on with a region that waits.

    Safe requests (RFC 9110) are sent from here, until the region is done or a request is to be sent that is not safe:
    that is left to a worker, because a triggerer may run a trigger twice. A trigger that does not send only waits.

    :param plan: the region's slice of the plan, as JSON.
    :param state: what :func:`pack` has made of the state.
    :param connections: connection ids by name of the source description.
    :param sends: whether safe requests are sent from here.
    """

    def __init__(self, plan: str, state: str, connections: dict[str, str], sends: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.plan, self.state, self.connections, self.sends = plan, state, connections, sends

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, all of them JSON."""
        arguments = {"plan": self.plan, "state": self.state, "connections": self.connections, "sends": self.sends}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sends={self.sends}>"

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire one event: ``done`` with the final state, ``waited`` with the state as it was, or ``error``.

        It is not fired before the scheduler has heard that the task has left its worker.
        """
        settled = clock.now() + compat.settling_time()
        try:
            event = await self._go_on()
        except AirflowException as error:
            event = {"status": "error", "message": str(error)}
        if (seconds := settled - clock.now()) > 0:
            await clock.sleep_async(seconds)
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]

    async def _go_on(self) -> dict[str, Any]:
        carried = unpack(self.state)
        state = carried.state
        if not self.sends:
            await clock.sleep_async(max((state.resume_at or 0.0) - clock.now(), 0.0))
            return {"status": "waited", "state": self.state}
        try:
            plan = Plan.model_validate_json(self.plan)
        except ValueError:
            raise AirflowException("the plan cannot be read: worker and triggerer have different versions") from None
        hooks = SourceHooks(self.connections)
        try:
            await register_texts_async([*carried.secrets, *secrets_of(state, plan)])
            state, done = await drive_async(
                plan,
                state,
                send=hooks.async_send,
                wait=_wait,
                clock=clock.now,
                note=self._hear,
                may_send=_is_safe,
                conceal=redacted,
            )
        finally:
            await hooks.async_close()
        known = carried.secrets | {secret: carried.secrets.get(secret, True) for secret in hooks.secrets()}
        if done is None:
            return {"status": "waited", "state": pack(replace(carried, state=state, secrets=known), plan)}
        return {"status": "done", "state": pack(replace(carried, state=state, done=done, secrets=known), plan)}

    def _hear(self, note: Note) -> None:
        (self.log.warning if note.warning else self.log.info)("%s", note.text)


def _is_safe(request: Request) -> bool:
    return request.safe


async def _wait(state: State, seconds: float) -> None:
    await clock.sleep_async(seconds)


def open_event(event: Any) -> Carried:
    """Return what the event of an :class:`ArazzoTrigger` carries.

    :raises AirflowException: if it reports an error, or is no such event.
    """
    match event:
        case {"status": "done", "state": str(state)}:
            carried = unpack(state)
            if carried.done is not None:
                return carried
        case {"status": "waited", "state": str(state)}:
            return unpack(state)
        case {"status": "error", "message": str(message)}:
            raise AirflowException(f"the triggerer could not go on: {message}")
    kind = sorted(map(str, event)) if isinstance(event, dict) else type(event).__name__
    raise AirflowException(f"the trigger fired an event that is none of ArazzoTrigger's: {kind}")


_DONE = ("outcome", "target", "step", "message", "outputs", "inputs")


def pack(carried: Carried, plan: Plan) -> str:
    """Return a state as sealed text. Without a key the secrets stay behind that occur nowhere in it.

    :param plan: its plan, which says what is secret.
    :raises AirflowException: if there is a secret in it and no key to seal it with.
    """
    done = carried.done
    value = {
        "state": carried.state.model_dump(mode="json", exclude_defaults=True),
        "done": done and {name: getattr(done, name) for name in _DONE},
        "sent": asdict(carried.sent),
    }
    secrets = _to_carry(carried.secrets, value)
    secret = next(secrets_of(carried.state, plan), None) is not None or bool(occurring(value, secrets))
    return seal_json({**value, "secrets": secrets if has_key() else {}}, secret=secret)


def _to_carry(secrets: dict[str, bool], value: Any) -> dict[str, bool]:
    """Return the secrets without those of connections that have turned up nowhere, but for the newest."""
    of_connections = [secret for secret, of_connection in secrets.items() if of_connection]
    dropped = set(of_connections[:-MOST_CARRIED]).difference(occurring(value, of_connections))
    return {secret: of_connection for secret, of_connection in secrets.items() if secret not in dropped}


@lru_cache(maxsize=1)
def _carried() -> TypeAdapter[Carried]:
    return TypeAdapter(Carried)


def unpack(text: str) -> Carried:
    """Return what :func:`pack` was given.

    :raises AirflowException: if it cannot be unsealed here, or is nothing that was packed.
    """
    try:
        value = unseal_json(text)
        secrets = dict(value.pop("secrets", {}))  # of any characters, which not all JSON parsers take
        return replace(_carried().validate_json(json.dumps(value)), secrets=secrets)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AirflowException(f"a carried state cannot be read: {type(error).__name__}") from None


def secrets_of(state: State, plan: Plan) -> Iterator[str]:
    """Yield the text of each secret input and output of a state, in order.

    :param plan: its plan, which says what is secret.
    """
    yield from state.secrets
    for frame in state.frames:
        inner = plan.child(frame.plan)
        names = {*plan.sensitive, *inner.sensitive}
        yield from secrets_in(frame.inputs, names | sensitive_inputs(inner))
        for values in frame.outputs.values():
            yield from secrets_in(values, names)
    yield from secrets_in(state.workflows, all_sensitive(plan))


def all_sensitive(plan: Plan) -> frozenset[str]:
    """Return the names that are secret in a plan, in one it calls, and as inputs."""
    found = frozenset(plan.sensitive) | sensitive_inputs(plan)
    return found.union(*(all_sensitive(child) for child in plan.children.values()))
