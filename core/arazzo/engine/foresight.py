"""What a run will send, as far as this is known beforehand: for a dry run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.engine.bindings import call_inputs, frame_context, step_request
from arazzo.engine.call_stack import secret_values
from arazzo.engine.input_checks import inputs_of_call
from arazzo.engine.shown import request_line
from arazzo.engine.state import Frame, State
from arazzo.errors import EvaluationError, GaveUpError, InputError, RequestError
from arazzo.expressions.nodes import ComponentReference, Expression, Fixed, Input, SourceReference
from arazzo.expressions.templates import find_expressions
from arazzo.flow import Plan, PlannedStep
from arazzo.flow.loops import request_values
from arazzo.frozen import dataclass, replace
from arazzo.openapi.operation import Operation
from arazzo.openapi.servers import server_of
from arazzo.secrecy.concealing import Conceal

Inputs = Mapping[str, Any] | None
"""The inputs of a workflow; None if they are known only when it is called."""


@dataclass(frozen=True)
class Foreseen:
    """The request of a step, sent only if control reaches the step.

    :ivar step: step id; ``workflow/step`` in inner workflows.
    :ivar method: upper case.
    :ivar url: without secrets; what is not known appears as the name of its path parameter in braces.
    :ivar known: whether the whole request is known.
    :ivar after: expressions whose values are known only when the workflow runs.
    :ivar message: why it could not be sent as things are now; empty if it could.
    """

    step: str
    method: str
    url: str
    known: bool = True
    after: tuple[str, ...] = ()
    message: str = ""


def foresee(plan: Plan, state: State, conceal_more: Conceal) -> Iterator[Foreseen]:
    """Yield the requests of a workflow, including those of workflows that come first and of called ones.

    :param plan: with the servers that are called already set.
    :param state: in which the workflow is about to run.
    :param conceal_more: hides in a text what is secret beyond the inputs.
    """
    for frame in reversed(state.frames):
        yield from _of_workflow(_Foreseeing(plan, state, conceal_more), frame.plan, frame.inputs)


@dataclass(frozen=True)
class _Foreseeing:
    root: Plan
    state: State
    conceal_more: Conceal

    def request(self, planned: PlannedStep, operation: Operation, path: tuple[str, ...], inputs: Inputs) -> Foreseen:
        plan, name = self.root.child(path), "/".join((*path, planned.step_id))
        after = tuple(dict.fromkeys(str(each) for each in _unknown(planned, plan.dialect, inputs)))
        unknown = Foreseen(name, operation.method, _template(planned, operation), known=False, after=after)
        if after or inputs is None:
            return unknown
        frame = Frame(plan=path, inputs=dict(inputs))
        state = replace(self.state, frames=(frame,)).with_secrets(secret_values(plan, inputs, {}))
        try:
            request = step_request(plan, planned, operation, frame_context(plan, frame, {}))
        except (RequestError, GaveUpError) as error:
            return replace(unknown, message=self.conceal_more(state.secrets.conceal(str(error))))
        method, _, url = request_line(self.root, state, request, self.conceal_more).partition(" ")
        return Foreseen(name, method, url)


def _of_workflow(foreseeing: _Foreseeing, path: tuple[str, ...], inputs: Inputs) -> Iterator[Foreseen]:
    plan = foreseeing.root.child(path)
    for planned in plan.steps:
        if planned.operation is not None:
            yield foreseeing.request(planned, planned.operation, path, inputs)
        elif planned.workflow is not None:
            yield from _called(foreseeing, (*path, planned.workflow), _passed(plan, planned, inputs))
    for key in dict.fromkeys(edge.workflow for edge in plan.edges if edge.workflow):
        yield from _called(foreseeing, (*path, key), None)  # what an action passes is known when it is taken


def _called(foreseeing: _Foreseeing, path: tuple[str, ...], inputs: Inputs) -> Iterator[Foreseen]:
    for key in foreseeing.root.child(path).depends_on:
        yield from _called(foreseeing, (*path, key), None)
    yield from _of_workflow(foreseeing, path, inputs)


def _passed(plan: Plan, planned: PlannedStep, inputs: Inputs) -> Inputs:
    """Return the inputs of a workflow that a step calls; None if they are not known yet, or are refused."""
    if inputs is None or planned.workflow is None or any(_unknown(planned, plan.dialect, inputs)):
        return None
    context = frame_context(plan, Frame(inputs=dict(inputs)), {})
    try:
        return inputs_of_call(plan.children[planned.workflow], call_inputs(plan, planned.step.parameters, context))
    except (EvaluationError, InputError, GaveUpError):
        return None


def _unknown(planned: PlannedStep, dialect: Any, inputs: Inputs) -> Iterator[Expression]:
    """Yield what a step's request reads and only the running workflow knows."""
    known: tuple[type, ...] = (ComponentReference, SourceReference, *(() if inputs is None else (Input,)))
    for _, expression in find_expressions([*request_values(planned)], dialect):
        if not isinstance(expression, known) and expression != Fixed("self"):
            yield expression


def _template(planned: PlannedStep, operation: Operation) -> str:
    """Return the URL of a step's operation with the names of path parameters in it."""
    server = server_of(operation, server_url=planned.server, server_variables=planned.settings.server_variables)
    return server + operation.path
