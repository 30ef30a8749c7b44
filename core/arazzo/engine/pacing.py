"""The pace of a loop: what its next round waits for, and when its time is over (docs/semantics.md, 4)."""

from __future__ import annotations

import hashlib
from operator import is_

from arazzo.engine.state import Frame, State
from arazzo.exchange import Request, Response
from arazzo.flow import Plan, Region
from arazzo.frozen import replace

LONGEST_BACKOFF = 3600.0
#: The least seconds between rounds, whatever the server says; less only if the interval itself is shorter.
SHORTEST_PAUSE = 1.0
#: Statuses of an API that is not available for now: too many requests, or a fault between it and us.
HICCUPS = frozenset({429, 502, 503, 504})


def enter_loop(frame: Frame, region: Region | None, now: float) -> Frame:
    """Return the frame with a loop's budget started, if a loop is being entered."""
    if region is None or region.timeout is None or frame.visited:
        return frame
    deadline = now + region.timeout if frame.deadline is None else frame.deadline
    return replace(frame, deadline=deadline, visited=(frame.step,))


def leave_loop(frame: Frame) -> Frame:
    """Return the frame after control has left a loop."""
    return replace(
        frame,
        rounds=0,
        waits=0,
        visited=(),
        deadline=None,
        at_once=False,
        openings={},
        again={},
        collected={},
        tolerated=0,
        hiccup="",
    )


def nearest_deadline(state: State) -> int | None:
    """Return the index of the frame whose loop has the next deadline, of all running loops; None if none has one."""
    bounded = [(frame.deadline, at) for at, frame in enumerate(state.frames) if frame.deadline is not None]
    return min(bounded)[1] if bounded else None


def with_wait(state: State, wait: float, now: float) -> State:
    """Return the state with a wait that never goes past the end of a loop's budget."""
    at = nearest_deadline(state)
    if wait <= 0:
        return state
    deadline = None if at is None else state.frames[at].deadline
    return replace(state, resume_at=now + wait if deadline is None else min(now + wait, deadline))


def round_wait(region: Region, waits: int, interval: float | None, asked: float | None) -> float:
    """Return the seconds that a round waits.

    :param waits: how many rounds in a row have waited before it.
    :param interval: None for a round that starts at once unless the API asks to wait.
    :param asked: what the ``Retry-After`` of the last answer asks for.
    """
    if interval is None:
        return asked or 0.0
    wait = interval
    if region.exponential_backoff:
        wait = min(wait * 2.0 ** min(waits, 60), max(LONGEST_BACKOFF, wait))
    return max(wait if asked is None else asked, min(interval, SHORTEST_PAUSE))


def note_first_request(plan: Plan, state: State, request: Request) -> tuple[State, int | None]:
    """Keep the first request of a loop's round, and find a round that would only repeat the request of the last one.

    :param plan: the outermost plan.
    :returns: the state, and the index of the frame whose loop started a round at once with the same request as before.
    """
    frames: list[Frame] = []
    same = None
    for at, frame in enumerate(state.frames):
        region = plan.child(frame.plan).region_of(frame.step)
        if region is None or not region.at_once or frame.opened:
            frames.append(frame)
            continue
        digest = _digest(request)
        repeated = frame.at_once and frame.openings.get(frame.step) == digest
        same = at if repeated and same is None else same
        waits = 0 if frame.at_once and not repeated else frame.waits
        openings = {**frame.openings, frame.step: digest}
        frames.append(replace(frame, opened=not repeated, at_once=False, openings=openings, waits=waits))
    unchanged = all(map(is_, state.frames, frames))
    return state if unchanged else replace(state, frames=tuple(frames)), same


def is_hiccup(response: Response | None) -> bool:
    """Tell whether a failed request may well work the next time."""
    return response is None or response.status in HICCUPS


def _digest(request: Request) -> str:
    """Return a short digest: only an interval depends on it, and nobody should guess from it what was sent."""
    text = f"{request.method} {request.url}\n".encode() + (request.body or b"")
    return hashlib.sha256(text).hexdigest()[:12]
