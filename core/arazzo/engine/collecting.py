"""What a step of a loop collects over its rounds (settings ``collect`` and ``next``).

Only a successful round adds to it. It survives failed rounds, and travels in the state like any output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from arazzo.absent import ABSENT, UNKNOWN, Absent, Unreadable
from arazzo.document.paging import NextPage
from arazzo.engine.state import Frame, State
from arazzo.errors import GaveUpError
from arazzo.expressions.context import Context
from arazzo.flow import PlannedStep
from arazzo.frozen import replace
from arazzo.growing import grown
from arazzo.json_values import write_json
from arazzo.limits import current_limits

#: A link and its parameters (RFC 8288, 3).
_LINK = re.compile(r"""<([^>]*)>((?:\s*;\s*[\w!#$%&'*+.^`|~-]+\s*(?:=\s*(?:"[^"]*"|[^",;\s]*))?)*)""")
_RELATION = re.compile(r"""(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))""")


def collected_outputs(frame: Frame, step: str) -> dict[str, Any]:
    """Return the outputs of a step that have collected something since control reached the loop."""
    held, outputs = frame.collected.get(step, {}), frame.outputs.get(step, {})
    return {name: outputs[name] for name in held if isinstance(outputs.get(name), (list, tuple, Unreadable))}


def outputs_without_round(frame: Frame, planned: PlannedStep) -> dict[str, Any]:
    """Return the outputs of a step whose round gave none: unknown, except for what has been collected."""
    return {**dict.fromkeys(planned.step.outputs, UNKNOWN), **collected_outputs(frame, planned.step_id)}


def collect_round(planned: PlannedStep, frame: Frame, values: dict[str, Any]) -> tuple[Frame, dict[str, Any]]:
    """Return the frame and a step's outputs, with those of a round added to what earlier rounds collected.

    :param values: the outputs of this round alone.
    :raises GaveUpError: if they are too many or too large.
    """
    collect, following = planned.settings.collect, planned.settings.next
    if not collect and not following:
        return frame, values
    known, before = frame.collected.get(planned.step_id, {}), collected_outputs(frame, planned.step_id)
    held, found = dict(known), dict(values)
    for name in collect or ():
        found[name] = _joined(before.get(name, []), values[name])
        held[name] = known.get(name, 0) + len(write_json(_elements(values[name])).encode())
    _keep_to_limits(planned, found, held)
    for name, page in (following or {}).items():
        if page.number is not None:
            held[name] = known.get(name, page.number) + 1
        led = _next(page, values[name], found, held.get(name, 0))
        origin = f"output '{name}' of step '{planned.step_id}'"
        found[name] = replace(led, origin=origin) if isinstance(led, Unreadable) and not led.origin else led
    return replace(frame, collected={**frame.collected, planned.step_id: held}), found


def without_failed_round(state: State, before: Frame, planned: PlannedStep, context: Context) -> tuple[State, Context]:
    """Return state and context without what a failed round would have added.

    :param before: the frame at the start of the round.
    """
    if not planned.settings.collect and not planned.settings.next:
        return state, context
    collected, step = planned.settings.collect or {}, planned.step_id
    values = {**state.frame.outputs[step], **dict.fromkeys(collected, UNKNOWN), **collected_outputs(before, step)}
    outputs = grown(state.frame.outputs, step, values)
    state = state.with_frame(replace(state.frame, outputs=outputs, collected=before.collected))
    return state, replace(context, steps=outputs)


def _joined(before: Any, value: Any) -> Any:
    """Return what is collected, with a round's value added; if one round is unreadable, so is the whole."""
    unreadable = next((part for part in (before, value) if isinstance(part, Unreadable)), None)
    return unreadable if unreadable is not None else [*before, *_elements(value)]


def _elements(value: Any) -> list[Any]:
    """Return what a round adds: the elements of a list, any other value as one, nothing for absent and null."""
    if value is None or isinstance(value, (Absent, Unreadable)):
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _keep_to_limits(planned: PlannedStep, found: Mapping[str, Any], held: Mapping[str, int]) -> None:
    limits = current_limits()
    for name in planned.settings.collect or ():
        what = f"collected output '{name}' of step '{planned.step_id}'"
        if isinstance(found[name], list) and len(found[name]) > limits.collected_items:
            raise GaveUpError(f"{what} has more than {limits.collected_items:,} elements (collected_items)")
        if held[name] > limits.collected_bytes:
            raise GaveUpError(f"{what} has more than {limits.collected_bytes:,} bytes (collected_bytes)")


def _next(page: NextPage, value: Any, found: Mapping[str, Any], number: int) -> Any:
    """Return what leads to the next page."""
    if page.link is not None:
        return next_link_parameter(value, page.link) if isinstance(value, str) else ABSENT
    if page.count is not None:
        collected = found[page.count]
        return len(collected) if isinstance(collected, list) else collected
    return number


def next_link_parameter(header: str, name: str) -> Any:
    """Return a query parameter of the ``next`` link in a ``Link`` header; ABSENT if there is no such link.

    A link that is there and does not give the parameter is Unreadable: the list does not end with it.
    """
    for url, parameters in _LINK.findall(header):
        if _is_next(parameters):
            try:
                pairs = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
            except ValueError:
                return Unreadable("the URL of the link to the next page cannot be read")
            return pairs.get(name, Unreadable(f"the link to the next page has no parameter '{name}'"))
    return Unreadable("the link to the next page cannot be read") if _is_next(_LINK.sub("", header)) else ABSENT


def _is_next(parameters: str) -> bool:
    """Tell whether the parameters of a link say that it leads to the next page."""
    return any("next" in (quoted or plain).lower().split() for quoted, plain in _RELATION.findall(parameters)[:1])
