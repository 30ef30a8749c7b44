"""Drivers own the clock and the socket: one for threads, one for the event loop, with the same steps."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from math import inf

from arazzo.cpu_time import CpuTimeError, within_cpu_time
from arazzo.engine.shown import in_full, request_line
from arazzo.engine.state import Command, Done, Note, Send, State, Wait
from arazzo.engine.step_machine import advance, held, judged, unsent
from arazzo.errors import ClosedError, TransportError
from arazzo.exchange import Exchange, Request, Response, size_of
from arazzo.expressions.context import unchanged
from arazzo.flow import Plan
from arazzo.secrecy.concealing import Conceal

#: How large an answer must be for a thread to cost less than holding up the event loop (benchmarks/loop_lag.py).
LARGE = 32 * 1024
#: Bytes of an answer, and of what is kept, that a thread should not evaluate beside an event loop: it holds the
#: interpreter for so long at a time (collecting garbage, one search through all of it) that the loop is held, too.
TOO_LARGE = 1024 * 1024
#: CPU seconds that it should not take, as it and the loop take turns: each time the loop waits for its turn.
TOO_LONG = 0.1
#: CPU seconds after which a turn that began on the event loop is begun anew in a thread. Most take a tenth of it.
_AT_ONCE = 0.005


def load_evaluators() -> None:
    """Import what evaluates queries, so that the first of them takes only its own time."""
    import arazzo.expressions.goessner
    import arazzo.expressions.rfc9535
    import arazzo.expressions.xpath_parsers  # noqa: F401


def ignore_note(note: Note) -> None:
    """Drop a note."""


def drive(
    plan: Plan,
    state: State,
    *,
    send: Callable[[Request], Response],
    wait: Callable[[State, float], None],
    clock: Callable[[], float] = time.time,
    note: Callable[[Note], None] = ignore_note,
    conceal: Conceal = unchanged,
    whole: Callable[[str], None] | None = None,
    sent: Callable[[str], None] | None = None,
) -> tuple[State, Done]:
    """Run a region to its end.

    :param send: sends a request; raises TransportError if there is no answer, ClosedError if it is to be put off.
    :param wait: waits that many seconds; may raise in order to hand the state to somebody else.
    :param clock: POSIX time; its first value after an answer is the time at which the answer came.
    :param note: hears every line for the log.
    :param conceal: hides in a text what is secret beyond what the engine knows.
    :param whole: receives each request and its answer in full, secrets hidden; None if nobody wants them.
    :param sent: receives method and URL of each request before it is sent, secrets hidden; None if nobody wants them.
    """
    exchange = None
    while True:
        answered, began = clock(), clock()
        state, command = advance(plan, state, exchange, now=answered, conceal=conceal)
        for line in command.notes:
            note(line)
        exchange = None
        match command:
            case Send(request=request):
                if sent is not None:
                    sent(request_line(plan, state, request, conceal))
                try:
                    exchange = Exchange(request, send(request))
                except ClosedError as error:
                    state = _put_off(state, error, clock(), note)
                    continue
                except TransportError as error:
                    exchange = Exchange.unanswered(request, error)
                _show(whole, plan, state, exchange, conceal)
            case Wait(seconds=seconds):
                wait(judged(state, clock() - began), seconds)
            case Done():
                return state, command


def _collected(state: State) -> int:
    """Return how many bytes the outputs of loops have collected."""
    return sum(size for frame in state.frames for outputs in frame.collected.values() for size in outputs.values())


def _put_off(state: State, error: ClosedError, now: float, note: Callable[[Note], None]) -> State:
    note(Note(str(error), step=state.frame.step))
    return held(state, error.until, now)


def _show(whole: Callable[[str], None] | None, plan: Plan, state: State, exchange: Exchange, conceal: Conceal) -> None:
    if whole is not None:
        whole(in_full(plan, state, exchange, conceal))


def _any_request(_: Request) -> bool:
    return True


async def _exchanged(request: Request, send: Callable[[Request], Awaitable[Response]]) -> Exchange:
    try:
        return Exchange(request, await send(request))
    except ClosedError:
        raise
    except TransportError as error:
        return Exchange.unanswered(request, error)


Turn = Callable[[], tuple[State, Command]]


def _within(seconds: float, turn: Turn) -> tuple[State, Command] | None:
    """Return what a turn returns; None if it takes more CPU time than that."""
    try:
        return within_cpu_time(seconds, turn)
    except CpuTimeError:
        return None


class _Turns:
    """The turns of a region in an event loop: at once, or in a thread after an answer that took too long for the loop.

    A turn is a function of values, so that one that was interrupted can begin anew.

    :param most: bytes of an answer that are evaluated.
    :param most_seconds: of CPU time that evaluating an answer may take; 0 for no limit.
    """

    def __init__(self, most: float, most_seconds: float) -> None:
        self._most, self._most_seconds, self._in_thread = most, most_seconds, False

    async def take(self, turn: Turn, exchange: Exchange | None) -> tuple[State, Command] | None:
        """Return what a turn over an exchange returns; None if the answer is too large or takes too long."""
        size = 0.0 if exchange is None else size_of(exchange.response)
        if size > self._most:
            return None
        self._in_thread = self._in_thread or size > LARGE
        found = None if self._in_thread else _within(_AT_ONCE if self._most_seconds else 0, turn)
        if found is None:
            import asyncio

            self._in_thread = self._in_thread or exchange is not None
            found = await asyncio.to_thread(_within, 0 if exchange is None else self._most_seconds, turn)
        return found


async def drive_async(
    plan: Plan,
    state: State,
    *,
    send: Callable[[Request], Awaitable[Response]],
    wait: Callable[[State, float], Awaitable[None]],
    clock: Callable[[], float] = time.time,
    note: Callable[[Note], None] = ignore_note,
    may_send: Callable[[Request], bool] = _any_request,
    conceal: Conceal = unchanged,
    whole: Callable[[str], None] | None = None,
    sent: Callable[[str], None] | None = None,
    most: float = inf,
    most_seconds: float = 0.0,
) -> tuple[State, Done | None]:
    """Run a region in an event loop; everything else as :func:`drive`.

    Large answers, and all that follow one, are judged in a thread: decoding one, or looking into it or what was kept of
    it, must not hold up the loop. Where time is limited, so are those that take longer than a few milliseconds.

    :param may_send: says whether a request may be sent from here.
    :param most: bytes of an answer, or of what outputs have collected, that are evaluated here.
    :param most_seconds: of CPU time that evaluating an answer may take here; 0 for no limit.
    :returns: as :func:`drive`; before a request that may not be sent from here, or whose answer is too large or takes
        too long, the state to continue with elsewhere, where that request is sent.
    """
    exchange: Exchange | None = None
    turns = _Turns(most, most_seconds)
    while True:
        answered, began = clock(), clock()
        turn = partial(advance, plan, state, exchange, now=answered, conceal=conceal)
        turned = await turns.take(turn, exchange)
        if turned is None:
            return unsent(state), None
        state, command = turned
        for line in command.notes:
            note(line)
        exchange = None
        match command:
            case Send(request=request) if not may_send(request) or _collected(state) > most:
                return unsent(state), None
            case Send(request=request):
                if sent is not None:
                    sent(request_line(plan, state, request, conceal))
                try:
                    exchange = await _exchanged(request, send)
                except ClosedError as error:
                    state = _put_off(state, error, clock(), note)
                    continue
                _show(whole, plan, state, exchange, conceal)
            case Wait(seconds=seconds):
                await wait(judged(state, clock() - began), seconds)
            case Done():
                return state, command
