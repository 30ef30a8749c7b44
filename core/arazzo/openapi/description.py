"""An API description of any version: an index of its operations, and its references.

Nothing is resolved before it is asked for: the index has method, path and operationId, and an operation is built
without looking at the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urldefrag, urljoin

from arazzo.absent import ABSENT
from arazzo.document.schemas import mapping, sequence
from arazzo.errors import ArazzoError, DocumentError, Problem, Severity
from arazzo.expressions.navigation import member
from arazzo.frozen import dataclass, field
from arazzo.json_values import objects_in
from arazzo.limits import current_limits
from arazzo.openapi.operation import Contract, Operation
from arazzo.pointer import escape, tokens_of
from arazzo.source.uri_references import from_anywhere, leads_to

if TYPE_CHECKING:
    from arazzo.source.text import Source

Loader = Callable[[str], "Source"]
"""Loads the file that a reference names, by its absolute path or URL."""


class UnresolvedReferenceError(ArazzoError):
    """A ``$ref`` that leads nowhere."""

    def __init__(self, reference: str, reason: str) -> None:
        super().__init__(f"reference '{reference}' cannot be resolved: {reason}")
        self.reference = reference


@dataclass(frozen=True)
class Endpoint:
    """Where an operation is in its description.

    :param method: upper case.
    :param path: the key in the Paths Object.
    :param pointer: JSON pointer to the Operation Object.
    :param operation_id: None if it has none.
    """

    method: str
    path: str
    pointer: str
    operation_id: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Edition(Protocol):
    """What differs between the versions of the OpenAPI Specification; a module each."""

    def list_endpoints(self, description: Description) -> Iterator[Endpoint]:
        """List the operations in document order."""

    def build_operation(self, description: Description, endpoint: Endpoint) -> Operation:
        """Translate one operation."""

    def describe_responses(self, description: Description, endpoint: Endpoint) -> dict[str, dict[str, Any]]:
        """Return the responses of one operation in the shape of OpenAPI 3."""

    def request_schemas(self, description: Description, endpoint: Endpoint) -> dict[str, Any]:
        """Return the schemas of the request body by media type, as written; true for a type without a schema."""


@dataclass(frozen=True, eq=False)
class Description:
    """One API description.

    :param name: name of the source description.
    :param source: the text it was read from.
    :param raw: the description as a JSON value.
    :param version: as written, ``3.1.0``.
    :param edition: the module for that version.
    :param loader: loads sibling files that references name.
    :ivar contracts: what was cut out of it for checks, by operation and whether schemas are checked.
    """

    name: str
    source: Source
    raw: dict[str, Any]
    version: str
    edition: Edition = field(repr=False)
    loader: Loader = field(repr=False)
    _operations: dict[str, Operation] = field(default_factory=dict, repr=False)
    _siblings: dict[str, Any] = field(default_factory=dict, repr=False)
    contracts: dict[tuple[str, bool], Contract] = field(default_factory=dict, repr=False)

    @property
    def base(self) -> str:
        """The URI that relative references start from (``$self`` of OpenAPI 3.2 counts)."""
        own = self.raw.get("$self")
        try:
            return urljoin(self.source.uri, own) if isinstance(own, str) else self.source.uri
        except ValueError:
            return self.source.uri

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return where every operation is, in document order."""
        return self._endpoints

    @cached_property
    def _endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(self.edition.list_endpoints(self))

    def named(self, operation_id: str) -> Sequence[Endpoint]:
        """Return the places of the operations with an operationId; a valid description has one."""
        return self._by_id.get(operation_id, ())

    def standing_at(self, pointer: str) -> Sequence[Endpoint]:
        """Return the operation at a JSON pointer, if there is one."""
        return self._by_pointer.get(pointer, ())

    @cached_property
    def _by_id(self) -> dict[str | None, list[Endpoint]]:
        return _grouped(self.endpoints(), lambda endpoint: endpoint.operation_id)

    @cached_property
    def _by_pointer(self) -> dict[str | None, list[Endpoint]]:
        return _grouped(self.endpoints(), lambda endpoint: endpoint.pointer)

    def broken_paths(self) -> Iterator[str]:
        """Yield a sentence for each path that a broken reference stands for."""
        for path, item in mapping(self.raw.get("paths")).items():
            try:
                self.resolve(item)
            except UnresolvedReferenceError as error:
                yield f"path '{path}' of source description '{self.name}' cannot be read whole: {error}"

    def operations(self) -> Iterator[Operation]:
        """Build every operation, in document order."""
        for endpoint in self.endpoints():
            yield self.operation(endpoint)

    def operation(self, endpoint: Endpoint) -> Operation:
        """Build the operation at an endpoint, without what only a broken reference stands for."""
        if endpoint.pointer not in self._operations:
            self._operations[endpoint.pointer] = self.edition.build_operation(self, endpoint)
        return self._operations[endpoint.pointer]

    def problems(self, operation: Operation) -> tuple[Problem, ...]:
        """Return a warning for each parameter, body or response of an operation that is a broken reference."""
        found = []
        for pointer, value in self._references(operation):
            try:
                self.resolve(value)
            except UnresolvedReferenceError as error:
                message = f"{operation.method} {operation.path}: {error}"
                found.append(self.source.problem("unresolved-reference", Severity.WARNING, pointer, message))
        return tuple(found)

    def responses(self, operation: Operation) -> dict[str, dict[str, Any]]:
        """Return the responses by status: ``{status: {description, headers, content: {media type: {...}}}}``.

        A media type has ``schema``, ``example`` and ``examples`` if the description has them. Schemas are as written;
        follow their references by :meth:`resolve`. Swagger 2.0 is translated into this shape.
        """
        return self.edition.describe_responses(self, self.standing_at(operation.pointer)[0])

    def request_schemas(self, operation: Operation) -> dict[str, Any]:
        """Return the schemas of the request body by media type, as written; true for a type without a schema."""
        return self.edition.request_schemas(self, self.standing_at(operation.pointer)[0])

    def _references(self, operation: Operation) -> Iterator[tuple[str, Any]]:
        """Yield whatever may be a reference in an operation, with its pointer."""
        item = f"/paths/{escape(operation.path)}"
        for pointer in (f"{item}/parameters", f"{operation.pointer}/parameters"):
            for index, value in enumerate(sequence(self.find(pointer))):
                yield f"{pointer}/{index}", value
        yield f"{operation.pointer}/requestBody", self.find(f"{operation.pointer}/requestBody")
        for status, value in mapping(self.find(f"{operation.pointer}/responses")).items():
            yield f"{operation.pointer}/responses/{escape(status)}", value

    def at(self, pointer: str) -> Any:
        """Return the value at a JSON pointer, following references on the way.

        :raises UnresolvedReferenceError: if nothing is there.
        """
        return self._navigate(self.raw, pointer, f"#{pointer}", current_limits().reference_chain)

    def find(self, pointer: str) -> Any:
        """Return the value at a JSON pointer; None if there is nothing."""
        try:
            return self.at(pointer)
        except UnresolvedReferenceError:
            return None

    def follow(self, value: Any) -> dict[str, Any]:
        """Return the object that a value is or refers to; an empty one if there is none."""
        try:
            return mapping(self.resolve(value))
        except UnresolvedReferenceError:
            return {}

    def resolve(self, value: Any) -> Any:
        """Follow the ``$ref`` of a value, and that of its target, to the end; other values come back as they are.

        From OpenAPI 3.1 on, members beside ``$ref`` overrule those of its target.

        :raises UnresolvedReferenceError: if it leads nowhere, or in a circle.
        """
        return self._resolve(value, current_limits().reference_chain)

    def _resolve(self, value: Any, budget: int) -> Any:
        beside: dict[str, Any] = {}
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            if budget == 0:
                raise UnresolvedReferenceError(value["$ref"], "it leads in a circle")
            budget -= 1
            if not self.version.startswith(("2.", "3.0")):
                beside = {**{key: item for key, item in value.items() if key != "$ref"}, **beside}
            value = self._target(value["$ref"], budget)
        return {**value, **beside} if beside and isinstance(value, dict) else value

    def _target(self, reference: str, budget: int) -> Any:
        try:
            uri, fragment = urldefrag(reference)
            uri = leads_to(self.base, uri) if uri else ""
        except ValueError as error:
            raise UnresolvedReferenceError(reference, "it is not a URI") from error
        document = self.raw if uri in ("", self.source.uri, self.base) else self._sibling(uri, reference)
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return self._anchor(fragment, reference)
        return self._navigate(document, fragment, reference, budget)

    def _navigate(self, document: Any, pointer: str, reference: str, budget: int) -> Any:
        value = document
        for name in tokens_of(pointer):
            if isinstance(value, dict) and name not in value and "$ref" in value:
                value = self._resolve(value, budget)
            if (value := member(value, name)) is ABSENT:
                raise UnresolvedReferenceError(reference, f"there is no '{name}'")
        return value

    def _sibling(self, uri: str, reference: str) -> Any:
        if uri not in self._siblings:
            try:
                data = self.loader(uri).data
            except DocumentError as error:
                raise UnresolvedReferenceError(reference, error.without_text) from error
            except (ArazzoError, OSError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise UnresolvedReferenceError(reference, reason) from error
            self._siblings[uri] = absolute_references(data, uri)
        return self._siblings[uri]

    @cached_property
    def _anchors(self) -> dict[str, Any]:
        named = (each for each in objects_in(self.raw.get("components")) if isinstance(each.get("$anchor"), str))
        return {each["$anchor"]: each for each in named}

    def _anchor(self, name: str, reference: str) -> Any:
        if name not in self._anchors:
            raise UnresolvedReferenceError(reference, f"there is no '$anchor' '{name}'")
        return self._anchors[name]


def _grouped(endpoints: Iterable[Endpoint], key: Callable[[Endpoint], str | None]) -> dict[str | None, list[Endpoint]]:
    found: dict[str | None, list[Endpoint]] = {}
    for endpoint in endpoints:
        found.setdefault(key(endpoint), []).append(endpoint)
    return found


def absolute_references(value: Any, base: str) -> Any:
    """Return a value of another file with its references made absolute, so that they resolve from anywhere."""
    if isinstance(value, list):
        return [absolute_references(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: absolute_references(item, base) for key, item in value.items()}
    if isinstance(copy.get("$ref"), str):
        with suppress(ValueError):  # not a URI: reported when somebody follows it
            copy["$ref"] = from_anywhere(base, copy["$ref"])
    return copy
