"""OpenAPI 3.0, 3.1 and 3.2: from the description to :class:`Operation`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

from arazzo.document.schemas import mapping, sequence
from arazzo.exchange import REDIRECTS
from arazzo.openapi.description import (
    Description,
    Endpoint,
)
from arazzo.openapi.media import is_xml
from arazzo.openapi.operation import (
    AnswerSpec,
    BodySpec,
    Operation,
    ParameterSpec,
    SecurityScheme,
    Server,
    ServerVariable,
)
from arazzo.openapi.schema_slices import allows_null, prune, required_members
from arazzo.pointer import escape, tokens_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
DEFAULT_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple", "querystring": "form"}
#: Levels of a schema that stay: parameters are flat, forms and XML name their parts.
PARAMETER_DEPTH = 2
JSON_DEPTH = 2
FORM_DEPTH = 3
XML_DEPTH = 5


def list_endpoints(description: Description) -> Iterator[Endpoint]:
    """List the operations of the Paths Object in document order (Path Item Object)."""
    return list_operations(description, METHODS)


def list_operations(description: Description, methods: tuple[str, ...]) -> Iterator[Endpoint]:
    """List the operations of the fixed methods, and those of ``additionalOperations`` (3.2)."""
    for path, item in mapping(description.raw.get("paths")).items():
        if path.startswith("x-"):
            continue
        whole, base = path_item(description, item), f"/paths/{escape(path)}"
        for key, operation in whole.items():
            if key in methods and isinstance(operation, dict):
                yield _endpoint(key.upper(), path, f"{base}/{key}", operation)
        for key, operation in mapping(whole.get("additionalOperations")).items():
            if isinstance(operation, dict):
                yield _endpoint(key, path, f"{base}/additionalOperations/{escape(key)}", operation)


def path_item(description: Description, item: Any) -> dict[str, Any]:
    """Return a Path Item Object; what is beside its ``$ref`` overrules what that names."""
    if not isinstance(item, dict) or "$ref" not in item:
        return mapping(item)
    beside = {key: value for key, value in item.items() if key != "$ref"}
    return {**description.follow(item), **beside}


def _endpoint(method: str, path: str, pointer: str, operation: dict[str, Any]) -> Endpoint:
    name = operation.get("operationId")
    return Endpoint(method, path, pointer, str(name) if name is not None else None)


def locate(description: Description, endpoint: Endpoint) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the Path Item Object and the Operation Object of an endpoint."""
    item = path_item(description, mapping(description.raw.get("paths")).get(endpoint.path))
    holder = mapping(item.get("additionalOperations")) if "/additionalOperations/" in endpoint.pointer else item
    name = tokens_of(endpoint.pointer)[-1]
    return item, mapping(holder.get(name))


def build_operation(description: Description, endpoint: Endpoint) -> Operation:
    """Translate one operation (Operation Object)."""
    item, raw = locate(description, endpoint)
    body = description.follow(raw.get("requestBody"))
    return operation_of(
        description,
        endpoint,
        raw,
        servers=_servers(description, raw, item),
        parameters=_parameters(description, item, raw),
        bodies=tuple(bodies_of(description, mapping(body.get("content")))),
        body_required=body.get("required") is True,
        security=security_of(description, raw, item, _scheme),
    )


def operation_of(description: Description, endpoint: Endpoint, raw: dict[str, Any], **translated: Any) -> Operation:
    """Return an operation: what all versions say in the same way, and what was translated."""
    responses = description.edition.describe_responses(description, endpoint)
    return Operation.model_construct(
        source=description.name,
        operation_id=endpoint.operation_id,
        pointer=endpoint.pointer,
        method=endpoint.method,
        path=endpoint.path,
        accepts=_accepted(responses),
        answers=_xml_answers(description, responses),
        answers_redirect=_answers_redirect(responses),
        summary=str(raw.get("summary") or ""),
        documentation=_documentation_of(description, raw),
        **translated,
    )


def _documentation_of(description: Description, raw: dict[str, Any]) -> str:
    """Return the URL of a page about an operation: the nearest ``externalDocs``, or the description's own."""
    named = {str(each.get("name")): each for each in sequence(description.raw.get("tags")) if isinstance(each, dict)}
    tags = [named[tag] for tag in map(str, sequence(raw.get("tags"))) if tag in named]
    urls = [mapping(level.get("externalDocs")).get("url") for level in (raw, *tags, description.raw)]
    found = (url for url in (*urls, description.source.uri) if isinstance(url, str))
    return next((url for url in found if url.startswith(("https://", "http://"))), "")


