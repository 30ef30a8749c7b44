"""The whole corpus run: every workflow that compiles, in short or in full, and the page that says what came of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from catalogue import Opened, documents, open_document, overrides
from exploring import Explored, Explorer, Mocks, make_mocks, replay
from suite import THOROUGH

from arazzo.engine import check_inputs
from arazzo.errors import InputError
from arazzo.flow import Plan
from arazzo.testing import sample_inputs

#: How much is tried in the short run, and in the full one.
SHORT = {"most": 12, "rounds": 1, "trials": 25}
FULL = {"most": 120, "rounds": 5, "trials": 120}

#: Why the mock refused a request of a first run, by what it says.
_REFUSALS = (
    (r"is required", "leaves out what the operation requires"),
    (r"(credentials|token|API key).* (missing|readable|wrong)", "passes no good credential"),
    (r"", "sends a value that the operation does not take"),
)
#: Why a run failed, by its message.
_FAILURES = (
    (r"has no place in|nothing gives path parameter", "names a path parameter that does not exist"),
    (r"speaks", "sends a message, which is not run"),
    (r"nothing was sent", "needs a value that an answer does not have"),
    (r"gave up", "polls, and the first answer is not the last"),
    (r"none of its success actions matched", "has no action for the first answer"),
    (r"answered 2\d\d", "has criteria that the first answer does not meet"),
    (r"^output '.*is unreadable: ", "has an output that leads into something that is not JSON"),
)
_OTHERWISE = "fails"
_PREFERRED = [*(reason for _, reason in _FAILURES), _OTHERWISE]


@dataclass
class Surveyed:
    """One document and what came of its workflows."""

    opened: Opened
    explored: dict[str, Explored] = field(default_factory=dict)
    unaccepted: list[str] = field(default_factory=list)

    def count(self, best: str) -> int:
        """Return how many workflows run through with answers of a kind."""
        return sum(explored.best == best for explored in self.explored.values())


def survey(limits: dict[str, int]) -> Iterator[Surveyed]:
    """Run the whole corpus."""
    files = overrides()
    for path in documents():
        surveyed = Surveyed(open_document(path, files))
        mocks = make_mocks(surveyed.opened.descriptions)
        for workflow, plan in surveyed.opened.plans.items():
            try:
                surveyed.explored[workflow] = _explored(plan, surveyed.opened, mocks, limits)
            except InputError:
                surveyed.unaccepted.append(workflow)
        yield surveyed


def _explored(plan: Plan, opened: Opened, mocks: Mocks, limits: dict[str, int]) -> Explored:
    """Explore a workflow with sample inputs, and with others as long as a branch has not been taken."""
    inputs = sample_inputs(plan, opened.descriptions)
    found = _replayed(plan, inputs, Explorer(plan, inputs, mocks, **limits).explore())
    for other in _others(plan, inputs):
        if found.taken == set(found.edges):
            break
        more = _replayed(plan, other, Explorer(plan, other, mocks, **limits).explore())
        found.taken |= more.taken
        found.taken_as_described |= more.taken_as_described
        found.endings += more.endings
    return found


def _replayed(plan: Plan, inputs: dict[str, Any], explored: Explored) -> Explored:
    """Return what was found, of whose ways the local run goes one to each ending, or all where there is time."""
    kinds = {(ending.status, ending.message): ending for ending in explored.endings}
    for ending in explored.endings if THOROUGH else kinds.values():
        again = replay(plan, inputs, ending)
        assert (again.status, again.message) == (ending.status, ending.message)
    return explored


def _others(plan: Plan, inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield inputs with another truth value, or another of the values possible."""
    properties = plan.inputs.get("properties") or {} if isinstance(plan.inputs, dict) else {}
    conditions = " ".join(
        f"{item.condition} {item.context}"
        for planned in plan.steps
        for owner in (planned.step.on_success, planned.step.on_failure)
        for action in owner
        for item in action.criteria
    )
    for name, value in inputs.items():
        others = [not value] if isinstance(value, bool) else (properties.get(name) or {}).get("enum") or []
        for other in others[:4]:
            changed = {**inputs, name: other}
            if name in conditions and other != value and _accepted(plan, changed):
                yield changed


def _accepted(plan: Plan, inputs: dict[str, Any]) -> bool:
    try:
        check_inputs(plan, inputs)
    except InputError:
        return False
    return True


