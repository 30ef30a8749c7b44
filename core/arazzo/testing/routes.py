"""From a request's path to the operation it means, and the values in the path."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from arazzo.frozen import dataclass, field
from arazzo.openapi.description import Description
from arazzo.openapi.operation import Operation
from arazzo.openapi.path_templates import template_of
from arazzo.testing.exchanges import Received

_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@")


@dataclass(frozen=True)
class Route:
    """One operation of one API, and how its paths look."""

    api: str
    description: Description
    operation: Operation

    @property
    def name(self) -> str:
        return self.operation.operation_id or f"{self.operation.method} {self.operation.path}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern for paths in which slashes only separate segments and values are percent-encoded."""
        template = template_of(self.operation)
        text, last = "", 0
        for slot in template.slots:
            text += re.escape(template.path[last : slot.start])
            text += "(.+)" if slot.operator in ("+", "/") else "([^/]+?)"
            last = slot.end
        return re.compile(text + re.escape(template.path[last:]), re.DOTALL)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(",".join(slot.names) for slot in template_of(self.operation).slots)

    @cached_property
    def weight(self) -> int:
        """How much of the path is fixed: ``/pets/mine`` comes before ``/pets/{id}``."""
        template = template_of(self.operation)
        return 10 * len(_VARIABLE.sub("", template.path)) + 1000 * bool(template.query) - len(template.slots)

    @cached_property
    def fixed_query(self) -> frozenset[tuple[str, str]]:
        """The query string in the path key, without its variables."""
        pairs = parse_qsl(template_of(self.operation).query, keep_blank_values=True)
        return frozenset(pair for pair in pairs if not _VARIABLE.search(pair[1]))

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The paths of the operation's servers, longest first; the empty one always."""
        found = {""}
        for server in self.operation.servers:
            defaults = {name: variable.default for name, variable in server.variables.items()}
            url = _VARIABLE.sub(lambda match, known=defaults: known.get(match[1]) or "x", server.url)  # type: ignore[misc]
            found.add(urlsplit(url).path.rstrip("/"))
        return tuple(sorted(found, key=len, reverse=True))

    def match(self, path: str, request: Received) -> dict[str, str] | None:
        """Return the values in the path, decoded, if it is one of this operation's."""
        if not self.fixed_query.issubset(request.pairs):
            return None
        for base in self.bases:
            if path.startswith(base):
                found = self.pattern.fullmatch(path[len(base) :])
                if found:
                    return dict(zip(self.names, map(unquote, found.groups()), strict=True))
        return None


@dataclass(frozen=True)
class Found:
    """What a request means: a route and the values in its path, or the methods that its path has."""

    route: Route | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()


def list_routes(descriptions: Mapping[str, Description]) -> tuple[Route, ...]:
    """Return the routes of all APIs, the most fixed paths first."""
    routes = (
        Route(name, description, operation)
        for name, description in descriptions.items()
        for operation in description.operations()
    )
    return tuple(sorted(routes, key=lambda route: -route.weight))


def find_route(routes: Iterable[Route], request: Received) -> Found:
    """Return what a request means, with or without the API's name before the path."""
    allowed: list[str] = []
    for route, values in _matches(routes, request):
        if route.operation.method == request.method:
            return Found(route, values)
        allowed.append(route.operation.method)
    return Found(allowed=tuple(dict.fromkeys(allowed)))


def _matches(routes: Iterable[Route], request: Received) -> Iterator[tuple[Route, dict[str, str]]]:
    path = _normal(request.raw_path)
    for route in routes:
        mount = f"/{route.api}"
        inside = path.removeprefix(mount) if path.startswith(f"{mount}/") else None
        for candidate in (inside, path):
            values = route.match(candidate, request) if candidate is not None else None
            if values is not None:
                yield route, values
                break


def _normal(raw_path: str) -> str:
    """Return a path with everything decoded that needs no percent-encoding, so that ``%3A`` matches a fixed ``:``."""
    return _ENCODED.sub(lambda found: text if (text := chr(int(found[1], 16))) in _PLAIN else found[0], raw_path)
