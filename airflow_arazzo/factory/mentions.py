"""Which workflows of a DAG others read: ``$workflows.x.inputs`` and ``$workflows.x.outputs``.

By the look of the text, so that nothing is handed on that nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterator

from arazzo.flow import Plan, Region, slice_region


def mentioned_workflows(plan: Plan) -> frozenset[str]:
    """Return the plan keys of the workflows that a plan, or one it calls, reads or depends on a step of."""
    keys = frozenset(_keys(plan))
    return _mentioned(plan, keys) if keys else keys


def mentioned_in(plan: Plan, region: Region | None, kept: frozenset[str]) -> frozenset[str]:
    """Return which of the workflows a region reads, or the whole plan does."""
    return _mentioned(slice_region(plan, region) if region else plan, kept) if kept else kept


def completed_in(plan: Plan, region: Region) -> frozenset[str]:
    """Return the plan keys of the workflows that can be completed in the task of a region."""
    return frozenset(_keys(slice_region(plan, region)))


def _keys(plan: Plan) -> Iterator[str]:
    for child in plan.children.values():
        yield child.key
        yield from _keys(child)


def _mentioned(plan: Plan, keys: frozenset[str]) -> frozenset[str]:
    text = plan.model_dump_json(exclude_defaults=True)
    return frozenset(key for key in keys if f"$workflows.{key}." in text or f"$sourceDescriptions.{key}." in text)
