"""Where the requests of a plan go: which connection each source description uses, and which server that names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.document.settings import of_source
from arazzo.errors import ConnectionSettingsError
from arazzo.flow import Plan, PlannedStep, change_steps
from arazzo.frozen import dataclass


def connections_of(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids named for the sources of a plan's steps, by name of the source.

    :param connections: ids that overrule the steps' settings.
    :raises ConnectionSettingsError: if two steps of the plan name different connections for one source.
    """
    found: dict[str, str] = {}
    for step in plan.all_steps():
        source = step.operation.source if step.operation else ""
        connection = of_source(step.settings.connection, source)
        if not source or connection is None:
            continue
        if found.setdefault(source, connection) != connection:
            raise ConnectionSettingsError(
                f"step '{step.step_id}' names connection '{connection}' for source '{source}', another step of the "
                f"same task '{found[source]}'; a task uses one connection for a source"
            )
    return {**found, **{source: connection for source, connection in (connections or {}).items() if connection}}


def sources_of(plan: Plan) -> list[str]:
    """Return the names of the sources that a plan's steps send requests to, sorted."""
    return sorted({step.operation.source for step in plan.all_steps() if step.operation})


@dataclass(frozen=True)
class Placement:
    """What a connection decides about the requests to its source, before they are built.

    :param url: replaces the description's servers; None if it names no host.
    :param headers: names of the headers that it adds, in lower case.
    :param required: like the setting ``required``; None if it is not set.
    """

    url: str | None = None
    headers: tuple[str, ...] = ()
    required: Literal["check", "send"] | None = None


def placement_of(settings: ConnectionSettings) -> Placement:
    """Return what a connection decides about requests before they are built."""
    headers = tuple(sorted(name.lower() for name in settings.credentials.headers))
    return Placement(settings.base_url, headers, settings.required)


def place_requests(
    plan: Plan, placements: Mapping[str, Placement], default: str | Mapping[str, str] | None = None
) -> Plan:
    """Return the plan with its steps' servers set: by the connection, or by ``default``, or unchanged.

    Other decisions of a connection are added as well. What the document says about a step wins.

    :param placements: what connections decide, by name of the source.
    :param default: a server URL, or URLs by name of the source, for the others.
    """

    def placed(step: PlannedStep) -> PlannedStep:
        return place_step(step, placements.get(step.operation.source if step.operation else "", NOWHERE), default)

    return change_steps(plan, placed)


def place_step(step: PlannedStep, placement: Placement, default: str | Mapping[str, str] | None = None) -> PlannedStep:
    """Return a step with its connection's decisions; arguments as for :func:`place_requests`."""
    source = step.operation.source if step.operation else ""
    url = placement.url or of_source(default, source)
    settings = step.settings.model_copy(update={"server": url}) if url else step.settings
    if placement.required is not None and settings.required is None:
        settings = settings.model_copy(update={"required": placement.required})
    if settings is step.settings and not placement.headers:
        return step
    return step.model_copy(update={"settings": settings, "added": placement.headers})


#: For a step that sends nothing, or uses no connection.
NOWHERE = Placement()
