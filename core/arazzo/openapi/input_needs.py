"""The inputs that a step's request cannot do without, so that a missing one is found before the first request.

A value is needed by a path, a required parameter, member or body, an element of an array, a replacement, and text that
embeds an input. A credential needs none: if its input is not given, the connection's credential is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from arazzo.document.models import Parameter, RequestBody
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Input
from arazzo.expressions.templates import is_selector, parse_template
from arazzo.frozen import dataclass
from arazzo.openapi.media import is_json, matching, preferred
from arazzo.openapi.operation import OWN_HEADERS, BodySpec, Operation, ParameterSpec
from arazzo.openapi.path_templates import template_of
from arazzo.pointer import escape

#: What stands before the value of a member in JSON text, including its opening quote.
_BEFORE = re.compile(r'"((?:[^"\\\\]|\\\\.)*)"\s*:\s*"?$')
_REQUIRED, _BODY = "required ", "request body"
_AFTER = re.compile(r'^"?\s*(?:[,}\]]|$)')


@dataclass(frozen=True)
class NeededInput:
    """An input without whose value a request cannot be sent.

    :param expression: names the input.
    :param place: the part of the request that needs it, for messages.
    :param at: pointer to the text that contains the expression.
    :param spec: the parameter of the operation; None for other places.
    :param header: the header that it is for; empty for any other place.
    """

    expression: Input
    place: str
    at: str
    spec: ParameterSpec | None = None
    header: str = ""

    @property
    def allowed(self) -> tuple[Any, ...]:
        return self.spec.allowed if self.spec else ()

    @property
    def required(self) -> bool:
        """Whether only the description says that the value is required."""
        return self.place.startswith(_REQUIRED)

    @property
    def in_path(self) -> bool:
        return self.spec is not None and self.spec.location == "path"


def needed_readings(
    parameters: Iterable[Parameter], body: RequestBody | None, operation: Operation, dialect: Dialect, *, required: bool
) -> Iterator[NeededInput]:
    """Yield the inputs that a request needs, in document order.

    :param parameters: the step's, including the workflow's.
    :param required: whether to include what the operation requires.
    """
    for parameter in parameters:
        yield from _of_parameter(parameter, operation, dialect, required)
    if body is None:
        return
    content_type = body.content_type or preferred([spec.content_type for spec in operation.bodies])
    spec = matching(operation.bodies, content_type or "application/json") or BodySpec(content_type="")
    members = spec.required if required else ()
    at = f"{body.at}/payload"
    if isinstance(body.payload, str) and (content_type is None or is_json(content_type)):
        yield from _of_json_text(body.payload, at, members, dialect, whole=required and operation.body_required)
    else:
        yield from _of_value(body.payload, _BODY, at, dialect, needed=required and operation.body_required)
        for name in members if isinstance(body.payload, Mapping) and not is_selector(body.payload) else ():
            where = f"{_REQUIRED}member '{name}' of the body"
            yield from _whole(body.payload.get(name), where, f"{at}/{escape(name)}", dialect)
    for item in body.replacements:
        yield from _of_value(item.value, f"replacement of '{item.target}'", f"{item.at}/value", dialect, needed=True)


def call_readings(parameters: Iterable[Parameter], needed: Iterable[str], dialect: Dialect) -> Iterator[NeededInput]:
    """Yield the inputs that the inputs of a called workflow need.

    :param needed: the inputs that the called workflow cannot do without.
    """
    names = set(needed)
    for parameter in parameters:
        where = f"input '{parameter.name}' of the called workflow"
        yield from _of_value(parameter.value, where, f"{parameter.at}/value", dialect, needed=parameter.name in names)


def _of_parameter(
    parameter: Parameter, operation: Operation, dialect: Dialect, required: bool
) -> Iterator[NeededInput]:
    name, location = parameter.name, parameter.location
    if isinstance(parameter.value, str) and "$inputs" not in parameter.value:
        return
    if operation.is_credential(name, location) or (location in (None, "header") and name.lower() in OWN_HEADERS):
        return
    if location in (None, "path"):
        name = template_of(operation).name_of(name)
    spec = operation.parameter(name, location)
    place = spec.location if spec else location
    label = f"{place} parameter '{parameter.name}'" if place else f"parameter '{parameter.name}'"
    member = location == "body" and any(name in body.required for body in operation.bodies)
    needed = place == "path" or (required and (member or (spec is not None and spec.required)))
    if needed and place != "path":
        label = f"{_REQUIRED}{label}" if not member else f"{_REQUIRED}member '{name}' of the body"
    header = parameter.name.lower() if place == "header" else ""
    for reading in _of_value(parameter.value, label, f"{parameter.at}/value", dialect, needed=needed):
        alone = reading.place == label
        yield NeededInput(reading.expression, reading.place, reading.at, spec, header if alone else "")


def _of_value(value: Any, place: str, at: str, dialect: Dialect, *, needed: bool) -> Iterator[NeededInput]:
    """Yield the inputs that a value needs: those that its texts embed, and the one that it is.

    :param needed: whether the value as a whole is required.
    """
    match value:
        case str():
            sole, embedded = _read(value, dialect)
            if needed and sole is not None:
                yield NeededInput(sole, f"{_REQUIRED}{place}" if place == _BODY else place, at)
            for expression in embedded:
                yield NeededInput(expression, f"text in {place}", at)
        case Mapping() if not is_selector(value):
            for name, item in value.items():
                yield from _of_value(item, place, f"{at}/{escape(str(name))}", dialect, needed=False)
        case list() | tuple():
            for index, item in enumerate(value):
                element = f"an element of an array in {place}"
                if dialect == "lenient":  # in strict it is null
                    yield from _whole(item, element, f"{at}/{index}", dialect)
                yield from _of_value(item, place, f"{at}/{index}", dialect, needed=False)


def _whole(value: Any, place: str, at: str, dialect: Dialect) -> Iterator[NeededInput]:
    sole = _read(value, dialect)[0] if isinstance(value, str) else None
    if sole is not None:
        yield NeededInput(sole, place, at)


def _read(text: str, dialect: Dialect) -> tuple[Input | None, list[Input]]:
    """Return the input that a text is, and the inputs that it embeds."""
    try:
        template = parse_template(text, dialect)
    except ExpressionSyntaxError:
        return None, []
    if template.sole is not None:
        return (template.sole if isinstance(template.sole, Input) else None), []
    return None, [part for part in template.parts if isinstance(part, Input)]


def _of_json_text(
    text: str, at: str, members: Iterable[str], dialect: Dialect, *, whole: bool
) -> Iterator[NeededInput]:
    """Yield the inputs that JSON text needs; a member whose whole value is an input is left out if it may be."""
    try:
        template = parse_template(text, dialect)
    except ExpressionSyntaxError:
        return
    if template.sole is not None or text.lstrip()[:1] not in ("{", "["):
        yield from _of_value(text, _BODY, at, dialect, needed=whole)
        return
    required = frozenset(members)
    for index, part in enumerate(template.parts):
        if not isinstance(part, Input):
            continue
        before = template.text[: template.offsets[index]].removesuffix("{")
        name = _BEFORE.search(before[-200:])
        following = template.parts[index + 1] if index + 1 < len(template.parts) else ""
        if dialect == "strict" or not name or not (isinstance(following, str) and _AFTER.search(following)):
            yield NeededInput(part, f"text in {_BODY}", at)
        elif name[1] in required and _depth(before) == 1:
            yield NeededInput(part, f"{_REQUIRED}member '{name[1]}' of the body", at)


def _depth(text: str) -> int:
    """Return how many objects and arrays are open at the end of a JSON text."""
    plain = re.sub(r'"(?:[^"\\]|\\.)*"?', "", text)
    return sum(map(plain.count, "{[")) - sum(map(plain.count, "}]"))
