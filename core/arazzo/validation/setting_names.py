"""The rule about names under ``x-airflow`` that nothing has: names marked as secret, and variables of servers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from arazzo.document import EXTENSION, escape
from arazzo.document.input_declarations import property_names
from arazzo.document.models import Workflow
from arazzo.errors import Problem
from arazzo.expressions import Input
from arazzo.openapi.servers import variable_names
from arazzo.validation.expression_index import uses
from arazzo.validation.validation_context import Subject


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
                yield subject.error("unknown-sensitive", at, message, subject.near(name, names))


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
    items = (document, *subject.workflows, *(step for _, step in subject.steps()))
    given = {item.at: names for item in items if (names := subject.own_settings(item).server_variables)}
    if not given:
        return
    known: dict[str, list[str]] = defaultdict(list)
    for workflow, step in subject.steps():
        if (operation := subject.operation(step)) is None:
            continue
        server = subject.settings(workflow, step).server
        url = server.get(operation.source) if isinstance(server, dict) else server
        for item in (document, workflow, step):
            known[item.at] += variable_names(operation, url)
    for at, names in given.items():
        yield from _unknown_variables(subject, at, names, known.get(at))


def _unknown_variables(subject: Subject, at: str, names: Iterable[str], known: list[str] | None) -> Iterator[Problem]:
    """Yield a problem for each variable that no server has; without an operation the variables are not known."""
    for name in names if known is not None else ():
        if name not in (known or ()):
            message = f"'server_variables' names '{name}', but no server that is called here has such a variable"
            place = f"{at}/{EXTENSION}/server_variables/{escape(name)}"
            yield subject.error("unknown-variable", place, message, subject.near(name, known or ()))
