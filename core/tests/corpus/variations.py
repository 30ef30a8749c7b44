"""Other answers than the first that a description gives: bodies in which what conditions read has other values.

Which members matter, and which values, is read from the texts of a step's conditions and outputs; whether a value does
what it should is for the step machine to say.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from arazzo.document.models import Criterion
from arazzo.expressions.nodes import StepOutput
from arazzo.expressions.portability import declared_name
from arazzo.flow import PlannedStep
from arazzo.openapi.description import Description
from arazzo.testing.sample_values import matching_text

_NAME = re.compile(r"[A-Za-z_][\w-]*")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_NUMBER = re.compile(r"(?<![\w.#/\[-])-?\d+(?:\.\d+)?(?![\w\]])")
_STATUS = re.compile(r"(?<!\d)[1-5]\d\d(?!\d)")
_POINTER = re.compile(r"#(/[^\s'\"})=!<>&|]*)")
_TRAIL = re.compile(r"(?:\$response\.body|\$|@)((?:\.[A-Za-z_][\w-]*|\[(?:\d+|\*|'[^']*'|\"[^\"]*\")\])+)")
_FILTER = re.compile(r"\$((?:\.[A-Za-z_][\w-]*|\[(?:\d+|\*)\])*)\[\?(.*)", re.DOTALL)
_HEADER = re.compile(r"\$response\.header\.([\w-]+)")
_PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[(?:(\d+|\*)|'([^']*)'|\"([^\"]*)\")\]")
_ROOTS = frozenset(("inputs", "steps", "response", "outputs", "statusCode", "workflows", "request"))

_NONE = object()

Tokens = tuple[str | int, ...]


@dataclass(frozen=True)
class Hints:
    """What conditions and outputs of a step look at: places in the body, headers, names, and the values they know."""

    paths: tuple[Tokens, ...]
    names: frozenset[str]
    values: tuple[Any, ...]
    headers: tuple[str, ...]
    statuses: tuple[int, ...]


def hints(
    planned: PlannedStep,
    known: dict[str, Any],
    responses: dict[str, Any],
    description: Description,
    reads: Iterable[StepOutput],
    later: Iterable[Criterion],
) -> Hints:
    """Read what matters to a step.

    :param known: inputs and outputs by name, which conditions compare with.
    :param reads: members of its outputs that later requests read.
    :param later: criteria of other steps that read its outputs.
    """
    criteria = [*criteria_of(planned), *later]
    conditions = [text for item in criteria for text in (item.condition, item.context or "")]
    texts = [*conditions, *(json.dumps(value) for value in planned.step.outputs.values())]
    names = frozenset(name for text in texts for name in _NAME.findall(text)) - _ROOTS
    values: dict[str, Any] = {}
    for value in (*_constants(criteria), *_mentioned(conditions, known), *_enumerated(responses, names, description)):
        values.setdefault(json.dumps(value), value)
    return Hints(
        tuple(dict.fromkeys((*(path for text in texts for path in _paths(text)), *_read(planned, reads)))),
        names,
        tuple(values.values())[:40],
        tuple(dict.fromkeys(name for text in texts for name in _HEADER.findall(text))),
        tuple(dict.fromkeys(int(found) for text in conditions for found in _STATUS.findall(text))),
    )


def _read(planned: PlannedStep, reads: Iterable[StepOutput]) -> Iterator[Tokens]:
    """Yield where in the body the members of outputs are that later requests read."""
    for read in reads:
        name = declared_name(read, planned.step.outputs)
        value = planned.step.outputs.get(name or "")
        if name is None or not isinstance(value, str) or not value.startswith("$response.body"):
            continue
        base = next(_paths(value), ())
        inside = next(_paths(f"#{read.pointer}"), ()) if read.pointer else ()
        yield (*base, *_tokens(read.name[len(name) :]), *inside)


def criteria_of(planned: PlannedStep) -> Iterator[Criterion]:
    """Yield the criteria that decide about a step."""
    yield from planned.step.success_criteria
    for action in (*planned.step.on_success, *planned.step.on_failure):
        yield from action.criteria


def _constants(criteria: Iterable[Criterion]) -> Iterator[Any]:
    for criterion in criteria:
        if criterion.kind == "regex":
            yield _text_for(criterion.condition)
            continue
        for single, double in _QUOTED.findall(criterion.condition):
            yield single or double
        for number in _NUMBER.findall(criterion.condition):
            value = json.loads(number)
            if "$statusCode" in criterion.condition and value in range(100, 600):
                continue
            yield from (value, value + 1, value - 1)


def _text_for(condition: str) -> str | None:
    """Return a text that a regex criterion matches, which may be written as ``/pattern/i``."""
    literal = re.fullmatch(r"/(.*)/[a-z]*", condition.strip(), re.DOTALL)
    return matching_text(literal[1] if literal else condition)


def _mentioned(conditions: Iterable[str], known: dict[str, Any]) -> Iterator[Any]:
    names = {name for text in conditions for name in _NAME.findall(text)}
    yield from (value for name, value in known.items() if name in names)


def _enumerated(responses: dict[str, Any], names: frozenset[str], description: Description) -> Iterator[Any]:
    """Yield what the description enumerates for members of these names."""
    for response in responses.values():
        for media in (response.get("content") or {}).values():
            yield from _values_of(media.get("schema"), names, description, 6)


def _values_of(schema: Any, names: frozenset[str], description: Description, depth: int) -> Iterator[Any]:
    found = description.follow(schema)
    for name, part in (found.get("properties") or {}).items():
        inner = description.follow(part)
        if name in names and isinstance(inner.get("enum"), list):
            yield from inner["enum"][:12]
        if depth:
            yield from _values_of(inner, names, description, depth - 1)
    for part in (found.get("items"), *(found.get("allOf") or ()), *(found.get("oneOf") or ())[:3]) if depth else ():
        yield from _values_of(part, names, description, depth - 1)


def _paths(text: str) -> Iterator[Tokens]:
    for pointer in _POINTER.findall(text):
        parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
        yield tuple(int(part) if part.isdigit() else part for part in parts)
    for filtered in _FILTER.finditer(text):
        base = (*_tokens(filtered[1]), 0)
        yield from ((*base, *_tokens(trail)) for trail in _TRAIL.findall(filtered[2]))
        yield base
    for trail in _TRAIL.findall(text):
        tokens = _tokens(trail)
        if tokens and tokens[0] not in _ROOTS:
            yield tokens[:-1] if tokens[-1] in ("length", "size") else tokens


def _tokens(trail: str) -> Tokens:
    found = []
    for name, index, single, double in _PART.findall(trail):
        found.append(0 if index == "*" else int(index) if index else name or single or double)
    return tuple(found)


def mutations(body: Any, wanted: Hints) -> Iterator[Any]:
    """Yield bodies that differ in one place that matters: of each place the likeliest value first, then the next."""
    places = list(dict.fromkeys((*wanted.paths, *_located(body, wanted.names))))[:60]
    whole = ([], {}, [body] if isinstance(body, dict) else body, *wanted.values)
    for row in itertools.zip_longest(*(_other(_get(body, place), wanted.values) for place in places), fillvalue=_NONE):
        for place, value in zip(places, row, strict=True):
            if value is not _NONE:
                yield _set(copy.deepcopy(body), place, value)
    yield from (value for value in whole if value != body)


def _located(body: Any, names: frozenset[str], at: Tokens = ()) -> Iterator[Tokens]:
    """Yield where members of these names are, and the arrays on the way to them."""
    if isinstance(body, dict):
        for name, item in body.items():
            if name in names:
                yield (*at, name)
            yield from _located(item, names, (*at, name))
    elif isinstance(body, list) and body:
        inner = list(_located(body[0], names, (*at, 0)))
        yield from inner
        if inner and at:
            yield at


def _other(value: Any, values: Iterable[Any]) -> Iterator[Any]:
    """Yield other values for a member."""
    if isinstance(value, bool):
        yield not value
    yield from values
    if isinstance(value, list):
        yield from ([], value[:1], value * 2)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from (0, value + 1, 1000)
    yield from (True, False, None, "", "mock", 0, 1, [], ["mock"], [{}, {}], {})


def _get(body: Any, place: Tokens) -> Any:
    for token in place:
        try:
            body = body[token]
        except (LookupError, TypeError):
            return None
    return body


def _set(body: Any, place: Tokens, value: Any) -> Any:
    """Put a value into a body, which gains members on the way; what does not fit gives way."""
    if not place:
        return value
    token, *rest = place
    if isinstance(token, int) and not isinstance(body, dict):
        items = body if isinstance(body, list) else []
        inner = items[token] if token < len(items) else None
        return [*items[:token], _set(inner, tuple(rest), value), *items[token + 1 :]]
    members = body if isinstance(body, dict) else {}
    return {**members, str(token): _set(members.get(str(token)), tuple(rest), value)}
