"""The rule about request bodies of which nothing may be left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.document.models import Step, Workflow
from arazzo.document.schemas import mapping
from arazzo.errors import ExpressionSyntaxError, Problem
from arazzo.expressions import Input, Message, StepOutput, WorkflowValue, is_selector, parse_template
from arazzo.json_values import read_json_value
from arazzo.openapi import Operation
from arazzo.openapi.bodies import content_type_of
from arazzo.openapi.media import matching
from arazzo.validation.validation_context import Subject

_REPLACING = ("PUT", "PATCH")
#: A braced expression in place of a value in JSON text, quoted or not; before that, any other string.
_BRACED = re.compile(r'("?)\{(\$[^{}"]*)\}\1|"(?:[^"\\]|\\.)*"')


def check_empty_bodies(subject: Subject) -> Iterator[Problem]:
    """Find bodies of PUT and PATCH whose members may all be absent: an empty body would be sent."""
    for workflow, step in subject.steps():
        operation, body = subject.operation(step), step.request_body
        if operation is None or body is None or body.replacements or operation.method.upper() not in _REPLACING:
            continue
        content_type = body.content_type or content_type_of(operation, body.payload)
        members = _members(body.payload)
        certain = _required(subject, workflow, step, operation, content_type)
        if members and not any(
            name in certain or _is_there(subject, workflow, value) for name, value in members.items()
        ):
            message = f"every member of this body may be absent; then {operation.method.upper()} sends an empty body"
            hint = "list an input under 'required', or add a member that is always there"
            yield subject.warning("empty-body", f"{body.at}/payload", message, hint)


def _members(payload: Any) -> Mapping[str, Any]:
    """Return the members of a payload that is an object, also as JSON text; none for anything else."""
    if isinstance(payload, str) and payload.lstrip()[:1] == "{":
        try:
            payload = read_json_value(_BRACED.sub(lambda found: f'"{found[2]}"' if found[2] else found[0], payload))
        except (ValueError, RecursionError):
            return {}
    return payload if isinstance(payload, Mapping) and not is_selector(payload) else {}


def _required(
    subject: Subject, workflow: Workflow, step: Step, operation: Operation, content_type: str
) -> tuple[str, ...]:
    """Return the members without which the request is not sent."""
    spec = matching(operation.bodies, content_type)
    return spec.required if spec is not None and subject.settings(workflow, step).required != "send" else ()


def _is_there(subject: Subject, workflow: Workflow, value: Any) -> bool:
    """Say whether a member is always in the body; only one that is a single expression may be left out."""
    if not isinstance(value, str):
        return not is_selector(value)
    try:
        sole = parse_template(value, subject.dialect).sole
    except ExpressionSyntaxError:
        return True
    if isinstance(sole, Input):
        inputs = subject.declared_inputs(workflow)
        return sole.name in inputs.required or "default" in mapping((inputs.known or {}).get(sole.name))
    return not isinstance(sole, (Message, StepOutput, WorkflowValue))
