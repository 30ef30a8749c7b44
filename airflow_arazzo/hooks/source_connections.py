"""The connections of a plan's source descriptions, looked up in Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_arazzo.hooks.connection_errors import as_airflow_errors
from airflow_arazzo.hooks.source_hooks import SourceHooks
from arazzo import engine
from arazzo.flow import Plan, PlannedStep

if TYPE_CHECKING:
    from arazzo.auth.connection_settings import ConnectionSettings


def connections_of(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids named for the sources of a plan's steps, by name of the source.

    :param connections: ids that overrule the steps' settings.
    :raises AirflowException: if two steps of one task name different connections for one source.
    """
    from arazzo.auth import server_resolution

    with as_airflow_errors():
        return server_resolution.connections_of(plan, connections)


def placing(
    hooks: SourceHooks, connections: Mapping[str, str] | None = None, default: str | Mapping[str, str] | None = None
) -> Callable[[PlannedStep], PlannedStep]:
    """Return a function that gives a step its connection's decisions, first of all the server.

    :param connections: ids that overrule the steps' settings.
    :param default: a server URL, or URLs by name of the source, for sources whose connection names none.
    """
    from arazzo.auth import server_resolution

    def placed(step: PlannedStep) -> PlannedStep:
        placement = server_resolution.NOWHERE
        if step.operation:
            placement = server_resolution.placement_of(_settings_for(step, hooks, connections))
        return server_resolution.place_step(step, placement, default)

    return placed


def unused_logins(plan: Plan, hooks: SourceHooks, sources: Iterable[str]) -> list[str]:
    """Return a sentence for each connection of some sources with a login that no operation of a plan asks for."""
    from arazzo.auth.unused_logins import unused_login

    told = (
        unused_login(plan, source, hooks.hook(source).settings, f"connection '{conn_id}'")
        for source, conn_id in hooks.found(sources).items()
    )
    return [text for text in told if text]


def require_sendable(
    plan: Plan,
    hooks: SourceHooks,
    connections: Mapping[str, str] | None = None,
    default: str | Mapping[str, str] | None = None,
) -> None:
    """Refuse to start a workflow if a step has no server that can be called, or no place for a parameter.

    :param connections: ids that overrule the steps' settings.
    :param default: a server URL, or URLs by name of the source, for sources whose connection names none.
    :raises AirflowFailException: naming step and server.
    """
    from arazzo.auth import server_resolution

    for reason in engine.misplaced(plan):
        raise AirflowFailException(f"{reason}; nothing was sent")
    for step, reason in engine.uncallable(server_resolution.place_requests(plan, {}, default) if default else plan):
        url = _settings_for(step, hooks, connections).base_url
        if not url or "#" in url:
            raise AirflowFailException(f"{reason}; nothing was sent")


def with_connections(plan: Plan, hooks: SourceHooks, connections: Mapping[str, str] | None = None) -> Plan:
    """Return a plan with what connections decide, if optional inputs would have to give a required value.

    :param connections: ids that overrule the steps' settings.
    """
    asking = {need.step for need in plan.input_needs if need.required}
    placed = placing(hooks, connections)
    steps = tuple(placed(step) if step.step_id in asking else step for step in plan.steps)
    return plan.model_copy(update={"steps": steps}) if asking else plan


def _settings_for(step: PlannedStep, hooks: SourceHooks, connections: Mapping[str, str] | None) -> ConnectionSettings:
    """Return the settings of the connection that a step's requests use."""
    named, source = step.settings.connection, step.operation.source if step.operation else ""
    own = named.get(source) if isinstance(named, dict) else named
    return hooks.named((connections or {}).get(source) or own, source).settings


def sources_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of the sources that the requests of a plan go to."""
    from arazzo.auth import server_resolution

    return tuple(server_resolution.sources_of(plan))
