"""The trigger: a region of a plan that waits, without a worker.

Everything it needs is in its arguments, and everything it has found out in the event that it fires, both as plain JSON:
Airflow stores them, a restarted triggerer starts again from the arguments, and the times in them are absolute.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent
from pydantic import ValidationError

from airflow_arazzo import compat
from airflow_arazzo.hooks.source_hooks import SourceHooks
from airflow_arazzo.hooks.telemetry import Telemetry
from airflow_arazzo.protocol.debugging import in_full
from airflow_arazzo.protocol.envelope import Carried, pack, unpack
from airflow_arazzo.protocol.secret_ledger import Ledger
from airflow_arazzo.protocol.stored_forms import fields_of
from arazzo import clock
from arazzo.engine import Note, State, drive_async
from arazzo.engine.drivers import TOO_LARGE, TOO_LONG, load_evaluators
from arazzo.exchange import Request
from arazzo.flow import Plan


class ArazzoTrigger(BaseTrigger):
    """Go on with a region that is waiting.

    It sends safe requests (RFC 9110) until the region is done or an unsafe request is due. That one is left to a
    worker, because a triggerer may run a trigger twice. So is one whose answer would hold up the other triggers. A
    trigger that does not send only waits.

    :param plan: the region's slice of the plan, as JSON.
    :param state: the state in the form that :func:`pack` returns.
    :param connections: connection ids by name of the source description.
    :param sends: whether safe requests are sent from here.
    :param until: POSIX time until which a trigger waits that does not send, so that it need not open the state.
    :param version: of the form of these arguments. Airflow also makes triggers of what another version has stored; to
        reach the task as a message, that is refused where the trigger runs.
    """

    def __init__(
        self,
        plan: str = "",
        state: str = "",
        connections: dict[str, str] | None = None,
        sends: bool = False,
        until: float = 0.0,
        *,
        version: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.plan, self.state, self.connections, self.sends = plan, state, connections or {}, sends
        self.until, self.version, self.unknown = until, version, unknown

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, all of them JSON."""
        arguments = {"plan": self.plan, "state": self.state, "connections": self.connections, "sends": self.sends}
        stored = {"version": self.version, **arguments, **({"until": self.until} if self.until else {}), **self.unknown}
        return f"{type(self).__module__}.{type(self).__qualname__}", stored

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sends={self.sends}>"

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire one event: ``done`` with the final state, ``waited`` with the state as it was, or ``error``.

        ``left`` says that what comes next may take too much for a triggerer.
        It is fired only after the scheduler has heard that the task has left its worker.
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
        fields_of(self.serialize()[1], "the trigger", ("plan", "state", "connections", "sends", "until"))
        if not self.sends:
            await clock.sleep_async(max(self.until - clock.now(), 0.0))
            return {"status": "waited", "state": self.state, "left": True}
        await asyncio.to_thread(_get_ready)
        carried = await asyncio.to_thread(unpack, self.state)  # it may be large
        state = carried.state
        end = inf if carried.end is None else carried.end
        try:
            plan = await asyncio.to_thread(_plan, self.plan)  # so may this
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
            text = f"the plan of the trigger cannot be read at '{place}'"
            raise AirflowException(f"{text}: worker and triggerer have different versions") from None
        ledger = Ledger()
        telemetry = Telemetry(self.task_instance, in_triggerer=True)
        hooks = SourceHooks(self.connections, ledger, telemetry, most=TOO_LARGE)
        hooks.keep_to(plan.all_steps())
        try:
            await ledger.add_async(state.secrets)
            state, done = await drive_async(
                plan,
                state,
                send=hooks.async_send,
                wait=_waiting(end),
                clock=clock.now,
                note=self._log_note,
                may_send=_is_safe,
                conceal=ledger.conceal,
                whole=in_full(self.log),
                sent=hooks.telemetry.sent,
                most=TOO_LARGE,
                most_seconds=TOO_LONG,
            )
            left = done is None
        except _OutOfTimeError as error:
            state, done, left = error.state, None, False
        finally:
            await hooks.async_close()
        found = replace(carried, state=replace(state, secrets=ledger.secrets | state.secrets), done=done)
        packed = await asyncio.to_thread(pack, found)  # outputs may be large
        return {"status": "waited" if done is None else "done", "state": packed, **({"left": True} if left else {})}

    def _log_note(self, note: Note) -> None:
        (self.log.warning if note.warning else self.log.info)("%s", note.text)


@lru_cache(maxsize=1)
def _get_ready() -> None:
    """Import what sends, evaluates and counts; then exempt all from garbage collection, as Airflow's executors do.

    A full collection of garbage holds up all other triggers. It took 120 ms, nearly all of it for modules, and many
    small answers or one of many small parts lead to one.
    """
    import aiohttp  # noqa: F401

    import airflow_arazzo.hooks.connection_hook  # noqa: F401

    load_evaluators()
    compat.stats(in_triggerer=True).incr("arazzo.exchange", 0, 0)  # sends nothing, but the first reads files

    gc.freeze()


@lru_cache(maxsize=256)
def _plan(text: str) -> Plan:
    """Return the plan in a text; the polls of one document share one."""
    return Plan.model_validate_json(text)


def _is_safe(request: Request) -> bool:
    return request.safe


class _OutOfTimeError(Exception):
    """The try is over; its worker says what that means."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state


def _waiting(end: float) -> Callable[[State, float], Awaitable[None]]:
    """Return a function that waits, but not beyond the end of the try."""

    async def wait(state: State, seconds: float) -> None:
        left = end - clock.now()
        await clock.sleep_async(max(min(seconds, left), 0.0))
        if left <= seconds:
            raise _OutOfTimeError(state)

    return wait


def open_event(event: Any) -> Carried:
    """Return the content of an event of an :class:`ArazzoTrigger`.

    :raises AirflowException: if it reports an error, or is not such an event.
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
    raise AirflowException(f"the trigger fired an event that is not one of ArazzoTrigger's: {kind}")
