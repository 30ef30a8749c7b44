"""What every request needs is checked before the first one is sent: servers, and places for parameters."""

from __future__ import annotations

from collections.abc import Iterator

from arazzo.errors import RequestError
from arazzo.flow import Plan, PlannedStep
from arazzo.openapi.request_building import left_out, no_place
from arazzo.openapi.servers import server_of


def require_sendable(plan: Plan) -> None:
    """Refuse to run a workflow if a step has no server that can be called, or no place for a parameter.

    :raises RequestError: one sentence for each source of a step; nothing was sent.
    """
    found = {step.operation.source: text for step, text in uncallable(plan) if step.operation}
    if reasons := [*found.values(), *misplaced(plan)]:
        raise RequestError("; ".join((*reasons, "nothing was sent")))


def uncallable(plan: Plan) -> Iterator[tuple[PlannedStep, str]]:
    """Yield each step whose server cannot be called, with the reason, also in called workflows."""
    for step in plan.all_steps():
        if step.operation is None:
            continue
        try:
            server_of(step.operation, server_url=step.server, server_variables=step.settings.server_variables)
        except RequestError as error:
            yield step, f"step '{step.step_id}': {error}"


def misplaced(plan: Plan) -> Iterator[str]:
    """Yield why requests cannot be built, whatever the values are, also in called workflows."""
    for step in plan.all_steps():
        if (operation := step.operation) is None:
            continue
        given = [(parameter.name, parameter.location) for parameter in step.step.parameters]
        reasons = [no_place(operation, name, location) for name, location in given]
        reasons.append(left_out(operation, (name for name, location in given if location in (None, "path"))))
        yield from (f"step '{step.step_id}': {reason}" for reason in reasons if reason)
