"""What a mock answers, when and in which order: the scenario file and its model. docs/mock.md shows the format.

A scenario maps operations to rules. The first rule whose ``when`` holds answers; it goes through its answers in order,
once for each key, and repeats the last one. So two runs with different images each see their own scan go from pending
to completed, at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from arazzo.absent import ABSENT
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.expressions.navigation import member
from arazzo.pointer import escape
from arazzo.testing.placeholders import names_in, unknown_names

if TYPE_CHECKING:
    from arazzo.source.text import Source

Fault = Literal["reset", "hang", "half", "garbage", "slow"]
Scalar = str | int | float | bool | None


def _checked(value: Any) -> Any:
    if unknown := unknown_names(value):
        raise ValueError(f"there is no placeholder {{{{{unknown[0]}}}}}")
    return value


Template = Annotated[Any, AfterValidator(_checked)]
"""A JSON value whose strings may contain placeholders: ``{{path.image_name}}``."""


class ScenarioPart(BaseModel):
    """The base of everything in a scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Pattern(ScenarioPart):
    """A condition on one value; everything given must hold.

    :ivar matches: a regular expression that the whole value must match.
    :ivar absent: whether the value must be missing (true) or present (false).
    :ivar other: what the value must not be.
    """

    matches: str | None = None
    absent: bool | None = None
    other: Scalar = Field(default=None, alias="not")


Condition = Scalar | list[Scalar] | Pattern
"""A value to equal, as text; a list of which one must be equal; or a pattern."""


class When(ScenarioPart):
    """Conditions on a request by name: path parameters, query, headers, members of the body, state of the key."""

    path: dict[str, Condition] = Field(default_factory=dict)
    query: dict[str, Condition] = Field(default_factory=dict)
    header: dict[str, Condition] = Field(default_factory=dict)
    body: dict[str, Condition] = Field(default_factory=dict)
    state: dict[str, Condition] = Field(default_factory=dict)


