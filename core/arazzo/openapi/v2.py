"""Swagger 2.0: from the description to :class:`Operation`, by translation into the terms of OpenAPI 3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from arazzo.document.schemas import mapping, sequence
from arazzo.openapi.description import Description, Endpoint
from arazzo.openapi.operation import BodySpec, Operation, ParameterSpec, SecurityScheme, Server
from arazzo.openapi.schema_slices import KEPT
from arazzo.openapi.v3 import (
    FORM_DEPTH,
    PARAMETER_DEPTH,
    absolute_server,
    bodies_of,
    list_operations,
    locate,
    operation_of,
    parameter_objects,
    security_of,
)

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
#: ``collectionFormat`` as style and explode (Swagger 2.0, Parameter Object).
_FORMATS = {
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
#: Flows of OAuth 2 by their names in Swagger 2.0.
_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}


def list_endpoints(description: Description) -> Iterator[Endpoint]:
    """List the operations of the Paths Object in document order."""
    return list_operations(description, METHODS)


def build_operation(description: Description, endpoint: Endpoint) -> Operation:
    """Translate one operation (Swagger 2.0, Operation Object)."""
    item, raw = locate(description, endpoint)
    parameters = parameter_objects(description, item, raw)
    return operation_of(
        description,
        endpoint,
        raw,
        servers=_servers(description, raw),
        parameters=tuple(spec for spec in map(_parameter, parameters) if spec),
        bodies=_bodies(description, raw, parameters),
        body_required=any(entry.get("in") == "body" and entry.get("required") is True for entry in parameters),
        security=security_of(description, raw, item, _scheme),
    )


def _servers(description: Description, raw: dict[str, Any]) -> tuple[Server, ...]:
    """Return ``schemes``, ``host`` and ``basePath`` as servers, https before http; without a host, a relative one."""
    base, host = description.raw.get("basePath") or "/", description.raw.get("host")
    path = str(base) if str(base).startswith("/") else f"/{base}"
    given = urlsplit(description.base)
    own = given.scheme if given.scheme in ("http", "https") else "https"
    schemes = [
        name for name in sequence(raw.get("schemes") or description.raw.get("schemes")) if name in ("http", "https")
    ]
    schemes = sorted(schemes or [own], reverse=True)
    if not host and own != given.scheme:
        return (Server.model_construct(url=path),)
    host = host or given.netloc
    urls = (absolute_server(description, f"{scheme}://{host}{path}") for scheme in schemes)
    return tuple(Server.model_construct(url=url) for url in urls)


def _parameter(raw: dict[str, Any]) -> ParameterSpec | None:
    place = raw.get("in")
    if place not in ("path", "query", "header"):
        return None
    plain = ("form", False) if place == "query" else ("simple", False)
    style, explode = _FORMATS.get(str(raw.get("collectionFormat")), plain)
    return ParameterSpec.model_construct(
        name=str(raw["name"]),
        location=place,
        required=raw.get("required") is True or place == "path",
        style=style,
        explode=explode and place == "query",
        schema_=_schema(raw),
    )


def _schema(raw: dict[str, Any], depth: int = PARAMETER_DEPTH) -> dict[str, Any]:
    """Return the schema that a parameter other than ``body`` itself is."""
    kept = {key: raw[key] for key in (*KEPT, "enum") if key in raw}
    if depth and isinstance(raw.get("items"), dict):
        kept["items"] = _schema(raw["items"], depth - 1)
    if raw.get("type") == "array" and raw.get("in", "formData") == "formData":  # an array inside an array has no place
        kept.setdefault("collectionFormat", "csv")
    return kept


def _bodies(description: Description, raw: dict[str, Any], parameters: list[dict[str, Any]]) -> tuple[BodySpec, ...]:
    """Return the body parameter, or the form of the ``formData`` parameters, in each media type that is consumed."""
    consumes = [str(name) for name in sequence(raw.get("consumes", description.raw.get("consumes")))]
    fields = [entry for entry in parameters if entry.get("in") == "formData"]
    if fields:
        files = any(entry.get("type") == "file" for entry in fields)
        forms = [name for name in consumes if name.startswith((FORM, MULTIPART)) and not (files and name == FORM)]
        schema = {"type": "object", "properties": {str(entry["name"]): _schema(entry, FORM_DEPTH) for entry in fields}}
        required = tuple(str(entry["name"]) for entry in fields if entry.get("required") is True)
        return tuple(
            BodySpec.model_construct(content_type=name, schema_=schema, required=required)
            for name in forms or [MULTIPART if files else FORM]
        )
    body = next((entry for entry in parameters if entry.get("in") == "body"), None)
    if body is None:
        return ()
    content = {name: {"schema": body.get("schema")} for name in consumes or ["application/json"]}
    return tuple(bodies_of(description, content))


def request_schemas(description: Description, endpoint: Endpoint) -> dict[str, Any]:
    """Return the schema of the body parameter under every media type that is consumed; nothing for forms."""
    item, raw = locate(description, endpoint)
    bodies = _bodies(description, raw, parameters := parameter_objects(description, item, raw))
    body = next((entry for entry in parameters if entry.get("in") == "body"), {})
    return {spec.content_type: body.get("schema", True) for spec in bodies}


def _scheme(description: Description, key: str, scopes: Any) -> SecurityScheme:
    raw = mapping(mapping(description.raw.get("securityDefinitions")).get(key))
    kind = str(raw.get("type") or "")
    flow = str(raw.get("flow") or "")
    urls = {name: raw[name] for name in ("authorizationUrl", "tokenUrl") if name in raw}
    return SecurityScheme.model_construct(
        key=key,
        type="http" if kind == "basic" else kind,
        scheme="basic" if kind == "basic" else "",
        name=str(raw.get("name") or ""),
        location=str(raw.get("in") or "").lower(),
        flows={_FLOWS.get(flow, flow): urls} if flow else {},
        scopes=tuple(str(scope) for scope in sequence(scopes)),
    )


def describe_responses(description: Description, endpoint: Endpoint) -> dict[str, dict[str, Any]]:
    """Return the responses in the shape of OpenAPI 3: the schema under every media type that is produced."""
    _, raw = locate(description, endpoint)
    produces = [str(name) for name in sequence(raw.get("produces", description.raw.get("produces")))]
    described: dict[str, dict[str, Any]] = {}
    for status, entry in mapping(raw.get("responses")).items():
        response = description.follow(entry)
        described[str(status)] = {
            "description": str(response.get("description") or ""),
            "headers": {
                str(name): {"schema": {key: value for key, value in mapping(header).items() if key != "description"}}
                for name, header in mapping(response.get("headers")).items()
            },
            "content": _content(response, produces),
        }
    return described


def _content(response: dict[str, Any], produces: list[str]) -> dict[str, Any]:
    examples, schema = mapping(response.get("examples")), response.get("schema")
    types = dict.fromkeys([*(produces if schema else ()), *map(str, examples)])
    if schema and not types:
        types = {"application/json": None}
    return {
        name: {**({"schema": schema} if schema else {}), **({"example": examples[name]} if name in examples else {})}
        for name in types
    }
