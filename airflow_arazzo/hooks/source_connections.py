"""The connections of a plan's source descriptions, looked up in Airflow."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_arazzo.hooks.arazzo import SourceHooks, refusals
from arazzo.auth import server_resolution
from arazzo.engine import uncallable
from arazzo.flow import Plan


def connections_of(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids that are named for the sources of a plan's steps, by name of the source.

    :param connections: ids that overrule those of the steps' settings.
    :raises AirflowException: if two steps of one task name different connections for one source.
    """
    with refusals():
        return server_resolution.connections_of(plan, connections)


def base_urls(plan: Plan, hooks: SourceHooks) -> dict[str, str]:
    """Return the servers that connections name, by name of the source."""
    urls = {source: hooks.hook(source).settings.base_url for source in server_resolution.sources_of(plan)}
    return {source: url for source, url in urls.items() if url}


def known_connections(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids of all sources of a plan's steps that have a connection, by name of the source.

    What is named has to be there. So whoever goes on with these ids elsewhere notices when a connection has gone, where
    it would ask without credentials otherwise.

    :raises AirflowNotFoundException: a connection that is named is not there.
    """
    named = connections_of(plan, connections)
    hooks = SourceHooks(named)
    base_urls(plan, hooks)
    return {**named, **hooks.found()}


def require_servers(
    plan: Plan, connections: Mapping[str, str] | None = None, default: str | Mapping[str, str] | None = None
) -> None:
    """Refuse to begin a workflow of which a step has no server that can be called, whatever its connection says.

    :param connections: ids that overrule those of the steps' settings.
    :param default: a server URL, or URLs by name of the source, for those that no connection names.
    :raises AirflowFailException: naming step and server.
    """
    for step, reason in uncallable(server_resolution.place_servers(plan, {}, default)):
        named, source = step.settings.connection, step.operation.source if step.operation else ""
        own = named.get(source) if isinstance(named, dict) else named
        wanted = (connections or {}).get(source) or own
        url = SourceHooks({source: wanted} if wanted else None).hook(source).settings.base_url
        if not url or "#" in url:
            raise AirflowFailException(f"{reason}; nothing was sent")
