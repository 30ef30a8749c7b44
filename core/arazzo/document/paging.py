"""The settings ``collect`` and ``next`` of a step in a loop: outputs that grow over its rounds, and lead to the next.

They are outputs of the step like those under ``outputs``; all code that reads or checks expressions sees them so.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from arazzo.frozen_model import FrozenModel

COLLECT, NEXT = "collect", "next"
_LINKS: Final = "$response.header.Link"
_COUNTED: Final = "0"


class NextPage(FrozenModel):
    """Where an output that leads to the next page comes from; exactly one is set."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1})

    link: str | None = Field(default=None, min_length=1)
    """A parameter of the query of the link ``next`` in the header ``Link`` (RFC 8288)."""
    count: str | None = None
    """The number of elements collected so far: the offset of the next page."""
    number: Literal[0, 1] | None = None
    """The number of the next page; the value is the number of the first."""


def next_fault(value: Mapping[str, Any], collected: Mapping[str, Any]) -> str:
    """Return what is wrong in the setting ``next``; empty if nothing is.

    :param collected: the setting ``collect``.
    """
    for name, page in value.items():
        parts = dict(page) if isinstance(page, (Mapping, NextPage)) else {}
        given = {field: part for field, part in parts.items() if part is not None}
        if len(given) != 1 or next(iter(given)) not in NextPage.model_fields:
            return f"'{name}' is a map of one of {', '.join(NextPage.model_fields)}"
        if "count" in given and given["count"] not in collected:
            return f"'{name}': count names an output under 'collect', and there is no '{given['count']}'"
        if "link" in given and not (isinstance(given["link"], str) and given["link"]):
            return f"'{name}': link is the name of a parameter of the link's query"
        if "number" in given and (isinstance(given["number"], bool) or given["number"] not in (0, 1)):
            return f"'{name}': number is that of the first page, 0 or 1"
        if name in collected:
            return f"'{name}' is an output under 'collect' already"
    return ""


def paged_outputs(settings: Any) -> dict[str, tuple[str, Any]]:
    """Return the outputs that a step has by its settings, each with the setting that it belongs to.

    :param settings: ``x-airflow`` of the step as it is written; its faults are reported elsewhere.
    """
    if not isinstance(settings, Mapping) or settings.keys().isdisjoint((COLLECT, NEXT)):
        return {}
    given = (settings.get(name) for name in (COLLECT, NEXT))
    collected, following = (each if isinstance(each, Mapping) else {} for each in given)
    found: dict[str, tuple[str, Any]] = {name: (COLLECT, value) for name, value in collected.items()}
    for name, page in following.items():
        link = page.link if isinstance(page, NextPage) else page.get("link") if isinstance(page, Mapping) else None
        found.setdefault(name, (NEXT, _COUNTED if link is None else _LINKS))
    return found
