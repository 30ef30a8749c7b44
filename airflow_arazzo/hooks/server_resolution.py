"""Where the requests of a plan go: which connection each source description has, and which server that names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airflow.providers.common.compat.sdk import AirflowException

from airflow_arazzo.hooks.arazzo import SourceHooks
from arazzo.flow import Plan, PlannedStep


def connections_of(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids that are named for the sources of a plan's steps, by name of the source.

    :param connections: ids that overrule those of the steps' settings.
    :raises AirflowException: if two steps of one task name different connections for one source.
    """
    found: dict[str, str] = {}
    for step in _steps(plan):
        source = step.operation.source if step.operation else ""
        named = step.settings.connection
        connection = named.get(source) if isinstance(named, dict) else named
        if not source or connection is None:
            continue
        if found.setdefault(source, connection) != connection:
            raise AirflowException(
                f"step '{step.step_id}' names connection '{connection}' for source '{source}', another step of the "
                f"same task '{found[source]}'; a task uses one connection for a source"
            )
    return {**found, **{source: connection for source, connection in (connections or {}).items() if connection}}


def base_urls(plan: Plan, hooks: SourceHooks) -> dict[str, str]:
    """Return the servers that connections name, by name of the source."""
    sources = {step.operation.source for step in _steps(plan) if step.operation}
    urls = {source: hooks.hook(source).settings.base_url for source in sorted(sources)}
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


def place_servers(plan: Plan, urls: Mapping[str, str], default: str | Mapping[str, str] | None = None) -> Plan:
    """Return the plan with its steps' servers set: by the connection, else by ``default``, else as they are.

    :param urls: server URLs by name of the source, which overrule everything.
    :param default: a server URL, or URLs by name of the source, for the others.
    """
    steps = tuple(_place(step, urls, default) for step in plan.steps)
    children = {key: place_servers(child, urls, default) for key, child in plan.children.items()}
    return plan.model_copy(update={"steps": steps, "children": children})


def _place(step: PlannedStep, urls: Mapping[str, str], default: str | Mapping[str, str] | None) -> PlannedStep:
    source = step.operation.source if step.operation else ""
    url = urls.get(source) or (default.get(source) if isinstance(default, Mapping) else default)
    if not url:
        return step
    return step.model_copy(update={"settings": step.settings.model_copy(update={"server": url})})


def _steps(plan: Plan) -> Iterator[PlannedStep]:
    yield from plan.steps
    for child in plan.children.values():
        yield from _steps(child)
