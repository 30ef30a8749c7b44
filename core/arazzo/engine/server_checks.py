"""Where requests will go is known before the first of them: a server that cannot be called is found at the start."""

from __future__ import annotations

from collections.abc import Iterator

from arazzo.errors import RequestError
from arazzo.flow import Plan, PlannedStep
from arazzo.openapi.servers import server_of


def require_servers(plan: Plan) -> None:
    """Refuse to run a workflow of which a step has no server that can be called.

    :raises RequestError: one sentence for each source of a step; nothing was sent.
    """
    found = {step.operation.source: text for step, text in uncallable(plan) if step.operation}
    if found:
        raise RequestError("; ".join((*found.values(), "nothing was sent")))


def uncallable(plan: Plan) -> Iterator[tuple[PlannedStep, str]]:
    """Yield each step whose server cannot be called, with the reason; those of called workflows included."""
    for step in plan.steps:
        if step.operation is None:
            continue
        try:
            server_of(step.operation, server_url=step.server, server_variables=step.settings.server_variables)
        except RequestError as error:
            yield step, f"step '{step.step_id}': {error}"
    for child in plan.children.values():
        yield from uncallable(child)
