"""From an operation, parameters and a body to a :class:`Request`.

Parameters that the operation does not declare are sent in the place that the document says. So are ``Authorization``,
``Accept`` and ``Content-Type``, which OpenAPI ignores as parameters: the document means them. An absent or null value
is not sent, but a path needs one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urljoin, urlsplit

from arazzo.absent import ABSENT
from arazzo.document.schemas import properties_of
from arazzo.errors import RequestError
from arazzo.exchange import Headers, Request, header, origin_of
from arazzo.frozen import dataclass, replace
from arazzo.openapi.bodies import Body, Content, serialize
from arazzo.openapi.encoding import control_character, percent_encode, scalar_text
from arazzo.openapi.media import is_json, plain, preferred
from arazzo.openapi.operation import Operation, ParameterSpec, SecurityScheme
from arazzo.openapi.parameters import cookie_pairs, header_text, query_pairs, says_nothing
from arazzo.openapi.path_templates import PathTemplate, climbs, expand_path, expand_query, template_of
from arazzo.openapi.servers import describe, server_of

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_QUERY_TEXT = "!$&'()*+,;=:@/?[]"


@dataclass(frozen=True)
class Argument:
    """One parameter of a step, evaluated.

    :param name: the parameter's name.
    :param location: the field ``in``; None to find it by name among the operation's.
    :param value: a JSON value, or ABSENT.
    """

    name: str
    location: str | None
    value: Any = ABSENT


Placed = list[tuple[ParameterSpec, Any]]


def build_request(
    operation: Operation,
    parameters: Sequence[Argument] = (),
    body: Body | None = None,
    *,
    server_url: str | None = None,
    server_variables: Mapping[str, Any] | None = None,
    timeout: float | None = None,
) -> Request:
    """Return the request, complete except for a connection's credentials.

    :param parameters: the step's; of two with the same name and place, the later wins.
    :param body: None for no body.
    :param server_url: replaces the servers of the operation.
    :param server_variables: values of server variables by name.
    :param timeout: seconds for the exchange.
    :raises RequestError: if a path parameter has no value, a header is not valid in HTTP, no server is known, or the
        payload cannot be written. Nothing was sent.
    """
    try:
        return _request(operation, parameters, body, server_url, server_variables, timeout)
    except ValueError as error:
        raise RequestError(
            f"a parameter of {describe(operation)} has a value that cannot be written as text"
        ) from error


def _request(
    operation: Operation,
    parameters: Sequence[Argument],
    body: Body | None,
    server_url: str | None,
    server_variables: Mapping[str, Any] | None,
    timeout: float | None,
) -> Request:
    template = template_of(operation)
    placed = _placed(operation, template, parameters)
    path = {spec.name: value for spec, value in placed["path"]}
    query = {spec.name: value for spec, value in placed["query"]}
    target = expand_path(template, operation, path)
    content = _content(operation, placed, body)
    server = server_of(operation, server_url=server_url, server_variables=server_variables)
    base, _, given = server.partition("?")
    parts = filter(None, [given, *_query_parts(template, placed, path | query)])
    return Request(
        method=operation.method,
        url=_with_query(_located(operation, template, base, path) or base.rstrip("/") + target, parts),
        headers=_headers(operation, placed, content),
        body=content.data,
        source=operation.source,
        template=operation.path,
        path=path,
        query=query | _query_values(placed["querystring"]),
        content=content.value,
        security=tuple(tuple(_scheme(scheme, server) for scheme in need) for need in operation.security),
        timeout=timeout,
    )


def _with_query(url: str, parts: Iterable[str]) -> str:
    query = "&".join(parts)
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _located(operation: Operation, template: PathTemplate, server: str, path: Mapping[str, Any]) -> str | None:
    """Return the URL that a whole path names, as a ``Location`` does: absolute, or a path below the server's.

    :raises RequestError: if it does not lead to the server, which would get what is meant for this one.
    """
    given = path.get(template.whole) if template.whole is not None else None
    if not isinstance(given, str):
        return None
    own = urlsplit(server.rstrip("/"))
    if not given.startswith(("http://", "https://", "//", f"{own.path}/")):
        return None
    found = urlsplit(percent_encode(urljoin(server, given).partition("#")[0], f"%{_QUERY_TEXT}"))
    strange = "@" in found.netloc or origin_of(found.geturl()) != origin_of(server)
    if strange or not found.path.startswith(f"{own.path}/") or climbs(found.path):
        where = f"{origin_of(server)}{own.path}"
        raise RequestError(f"path parameter '{template.whole}' of {describe(operation)} does not lead to {where}")
    return own._replace(path=found.path, query=found.query).geturl()


def _scheme(scheme: SecurityScheme, server: str) -> dict[str, Any]:
    """Return a security scheme as a JSON value; its relative URLs are relative to the server (3.1, 4.6)."""
    value = {name: given for name, given in vars(scheme).items() if given or name in ("key", "type")}
    if scheme.scopes:
        value["scopes"] = list(scheme.scopes)
    if scheme.flows:
        value["flows"] = {
            kind: {name: _absolute(url, server) for name, url in flow.items()} for kind, flow in scheme.flows.items()
        }
    if scheme.open_id_connect_url:
        value["open_id_connect_url"] = _absolute(scheme.open_id_connect_url, server)
    return value


def _absolute(url: Any, server: str) -> Any:
    with suppress(ValueError):  # not a URL: reported when a token is requested
        return urljoin(server, str(url))
    return url


def _placed(operation: Operation, template: PathTemplate, parameters: Sequence[Argument]) -> dict[str, Placed]:
    """Return the values to send, by place, each with the way it is written; absent and null values are left out."""
    placed: dict[str, dict[str, tuple[ParameterSpec, Any]]] = {
        place: {} for place in ("path", "query", "querystring", "header", "cookie", "body")
    }
    for argument in parameters:
        if argument.location == "body":
            placed["body"][argument.name] = ParameterSpec(name=argument.name, location="query"), argument.value
            continue
        spec = _spec(operation, template, argument)
        key = spec.name.lower() if spec.location == "header" else spec.name
        placed[spec.location].pop(key, None)
        if argument.value is not ABSENT and (spec.location == "path" or not says_nothing(spec, argument.value)):
            placed[spec.location][key] = spec, argument.value
    return {place: list(found.values()) for place, found in placed.items()}


def _spec(operation: Operation, template: PathTemplate, argument: Argument) -> ParameterSpec:
    """Return the way an argument is written: as declared, or else in the default style of its place."""
    name, location = argument.name, argument.location
    name = template.name_of(name) if location in (None, "path") else name
    if location is None:
        declared = _by_name(operation, name)
        if declared:
            return declared
        if reason := no_place(operation, name, location):
            raise RequestError(reason)
        location = "path" if name in template.names else "query"
    if declared := operation.parameter(name, location):
        return declared.model_copy(update={"name": name}) if location == "header" else declared
    match location:
        case "path" | "header" | "querystring":
            return ParameterSpec.model_construct(name=name, location=location)
        case "query":
            return ParameterSpec.model_construct(name=name, location="query", style="form", explode=True)
        case "cookie":
            return ParameterSpec.model_construct(name=name, location="cookie", style="cookie", explode=True)
        case _:
            raise RequestError(f"parameter '{name}' of {describe(operation)} has the unknown place '{location}'")


def no_place(operation: Operation, name: str, location: str | None) -> str | None:
    """Return why no request of an operation has a place for a parameter; None if one has."""
    template = template_of(operation)
    known = template.name_of(name)
    if location == "path" and known not in template.all_names:
        return f"path parameter '{name}' has no place in {describe(operation)}"
    if location is None and not _by_name(operation, known) and known not in (*template.names, *template.optional):
        return f"parameter '{name}' says no place ('in'), and {describe(operation)} declares none of that name"
    return None


def left_out(operation: Operation, given: Iterable[str]) -> str | None:
    """Return why parameters of these names do not fill the path of an operation; None if they do."""
    template = template_of(operation)
    names = {template.name_of(name) for name in given}
    missing = next((name for name in template.names if name not in names), None)
    return f"nothing gives path parameter '{missing}' of {describe(operation)}" if missing is not None else None


def _by_name(operation: Operation, name: str) -> ParameterSpec | None:
    places = ("path", "query", "querystring", "header", "cookie")
    return next(filter(None, (operation.parameter(name, place) for place in places)), None)


def _query_parts(template: PathTemplate, placed: dict[str, Placed], values: Mapping[str, Any]) -> list[str]:
    """Return the parts of the query: those of the path key, the parameters, the whole query string."""
    if not (template.query or placed["query"] or placed["querystring"]):
        return []
    parts, taken = expand_query(template, values, {spec.name for spec, _ in placed["query"]})
    pairs = [pair for spec, value in placed["query"] if spec.name not in taken for pair in query_pairs(spec, value)]
    parts += [f"{name}={value}" for name, value in pairs]
    return parts + [querystring(spec, value) for spec, value in placed["querystring"]]


def querystring(spec: ParameterSpec, value: Any) -> str:
    """Return a whole query string (Parameter Object, ``in: querystring``).

    Text is the query string as it stands, with only what a URL cannot contain encoded; under a media type that is not a
    form it is content, and is encoded as a whole.
    """
    form = spec.content_type is None or plain(spec.content_type).endswith("form-urlencoded")
    if isinstance(value, str):
        text = value.strip().removeprefix("?")
        return percent_encode(text, _QUERY_TEXT) if form else percent_encode(value)
    if form and isinstance(value, dict):
        pairs = [pair for name, item in value.items() for pair in _form_pairs(name, item)]
        return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in pairs)
    return percent_encode(scalar_text(value))


def _form_pairs(name: str, value: Any) -> list[tuple[str, str]]:
    items = value if isinstance(value, list) else [value]
    return [(name, scalar_text(item)) for item in items if item is not None]


def _query_values(placed: Placed) -> dict[str, Any]:
    """Return what a whole query string gives by name, for ``$request.query``."""
    values: dict[str, Any] = {}
    for _, value in placed:
        values |= value if isinstance(value, dict) else dict(parse_qsl(str(value).removeprefix("?")))
    return values


def _content(operation: Operation, placed: dict[str, Placed], body: Body | None) -> Content:
    """Return the body; a ``Content-Type`` parameter names its type if the step's body does not."""
    body = body or Body()
    if placed["body"] and body.payload is ABSENT:
        body = replace(body, payload=_body_value(operation, placed["body"]))
    given = next((value for spec, value in placed["header"] if spec.name.lower() == "content-type"), None)
    if given is not None and body.content_type is None:
        body = replace(body, content_type=str(given))
    return serialize(operation, body)


