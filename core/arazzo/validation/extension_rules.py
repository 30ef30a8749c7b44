"""Rules about ``x-airflow``: settings that do not exist, have an invalid value, or name what does not exist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.document.contract_levels import levels_of
from arazzo.document.control import merged_actions
from arazzo.document.input_declarations import property_names
from arazzo.document.models import Step, Workflow
from arazzo.document.schedules import can_check
from arazzo.document.settings import EXTENSION, Settings, of_source, settings_of
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.expressions.nodes import Input
from arazzo.openapi.contract_slices import slice_contract, unreadable_schemas
from arazzo.openapi.servers import variable_names
from arazzo.pointer import escape
from arazzo.validation.expression_index import uses
from arazzo.validation.flow_rules import loops_of
from arazzo.validation.validation_context import Subject

_OF_WORKFLOWS = (
    *("schedule", "outlets", "inlets", "watch", "start_date", "catchup", "tags", "max_active_runs", "inputs"),
    *("sensitive", "timezone", "deadline", "cookies"),
)
_OF_LOOPS = ("poke_interval", "timeout", "max_rounds", "tolerate", "exponential_backoff", "mode", "collect", "next")
_NO_DEFAULTS = ("collect", "next")
_OF_REQUESTS = (
    *("connection", "server", "server_variables", "redirects", "required", "idempotency_key", "resend"),
    *("contract", "budget"),
)


def check_settings(subject: Subject) -> Iterator[Problem]:
    """Find what is wrong under ``x-airflow`` of the document, its workflows and their steps."""
    known: dict[str, Any] = {}
    takes_anything = False
    for workflow in subject.workflows:
        inputs = subject.taken_inputs(workflow).known or {}
        known.update(inputs)
        takes_anything = takes_anything or not inputs
        yield from _settings(subject, workflow.extensions, workflow.at, inputs, open_ended=not inputs)
        looping = _looping(subject, workflow)
        for step in (each for each in workflow.steps if EXTENSION in each.extensions):
            yield from _settings(subject, step.extensions, step.at, inputs, open_ended=not inputs)
            yield from _idle(subject, step, step.step_id in looping)
    yield from _settings(subject, subject.loaded.document.extensions, "", known, open_ended=takes_anything)


def _settings(
    subject: Subject, extensions: Mapping[str, Any], at: str, inputs: Mapping[str, Any], *, open_ended: bool
) -> Iterator[Problem]:
    pointer = f"{at}/{EXTENSION}"
    try:
        settings = settings_of(extensions, pointer, subject.loaded.source)
    except DocumentError as error:
        yield from error.problems
        return
    if isinstance(settings.schedule, str) and not can_check(settings.schedule):
        message = f"'{settings.schedule}' cannot be checked without croniter"
        hint = "pip install 'arazzo-core[dags]'"
        yield subject.problem("invalid-setting", f"{pointer}/schedule", message, hint, severity=Severity.WARNING)
    for name in _NO_DEFAULTS if "/steps/" not in at else ():
        if getattr(settings, name) is not None:
            message = f"'{name}' has no effect here: it is a setting of a step in a loop"
            yield subject.problem("idle-field", f"{pointer}/{name}", message, "leave it out", key=True)
    yield from _bound(subject, settings, pointer, inputs, open_ended=open_ended)
    for field in ("connection", "server", "budget"):
        value = getattr(settings, field)
        for name in value if isinstance(value, dict) else ():
            if subject.sources.named(name) is None:
                known = [source.name for source in subject.loaded.document.source_descriptions]
                message = f"'{field}' names source description '{name}', which is not declared"
                yield subject.problem(
                    "unknown-source", f"{pointer}/{field}/{escape(name)}", message, subject.near(name, known)
                )


def check_contracts(subject: Subject) -> Iterator[Problem]:
    """Find checks of answers and requests (``contract``) for which the description cannot be read."""
    for workflow, step in subject.steps():
        operation, levels = subject.operation(step), levels_of(subject.settings(workflow, step).contract)
        if operation is None or not levels:
            continue
        description = subject.descriptions[operation.source]
        contract = slice_contract(description, operation, schemas="schema" in levels)
        missing = [] if contract.answers else ["its description says nothing about its answers"]
        for text in (*missing, *unreadable_schemas(contract)):
            message = f"{operation.method} {operation.path} cannot be fully checked against its description: {text}"
            yield subject.problem("unchecked-contract", step.at, message)


def _looping(subject: Subject, workflow: Workflow) -> frozenset[str]:
    """Return the steps of loops, in which control goes back to a step or a success is retried."""
    if not any(EXTENSION in step.extensions for step in workflow.steps):
        return frozenset()
    polling = {
        step.step_id
        for step in workflow.steps
        if any(action.type == "retry" for action in merged_actions(workflow, step)[0])
    }
    rounds = loops_of(subject, workflow, retries=True) if polling else ()
    rounds = tuple(loop for loop in rounds if polling.intersection(loop))
    return frozenset(polling).union(*loops_of(subject, workflow), *rounds)


def _idle(subject: Subject, step: Step, looping: bool) -> Iterator[Problem]:
    """Find settings of a step that have no effect there; on a workflow or a document they are defaults."""
    given = step.extensions.get(EXTENSION)
    calls = step.workflow_id is not None
    here = f"step '{step.step_id}'"
    idle = dict.fromkeys(_OF_WORKFLOWS, f"{here}: it is a setting of a workflow")
    idle |= {} if looping else dict.fromkeys(_OF_LOOPS, f"{here}, which is in no loop")
    idle |= dict.fromkeys(_OF_REQUESTS, f"{here}, which calls a workflow") if calls else {}
    idle |= {} if calls else {"granularity": f"{here}, which calls no workflow"}
    for name in given if isinstance(given, dict) else ():
        if name in idle:
            message, at = f"'{name}' has no effect on {idle[name]}", f"{step.at}/{EXTENSION}/{name}"
            yield subject.problem("idle-field", at, message, "leave it out", key=True)


def _bound(
    subject: Subject, settings: Settings, pointer: str, inputs: Mapping[str, Any], *, open_ended: bool
) -> Iterator[Problem]:
    for name in settings.inputs or ():
        if name in inputs:
            continue
        at, hint = f"{pointer}/inputs/{escape(name)}", subject.near(name, inputs)
        if not open_ended:
            yield subject.problem("unknown-input", at, f"'{name}' is bound, and there is no such input", hint)
        else:
            yield subject.problem("undeclared-input", at, f"'{name}' is bound, but is not declared as an input", hint)


def check_setting_names(subject: Subject) -> Iterator[Problem]:
    """Find names that are marked as secret or given a value although nothing has them."""
    yield from _marks(subject)
    yield from _variables(subject)


def _marks(subject: Subject) -> Iterator[Problem]:
    document = subject.loaded.document
    if not any(subject.own_settings(item).sensitive for item in (document, *subject.workflows)):
        return
    read: dict[str, set[str]] = defaultdict(set)
    for use in uses(subject):
        if isinstance(use.expression, Input):
            read[use.workflow.at] |= {use.expression.name, use.expression.name.partition(".")[0]}
    known = {workflow.at: [*_names(subject, workflow), *read[workflow.at]] for workflow in subject.workflows}
    every = [name for names in known.values() for name in names]
    for item, names in ((document, every), *((each, known[each.at]) for each in subject.workflows)):
        for index, name in enumerate(subject.own_settings(item).sensitive or ()):
            if name not in names:
                message = f"'sensitive' names '{name}', but there is no input or output of that name"
                at = f"{item.at}/{EXTENSION}/sensitive/{index}"
                yield subject.problem("unknown-sensitive", at, message, subject.near(name, names))


def _names(subject: Subject, workflow: Workflow) -> Iterator[str]:
    """Yield the names of inputs, their members, and outputs: of the workflow, its steps, and what these call."""
    yield from subject.taken_inputs(workflow).known or ()
    yield from property_names(workflow.inputs)
    yield from workflow.outputs
    for step in workflow.steps:
        yield from step.outputs
        if (target := subject.called(step)) is not None:
            yield from target.workflow.outputs


def _variables(subject: Subject) -> Iterator[Problem]:
    document = subject.loaded.document
    given = {item.at: names for item in subject.holders() if (names := subject.own_settings(item).server_variables)}
    if not given:
        return
    known: dict[str, list[str]] = defaultdict(list)
    for workflow, step in subject.steps():
        if (operation := subject.operation(step)) is None:
            continue
        url = of_source(subject.settings(workflow, step).server, operation.source)
        for item in (document, workflow, step):
            known[item.at] += variable_names(operation, url)
    # Without an operation the variables are not known.
    unknown = ((at, name) for at, names in given.items() if at in known for name in names if name not in known[at])
    for at, name in unknown:
        message = f"'server_variables' names '{name}', but no server that is called here has such a variable"
        place = f"{at}/{EXTENSION}/server_variables/{escape(name)}"
        yield subject.problem("unknown-variable", place, message, subject.near(name, known[at]))
