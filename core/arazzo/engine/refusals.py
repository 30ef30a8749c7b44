"""Why a workflow that can be run cannot be a DAG with its settings: the factory refuses, and the command says why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from arazzo.document.shape import near
from arazzo.errors import UnsupportedError
from arazzo.exchange import SAFE_METHODS
from arazzo.flow import Plan, pool_budget
from arazzo.flow.grouping import impossible_approvals, tasks_of
from arazzo.frozen import dataclass

#: How a Jinja template starts; a value that contains one is known only when a task runs.
_TEMPLATES = ("{{", "{%", "{#")


@dataclass(frozen=True)
class Refusal:
    """One reason.

    :param rule: its rule.
    :param setting: the path of the ``x-airflow`` setting responsible.
    :param message: one sentence without secrets.
    :param hint: what to do.
    """

    rule: str
    setting: tuple[str, ...]
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


def refusals(plan: Plan, *, scheduled: bool | None = None, runs: int | None = None) -> tuple[Refusal, ...]:
    """Return every reason for which a workflow cannot be a DAG with its settings.

    :param scheduled: whether it has a schedule; None: if its settings say so.
    :param runs: how many runs may be active at once; None: as its settings say.
    """
    bound = plan.settings.inputs or {}
    found = [*_unknown(plan, bound), *_values(plan, bound), *_approvals(plan), *_pools(plan)]
    found += _watching(plan, bound, runs)
    if scheduled if scheduled is not None else plan.settings.schedule is not None:
        found += [*_missing(plan, bound), *_timing(plan)]
    return tuple(found)


def is_template(value: Any) -> bool:
    """Say whether a bound value contains a template, at any depth."""
    match value:
        case str():
            return any(begin in value for begin in _TEMPLATES)
        case Mapping():
            return any(map(is_template, value.values()))
        case list() | tuple():
            return any(map(is_template, value))
    return False


def _unknown(plan: Plan, bound: Collection[str]) -> Iterator[Refusal]:
    known = plan.taken.schemas
    for name in bound:
        if known and name not in known:
            message = f"workflow '{plan.workflow_id}' has no input '{name}'; it has {', '.join(known)}"
            yield Refusal("unknown-input", ("inputs", name), message, near(name, known))


def _values(plan: Plan, bound: Mapping[str, Any]) -> Iterator[Refusal]:
    for name, value in bound.items():
        if name in plan.taken.schemas and _is_plain(value) and not is_template(value):
            from arazzo.engine.input_checks import value_findings

            for text in value_findings(plan, {name: value}):
                yield Refusal("invalid-binding", ("inputs", name), f"what is bound is refused: {text}")


def _missing(plan: Plan, bound: Collection[str]) -> Iterator[Refusal]:
    asked = (need.input for need in plan.needed_inputs if need.always and not need.header)
    needed = dict.fromkeys([*plan.taken.required, *asked])
    given = {**plan.taken.defaults, **dict.fromkeys(bound)}
    missing = [name for name in needed if name not in given]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        message = f"workflow '{plan.workflow_id}' cannot have a schedule: nothing gives it {names}"
        hint = "bind them (x-airflow: inputs) or give them defaults"
        yield Refusal("unbound-input", ("schedule",), message, hint)


def _approvals(plan: Plan) -> Iterator[Refusal]:
    for workflow, step in impossible_approvals(plan):
        message = (
            f"step '{step}' of workflow '{workflow.workflow_id}' asks for approval (x-airflow: approval), "
            "which takes a task of its own; here the workflow is part of another task"
        )
        yield Refusal("invalid-setting", ("approval",), message)


def _pools(plan: Plan) -> Iterator[Refusal]:
    for own, inside in tasks_of(plan):
        steps = (*own, *(step for child in inside for step in child.all_steps()))
        try:
            kept = pool_budget(steps)
        except UnsupportedError as error:
            yield Refusal("invalid-setting", ("budget",), str(error))
            continue
        settings = own[0].settings if own else plan.settings
        if kept and (text := kept.refusal((settings.task or {}).get("pool", settings.pool))):
            yield Refusal("invalid-setting", ("pool",), text)


def _watching(plan: Plan, bound: Collection[str], runs: int | None) -> Iterator[Refusal]:
    """Yield why a workflow cannot watch: because of what it sends, or how it knows what it has seen."""
    watch = plan.settings.watch
    if watch is None:
        return
    for planned in plan.all_steps():
        if planned.operation is not None and planned.operation.method not in SAFE_METHODS:
            what = f"step '{planned.step_id}' sends {planned.operation.method}"
            message = f"a workflow that watches sends GET, HEAD and OPTIONS only, and {what}"
            yield Refusal("invalid-setting", ("watch",), message, "let the DAG that the event starts do that")
    if (runs or plan.settings.max_active_runs or 1) > 1:
        message = "'max_active_runs' can only be 1 for a workflow that watches: two runs would see the same"
        yield Refusal("invalid-setting", ("max_active_runs",), message)
    for name, output in watch.seen.items():
        at = ("watch", "seen", name)
        if name not in plan.taken.schemas:
            message = f"workflow '{plan.workflow_id}' has no input '{name}'"
            yield Refusal("unknown-input", at, message, near(name, plan.taken.schemas))
        elif name in bound:
            yield Refusal("invalid-setting", at, f"input '{name}' is bound, and cannot have what was seen as its value")
        if output not in plan.outputs:
            message = f"workflow '{plan.workflow_id}' has no output '{output}'"
            yield Refusal("invalid-setting", at, message, near(output, plan.outputs))


def _timing(plan: Plan) -> Iterator[Refusal]:
    settings = plan.settings
    if settings.schedule and settings.catchup and not settings.start_date:
        message = "'catchup' needs a start_date, to say from when on runs are caught up on"
        yield Refusal("invalid-setting", ("catchup",), message)
    if settings.schedule == "@continuous" and (settings.max_active_runs or 1) > 1:
        message = "'max_active_runs' can only be 1 where the schedule is @continuous"
        yield Refusal("invalid-setting", ("max_active_runs",), message)


def _is_plain(value: Any) -> bool:
    """Say whether a value is known now, unlike an XCom or another object of Airflow's."""
    match value:
        case Mapping():
            return all(map(_is_plain, value.values()))
        case list() | tuple():
            return all(map(_is_plain, value))
    return isinstance(value, (str, int, float, bool))
