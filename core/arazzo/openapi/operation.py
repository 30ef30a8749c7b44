"""One operation of an API description of any version: everything that a request needs, and nothing else.

An :class:`Operation` is a JSON value: it travels in the plan, so that no worker opens the description again.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, Field

from arazzo.frozen_model import FrozenModel

#: Headers that contain nothing but a credential.
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
#: Header parameters that OpenAPI ignores, or that the transport writes.
OWN_HEADERS = frozenset({"accept", "content-type", "user-agent"})


Found = TypeVar("Found")


def of_status(described: Mapping[str, Found], status: int) -> Found | None:
    """Return what is described for a status: by its number, its range, or as the default; None if there is nothing."""
    by_status = {name.upper(): value for name, value in described.items()}
    names = (str(status), f"{status // 100}XX", "DEFAULT")
    return next((by_status[name] for name in names if name in by_status), None)


class OperationValue(FrozenModel):
    """The base of the values in this module; a description's reader makes them, already checked, unvalidated."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class ServerVariable(OperationValue):
    """Server Variable Object: default and allowed values."""

    default: str
    enum: tuple[str, ...] = ()


class Server(OperationValue):
    """Server Object; ``url`` is a template, and absolute if the description has a URL."""

    url: str
    variables: dict[str, ServerVariable] = Field(default_factory=dict)
    description: str = ""


class ParameterSpec(OperationValue):
    """How a parameter is written into a request (OpenAPI Parameter Object, Swagger 2.0 translated).

    ``content_type`` is set for parameters with ``content``: then the value is serialized in that media type.
    """

    name: str
    location: Literal["path", "query", "querystring", "header", "cookie"]
    required: bool = False
    style: str = "simple"
    explode: bool = False
    allow_reserved: bool = False
    content_type: str | None = None
    schema_: dict[str, Any] | bool = Field(default=True, alias="schema")

    @property
    def allowed(self) -> tuple[Any, ...]:
        """The values the schema enumerates; empty where any is allowed."""
        return tuple(self.schema_.get("enum", ())) if isinstance(self.schema_, dict) else ()


class BodySpec(OperationValue):
    """One media type of a request body: its schema and, for forms, the encoding by property.

    :ivar required: the members that a request must have, without read-only ones.
    :ivar nullable: the members among these that may be null.
    :ivar takes_null: whether the body itself may be null.
    """

    content_type: str
    schema_: dict[str, Any] | bool = Field(default=True, alias="schema")
    encoding: dict[str, Any] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    takes_null: bool = True


class AnswerSpec(OperationValue):
    """What an XML answer stands for, by status: ``200``, ``2XX`` or ``default``."""

    status: str
    schema_: dict[str, Any] | bool = Field(default=True, alias="schema")


class SchemaSlice(OperationValue):
    """A schema with everything it refers to, as JSON Schema 2020-12, for one direction: requests or answers.

    :ivar unread: the parts of it that cannot be read, in a few words each: nothing is checked against them.
    """

    schema_: dict[str, Any] | bool = Field(default=True, alias="schema")
    unread: tuple[str, ...] = ()


class HeaderContract(OperationValue):
    """A header described for an answer; ``schema`` is an index into the contract's schemas."""

    name: str
    required: bool = False
    is_json: bool = False
    schema_: int = Field(default=0, alias="schema")


class AnswerContract(OperationValue):
    """What is described for the answers of a status: ``200``, ``2XX`` or ``default``.

    :ivar content: by media type, the index of its schema in the contract.
    """

    status: str
    content: dict[str, int] = Field(default_factory=dict)
    headers: tuple[HeaderContract, ...] = ()


class Contract(OperationValue):
    """What an API's description says about an operation's answers and the body of its requests.

    :ivar bodies: by media type, the index of the schema of a request's body.
    :ivar schemas: each once; empty where no schema is looked at.
    """

    answers: tuple[AnswerContract, ...] = ()
    bodies: dict[str, int] = Field(default_factory=dict)
    schemas: tuple[SchemaSlice, ...] = ()

    def answer(self, status: int) -> AnswerContract | None:
        """Return what is described for a status: by its number, its range, or as the default."""
        return of_status({answer.status: answer for answer in self.answers}, status)


class SecurityScheme(OperationValue):
    """One security scheme as a requirement uses it: its key in the description, the scheme, the scopes asked for."""

    key: str
    type: str
    """``http``, ``apiKey``, ``oauth2``, ``openIdConnect`` or ``mutualTLS``."""
    scheme: str = ""
    """For ``http``: ``basic``, ``bearer``, ... in lower case."""
    name: str = ""
    """For ``apiKey``: the header, query parameter or cookie."""
    location: str = ""
    flows: dict[str, Any] = Field(default_factory=dict)
    open_id_connect_url: str = ""
    scopes: tuple[str, ...] = ()


class Operation(OperationValue):
    """One operation: method, path template, servers in order of precedence, parameters, bodies, security.

    :ivar source: name of the source description.
    :ivar pointer: JSON pointer of the operation in its description.
    :ivar security: alternatives of combinations; empty if no credentials are needed.
    :ivar accepts: response media types of the description, for ``Accept``.
    :ivar answers: the schemas of its XML answers, if a step looks into them.
    :ivar contract: what its answers and bodies are checked against, if a step's settings ask for that.
    :ivar answers_redirect: whether it answers with a redirect: one is described, and no 2xx is.
    :ivar documentation: the URL of a page for people: the operation's, its tag's, the API's or the description's.
    """

    source: str
    operation_id: str | None = None
    pointer: str = ""
    method: str
    path: str
    servers: tuple[Server, ...] = ()
    parameters: tuple[ParameterSpec, ...] = ()
    bodies: tuple[BodySpec, ...] = ()
    body_required: bool = False
    security: tuple[tuple[SecurityScheme, ...], ...] = ()
    accepts: tuple[str, ...] = ()
    answers: tuple[AnswerSpec, ...] = ()
    contract: Contract | None = None
    answers_redirect: bool = False
    summary: str = ""
    documentation: str = ""

    @cached_property
    def path_names(self) -> frozenset[str]:
        """The names of its path parameters."""
        return frozenset(spec.name for spec in self.parameters if spec.location == "path")

    def is_credential(self, name: str, location: str | None) -> bool:
        """Tell whether a parameter has a credential's place: a header for credentials, or the place of a scheme."""
        if location in (None, "header") and name.lower() in CREDENTIAL_HEADERS:
            return True
        places = self._schemes.get(name.lower(), ())
        return location in places or (location is None and bool(places))

    @cached_property
    def _schemes(self) -> dict[str, list[str]]:
        """The places of its security schemes, by name in lower case."""
        places: dict[str, list[str]] = {}
        for scheme in (scheme for need in self.security for scheme in need):
            places.setdefault(scheme.name.lower(), []).append(scheme.location)
        return places

    def answer_schema(self, status: int) -> dict[str, Any] | bool:
        """Return what an XML answer stands for: by its status, its range, or the default; True if none is described."""
        found = of_status({answer.status: answer.schema_ for answer in self.answers}, status)
        return True if found is None else found

    def parameter(self, name: str, location: str | None = None) -> ParameterSpec | None:
        """Return the parameter of that name (and place); case is ignored in header names."""
        for spec in self.parameters:
            same = spec.name.lower() == name.lower() if spec.location == "header" else spec.name == name
            if same and location in (None, spec.location):
                return spec
        return None
