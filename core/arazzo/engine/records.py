"""The record of a step, as far as its answer makes it known (:class:`~arazzo.engine.state.StepRecord`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from arazzo.engine.contracts import merged
from arazzo.engine.loop_turn import record_name
from arazzo.engine.state import CriterionRecord, Drift, State, StepRecord
from arazzo.exchange import Exchange
from arazzo.flow import Plan, PlannedStep
from arazzo.frozen import dataclass


def sent_record(
    state: State,
    planned: PlannedStep,
    exchange: Exchange,
    criteria: tuple[CriterionRecord, ...],
    drift: Iterable[Drift],
) -> StepRecord:
    """Return the record of a step that has sent a request, including the drift of its earlier requests."""
    frame, response = state.frame, exchange.response
    before = state.records.get(record_name(state, frame.step))
    return StepRecord(
        step=frame.step,
        operation=planned.operation.operation_id or "" if planned.operation else "",
        request=str(exchange.request),
        status=response.status if response else None,
        seconds=response.seconds if response else 0.0,
        criteria=criteria,
        attempts=frame.attempts,
        rounds=frame.rounds + 1,
        tolerated=frame.tolerated,
        hiccup=frame.hiccup,
        drift=merged(before.drift if before else (), drift),
    )


def called_record(state: State, planned: PlannedStep) -> StepRecord:
    """Return the record of a step whose called workflow has ended."""
    frame = state.frame
    return StepRecord(
        step=frame.step,
        operation=planned.workflow or "",
        status=state.last_status,
        attempts=frame.attempts,
        rounds=frame.rounds + 1,
        tolerated=frame.tolerated,
        hiccup=frame.hiccup,
    )


@dataclass(frozen=True)
class LoopRun:
    """How often a loop went round.

    :ivar step: the step that names it, ``workflow/step`` in inner workflows.
    :ivar tolerated: how many of its rounds failed and were tolerated.
    """

    step: str
    kind: Literal["poll", "iteration"]
    rounds: int
    tolerated: int


def loops_run(plan: Plan, records: Mapping[str, StepRecord], within: str = "") -> Iterator[LoopRun]:
    """Yield the loops that appear in records.

    :param records: by step, as :class:`~arazzo.engine.state.State` has them.
    :param within: the prefix of the plan's step names in the records.
    """
    for region in plan.regions:
        found = [records[within + step] for step in region.steps if within + step in records]
        if region.loop is not None and found:
            rounds, tolerated = (max(each.rounds for each in found), max(each.tolerated for each in found))
            yield LoopRun(within + region.entry, region.loop, rounds, tolerated)
    for key, child in plan.children.items():
        yield from loops_run(child, records, f"{within}{key}/")
