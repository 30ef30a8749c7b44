"""The connections of a plan's source descriptions, looked up in Airflow."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_arazzo.hooks.arazzo import SourceHooks, refusals
from arazzo.auth import server_resolution
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
