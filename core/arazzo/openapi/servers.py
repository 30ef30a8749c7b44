"""The URL that an operation's path is appended to (Server Object, Server Variable Object)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from arazzo.errors import RequestError
from arazzo.openapi.operation import Operation, Server, ServerVariable

_VARIABLE = re.compile(r"\{([^{}]+)\}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def server_of(
    operation: Operation, *, server_url: str | None = None, server_variables: Mapping[str, Any] | None = None
) -> str:
    """Return the absolute URL of the server, without a trailing slash.

    The first server of the operation counts, unless ``server_url`` overrides it.

    :param server_url: a URL, which may name variables.
    :param server_variables: values of variables by name; what the server does not declare is ignored.
    :raises RequestError: if the URL is relative, or a variable has no value or a forbidden one.
    """
    declared = operation.servers[0] if operation.servers else Server(url="/")
    template = declared.url if server_url is None else server_url
    url = _expand(template, declared.variables, server_variables or {}, operation).rstrip("/")
    if fault := _fault(url):
        raise RequestError(
            f"{describe(operation)} has only the server '{template}', {fault}: "
            "give a server by a connection or by the setting 'server'"
        )
    if "#" in url:
        raise RequestError(
            f"{describe(operation)} has the server '{template}' with a fragment ('#...'), which would swallow the path"
        )
    return url


def variable_names(operation: Operation, server_url: str | None = None) -> tuple[str, ...]:
    """Return the names of the variables of an operation's server: in its URL, and declared."""
    declared = operation.servers[0] if operation.servers else Server(url="/")
    return (*_VARIABLE.findall(declared.url if server_url is None else server_url), *declared.variables)


def refused_values(
    operation: Operation, server_url: str | None, server_variables: Mapping[str, Any]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each variable of the operation's server that has another value than those declared, with all of these."""
    declared = operation.servers[0] if operation.servers else Server(url="/")
    for name in dict.fromkeys(_VARIABLE.findall(declared.url if server_url is None else server_url)):
        variable, value = declared.variables.get(name), server_variables.get(name)
        if variable is not None and variable.enum and value is not None and str(value) not in variable.enum:
            yield name, str(value), tuple(variable.enum)


@lru_cache(maxsize=256)
def _fault(url: str) -> str:
    """Return why nothing can be sent to a URL; empty if something can."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "which is not an absolute URL"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "which is not an absolute URL"
    if not _VISIBLE.fullmatch(url):
        return "which holds a character that is percent-encoded in a URL"
    return "" if has_usable_port(parts) else "whose port is not a number from 1 to 65535"


def has_usable_port(parts: SplitResult) -> bool:
    """Say whether a URL has no port, or one that can be called."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _expand(
    template: str, variables: Mapping[str, ServerVariable], values: Mapping[str, Any], operation: Operation
) -> str:
    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        variable = variables.get(name)
        value = str(values[name]) if values.get(name) is not None else variable.default if variable else ""
        if not value:
            raise RequestError(f"variable '{name}' of server '{template}' of {describe(operation)} has no value")
        if variable and variable.enum and value not in variable.enum:
            allowed = ", ".join(variable.enum)
            raise RequestError(f"variable '{name}' of server '{template}' must be one of: {allowed}")
        return value

    return _VARIABLE.sub(value_of, template)


def describe(operation: Operation) -> str:
    """Return how messages name an operation: ``GET /pets/{id} (getPet)``."""
    name = f" ({operation.operation_id})" if operation.operation_id else ""
    return f"{operation.method} {operation.path}{name}"
