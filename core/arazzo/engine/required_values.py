"""Values that an operation requires and an expression should have given but did not: then nothing is sent.

What the author left out is for validation to report. A credential, and a header that the connection adds, may still
come from the connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arazzo.absent import ABSENT
from arazzo.document.models import RequestBody, Step
from arazzo.errors import RequestError
from arazzo.expressions.context import Dialect
from arazzo.expressions.templates import find_expressions, is_selector, parse_template
from arazzo.flow import PlannedStep
from arazzo.openapi.bodies import Body, content_type_of, leaves_out
from arazzo.openapi.media import is_json, matching
from arazzo.openapi.operation import OWN_HEADERS, Operation
from arazzo.openapi.parameters import says_nothing
from arazzo.openapi.request_building import Argument
from arazzo.pointer import tokens_of

#: Replaces an expression in JSON text while its members are read.
_HOLE = "\0"
_JSON_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,\0]', re.DOTALL)


def require_values(
    planned: PlannedStep, operation: Operation, arguments: Sequence[Argument], body: Body | None, dialect: Dialect
) -> None:
    """Refuse a request in which a value that the operation requires turned out to be nothing.

    :param arguments: the evaluated parameters of the step, in their order.
    :param body: its evaluated body.
    :raises RequestError: naming the parameter or member, and the expression.
    """
    if planned.settings.required == "send":
        return
    for place, value, written in (
        *_parameters(planned, operation, arguments, dialect),
        *_members(planned.step, operation, arguments, body, dialect),
    ):
        state = "is absent" if value is ABSENT else "is null" if value is None else "is empty"
        raise RequestError(f"{place} is required, and {written} {state}")


def _parameters(
    planned: PlannedStep, operation: Operation, arguments: Sequence[Argument], dialect: Dialect
) -> Iterator[tuple[str, Any, str]]:
    """Yield the required parameters that turned out to be nothing, with their value and the expression."""
    for parameter, argument in zip(planned.step.parameters, arguments, strict=True):
        spec = operation.parameter(argument.name, argument.location)
        if spec is None or not spec.required or spec.location == "path":
            continue
        name = spec.name.lower() if spec.location == "header" else ""
        from_elsewhere = (
            name in OWN_HEADERS or name in planned.added or operation.is_credential(spec.name, spec.location)
        )
        if from_elsewhere or not (argument.value is ABSENT or says_nothing(spec, argument.value)):
            continue
        if (written := expression_in(parameter.value, dialect)) is not None:
            yield f"{spec.location} parameter '{argument.name}'", argument.value, written


def _members(
    step: Step, operation: Operation, arguments: Sequence[Argument], body: Body | None, dialect: Dialect
) -> Iterator[tuple[str, Any, str]]:
    """Yield the required members of the body, and the body itself, that turned out to be nothing."""
    given = {argument.name: argument.value for argument in arguments if argument.location == "body"}
    if body is None and not given:
        return
    payload = ABSENT if body is None else body.payload
    meant = dict(_meant(step, dialect))
    if payload is ABSENT and given:
        payload = {name: value for name, value in given.items() if value is not ABSENT}
    written = expression_in(step.request_body.payload, dialect) if step.request_body is not None else None
    content_type = (body.content_type if body else None) or content_type_of(operation, payload)
    spec = matching(operation.bodies, content_type)
    taken = is_json(content_type) and (spec is None or spec.takes_null)
    nothing = payload is ABSENT or (payload is None and not taken)
    if operation.body_required and nothing and written is not None:
        yield "the body", payload, written
    value = _as_object(payload)
    for name in spec.required if spec is not None and value is not None else ():
        found = value.get(name, ABSENT) if value is not None else ABSENT
        null = found is None and not (name in spec.nullable and is_json(content_type)) if spec else False
        if name in meant and (found is ABSENT or null or (spec and leaves_out(content_type, spec, name, found))):
            yield f"member '{name}' of the body", found, meant[name]


def _meant(step: Step, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Yield the members of the body that an expression should give, with the expression."""
    body = step.request_body
    for parameter in step.parameters:
        if parameter.location == "body" and (written := expression_in(parameter.value, dialect)):
            yield parameter.name, written
    if body is None:
        return
    if isinstance(body.payload, str):
        yield from _in_text(body.payload, dialect)
    elif isinstance(body.payload, Mapping) and not is_selector(body.payload):
        for name, value in body.payload.items():
            if written := expression_in(value, dialect):
                yield name, written
    yield from _replaced(body, dialect)


def _in_text(text: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Yield the outermost members of JSON text whose value is or contains an expression, with the expression."""
    template = parse_template(text, dialect)
    expressions = iter(template.expressions)
    written = "".join(part.replace(_HOLE, " ") if isinstance(part, str) else _HOLE for part in template.parts)
    depth, last, name = 0, "", None
    for piece in _JSON_PIECE.findall(written):
        for _ in range(piece.count(_HOLE)):
            expression = next(expressions)
            if name is not None:
                yield name, expression.text or str(expression)
        depth += (piece in ("{", "[")) - (piece in ("}", "]"))
        if piece == ":" and depth == 1:
            name = _name(last)
        elif piece == "," and depth == 1:
            name = None
        last = piece


def _name(piece: str) -> str | None:
    """Return the name of a member as JSON writes it; None if it is not one, or contains an expression."""
    try:
        return str(json.loads(piece))
    except ValueError:
        return None


def _replaced(body: RequestBody, dialect: Dialect) -> Iterator[tuple[str, str]]:
    for item in body.replacements:
        tokens = tokens_of(item.target) if item.target.startswith("/") else []
        if len(tokens) == 1 and (written := expression_in(item.value, dialect)):
            yield tokens[0], written


def _as_object(payload: Any) -> Mapping[str, Any] | None:
    """Return a payload that is an object, or JSON text of one."""
    if isinstance(payload, str) and payload.lstrip()[:1] == "{":
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError):
            return None
    return payload if isinstance(payload, Mapping) else None


def expression_in(value: Any, dialect: Dialect) -> str | None:
    """Return the first expression in a value as it is written; None if there is none."""
    return next((expression.text or str(expression) for _, expression in find_expressions(value, dialect)), None)
