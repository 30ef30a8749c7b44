"""Rules about criteria together: those that can never hold, and actions to which others leave nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from arazzo.criteria.satisfiability import (
    Allowance,
    Formula,
    answered,
    both,
    formula_of,
    is_possible,
    successful,
)
from arazzo.document.control import may_match_nothing, merged_actions
from arazzo.document.models import Action, Criterion, Step
from arazzo.errors import Problem, Severity
from arazzo.validation.expression_index import findings
from arazzo.validation.validation_context import Subject

ANYTHING: Final = both(())
#: How many of the actions before an action are considered.
MOST_BEFORE: Final = 32
#: How many comparisons finding impossible criteria may take for a document, and how many more for each step.
COMPARISONS: Final = 1_000_000
COMPARISONS_A_STEP: Final = 1_000
_WORDS: Final = ("succeeded", "failed")


def check_possibility(subject: Subject) -> Iterator[Problem]:
    """Find criteria that can never hold, alone or after the success criteria, and actions that are never reached.

    An action shared by several steps, from the workflow or a component, is a problem only if it is one in each of them.
    """
    uses: Counter[str] = Counter(action.at for _, _, action in subject.actions())
    found: dict[str, list[Problem]] = {}
    for workflow, step in subject.steps():
        if subject.is_asyncapi(step) or not _readable(subject, step.success_criteria):
            continue
        success = _success(subject, step)
        if not _possible(subject, [success]):
            message = f"the success criteria of step '{step.step_id}' can never all hold at once, so it always fails"
            yield subject.problem("unmeetable-criteria", f"{step.at}/successCriteria", message)
            continue
        failure = success.negated if step.workflow_id is None else ANYTHING
        for actions, judged, word in zip(merged_actions(workflow, step), (success, failure), _WORDS, strict=True):
            for action, problem in _actions(subject, step, actions, judged, word):
                found.setdefault(action.at, []).append(problem)
    for at, problems in found.items():
        if len(problems) == uses[at]:
            yield problems[0]


def may_fall_through(subject: Subject, step: Step, actions: Sequence[Action]) -> bool:
    """Say whether a step can succeed without taking a success action; True if that is not known.

    Actions for ``true`` and for ``false`` leave no other case.
    """
    criteria = (*step.success_criteria, *(item for action in actions for item in action.criteria))
    if subject.is_asyncapi(step) or not _readable(subject, criteria):
        return True
    lasting = [action for action in actions if action.type != "retry"][:MOST_BEFORE]
    taken = [_all_hold(subject, action.criteria) for action in lasting]
    return _possible(subject, [_success(subject, step), *(formula.negated for formula in taken)], booleans=True)


def _possible(subject: Subject, formulas: Sequence[Formula], *, booleans: bool = False) -> bool:
    """Tell whether all of these can hold at once; most steps of a document ask the same, so the answer is kept."""
    find = partial(is_possible, formulas, booleans=booleans, allowance=_allowance(subject))
    return subject.once(("possible", booleans, *formulas), find)


def _allowance(subject: Subject) -> Allowance:
    def find() -> Allowance:
        return Allowance(COMPARISONS + COMPARISONS_A_STEP * sum(1 for _ in subject.steps()))

    return subject.once("comparisons", find)


def _all_hold(subject: Subject, criteria: Iterable[Criterion]) -> Formula:
    made = [_formula(subject, criterion) for criterion in criteria]
    return subject.once(("all hold", *made), lambda: both(made))


def _formula(subject: Subject, criterion: Criterion) -> Formula:
    """Return a criterion as a formula, the same one for all criteria with the same text."""
    make = partial(formula_of, criterion, subject.dialect, _allowance(subject))
    return subject.once(("formula", *criterion.said), make)


def _readable(subject: Subject, criteria: Sequence[Criterion]) -> bool:
    return not any(finding.severity is Severity.ERROR for item in criteria for finding in findings(subject, item))


def _success(subject: Subject, step: Step) -> Formula:
    """Return when a step succeeds: there is an answer, and it meets the success criteria, or is 2xx."""
    if step.workflow_id is not None:
        return _all_hold(subject, step.success_criteria)
    if not step.success_criteria:
        return subject.once("successful", successful)
    hold = _all_hold(subject, step.success_criteria)
    return subject.once(("answered", hold), lambda: both((answered(), hold)))


def _actions(
    subject: Subject, step: Step, actions: Sequence[Action], judged: Formula, word: str
) -> Iterator[tuple[Action, Problem]]:
    """Find what is wrong with a list of actions.

    :param judged: what holds when the list is tried: the step has succeeded, or has failed.
    """
    before: list[Formula] = []
    for action in actions:
        if not _readable(subject, action.criteria):
            return
        own = _all_hold(subject, action.criteria)
        if not _possible(subject, [own]):
            message = f"the criteria of action '{action.name}' can never all hold at once, so it is never taken"
            yield action, subject.problem("unmeetable-criteria", action.at, message)
        elif not _possible(subject, [judged, own]):
            message = f"the criteria of action '{action.name}' cannot hold when step '{step.step_id}' has {word}"
            yield action, subject.problem("unmeetable-criteria", action.at, message)
        elif not _possible(subject, [judged, own, *(formula.negated for formula in before[:MOST_BEFORE])]):
            message = f"action '{action.name}' is never taken: if its criteria hold, so do those of an earlier action"
            yield action, subject.problem("idle-action", action.at, message, "change their order")
        if not may_match_nothing((action,)):
            return  # what comes after it is reported elsewhere
        if action.type != "retry":
            before.append(own)
