"""The parts of a step that may contain runtime expressions: its values, and the criteria that decide about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal

from arazzo.document.control import merged_actions, merged_parameters
from arazzo.document.models import Criterion, Step, Workflow
from arazzo.document.paging import paged_outputs
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Expression
from arazzo.expressions.templates import find_expressions, is_selector
from arazzo.pointer import escape

When = Literal["request", "response", "call", "end"]
"""When a value is needed: for the request, after the response, for a workflow that an action starts, or at the end."""


def merged_step(workflow: Workflow, step: Step) -> Step:
    """Return a step with its workflow's parameters and actions added."""
    if not (workflow.parameters or workflow.success_actions or workflow.failure_actions):
        return step
    on_success, on_failure = merged_actions(workflow, step)
    parameters = merged_parameters(workflow, step)
    merged: Step = step.model_copy(
        update={"parameters": parameters, "on_success": on_success, "on_failure": on_failure}
    )
    return merged


def step_values(step: Step) -> Iterator[tuple[Any, str, When]]:
    """Yield the values of a step except conditions, each with its place and when it is needed.

    :param step: from :func:`merged_step`, or planned.
    """
    for parameter in step.parameters:
        yield parameter.value, f"{parameter.at}/value", "request"
    yield step.correlation_id, f"{step.at}/correlationId", "request"
    if step.request_body is not None:
        yield step.request_body.payload, f"{step.at}/requestBody/payload", "request"
        for item in step.request_body.replacements:
            yield item.value, f"{item.at}/value", "request"
    paged = paged_outputs(step.extensions.get("x-airflow"))
    for name, value in step.outputs.items():
        field = f"x-airflow/{paged[name][0]}" if name in paged else "outputs"
        yield value, f"{step.at}/{field}/{escape(name)}", "response"
    for action in (*step.on_success, *step.on_failure):
        for parameter in action.parameters:
            yield parameter.value, f"{parameter.at}/value", "call"


def step_criteria(step: Step) -> Iterator[Criterion]:
    """Yield the criteria that decide about a step: its own and those of its actions."""
    yield from step.success_criteria
    for action in (*step.on_success, *step.on_failure):
        yield from action.criteria


def value_expressions(value: Any, dialect: Dialect) -> Iterator[Expression]:
    """Yield the expressions of a JSON value; text that cannot be read has none, and validation reports it."""
    if isinstance(value, str) or is_selector(value):
        with suppress(ExpressionSyntaxError):
            yield from (expression for _, expression in find_expressions(value, dialect))
    elif isinstance(value, (Mapping, list, tuple)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from value_expressions(item, dialect)