def _servers(description: Description, raw: dict[str, Any], item: dict[str, Any]) -> tuple[Server, ...]:
    """Return the servers of the nearest level that has any; ``/`` if none has (OpenAPI Object, servers)."""
    for level in (raw, item, description.raw):
        servers = [server for server in sequence(level.get("servers")) if isinstance(server, dict)]
        if servers:
            return tuple(_server(description, server) for server in servers)
    return (Server.model_construct(url=absolute_server(description, "/")),)


def _server(description: Description, server: dict[str, Any]) -> Server:
    variables = {
        str(name): ServerVariable.model_construct(
            default=scalar(mapping(variable).get("default")),
            enum=tuple(scalar(value) for value in sequence(mapping(variable).get("enum"))),
        )
        for name, variable in mapping(server.get("variables")).items()
    }
    url = absolute_server(description, str(server.get("url") or "/").strip())
    return Server.model_construct(url=url, variables=variables, description=str(server.get("description") or ""))


def scalar(value: Any) -> str:
    """Return a server variable's value as text: YAML authors write ports as numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def absolute_server(description: Description, url: str) -> str:
    """Return a server URL made absolute against the description's own URL, if that is a web address."""
    if description.base.startswith(("http://", "https://")) and not url.startswith("{"):
        with suppress(ValueError):  # not a URL: reported before a request is sent to it
            return urljoin(description.base, url)
    return url


def _parameters(description: Description, item: dict[str, Any], raw: dict[str, Any]) -> tuple[ParameterSpec, ...]:
    specs = (_parameter(description, entry) for entry in parameter_objects(description, item, raw))
    return tuple(spec for spec in specs if spec)