def _body_value(operation: Operation, placed: Placed) -> Any:
    """Return the payload made of parameters with ``in: body``: the only structure, or an object of members."""
    present = [(spec.name, value) for spec, value in placed if value is not ABSENT]
    if len(present) == 1 and isinstance(present[0][1], (dict, list)):
        name, value = present[0]
        if not any(name in properties_of(spec.schema_) for spec in operation.bodies):
            return value
    return dict(present) if present else ABSENT


def _headers(operation: Operation, placed: dict[str, Placed], content: Content) -> Headers:
    """Return ``Accept``, ``Content-Type``, the parameters and the cookies; parameters replace the headers made here."""
    given = [(spec.name, _header_value(operation, spec, value)) for spec, value in placed["header"]]
    if content.content_type and content.content_type.startswith("multipart/"):
        given = [(name, value) for name, value in given if name.lower() != "content-type"]
    made = [("Accept", accept(operation.accepts))]
    if content.content_type:
        made.append(("Content-Type", _checked(operation, "Content-Type", content.content_type)))
    headers = [(name, value) for name, value in made if header(tuple(given), name) is None] + given
    cookies = [_cookie(operation, *pair) for spec, value in placed["cookie"] for pair in cookie_pairs(spec, value)]
    if not cookies:
        return tuple(headers)
    own = [value for name, value in headers if name.lower() == "cookie"]
    rest = [(name, value) for name, value in headers if name.lower() != "cookie"]
    return (*rest, ("Cookie", "; ".join([*own, *cookies])))