class Answer(ScenarioPart):
    """One answer; what is not set comes from the description.

    :ivar status: status code; by default the first successful one of the description.
    :ivar example: name of the description's example to answer with.
    :ivar body: the whole body.
    :ivar with_: members merged into the description's body (RFC 7396), ``with`` in the file.
    :ivar delay: seconds before the answer.
    :ivar times: how often it is given before the next one.
    :ivar fault: what happens to the answer, or instead of it.
    :ivar pace: seconds between two bytes of a slow answer.
    :ivar size: bytes of a body made of filler.
    :ivar set_: state to set for the key, ``set`` in the file.
    :ivar add: numbers to add to the state of the key.
    :ivar reset: operations that start again for this key; true for all others and the state.
    :ivar revoke: whether the request's token becomes invalid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    status: int | None = Field(default=None, ge=100, le=599)
    example: str | None = None
    body: Template = None
    with_: Template = Field(default=None, alias="with")
    headers: dict[str, Template] = Field(default_factory=dict)
    delay: float = Field(default=0, ge=0)
    times: int = Field(default=1, ge=1)
    fault: Fault | None = None
    pace: float = Field(default=0.1, gt=0)
    size: int | None = Field(default=None, ge=0)
    set_: dict[str, Template] = Field(default_factory=dict, alias="set")
    add: dict[str, int] = Field(default_factory=dict)
    reset: tuple[str, ...] | bool = False
    revoke: bool = False

    @property
    def has_body(self) -> bool:
        """Whether the scenario gives the body, which may be null."""
        return "body" in self.model_fields_set


class ScenarioRule(ScenarioPart):
    """Answers, in order, to the requests for which ``when`` holds; the last one repeats."""

    when: When = Field(default_factory=When)
    answers: tuple[Answer, ...] = Field(min_length=1)

    def answer(self, turn: int) -> Answer:
        """Return the answer whose turn it is, counted from 0."""
        for answer in self.answers:
            turn -= answer.times
            if turn < 0:
                return answer
        return self.answers[-1]


class Behaviour(ScenarioPart):
    """What one operation does.

    :ivar key: what tells runs apart: each value goes through the answers on its own.
    :ivar security: false asks for no credentials, whatever the description says. An operation that issues a token
        needs none.
    :ivar rules: the first one that holds answers; if none does, the description.
    """

    key: Template = ""
    security: bool = True
    rules: tuple[ScenarioRule, ...] = ()

    @property
    def issues_token(self) -> bool:
        """Whether one of the answers holds ``{{token}}``."""
        answers = (answer for rule in self.rules for answer in rule.answers)
        return any("token" in names_in([answer.body, answer.with_, answer.headers]) for answer in answers)


class Accepted(ScenarioPart):
    """The right credentials for one API; of a kind that is not listed, any are right.

    :ivar basic: ``login:password`` pairs.
    :ivar bearer: tokens, or ``issued`` for those that ``{{token}}`` issued.
    :ivar api_keys: keys by the name of their header, query parameter or cookie.
    :ivar lifetime: seconds for which an issued token is valid.
    """

    basic: tuple[str, ...] | None = None
    bearer: tuple[str, ...] | Literal["issued"] | None = None
    api_keys: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    lifetime: float | None = Field(default=None, gt=0)


class Checks(ScenarioPart):
    """What is checked first about a request.

    :ivar requests: required parameters, their values, the body and its schema.
    :ivar security: whether credentials must be right, only present, or are ignored.
    """

    requests: bool = True
    security: Literal["right", "present", "none"] = "right"


class Scenario(ScenarioPart):
    """A whole scenario.

    :ivar mock: version of the format.
    :ivar seed: determines generated values and tokens.
    :ivar apis: the names that it uses, with the files of their descriptions if it knows them.
    :ivar credentials: by API.
    :ivar operations: by ``operationId``, ``api.operationId``, ``METHOD /path`` or ``api METHOD /path``.
    """

    mock: Literal["1"] = "1"
    title: str = ""
    description: str = ""
    seed: int = 1
    apis: dict[str, str | None] = Field(default_factory=dict)
    checks: Checks = Field(default_factory=Checks)
    credentials: dict[str, Accepted] = Field(default_factory=dict)
    operations: dict[str, Behaviour] = Field(default_factory=dict)
    _source: Source | None = PrivateAttr(default=None)

    def problem(self, rule: str, pointer: str, message: str, hint: str | None = None) -> Problem:
        """Return a problem at a place of the scenario's file."""
        from arazzo.source.text import parse_source

        source = self._source or parse_source("", "scenario")
        return source.problem(rule, Severity.ERROR, pointer, message, hint, key=True)


def load_scenario(path: str | Path) -> Scenario:
    """Return the scenario in a file.

    :raises DocumentError: if it cannot be read, or contains what does not belong in a scenario; every place is named.
    """
    from arazzo.source.text import load_source

    source = load_source(path)
    try:
        scenario = Scenario.model_validate(source.data)
    except ValidationError as error:
        raise DocumentError(_problems(source, error)) from None
    scenario._source = source
    return scenario


def _problems(source: Source, error: ValidationError) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_input=False):
        tokens = [str(part) for part in found["loc"]]
        pointer, unknown = _pointer(source.data, tokens), found["type"] == "extra_forbidden"
        message = (
            f"'{tokens[-1]}' is not part of a scenario here" if unknown else found["msg"].removeprefix("Value error, ")
        )
        yield source.problem("invalid-scenario", Severity.ERROR, pointer, message, key=unknown)


def _pointer(data: Any, tokens: list[str]) -> str:
    """Return the place that pydantic means, without the names of a union's members."""
    pointer = ""
    for token in tokens:
        if (found := member(data, token)) is not ABSENT:
            data = found
            pointer += "/" + escape(token)
    return pointer
