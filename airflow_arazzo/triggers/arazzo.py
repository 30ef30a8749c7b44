"""The trigger: a region of a plan that waits, without a worker.

Everything it needs travels in its arguments and everything it has found out in the event that it fires, both as plain
JSON: Airflow stores them, a restarted triggerer begins again from the arguments, and the times in them are absolute.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_arazzo import compat
from airflow_arazzo.hooks.arazzo import SourceHooks
from airflow_arazzo.protocol.encryption import redacted, register_texts_async
from airflow_arazzo.protocol.envelope import Carried, pack, secrets_of, unpack
from arazzo import clock
from arazzo.engine import Note, State, drive_async
from arazzo.exchange import Request
from arazzo.flow import Plan


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
