"""The step machine: runs a region of any size, from a given entry until control leaves it, without any I/O.

``advance(plan, state, exchange) -> (state, command)`` is a pure function over frozen values. Its caller owns the clock
and the socket. :mod:`arazzo.engine.region` says what happens within one call.
"""

from __future__ import annotations

from typing import Any

from arazzo.engine import actions, messages, pacing
from arazzo.engine.loop_turn import record_name
from arazzo.engine.recording import entry_of
from arazzo.engine.region import Turn
from arazzo.engine.state import Command, Done, Mark, State
from arazzo.errors import GaveUpError
from arazzo.exchange import Exchange
from arazzo.expressions.context import unchanged
from arazzo.flow import Plan
from arazzo.frozen import replace
from arazzo.secrecy.concealing import Conceal

HISTORY = 100
#: How long a line of the history may be; the log has the full answer of an API.
LONGEST_LINE = 400


def advance(
    plan: Plan, state: State, exchange: Exchange | None = None, *, now: float, conceal: Conceal = unchanged
) -> tuple[State, Command]:
    """Advance a run as far as possible without I/O.

    :param plan: the plan, or the slice of it that holds the region.
    :param state: from :func:`start` or from the last call.
    :param exchange: after ``Send``, the request with its response, or with the reason why there is none; otherwise
        None. A state that has sent a request and gets no exchange sends it again; the driver decides whether it may.
    :param now: POSIX time.
    :param conceal: hides further secrets in a text, beyond inputs, outputs and the answer's credentials.
    :returns: the next state, and what to do.
    """
    turn = Turn(plan, now, conceal)
    command: Command | None = None
    if exchange is not None:
        name = record_name(state, state.frame.step)
        state = _with_cookies(_marked(state, exchange, name, now), exchange, now)
        try:
            state, command = turn.received(state, exchange)
        except GaveUpError as error:
            state, command = turn.gave_up(state, error, exchange)
        state = turn.with_answer(state, turn.read or exchange, name)
    while command is None:
        try:
            state, command = turn.proceed(state)
        except GaveUpError as error:
            state, command = turn.gave_up(state, error)
    if isinstance(command, Done) and command.outcome == "failed" and exchange is not None:
        asked = actions.asked_wait(exchange.response, now)
        command = replace(command, retry_at=None if asked is None else now + asked)
    history = (*state.history, *(messages.brief(note.text, LONGEST_LINE) for note in turn.notes))[-HISTORY:]
    return replace(state, history=history), replace(command, notes=tuple(turn.notes))


def _marked(state: State, exchange: Exchange, name: str, now: float) -> State:
    """Return the state with what an exchange leaves in it, whatever its step makes of it."""
    response = exchange.response
    status, seconds = (response.status, response.seconds) if response else (None, 0.0)
    mark = Mark(name, now, status, seconds)
    recorded = state.recorded and state.recorded.add(entry_of(exchange, now))
    exchanges = (*state.exchanges, mark)[-HISTORY:]
    return replace(state, phase="ready", last_status=status, exchanges=exchanges, recorded=recorded)


def _with_cookies(state: State, exchange: Exchange, now: float) -> State:
    """Return the state with the cookies that an answer has set, also on the way to it."""
    jar, response = state.cookies, exchange.response
    if jar is None:
        return state
    jar = jar.as_of(now)
    own = () if response is None else response.visits or ((exchange.request.url, response.headers),)
    for url, headers in exchange.visits or own:
        jar = jar.after(url, headers)
    return state.with_cookies(jar)


def begin_call(plan: Plan, state: State, *, now: float, conceal: Conceal = unchanged) -> tuple[State, Done | None]:
    """Start a step that calls a workflow, for a caller that runs that workflow elsewhere.

    :param plan: the plan of the calling step, or the slice of it that holds the step.
    :param state: in which that step is next.
    :param conceal: as for :func:`advance`.
    :returns: the state with the workflow entered, with its inputs for :func:`entered_inputs`; or how the step failed.
    """
    turn = Turn(plan, now, conceal)
    try:
        state, command = turn.begin(state)
    except GaveUpError as error:
        state, command = turn.gave_up(state, error)
    return state, replace(command, notes=tuple(turn.notes)) if isinstance(command, Done) else None


def end_call(
    plan: Plan,
    state: State,
    outputs: dict[str, Any],
    failure: str,
    status: int | None,
    *,
    stopped: bool = False,
    now: float,
    conceal: Conceal = unchanged,
) -> tuple[State, Done]:
    """Judge a step whose called workflow ran elsewhere, and say where control goes.

    :param plan: the plan of the calling step, or the slice of it that holds the step.
    :param state: in which that step is next; its scope is that step.
    :param outputs: of the workflow.
    :param failure: why the workflow failed; empty if it did not.
    :param status: the status that the last step of the workflow saw.
    :param stopped: whether it failed in such a way that no action may be tried (:class:`Done`).
    :param conceal: as for :func:`advance`.
    :raises ValueError: if the step has a retry that runs the workflow again, which must then run here.
    """
    turn = Turn(plan, now, conceal)
    turn.stopped = stopped
    state = replace(state, last_status=status).with_frame(replace(state.frame, attempts=1))
    try:
        state, command = turn.returned(state, outputs, failure)
    except GaveUpError as error:
        state, command = turn.gave_up(state, error)
    if not isinstance(command, Done):
        raise ValueError(f"step '{state.frame.step}' goes on where its workflow runs, and not elsewhere")
    return state, replace(command, notes=tuple(turn.notes))


def judged(state: State, seconds: float) -> State:
    """Return a waiting state with its wait counted from the end of judging, which may have taken time."""
    return state if state.resume_at is None else pacing.with_wait(state, seconds, state.resume_at)


def held(state: State, until: float, now: float) -> State:
    """Return the state with its pending request, which has not been sent, put off until then."""
    return pacing.with_wait(unsent(state), until - now, now)


def unsent(state: State) -> State:
    """Return the state as it was before its pending request, which has not been sent."""
    return replace(state, phase="ready").with_frame(replace(state.frame, attempts=state.frame.attempts - 1))
