"""The step machine: runs a region of any size, from a given entry until control leaves it, without any I/O.

``advance(plan, state, exchange) -> (state, command)`` is a pure function over frozen values. Whoever calls it owns the
clock and the socket. What happens within one call says :mod:`arazzo.engine.region`.
"""

from __future__ import annotations

from typing import Any

from arazzo.engine import actions, messages, pacing
from arazzo.engine.loop_turn import record_name
from arazzo.engine.region import Turn
from arazzo.engine.state import Command, Done, Mark, State
from arazzo.errors import GaveUpError
from arazzo.exchange import Exchange
from arazzo.expressions import unchanged
from arazzo.flow import Plan
from arazzo.frozen import replace
from arazzo.secrecy import Conceal

HISTORY = 100
#: Characters of a line in the history: what an API has answered is in the log in full length.
LONGEST_LINE = 400


def advance(
    plan: Plan, state: State, exchange: Exchange | None = None, *, now: float, conceal: Conceal = unchanged
) -> tuple[State, Command]:
    """Advance a run as far as possible without I/O.

    :param plan: the plan, or the slice of it that holds the region.
    :param state: from :func:`start` or from the last call.
    :param exchange: after ``Send``, the request with its response or the reason why there is none; otherwise None. A
        state that has sent a request and gets no exchange sends that request again; its driver decides whether it may.
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
    response = exchange.response
    status, seconds = (response.status, response.seconds) if response else (None, 0.0)
    mark = Mark(name, now, status, seconds)
    return replace(state, exchanges=(*state.exchanges, mark)[-HISTORY:])


def _with_cookies(state: State, exchange: Exchange, now: float) -> State:
    """Return the state with the cookies that an answer has set, on the way to it, too."""
    jar, response = state.cookies, exchange.response
    if jar is None or response is None:
        return state
    jar = jar.as_of(now)
    for url, headers in response.visits or ((exchange.request.url, response.headers),):
        jar = jar.after(url, headers)
    return state.with_cookies(jar)


def begin_call(plan: Plan, state: State, *, now: float, conceal: Conceal = unchanged) -> tuple[State, Done | None]:
    """Begin a step that calls a workflow, for whoever runs that workflow elsewhere.

    :param plan: the plan of the calling step, or the slice of it that holds the step.
    :param state: in which that step comes next.
    :param conceal: as for :func:`advance`.
    :returns: the state with the workflow entered, whose inputs :func:`entered_inputs` tells; or how the step failed.
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
    """Judge a step that called a workflow which has run elsewhere, and say where control goes.

    :param plan: the plan of the calling step, or the slice of it that holds the step.
    :param state: in which that step comes next; its scope is that step.
    :param outputs: of the workflow.
    :param failure: why the workflow failed; empty if it has not.
    :param status: the status that the last step of the workflow saw.
    :param stopped: whether it failed in such a way that no action is asked (:class:`Done`).
    :param conceal: as for :func:`advance`.
    :raises ValueError: if the step has a retry, which runs the workflow again: it has to run here, too.
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
    """Return a state that waits as counted from the end of a round, where judging the last answer has taken time."""
    return state if state.resume_at is None else pacing.with_wait(state, seconds, state.resume_at)


def unsent(state: State) -> State:
    """Return the state as it was before the request that it has out, which has not been sent."""
    return replace(state, phase="ready").with_frame(replace(state.frame, attempts=state.frame.attempts - 1))