def page(surveyed: list[Surveyed]) -> str:
    """Return docs/corpus.md."""
    rows = [_row(one) for one in surveyed]
    compiled = sum(len(one.explored) for one in surveyed)
    best = Counter(explored.best for one in surveyed for explored in one.explored.values())
    edges = sum(len(explored.edges) for one in surveyed for explored in one.explored.values())
    taken = sum(len(explored.taken) for one in surveyed for explored in one.explored.values())
    endings = sum(len(explored.endings) for one in surveyed for explored in one.explored.values())
    through = best["first"] + best["described"] + best["made"]
    return _PAGE.format(
        documents=len(surveyed),
        some=sum(bool(one.explored) for one in surveyed),
        workflows=sum(len(one.opened.workflows) for one in surveyed),
        compiled=compiled,
        through=through,
        first=best["first"],
        described=best["described"],
        made=best["made"],
        none=best[""],
        edges=edges,
        taken=taken,
        endings=endings,
        rows="\n".join(rows),
    )


def _row(one: Surveyed) -> str:
    refused = Counter(one.opened.refused.values())
    reasons = Counter(_reason(explored) for explored in one.explored.values() if explored.best != "first")
    told = [f"refused: {rule}{_times(number)}" for rule, number in refused.items()]
    told += [f"{reason}{_times(number)}" for reason, number in reasons.items()]
    edges = sum(len(explored.edges) for explored in one.explored.values())
    taken = sum(len(explored.taken) for explored in one.explored.values())
    cells = (
        one.opened.name,
        f"{len(one.explored)} of {len(one.opened.workflows)}",
        f"{taken} of {edges}" if edges else "",
        *(str(one.count(best) or "") for best in ("first", "described", "made", "")),
        "; ".join(told),
    )
    return f"| {' | '.join(cells)} |"


def _times(number: int) -> str:
    return "" if number == 1 else f" ({number})"


def _reason(explored: Explored) -> str:
    """Say why the first run did not succeed, or, where none did, why none could."""
    messages = [explored.first.message if explored.first else ""]
    if not explored.best:
        if "gave up" in messages[0]:
            return "loops, and nothing leads out"
        messages = [ending.message for ending in explored.endings]
    elif explored.refused:
        return _worded(next(iter(explored.refused)), _REFUSALS)
    ranked = sorted((_worded(message, _FAILURES) for message in messages), key=_PREFERRED.index)
    return ranked[0]


def _worded(text: str, words: tuple[tuple[str, str], ...]) -> str:
    return next((reason for pattern, reason in words if re.search(pattern, text)), _OTHERWISE)


_PAGE = """# Public documents

This page shows what happens to {documents} public Arazzo documents, which other people wrote for other tools. They are
not part of this project; `core/tests/corpus` reads them if they are beside the checkout. Each workflow that compiles is
run locally against a mock of its own API descriptions ([mock.md](mock.md)), with inputs from
`arazzo.testing.sample_inputs`. Then it is run along every branch that the mock's answers can reach: with each
documented status, with no answer at all, and with bodies in which the values that conditions use are different. Each
route that is found is run again, and must end the same way.

- {some} of {documents} documents have a workflow that compiles; {compiled} of {workflows} workflows do.
- {through} of these {compiled} workflows succeed: {first} with the first answer of every operation and requests that
  the mock accepts, {described} with other answers or less strict checks, and {made} only with answers that the API
  descriptions do not allow. {none} never succeed.
- {taken} of {edges} branches were taken, on {endings} routes from the first step to an end.

The engine never acts on a value that it cannot read ([semantics](semantics.md), 2). So three workflows of
`xero_accounting` never succeed: each has an output that is a pointer into a PDF (`$response.body#/quote_pdf_data`),
which no run can evaluate. `$response.body` is the PDF itself.

The table shows how many workflows compile, how many branches were taken, and how many workflows succeed with the
*first* answers, with other *described* answers, with answers *beyond* the description, or *never*. The remarks say why
a document or workflow is refused, or how its first run ends.

| document | compiled | branches | first | described | beyond | never | remarks |
|---|---|---|---|---|---|---|---|
{rows}

This page is written by `ARAZZO_CORPUS=full UPDATE_GOLDEN=1 python -m pytest core/tests/corpus`.
"""