def parameter_objects(description: Description, item: dict[str, Any], raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the path's parameters and the operation's, as written; the operation's win by name and place."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in (*sequence(item.get("parameters")), *sequence(raw.get("parameters"))):
        parameter = description.follow(entry)
        if parameter.get("name") is not None:
            found[str(parameter["name"]), str(parameter.get("in"))] = parameter
    return list(found.values())


def _parameter(description: Description, raw: dict[str, Any]) -> ParameterSpec | None:
    place: Any = raw.get("in")
    if str(place) not in DEFAULT_STYLES:
        return None
    style = str(raw.get("style") or DEFAULT_STYLES[place])
    explode = raw.get("explode")
    content_type, media = next(iter(mapping(raw.get("content")).items()), (None, {}))
    schema = description.follow(media).get("schema") if content_type else raw.get("schema")
    return ParameterSpec.model_construct(
        name=str(raw["name"]),
        location=place,
        required=raw.get("required") is True or place == "path",
        style=style,
        explode=explode if isinstance(explode, bool) else style in ("form", "cookie"),
        allow_reserved=raw.get("allowReserved") is True,
        content_type=content_type,
        schema_=prune(description, schema, PARAMETER_DEPTH, values=True),
    )


def bodies_of(description: Description, content: dict[str, Any]) -> Iterator[BodySpec]:
    """Yield a body for each media type."""
    for content_type, entry in content.items():
        media = description.follow(entry)
        schema = media.get("schema", media.get("itemSchema"))
        required, nullable = required_members(description, media.get("schema"))
        yield BodySpec.model_construct(
            content_type=str(content_type),
            schema_=prune(description, schema, _depth_for(str(content_type))),
            encoding={str(name): _encoding(entry) for name, entry in mapping(media.get("encoding")).items()},
            required=required,
            nullable=nullable,
            takes_null=allows_null(description, media.get("schema")),
        )


def _depth_for(content_type: str) -> int:
    """Return how many levels of a body's schema serialization looks at."""
    if "xml" in content_type:
        return XML_DEPTH
    return FORM_DEPTH if "form" in content_type or "multipart" in content_type else JSON_DEPTH


def _encoding(raw: Any) -> dict[str, Any]:
    kept = ("contentType", "style", "explode", "allowReserved")
    return {key: mapping(raw)[key] for key in kept if key in mapping(raw)}


def security_of(
    description: Description,
    raw: dict[str, Any],
    item: dict[str, Any],
    scheme: Callable[[Description, str, Any], SecurityScheme],
) -> tuple[tuple[SecurityScheme, ...], ...]:
    """Return the alternatives of the nearest level that has ``security``, even an empty one.

    :param raw: the operation, in its path item ``item``.
    :param scheme: returns one scheme, given its key and the scopes that are asked for.
    """
    return tuple(
        tuple(scheme(description, str(key), scopes) for key, scopes in need.items())
        for need in requirements(raw, item, description.raw)
        if isinstance(need, dict)
    )


def requirements(*levels: dict[str, Any]) -> list[Any]:
    """Return the ``security`` of the first level that has it: of the operation, of its path, of the description.

    OpenAPI has none for a path. An author who writes it there means the path's operations, as with ``servers``.
    """
    return next((level["security"] for level in levels if isinstance(level.get("security"), list)), [])


def _scheme(description: Description, key: str, scopes: Any) -> SecurityScheme:
    """Return one scheme; its type is empty if the description does not declare it, so that nothing satisfies it."""
    schemes = mapping(mapping(description.raw.get("components")).get("securitySchemes"))
    raw = description.follow(schemes.get(key) or _scheme_reference(key))
    return SecurityScheme.model_construct(
        key=key,
        type=str(raw.get("type") or ""),
        scheme=str(raw.get("scheme") or "").lower(),
        name=str(raw.get("name") or ""),
        location=str(raw.get("in") or "").lower(),
        flows=_flows(mapping(raw.get("flows"))),
        open_id_connect_url=str(raw.get("openIdConnectUrl") or ""),
        scopes=tuple(str(scope) for scope in sequence(scopes)),
    )


def _flows(flows: dict[str, Any]) -> dict[str, Any]:
    """Return the URLs of the flows, without the texts of their scopes."""
    kept = ("authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl")
    return {name: {key: flow[key] for key in kept if key in flow} for name, flow in flows.items() if mapping(flow)}


def _scheme_reference(key: str) -> dict[str, str]:
    """Return the key as a reference: in 3.2 a requirement may name its scheme by URI."""
    return {"$ref": key} if "/" in key or "#" in key else {}


def describe_responses(description: Description, endpoint: Endpoint) -> dict[str, dict[str, Any]]:
    """Return the responses by status, with references resolved except in schemas."""
    _, raw = locate(description, endpoint)
    return {
        str(status): _response(description, description.follow(entry))
        for status, entry in mapping(raw.get("responses")).items()
    }


def request_schemas(description: Description, endpoint: Endpoint) -> dict[str, Any]:
    """Return the schemas of the request body by media type, as written; true for a type without a schema."""
    _, raw = locate(description, endpoint)
    content = mapping(description.follow(raw.get("requestBody")).get("content"))
    return {str(name): description.follow(media).get("schema", True) for name, media in content.items()}


def _response(description: Description, raw: dict[str, Any]) -> dict[str, Any]:
    headers, content = mapping(raw.get("headers")), mapping(raw.get("content"))
    return {
        "description": str(raw.get("description") or ""),
        "headers": {name: description.follow(header) for name, header in headers.items()},
        "content": {name: _media(description, description.follow(media)) for name, media in content.items()},
    }


def _media(description: Description, media: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: media[key] for key in ("schema", "itemSchema", "example") if key in media}
    examples = {str(name): description.follow(entry) for name, entry in mapping(media.get("examples")).items()}
    return {**kept, "examples": examples} if examples else kept


def _accepted(responses: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    """Return the media types of the successful responses, or of ``default`` if none is described."""
    successful = [status for status in responses if status.startswith("2")] or ["default"]
    types = (name for status in successful for name in responses.get(status, {}).get("content", ()))
    return tuple(dict.fromkeys(types))


def _xml_answers(description: Description, responses: dict[str, dict[str, Any]]) -> tuple[AnswerSpec, ...]:
    """Return the schemas of the answers that are XML, or may be XML."""
    found = []
    for status, response in responses.items():
        content = response.get("content", {})
        name = next((name for name in content if is_xml(name)), next((name for name in content if "*" in name), None))
        if name is not None:
            schema = prune(description, content[name].get("schema"), XML_DEPTH)
            found.append(AnswerSpec.model_construct(status=status, schema_=schema))
    return tuple(found)


def _answers_redirect(responses: dict[str, dict[str, Any]]) -> bool:
    """Tell whether a redirect is described, and no success."""
    found = {status.upper() for status in responses}
    return not found.isdisjoint({"3XX", *map(str, REDIRECTS)}) and not any(status.startswith("2") for status in found)
