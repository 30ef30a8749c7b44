"""What happens after a step: success or failure by its criteria, then the first action whose criteria all hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timezone

from arazzo.criteria import Truth, evaluate
from arazzo.document.models import Action, Criterion
from arazzo.document.shape import LONGEST_WAIT
from arazzo.engine.state import CriterionRecord, Note
from arazzo.errors import GaveUpError
from arazzo.exchange import REDIRECTS, Exchange, Response
from arazzo.expressions.context import Context, Dialect
from arazzo.flow import PlannedStep
from arazzo.frozen import dataclass


@dataclass(frozen=True)
class Judgement:
    """The result of judging criteria.

    :param truth: whether all hold; undecided if one is undecided and none fails.
    :param records: each criterion that was evaluated, with its verdict.
    :param notes: warnings about criteria that could not be evaluated.
    """

    truth: Truth
    records: tuple[CriterionRecord, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def passed(self) -> bool:
        return self.truth is Truth.HOLDS

    @property
    def reasons(self) -> str:
        """Why it did not pass: the conditions that did not hold and the values they saw."""
        return "; ".join(record.reason or record.condition for record in self.records if not record.passed)


@dataclass(frozen=True)
class Choice:
    """The action taken, if any, and how every action before it was judged.

    ``undecided`` is an action with undecided criteria: nobody knows whether that one or a later one is to be taken.
    """

    action: Action | None
    records: tuple[CriterionRecord, ...] = ()
    notes: tuple[Note, ...] = ()
    exhausted: tuple[str, ...] = ()
    undecided: Action | None = None


def judge(criteria: Sequence[Criterion], context: Context, dialect: Dialect, action: str | None = None) -> Judgement:
    """Evaluate criteria: all must hold. Warnings beside one that does not hold are dropped.

    :param context: also hides the secrets in reasons.
    :param action: the action whose criteria they are; None for success criteria.
    :raises GaveUpError: if a limit is met.
    """
    records: list[CriterionRecord] = []
    notes: list[Note] = []
    truth = Truth.HOLDS
    for criterion in criteria:
        verdict = evaluate(criterion, context, dialect)
        record = CriterionRecord(criterion.condition, verdict.passed, verdict.reason, action, verdict.undecided)
        records.append(record)
        if verdict.error and truth is not Truth.FAILS:
            means = "is undecided" if verdict.undecided else "counts as not met"
            text = f"criterion {criterion.condition!r} could not be evaluated and {means}: {verdict.error}"
            notes.append(Note(context.conceal(text), warning=True))
        if verdict.truth is Truth.FAILS or truth is Truth.HOLDS:
            truth = verdict.truth
    return Judgement(truth, tuple(records), tuple(notes))


def judge_success(planned: PlannedStep, exchange: Exchange, context: Context, dialect: Dialect) -> Judgement:
    """Decide whether a step has succeeded: by its success criteria, or by 2xx if it has none (docs/semantics.md, 2)."""
    if exchange.response is None:
        return Judgement(Truth.FAILS)
    if planned.step.success_criteria:
        return judge(planned.step.success_criteria, context, dialect)
    status = exchange.response.status
    redirects = REDIRECTS if planned.operation is not None and planned.operation.answers_redirect else ()
    expected = "2xx or a redirect" if redirects else "2xx"
    passed, reason = 200 <= status <= 299 or status in redirects, f"{expected} expected: status was {status}"
    return Judgement(Truth.of(passed), (CriterionRecord(condition=expected, passed=passed, reason=reason),))


def choose(actions: Sequence[Action], retries: Mapping[str, int], context: Context, dialect: Dialect) -> Choice:
    """Return the first action whose criteria all hold; none if an earlier one is undecided.

    A retry counts only while its limit is not exhausted.

    :param retries: how often each action of the step has been taken, by name.
    """
    records: list[CriterionRecord] = []
    notes: list[Note] = []
    exhausted: list[str] = []
    for action in actions:
        judgement = judge(action.criteria, context, dialect, action.name)
        records += judgement.records
        notes += judgement.notes
        if judgement.truth is Truth.UNDECIDED:
            return Choice(None, tuple(records), tuple(notes), tuple(exhausted), action)
        if not judgement.passed:
            continue
        if action.type == "retry" and retries.get(action.name, 0) >= retry_limit(action):
            exhausted.append(used_up(action))
            continue
        return Choice(action, tuple(records), tuple(notes), tuple(exhausted))
    return Choice(None, tuple(records), tuple(notes), tuple(exhausted))


def ends_well(action: Action | None) -> bool:
    """Tell whether a success after which the author has said nothing more ends the workflow."""
    return action is not None and action.type == "end" and not action.criteria


def retry_limit(action: Action) -> int:
    """Return how often an action may retry: once, unless it says otherwise (Failure Action Object, ``retryLimit``)."""
    return 1 if action.retry_limit is None else action.retry_limit


def used_up(action: Action) -> str:
    """Say that a retry has been made as often as allowed."""
    most = retry_limit(action)
    return f"{action.name}: {most} {'retry' if most == 1 else 'retries'} used up"


def matching_actions(actions: Sequence[Action], context: Context, dialect: Dialect) -> Iterator[Action]:
    """Yield the actions whose criteria hold, up to the first for which the engine gave up."""
    for action in actions:
        try:
            passed = judge(action.criteria, context, dialect, action.name).passed
        except GaveUpError:
            return
        if passed:
            yield action


def asked_wait(response: Response | None, now: float) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks to wait (RFC 9110, 10.2.3: seconds or date), if any.

    Seconds may have a fraction: servers send that, although the RFC does not have it. A date is compared with the
    response's own ``Date``, since the server's clock may differ.

    :param now: POSIX time, for dates of a response that has none.
    """
    text = (response.header("Retry-After") or "").strip() if response else ""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return min(float(text[:400]), LONGEST_WAIT)
    until = _posix_time(text) if text else None
    if response is None or until is None:
        return None
    sent = _posix_time(response.header("Date") or "")
    return min(max(until - (now if sent is None else sent), 0.0), LONGEST_WAIT)


def _posix_time(text: str) -> float | None:
    """Return the time of an HTTP date (RFC 9110, 5.6.7); None if it is not one."""
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()


def detour_of(action: Action, step: str) -> str | None:
    """Return what a ``retry`` runs before it tries the step again: a workflow or another step; None for nothing."""
    return action.workflow_id or (action.step_id if action.step_id != step else None)
