"""The connections of a plan's source descriptions, looked up in Airflow."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_arazzo.hooks.connection_errors import refusals
from airflow_arazzo.hooks.source_hooks import SourceHooks
from arazzo.auth import server_resolution
from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.server_resolution import Placement
from arazzo.auth.unasked_logins import unasked_login
from arazzo.engine import uncallable
from arazzo.flow import Plan, PlannedStep


def connections_of(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids that are named for the sources of a plan's steps, by name of the source.

    :param connections: ids that overrule those of the steps' settings.
    :raises AirflowException: if two steps of one task name different connections for one source.
    """
    with refusals():
        return server_resolution.connections_of(plan, connections)


def placements(plan: Plan, hooks: SourceHooks) -> dict[str, Placement]:
    """Return what connections decide of requests, the server first of all, by name of the source."""
    sources = server_resolution.sources_of(plan)
    return {source: server_resolution.placement_of(hooks.hook(source).settings) for source in sources}


def unasked_logins(plan: Plan, hooks: SourceHooks) -> list[str]:
    """Return a sentence for each connection whose login no operation of a plan asks for.

    :param hooks: those whose connections have been looked up.
    """
    found = hooks.found()
    told = (
        unasked_login(plan, source, hooks.hook(source).settings, f"connection '{conn_id}'")
        for source, conn_id in found.items()
    )
    return [text for text in told if text]


def known_connections(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids of all sources of a plan's steps that have a connection, by name of the source.

    What is named has to be there. So whoever goes on with these ids elsewhere notices when a connection has gone, where
    it would ask without credentials otherwise.

    :raises AirflowNotFoundException: a connection that is named is not there.
    """
    named = connections_of(plan, connections)
    hooks = SourceHooks(named)
    placements(plan, hooks)
    return {**named, **hooks.found()}


def require_servers(
    plan: Plan, connections: Mapping[str, str] | None = None, default: str | Mapping[str, str] | None = None
) -> None:
    """Refuse to begin a workflow of which a step has no server that can be called, whatever its connection says.

    :param connections: ids that overrule those of the steps' settings.
    :param default: a server URL, or URLs by name of the source, for those that no connection names.
    :raises AirflowFailException: naming step and server.
    """
    for step, reason in uncallable(server_resolution.place_requests(plan, {}, default)):
        url = _settings_for(step, connections).base_url
        if not url or "#" in url:
            raise AirflowFailException(f"{reason}; nothing was sent")


def with_connections(plan: Plan, connections: Mapping[str, str] | None = None) -> Plan:
    """Return a plan that knows what connections decide where optional inputs would have to give a required value.

    :param connections: ids that overrule those of the steps' settings.
    """
    asking = {need.step for need in plan.input_needs if need.required}

    def known(step: PlannedStep) -> PlannedStep:
        if step.step_id not in asking:
            return step
        placement = server_resolution.placement_of(_settings_for(step, connections))
        return server_resolution.place_step(step, placement)

    return plan.model_copy(update={"steps": tuple(map(known, plan.steps))}) if asking else plan


def _settings_for(step: PlannedStep, connections: Mapping[str, str] | None) -> ConnectionSettings:
    """Return what the connection says that the requests of a step go through."""
    named, source = step.settings.connection, step.operation.source if step.operation else ""
    own = named.get(source) if isinstance(named, dict) else named
    wanted = (connections or {}).get(source) or own
    return SourceHooks({source: wanted} if wanted else None).hook(source).settings
