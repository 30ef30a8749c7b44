"""Where the requests of a plan go: which connection each source description has, and which server that names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arazzo.errors import ConnectionSettingsError
from arazzo.flow import Plan, PlannedStep


def connections_of(plan: Plan, connections: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the connection ids that are named for the sources of a plan's steps, by name of the source.

    :param connections: ids that overrule those of the steps' settings.
    :raises ConnectionSettingsError: if two steps of the plan name different connections for one source.
    """
    found: dict[str, str] = {}
    for step in steps_of(plan):
        source = step.operation.source if step.operation else ""
        named = step.settings.connection
        connection = named.get(source) if isinstance(named, dict) else named
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
    return sorted({step.operation.source for step in steps_of(plan) if step.operation})


def place_servers(plan: Plan, urls: Mapping[str, str], default: str | Mapping[str, str] | None = None) -> Plan:
    """Return the plan with its steps' servers set: by the connection, else by ``default``, else as they are.

    :param urls: server URLs by name of the source, which overrule everything.
    :param default: a server URL, or URLs by name of the source, for the others.
    """
    steps = tuple(_place(step, urls, default) for step in plan.steps)
    children = {key: place_servers(child, urls, default) for key, child in plan.children.items()}
    return plan.model_copy(update={"steps": steps, "children": children})


def steps_of(plan: Plan) -> Iterator[PlannedStep]:
    """Yield the steps of a plan and of those it calls."""
    yield from plan.steps
    for child in plan.children.values():
        yield from steps_of(child)


def _place(step: PlannedStep, urls: Mapping[str, str], default: str | Mapping[str, str] | None) -> PlannedStep:
    source = step.operation.source if step.operation else ""
    url = urls.get(source) or (default.get(source) if isinstance(default, Mapping) else default)
    if not url:
        return step
    return step.model_copy(update={"settings": step.settings.model_copy(update={"server": url})})
