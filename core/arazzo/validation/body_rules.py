"""Rules about request bodies: what their content type is, and whether they can be written in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from arazzo.document.models import RequestBody
from arazzo.document.schemas import type_of
from arazzo.errors import ExpressionSyntaxError, Problem
from arazzo.expressions.templates import parse_template
from arazzo.json_values import read_json_value
from arazzo.openapi.bodies import content_type_of
from arazzo.openapi.media import is_json, matching
from arazzo.openapi.operation import Operation
from arazzo.validation.validation_context import Subject

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+\s*(;.*)?", re.ASCII | re.DOTALL)


def check_bodies(subject: Subject) -> Iterator[Problem]:
    """Find content types that are none or that an operation does not take, and payloads that do not fit theirs."""
    for _, step in subject.steps():
        operation, body = subject.operation(step), step.request_body
        if operation is None or body is None:
            continue
        yield from _content_type(subject, body, operation)
        if not body.has_payload and any(item.target for item in body.replacements):
            message = "'replacements' change a payload, and there is none; the request cannot be built"
            yield subject.problem("malformed-body", f"{body.at}/replacements", message, "add 'payload'", key=True)
        elif isinstance(body.payload, str):
            yield from _text(subject, body, body.payload, operation)


def _content_type(subject: Subject, body: RequestBody, operation: Operation) -> Iterator[Problem]:
    given, declared = body.content_type, [spec.content_type for spec in operation.bodies]
    if given is None:
        return
    hint = f"the operation takes {', '.join(declared)}" if declared else None
    if not _MEDIA_TYPE.fullmatch(given):
        message = f"'{given}' is not a media type such as application/json; it is sent as it is written"
        yield subject.problem("malformed-body", f"{body.at}/contentType", message, hint)
    elif declared and matching(operation.bodies, given) is None:
        message = f"{operation.method} {operation.path} takes no '{given}'"
        yield subject.problem("undeclared-content-type", f"{body.at}/contentType", message, hint)


def _text(subject: Subject, body: RequestBody, payload: str, operation: Operation) -> Iterator[Problem]:
    """Find text under a JSON type that is not JSON whatever its expressions give."""
    content_type = body.content_type or content_type_of(operation, payload)
    try:
        parts = parse_template(payload, subject.dialect).parts
    except ExpressionSyntaxError:
        return  # the rules about expressions report it
    literal = all(isinstance(part, str) for part in parts)
    value = len(parts) == 1 and not literal
    spec = matching(operation.bodies, content_type)
    wanted = type_of(spec.schema_) if spec is not None else None
    if not is_json(content_type) or value or wanted == "string" or (subject.dialect == "strict" and not literal):
        return
    message = ""
    if payload.lstrip()[:1] in ("{", "[", '"'):
        errors = [_error("".join(part if isinstance(part, str) else mark for part in parts)) for mark in ("0", '"0"')]
        if all(errors):
            why = f": {errors[0]}" if literal else ", whatever its expressions give"
            message = f"this text is sent as {content_type}, and is not JSON{why}"
    elif wanted in ("object", "array"):
        message = f"this text is sent as a JSON string, but {operation.method} {operation.path} takes an {wanted}"
    if message:
        yield subject.problem("malformed-body", f"{body.at}/payload", message, "write the payload as YAML")


def _error(text: str) -> str:
    """Return why a text is not JSON; empty if it is."""
    try:
        read_json_value(text)
    except json.JSONDecodeError as error:
        return f"{error.msg} (line {error.lineno}, column {error.colno})"
    except ValueError as error:
        return str(error)
    return ""
