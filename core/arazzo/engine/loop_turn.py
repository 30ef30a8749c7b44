"""What loops need in a turn: when the next round starts, what a poll tolerates, and how a budget ends it.

See docs/semantics.md, 4; the sizes of waits are in :mod:`arazzo.engine.pacing`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from arazzo.absent import ABSENT, UNKNOWN, Unreadable
from arazzo.engine import actions, messages, pacing
from arazzo.engine.bindings import spelled
from arazzo.engine.collecting import collected_outputs, outputs_without_round
from arazzo.engine.shown import secret_names, shown_answer, shown_exchange, shown_url
from arazzo.engine.state import Command, Frame, Note, State, StepRecord
from arazzo.exchange import Exchange
from arazzo.expressions.context import Context
from arazzo.flow import END, Plan, PlannedStep, Region
from arazzo.flow.plan import NOTHING_NEW
from arazzo.frozen import replace
from arazzo.growing import grown
from arazzo.limits import current_limits
from arazzo.secrecy.concealing import Conceal

Turned = tuple[State, Command | None]


class LoopTurn(ABC):
    """One call of :func:`~arazzo.engine.step_machine.advance`: the plan, the time, and the notes made on the way."""

    def __init__(self, plan: Plan, now: float, conceal: Conceal) -> None:
        self.root = plan
        self.now = now
        self.notes: list[Note] = []
        #: Whether the run is over, and no action of any step or caller may be tried.
        self.stopped = False
        #: Whether what failed may work the next time, and no action has been taken since.
        self._hiccup = False
        #: What actions pass to the workflows they name, for when the answer is no longer there.
        self._passed: dict[str, dict[str, Any] | None] = {}
        self._conceal_more = conceal
        self._exposed: list[str] = []
        #: The answer at the start of the turn, until a message has shown it or another step starts.
        self._unshown: Exchange | None = None
        #: The exchange at the start of the turn, once its answer has been read; None before.
        self.read: Exchange | None = None
        #: The step that notes are about, as records name it.
        self._step = ""

    # rounds

    def _held_back(self, state: State, at: int) -> State:
        """Wait the interval although the round should start at once: it repeats the request of the last one."""
        frame = state.frames[at]
        region = self._region(frame)
        if region is None:
            raise AssertionError("only a loop goes round")
        wait = pacing.round_wait(region, frame.waits, region.poke_interval, None)
        self._note(f"the request is the same as in the last round: it waits {messages.duration(wait)}")
        frames = (*state.frames[:at], replace(frame, waits=frame.waits + 1), *state.frames[at + 1 :])
        return pacing.with_wait(replace(state, frames=frames), wait, self.now)

    def _next_round(self, state: State, region: Region, exchange: Exchange | None, interval: float | None) -> Turned:
        """Start a round of the innermost loop that begins with the step at hand.

        :param interval: seconds to wait; None for a round that starts at once.
        """
        frame = state.frame
        visited = (*takewhile(lambda step: step != frame.step, frame.visited), frame.step)
        state = state.with_frame(replace(frame, rounds=frame.rounds + 1, visited=visited, opened=False))
        if region.max_rounds is not None and frame.rounds + 1 >= region.max_rounds:
            return self._exhausted(state, region, f"limit of {region.max_rounds} rounds reached")
        asked = actions.asked_wait(exchange.response if exchange else None, self.now)
        wait = pacing.round_wait(region, frame.waits, interval, asked)
        if not wait:
            return state.with_frame(replace(state.frame, at_once=True)), None
        return self._later(state.with_frame(replace(state.frame, waits=frame.waits + 1)), wait, asked)

    def _later(self, state: State, wait: float, asked: float | None = None) -> Turned:
        """Wait; give up at once if an API asks for more than is left of a loop's budget.

        :param asked: the seconds that the API asks for.
        """
        at = pacing.nearest_deadline(state)
        region = None if at is None else self._region(state.frames[at])
        deadline = None if at is None else state.frames[at].deadline
        if at is not None and region is not None and deadline is not None and asked and self.now + asked > deadline:
            state = replace(state, frames=state.frames[: at + 1])
            return self._exhausted(state, region, messages.wait_too_long(asked, region))
        if deadline is None and asked and asked > current_limits().asked_wait:
            text = f"step '{state.frame.step}' gave up: {messages.wait_beyond_limit(asked)}; no action is taken"
            return self._stop(state, text)
        return pacing.with_wait(state, wait, self.now), None

    def _is_tolerated(self, state: State, planned: PlannedStep) -> bool:
        """Say whether a failure for which no action holds is one that does not end a poll.

        A call whose workflow gives the next page does end it: after a failure nobody knows which page is next.
        """
        region = self._region(state.frame)
        if not self._hiccup or self.stopped or region is None or region.loop is None:
            return False
        feeding = planned.workflow is not None and region.loop == "iteration"
        return state.frame.hiccups < region.tolerate and not feeding

    def _tolerate(self, state: State, planned: PlannedStep, context: Context, record: StepRecord) -> Turned:
        """Send a step again after the interval, as a round of the loop; its outputs are absent until then."""
        frame, region = state.frame, self._region(state.frame)
        if region is None:
            raise AssertionError("only a loop tolerates")
        self._hiccup = False
        text = messages.hiccup(record)
        frame = replace(
            frame,
            outputs=grown(frame.outputs, frame.step, outputs_without_round(frame, planned)),
            hiccups=frame.hiccups + 1,
            tolerated=frame.tolerated + 1,
            hiccup=text,
            rounds=frame.rounds + 1,
            waits=frame.waits + 1,
        )
        self._note(f"{text}: tolerated, {frame.hiccups} of {region.tolerate} in a row", warning=True)
        record = replace(record, next=frame.step, outcome="recovered", tolerated=frame.tolerated, hiccup=text)
        state = with_record(state.with_frame(frame), record)
        if region.max_rounds is not None and frame.rounds >= region.max_rounds:
            return self._exhausted(state, region, f"limit of {region.max_rounds} rounds reached")
        asked = actions.asked_wait(context.exchange.response if context.exchange else None, self.now)
        return self._later(state, pacing.round_wait(region, frame.waits - 1, region.poke_interval, asked), asked)

    def _remembering(self, state: State, before: Frame, *, failed: bool) -> State:
        """Keep what the request of a failed step was built from, such as a page's cursor, so that it can be repeated.

        :param before: the frame before it had the outputs of this round.
        """
        step = before.step
        if not failed and step not in before.again:
            return state
        if not failed:
            return state.with_frame(replace(state.frame, again=without(before.again, step)))
        region = self._region(before)
        if region is None or region.loop != "iteration":
            return state
        made_of = before.outputs.get(step)
        if made_of is not None:  # what has been collected stays
            made_of = {name: value for name, value in made_of.items() if name not in collected_outputs(before, step)}
        return state.with_frame(replace(state.frame, again={step: made_of, **before.again}))

    # how a loop ends

    def _out_of_time(self, state: State, at: int) -> Turned:
        """End a loop whose time is over, with everything that it has called."""
        state = replace(state, frames=state.frames[: at + 1])
        region = self._region(state.frame)
        if region is None:
            raise AssertionError("only a loop has a deadline")
        return self._exhausted(state, region, f"timeout of {messages.duration(region.timeout)} reached")

    def _exhausted(self, state: State, region: Region, reason: str) -> Turned:
        record = state.records.get(record_name(state, state.frame.step))
        text = messages.exhausted(state.frame, region, record, reason)
        if record is None or not self._is_quiet(state, region, record):
            return self._stop(state, text)
        self._note(f"{text}: {NOTHING_NEW}")
        state = with_record(state, replace(record, action=NOTHING_NEW, next=END))
        return self._finish(state, "", dict.fromkeys(self.root.outputs, UNKNOWN))

    def _is_quiet(self, state: State, region: Region, record: StepRecord) -> bool:
        """Say whether a used-up budget is no failure: in a watching workflow whose last round was good.

        Then it has nothing new to tell; what pages are left over is no such thing.
        """
        watches = self.root.settings.watch is not None and len(state.frames) == 1 and region.loop == "poll"
        return watches and not state.frame.hiccups and (not record.message or record.outcome == "recovered")

    @abstractmethod
    def _finish(
        self, state: State, failure: str, handed: dict[str, Any] | None = None, *, ended: bool = False
    ) -> Turned:
        """End the innermost workflow and return to its caller."""

    @abstractmethod
    def _stop(self, state: State, message: str, record: StepRecord | None = None) -> Turned:
        """Fail the step at hand and all workflows around it, without trying any action: nobody knows what is so."""

    def _plan(self, frame: Frame) -> Plan:
        return self.root.child(frame.plan) if frame.plan else self.root

    def _region(self, frame: Frame) -> Region | None:
        return self._plan(frame).region_of(frame.step)

    def _concealing(self, state: State) -> Conceal:
        """Return what hides everything known to be secret, and the credentials of the answer."""
        secrets = state.secrets.add(self._exposed) if self._exposed else state.secrets
        if not secrets.texts:
            return self._conceal_more
        return lambda text: self._conceal_more(secrets.conceal(text))

    def _shown(self, state: State, exchange: Exchange) -> str:
        """Return what people see of an exchange: the URL as it was sent, and the start of the answer."""
        return shown_exchange(exchange, self._concealing(state), secret_names(self.root, state))

    def with_answer(self, state: State, exchange: Exchange, name: str) -> State:
        """Return the state with what people may see of an exchange in its step's record."""
        record = state.records.get(name)
        if record is None:
            return state
        conceal_all, is_secret = self._concealing(state), secret_names(self.root, state)
        url = shown_url(exchange.request, conceal_all, is_secret)
        record = replace(record, url=url, answer=shown_answer(exchange, conceal_all, is_secret))
        return replace(state, records=grown(state.records, name, record))

    def _note(self, text: str, *, warning: bool = False, request: str = "") -> None:
        self.notes.append(Note(text, warning, self._step, request))

    def _noted(self, *notes: Note) -> None:
        """Add notes about the step at hand."""
        self.notes += (replace(note, step=self._step) for note in notes)

    def _note_outputs(self, frame: Frame, planned: PlannedStep, outputs: Mapping[str, Any], *, passed: bool) -> None:
        """Warn of outputs that cannot be read; tell of absent ones, which later steps may need, outside of loops."""
        region = self._region(frame)
        told = passed and not (region and region.loop)
        for name, value in outputs.items():
            if isinstance(value, Unreadable):
                self._note(str(value), warning=True)
            elif told and value is ABSENT and name in planned.step.outputs:
                self._note(f"output '{name}' is absent: the answer has no {spelled(planned.step.outputs[name])}")

    def _warn(self, text: str) -> None:
        """Add a warning to the log, once."""
        if (note := Note(text, warning=True, step=self._step)) not in self.notes:
            self.notes.append(note)


def record_name(state: State, step: str) -> str:
    plan = state.frame.plan
    return "/".join((*plan, step)) if plan else step


def with_record(state: State, record: StepRecord) -> State:
    return replace(state, records=grown(state.records, record_name(state, record.step), record))


def without(kept: Mapping[str, Any], step: str) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name != step}


def as_before(frame: Frame) -> Frame:
    """Return the frame as it was when the request was built that is now sent again."""
    if frame.step not in frame.again:
        return frame
    before = frame.again[frame.step]
    made_of = {} if before is None else {frame.step: {**before, **collected_outputs(frame, frame.step)}}
    return replace(frame, outputs=without(frame.outputs, frame.step) | made_of)