@lru_cache(maxsize=256)
def accept(content_types: tuple[str, ...]) -> str:
    """Return the ``Accept`` header: the operation's JSON type, its first type, or JSON, then anything as a fallback."""
    chosen = preferred(content_types) or "application/json"
    return f"{chosen if is_json(chosen) else plain(chosen)}, */*;q=0.5"


def _header_value(operation: Operation, spec: ParameterSpec, value: Any) -> str:
    if not _TOKEN.fullmatch(spec.name):
        raise RequestError(
            f"header parameter '{spec.name!a}' of {describe(operation)} has a name that HTTP does not allow"
        )
    return _checked(operation, spec.name, header_text(spec, value))


def _checked(operation: Operation, name: str, text: str) -> str:
    if found := control_character(text):
        raise RequestError(f"the value of header '{name}' of {describe(operation)} holds {found}")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise RequestError(
            f"the value of header '{name}' of {describe(operation)} holds characters that a header cannot carry"
        ) from error
    return text.strip(" \t")


def _cookie(operation: Operation, name: str, text: str) -> str:
    if ";" in text or not _TOKEN.fullmatch(name):
        raise RequestError(
            f"cookie parameter '{name!a}' of {describe(operation)} cannot be sent: its name or value is not a cookie"
        )
    return f"{name}={_checked(operation, f'Cookie: {name}', text)}"
