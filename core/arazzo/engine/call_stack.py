"""Workflows within workflows: how a frame is entered, and in which order the workflows that others need are run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from arazzo.cookies import Jar
from arazzo.engine.input_checks import inputs_of_call
from arazzo.engine.state import Call, Frame, State
from arazzo.errors import GaveUpError, InputError
from arazzo.flow import Plan, PlannedStep, workflow_key
from arazzo.flow.slices import dependencies_below
from arazzo.frozen import replace
from arazzo.secrecy.secrets import secrets_in
from arazzo.secrecy.sensitive_names import is_sensitive


def start(
    plan: Plan,
    inputs: Mapping[str, Any],
    *,
    at: str | None = None,
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
    scope: tuple[str, ...] | None = None,
    workflows: Mapping[str, Mapping[str, Any]] | None = None,
    elsewhere: Iterable[str] = (),
    deadline: float | None = None,
    cookies: Jar | None = None,
) -> State:
    """Return the state in which a workflow, or a region of it, is about to run.

    :param plan: the plan of the workflow.
    :param inputs: inputs as :func:`check_inputs` returns them.
    :param at: the step to start with; None is the first.
    :param outputs: outputs of steps that have run elsewhere, by step id and name.
    :param scope: the steps that may run here; if control goes elsewhere, that is an exit. None runs the whole workflow,
        after the workflows it depends on.
    :param workflows: inputs and outputs of workflows that have been completed elsewhere, by id.
    :param elsewhere: keys of workflows that a ``goto`` leaves to others: handing over to one is an exit.
    :param deadline: POSIX time at which the loop that the run starts in must be over; None for its whole timeout.
    :param cookies: those left by steps that ran elsewhere; None at the start of a run.
    :raises InputError: if a workflow that comes first does not accept the inputs.
    """
    frame = Frame(
        inputs=dict(inputs),
        outputs={step: dict(values) for step, values in (outputs or {}).items()},
        step=at or plan.steps[0].step_id,
        deadline=deadline,
    )
    state = State(
        frames=(frame,),
        scope=scope,
        elsewhere=tuple(elsewhere),
        workflows={key: dict(value) for key, value in (workflows or {}).items()},
    )
    if not scope:
        try:
            state = replace(state, frames=(frame, *_before(plan, (), inputs)))
        except GaveUpError as error:
            raise InputError([f"inputs cannot be checked: {error}"]) from None
    for key, values in state.workflows.items():
        child = plan.children.get(key, plan)
        state = state.with_secrets(secret_values(child, values.get("inputs") or {}, values.get("outputs") or {}))
    kept = plan.settings.cookies
    jar = cookies or (Jar(kept if isinstance(kept, tuple) else ()) if kept else None)
    return _with_frame_secrets(plan, state.with_cookies(jar), state.frames)


def enter(plan: Plan, state: State, key: str, inputs: Mapping[str, Any], call: Call) -> State:
    """Return the state with another workflow on top of it, and the workflows that this depends on above that.

    :param plan: the outermost plan.
    :param key: the workflow's plan key, as the innermost plan knows it.
    :raises InputError: if the workflow, or one it depends on, does not accept the inputs.
    """
    path = (*state.frame.plan, key)
    child = plan.child(path)
    checked = inputs_of_call(child, inputs)
    frame = Frame(plan=path, inputs=checked, step=child.steps[0].step_id, call=call)
    entered = (frame, *_before(child, path, checked))
    return _with_frame_secrets(plan, replace(state, frames=(*state.frames, *entered), phase="ready"), entered)


def entered_inputs(plan: Plan, state: State) -> dict[str, dict[str, Any]]:
    """Return the inputs of a workflow that was just entered, under ``""``, and of those before it, by plan key.

    :param plan: the outermost plan.
    :param state: from :func:`enter`, or from :func:`start` without a scope: then that is the outermost workflow.
    """
    first = (frame.call is not None and frame.call.kind == "depends" for frame in state.frames)
    at = max((index for index, comes_first in enumerate(first) if not comes_first), default=0)
    return {
        "": state.frames[at].inputs,
        **{plan.child(frame.plan).key: frame.inputs for frame in state.frames[at + 1 :]},
    }


def can_resume(plan: Plan, state: State) -> bool:
    """Tell whether a run can continue from a state: its workflows and steps are in the plan.

    :param plan: the outermost plan, or the slice of it that contains the region.
    """
    try:
        for frame in state.frames:
            inner = plan.child(frame.plan)
            for step in (frame.step, *([frame.detour.step] if frame.detour else [])):
                inner.step(step)
    except KeyError:
        return False
    return bool(state.frames)


def unfinished(planned: PlannedStep, frame: Frame, workflows: Mapping[str, Any]) -> str:
    """Name the first step that a step depends on and that has not been completed; empty if there is none.

    A step of another workflow counts once its workflow is over, and unless the workflow failed there.
    """
    for reference in planned.step.depends_on:
        workflow, separator, step = reference.removeprefix("$workflows.").rpartition(".steps.")
        if separator and step not in workflows.get(workflow_key(workflow), {}).get("steps", ()):
            return f"step '{step}' of workflow '{workflow_key(workflow)}'"
        if not separator and reference.removeprefix("$steps.") not in frame.outputs:
            return f"step '{reference}'"
    return ""


def secret_values(plan: Plan, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secret texts among inputs and outputs of a workflow.

    :param outputs: of its steps or its own, at any depth.
    """
    for values, names in ((inputs, {*plan.sensitive, *plan.secret_inputs}), (outputs, {*plan.sensitive})):
        if values:
            yield from secrets_in(values, partial(is_sensitive, marked=names))


def _with_frame_secrets(plan: Plan, state: State, entered: Iterable[Frame]) -> State:
    """Return the state with the secrets of the frames that are new in it."""
    for frame in entered:
        state = state.with_secrets(secret_values(plan.child(frame.plan), frame.inputs, frame.outputs))
    return state


def _before(plan: Plan, path: tuple[str, ...], inputs: Mapping[str, Any]) -> Iterator[Frame]:
    """Yield frames for the workflows that come first, each once, the first to run last."""
    order = list(dependencies_below(plan, path, set()))
    for dependency_path, dependency in reversed(order):
        try:
            named = {name: inputs[name] for name in dependency.own if name in inputs}
            checked = inputs_of_call(dependency, named)
        except InputError as error:
            first = f"workflow '{dependency.workflow_id}', which runs first"
            raise InputError([f"{message} ({first})" for message in error.messages]) from None
        yield Frame(plan=dependency_path, inputs=checked, step=dependency.steps[0].step_id, call=Call(kind="depends"))
