"""How a request differs from what its description demands: a sentence each, nothing if it does not."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Container, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from arazzo.document.schema_checks import schema_errors
from arazzo.document.schemas import mapping, properties_of
from arazzo.errors import EvaluationError, GaveUpError
from arazzo.openapi.contract_slices import READ_ONLY, slice_schema
from arazzo.openapi.description import Description
from arazzo.openapi.operation import Operation, ParameterSpec, SecurityScheme
from arazzo.testing.exchanges import Received
from arazzo.testing.scenario import Accepted


def check_parameters(operation: Operation, request: Received, path: Mapping[str, str]) -> Iterator[str]:
    """Yield what is missing or not allowed among the parameters."""
    for spec in operation.parameters:
        values = _values(spec, request, path)
        if not values:
            if spec.required and spec.location != "path":
                yield f"{spec.location} parameter '{spec.name}' is required"
            continue
        for value in values if spec.content_type is None else ():
            if reason := _mismatch(spec.schema_, value):
                yield f"{spec.location} parameter '{spec.name}' is {value!r}: {reason}"


def _values(spec: ParameterSpec, request: Received, path: Mapping[str, str]) -> list[str]:
    match spec.location:
        case "path":
            return [path[spec.name]] if spec.name in path else []
        case "header":
            found = request.header(spec.name)
            return [found] if found is not None else []
        case "cookie":
            return [request.cookies[spec.name]] if spec.name in request.cookies else []
        case "querystring":
            return [unquote(request.query)] if request.query else []
    deep = spec.style == "deepObject" or mapping(spec.schema_).get("type") == "object"
    return [value for name, value in request.pairs if name == spec.name or (deep and _belongs(name, spec))]


def _belongs(name: str, spec: ParameterSpec) -> bool:
    """Whether a name in the query is a member of an object: ``filter[name]``, or the bare name when exploded."""
    return name.startswith(f"{spec.name}[") or (spec.explode and name in properties_of(spec.schema_))


def _mismatch(schema: dict[str, Any] | bool, value: str) -> str | None:
    """Return why a text cannot be a value of a schema."""
    if not isinstance(schema, dict) or schema.get("type") in ("array", "object"):
        return None
    allowed = schema.get("enum")
    if allowed and value not in [_text(one) for one in allowed]:
        return f"allowed are {', '.join(map(_text, allowed))}"
    match schema.get("type"):
        case "boolean" if value not in ("true", "false"):
            return "it is not a boolean"
        case "integer" | "number" as kind:
            try:
                (int if kind == "integer" else float)(value)
            except ValueError:
                return f"it is not {'an integer' if kind == 'integer' else 'a number'}"
    return None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_body(schemas: Schemas, operation: Operation, request: Received) -> Iterator[str]:
    """Yield what is wrong with the body: it is missing, of another media type, or invalid by its schema."""
    if not request.body:
        if operation.body_required:
            yield "a request body is required"
        return
    taken = [body.content_type for body in operation.bodies]
    name = next((name for name in taken if _takes(name, request.content_type)), None)
    if taken and name is None:
        yield f"content type '{request.content_type}' is not accepted; accepted are {', '.join(taken)}"
    elif name is not None and ("json" in request.content_type):
        yield from schemas.violations(schemas.description.request_schemas(operation)[name], request.content)


def _takes(declared: str, sent: str) -> bool:
    declared = declared.partition(";")[0].strip().lower()
    return declared in (sent, "*/*") or (declared.endswith("/*") and sent.startswith(declared[:-1]))


class Schemas:
    """The schemas of one description, for checking values of requests; what is derived from a schema is kept."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self._slices: dict[int, tuple[Any, Any]] = {}

    def violations(self, schema: Any, content: Any) -> Iterator[str]:
        """Yield how a value violates a schema; nothing if the schema itself is at fault.

        Formats are not asserted: many examples in descriptions do not have their own format.
        """
        if id(schema) not in self._slices:  # the schema is kept too, so that its identity stays unique
            self._slices[id(schema)] = schema, slice_schema(self.description, schema, READ_ONLY).schema_
        try:
            errors = schema_errors(self._slices[id(schema)][1], content)
        except (EvaluationError, GaveUpError):
            return
        for error in errors:
            place = "/".join(map(str, error.absolute_path))
            if error.validator != "format":
                yield f"body{f' at {place}' if place else ''}: {error.message}"


def check_security(
    operation: Operation, request: Received, accepted: Accepted | None, issued: Container[str]
) -> str | None:
    """Return why no alternative of the operation's security is met; None if one is, or none is required.

    :param accepted: the right credentials; None accepts any.
    :param issued: the tokens that are valid.
    """
    reasons = []
    for combination in operation.security:
        missing = [reason for scheme in combination if (reason := _lacks(scheme, request, accepted, issued))]
        if not missing:
            return None
        reasons += missing
    return "; ".join(dict.fromkeys(reasons)) or None


def _lacks(scheme: SecurityScheme, request: Received, accepted: Accepted | None, issued: Container[str]) -> str | None:
    match scheme.type, scheme.scheme:
        case "apiKey", _:
            return _lacks_key(scheme, request, accepted)
        case "http", "basic":
            return _lacks_basic(request, accepted)
        case ("oauth2" | "openIdConnect", _) | ("http", "bearer"):
            return _lacks_bearer(request, accepted, issued)
        case "http", other:
            sent = (request.header("Authorization") or "").partition(" ")[0].lower()
            return None if sent == other else f"{other} credentials are missing"
    return None


def _lacks_key(scheme: SecurityScheme, request: Received, accepted: Accepted | None) -> str | None:
    match scheme.location:
        case "header":
            found = request.header(scheme.name)
        case "cookie":
            found = request.cookies.get(scheme.name)
        case _:
            found = dict(request.pairs).get(scheme.name)
    if not found:
        return f"API key '{scheme.name}' is missing"
    right = accepted.api_keys.get(scheme.name) if accepted else None
    return f"API key '{scheme.name}' is wrong" if right is not None and found not in right else None


def _lacks_basic(request: Received, accepted: Accepted | None) -> str | None:
    kind, _, text = (request.header("Authorization") or "").partition(" ")
    if kind.lower() != "basic":
        return "basic credentials are missing"
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "basic credentials are not readable"
    right = accepted.basic if accepted else None
    return "login or password is wrong" if right is not None and pair not in right else None


def _lacks_bearer(request: Received, accepted: Accepted | None, issued: Container[str]) -> str | None:
    if not request.bearer:
        return "a bearer token is missing"
    right = accepted.bearer if accepted else None
    if right is None:
        return None
    return None if request.bearer in (issued if right == "issued" else right) else "the bearer token is not valid"
