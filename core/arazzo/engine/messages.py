"""What the machine says: why a step failed, which budget is used up, which values success actions saw.

A message names method, URL template, status, criterion and the value that it saw (short scalars), but no secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arazzo.document.models import Action
from arazzo.engine.actions import Choice
from arazzo.engine.state import CriterionRecord, Drift, Frame, StepRecord
from arazzo.exchange import REDIRECTS, Exchange
from arazzo.flow import PlannedStep, Region
from arazzo.limits import current_limits

_LONGEST_VALUE = 60


def failure(planned: PlannedStep, exchange: Exchange, reasons: str) -> str:
    """Say why a step that sent a request failed.

    :param reasons: the criteria that did not hold and the values they saw.
    """
    subject = f"step '{planned.step_id}' failed: {exchange.request}"
    if exchange.response is None:
        return f"{subject} got no response: {exchange.error}"
    text = f"{subject} answered {exchange.response.status}: {reasons}{_redirect(exchange)}"
    return f"{text}; {exchange.response.hint}" if exchange.response.hint else text


def broken(planned: PlannedStep, exchange: Exchange, drift: Iterable[Drift]) -> str:
    """Say that a step failed because its answer differs from the API's description; empty if nothing must fail."""
    found = [str(each) for each in drift if each.level == "fail"]
    if not found or exchange.response is None:
        return ""
    subject = f"step '{planned.step_id}' failed: {exchange.request} answered {exchange.response.status}"
    return f"{subject}, which does not match its description: {'; '.join(found)}"


def exchanged(exchange: Exchange, criteria: Sequence[CriterionRecord], region: Region | None, rounds: int) -> str:
    """Say in one line what was sent and answered.

    :param rounds: how many rounds of the region's loop are complete.
    """
    if exchange.response is None:
        text = f"{exchange.request} -> no response: {exchange.error}"
    else:
        response = exchange.response
        met = sum(record.passed for record in criteria)
        text = f"{exchange.request} -> {response.status} in {response.seconds * 1000:.0f} ms, "
        text += f"{met} of {len(criteria)} criteria met"
    return f"round {rounds + 1}: {text}" if region is not None and region.loop else text


def _redirect(exchange: Exchange) -> str:
    """Say where a redirect leads that was not followed, without what may be secret in it."""
    response = exchange.response
    location = response.header("Location") if response is not None and response.status in REDIRECTS else None
    if not location:
        return ""
    where = re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", location.strip())[0][:200])
    return f"; it redirects to {where}, and that was not followed"


def unmatched(planned: PlannedStep, choice: Choice) -> str:
    """Say that none of a step's success actions matched, and what each of them saw."""
    reasons: dict[str, list[str]] = {action.name: [] for action in planned.step.on_success}
    for record in choice.records:
        if not record.passed:
            reasons[str(record.action)].append(record.reason or record.condition)
    seen = [f"{name} ({', '.join(texts)})" for name, texts in reasons.items() if texts]
    after = f"goes on with '{planned.next}'" if planned.next else "ends the workflow"
    return (
        f"step '{planned.step_id}' succeeded, but none of its success actions matched: "
        f"{'; '.join((*seen, *choice.exhausted))}; the engine does not guess what follows (unmatched: next {after})"
    )


def undecided(planned: PlannedStep, action: Action, choice: Choice, failure: str) -> str:
    """Say that nobody can tell whether an action is to be taken.

    :param failure: why the step has failed already; empty if it has succeeded.
    """
    seen = [item.reason or item.condition for item in choice.records if item.action == action.name and item.undecided]
    begins = f"{failure}; and" if failure else f"step '{planned.step_id}' succeeded, but"
    text = f"{begins} it is undecided whether to take action '{action.name}': {'; '.join(seen)}"
    return f"{text}; the engine does not guess what follows"


def gave_up(step: str, limit: str, exchange: Exchange | None) -> str:
    """Say that a step stopped at a limit, and whether its request was sent.

    :param exchange: the step's, if it has sent anything.
    """
    if exchange is None:
        return f"step '{step}' gave up: {limit}; it sent no request after that, and no action is taken"
    status = exchange.response.status if exchange.response else "nothing"
    sent = f"{exchange.request} was sent and answered {status}"
    return f"step '{step}' gave up: {limit}; {sent}; it is not known which action to take, so none is taken"


def exhausted(frame: Frame, region: Region, record: StepRecord | None, reason: str) -> str:
    """Say why a loop gave up, the last status, and how many rounds there were.

    :param record: the last record of the step at hand.
    :param reason: which budget is used up, with its size.
    """
    rounds = f"{frame.rounds} round" if frame.rounds == 1 else f"{frame.rounds} rounds"
    text = f"{region.loop or 'loop'} of step '{region.entry}' gave up: {reason} after {rounds}"
    if record is None:
        return text
    last = record.request or f"workflow '{record.operation}'"
    text += f"; last: {last} " + ("got no response" if record.status is None else f"answered {record.status}")
    seen = [item.reason for item in record.criteria if item.action == record.action and record.action]
    return f"{text}, {record.action} ({'; '.join(seen)})" if seen else text


def hiccup(record: StepRecord) -> str:
    """Say in a few words what failed and may work the next time."""
    last = record.request or f"workflow '{record.operation}'"
    return f"{last} got no response" if record.status is None else f"{last} answered {record.status}"


def tolerated(number: int) -> str:
    """Say how many rounds in a row failed before the one that was not tolerated."""
    return f"{number} {'round' if number == 1 else 'rounds'} in a row {'was' if number == 1 else 'were'} tolerated"


def wait_too_long(asked: float, region: Region) -> str:
    """Say that an API asks for a longer wait than a loop's budget has."""
    return f"Retry-After asks to wait {duration(asked)}, beyond the timeout of {duration(region.timeout)},"


def wait_beyond_limit(asked: float) -> str:
    """Say that an API asks for a longer wait than any that has no other bound."""
    most = duration(current_limits().asked_wait)
    return f"Retry-After asks to wait {duration(asked)}, longer than {most} (asked_wait)"


def ended(workflow_id: str, failure: str, outputs: Mapping[str, Any], path: Sequence[str]) -> str:
    """Say in one line how a workflow ended.

    :param failure: why it failed; empty if it did not.
    :param outputs: its outputs, secrets hidden.
    :param path: the steps that ran, see :func:`step_path`.
    """
    values = ", ".join(f"{name}={_brief(value)}" for name, value in outputs.items())
    parts = [f"{workflow_id} {'failed' if failure else 'completed'}", *filter(None, (failure, values))]
    return ": ".join(parts) + (f" ({' → '.join(path)})" if path else "")


def step_path(steps: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return steps as people read them.

    :param steps: those that ran, each with the rounds of its loop.
    """
    return tuple(f"{step} ×{rounds}" if rounds > 1 else step for step, rounds in steps)


def _brief(value: Any) -> str:
    match value:
        case str():
            text = " ".join(value.split())
        case dict():
            return f"object of {len(value)}"
        case list() | tuple():
            return f"array of {len(value)}"
        case _:
            text = json.dumps(value, default=str)
    return brief(text, _LONGEST_VALUE)


def brief(text: str, longest: int) -> str:
    """Return a text, cut where it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def duration(seconds: float | None) -> str:
    """Write seconds as hours or minutes where that comes out even."""
    seconds = seconds or 0.0
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s" if seconds < 1e6 else f"{seconds / 86400:,.0f} days"
