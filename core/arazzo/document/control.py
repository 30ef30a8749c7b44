"""Where control can go after a step: the facts that the compiler and the validation share.

The actions and parameters of a workflow apply to each of its steps, unless the step has its own of the same name
(Arazzo 1.1.0, Workflow Object, ``successActions``, ``failureActions``, ``parameters``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeVar

from arazzo.document.models import (
    Action,
    FailureAction,
    Parameter,
    Step,
    SuccessAction,
    Workflow,
)

Unmatched = Literal["auto", "next", "fail"]
"""What follows a success when the step has success actions and none holds."""

AnyAction = TypeVar("AnyAction", bound=Action)


class Transfer(NamedTuple):
    """One path from a step to what comes after it.

    :param kind: ``success`` and ``failure`` for actions, ``retry`` for what a retry runs first (or the step itself),
        ``next`` for document order.
    :param step_id: where to; None ends the workflow.
    :param action: the action that leads there; None for document order.
    :param workflow_id: the workflow that control is handed to, as written.
    """

    kind: Literal["success", "failure", "retry", "next"]
    step_id: str | None
    action: Action | None = None
    workflow_id: str | None = None


def merged_actions(workflow: Workflow, step: Step) -> tuple[tuple[SuccessAction, ...], tuple[FailureAction, ...]]:
    """Return a step's success and failure actions, then the workflow's that the step does not redefine by name."""
    return (
        _with_inherited(step.on_success, workflow.success_actions),
        _with_inherited(step.on_failure, workflow.failure_actions),
    )


def merged_parameters(workflow: Workflow, step: Step) -> tuple[Parameter, ...]:
    """Return a step's parameters, followed by the workflow's that the step does not redefine by name and place.

    The parameters of a step that calls a workflow are inputs, and so compared by name, whatever their place. Header
    names are compared ignoring case (RFC 9110, 5.1).
    """

    if not workflow.parameters:
        return step.parameters

    def identity(parameter: Parameter) -> tuple[str, str | None]:
        if step.workflow_id is not None:
            return parameter.name, None
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        return name, parameter.location

    own = {identity(parameter) for parameter in step.parameters}
    inherited = (parameter for parameter in workflow.parameters if identity(parameter) not in own)
    return (*step.parameters, *inherited)


def next_step(workflow: Workflow, step: Step) -> Step | None:
    """Return the step that follows in document order; None after the last."""
    after = workflow.index(step.step_id) + 1
    return workflow.steps[after] if after < len(workflow.steps) else None


def may_match_nothing(actions: Sequence[Action]) -> bool:
    """Say whether a step with these actions can end up with none of them taken.

    An action without criteria always holds, so nothing gets past it; but a retry does not last for ever.
    """
    return all(action.criteria or action.type == "retry" for action in actions)


def resolve_unmatched(workflow: Workflow, step: Step, unmatched: Unmatched) -> Literal["next", "fail"]:
    """Say what follows a success for which no success action holds.

    ``auto`` reads the author's intent: an author who names the next step under a condition has said when to go there,
    and it is not now. A step without success actions always goes on.
    """
    actions, _ = merged_actions(workflow, step)
    if not actions or unmatched == "next":
        return "next"
    if unmatched == "fail":
        return "fail"
    after = next_step(workflow, step)
    names_next = after is not None and any(
        action.type == "goto" and action.step_id == after.step_id and action.criteria for action in actions
    )
    return "fail" if names_next else "next"


def successors(workflow: Workflow, step: Step, unmatched: Unmatched = "auto") -> tuple[Transfer, ...]:
    """Return every way out of a step, in the order in which they are tried.

    A failure for which no action holds ends the workflow and is not listed. Neither are actions behind one that always
    holds: they are never reached. A ``goto`` back after a failure does not always hold: it is skipped where the step
    could send nothing and would be no better off (docs/semantics.md, 3).
    """
    on_success, on_failure = merged_actions(workflow, step)
    ways = [_transfer(step, action, "success") for action in _that_count(on_success)]
    if may_match_nothing(on_success) and resolve_unmatched(workflow, step, unmatched) == "next":
        after = next_step(workflow, step)
        ways.append(Transfer("next", after.step_id if after else None))
    ways.extend(
        _transfer(step, action, "failure")
        for action in _that_count(on_failure, lambda name: _is_back(workflow, step, name))
    )
    return tuple(ways)


def _is_back(workflow: Workflow, step: Step, name: str | None) -> bool:
    """Say whether a name is that of a step or of a step listed before it."""
    return name is not None and workflow.has_step(name) and workflow.index(name) <= workflow.index(step.step_id)


def _with_inherited(own: tuple[AnyAction, ...], inherited: tuple[AnyAction, ...]) -> tuple[AnyAction, ...]:
    if not inherited:
        return own
    names = {action.name for action in own}
    return (*own, *(action for action in inherited if action.name not in names))


def _nowhere(name: str | None) -> bool:
    return False


def _that_count(actions: Sequence[AnyAction], is_back: Callable[[str | None], bool] = _nowhere) -> Iterator[AnyAction]:
    for action in actions:
        yield action
        goes_back = action.type == "goto" and is_back(action.step_id)
        if not may_match_nothing((action,)) and not goes_back:
            return


def _transfer(step: Step, action: Action, kind: Literal["success", "failure"]) -> Transfer:
    match action.type:
        case "end":
            return Transfer(kind, None, action)
        case "retry":
            return Transfer("retry", action.step_id or step.step_id, action, action.workflow_id)
        case _:
            return Transfer(kind, action.step_id, action, action.workflow_id)


def named_workflows(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """Yield the workflows that a workflow names, each with the place where it does."""
    for index, reference in enumerate(workflow.depends_on):
        yield reference, f"{workflow.at}/dependsOn/{index}"
    for step in workflow.steps:
        if step.workflow_id is not None:
            yield step.workflow_id, f"{step.at}/workflowId"
        for actions in merged_actions(workflow, step):
            for action in actions:
                if action.workflow_id is not None and action.type != "end":
                    yield action.workflow_id, f"{action.at}/workflowId"
