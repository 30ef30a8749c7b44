"""The extension ``x-airflow``: how a workflow is run, on a document, a workflow or a step.

Unknown keys are errors. A step's settings overrule its workflow's, those the document's; arguments of the factory
overrule all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NoReturn
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from arazzo.document.shape import LONGEST_WAIT, describe, near
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.pointer import escape
from arazzo.source import Source

EXTENSION = "x-airflow"
#: What fits into the columns of Airflow's database, and leaves room for tries.
LARGEST_INTEGER = 2**30
#: The name of a header (RFC 9110, 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _is_server(url: str) -> bool:
    """Tell whether text can be the URL of a server; a variable in it (``{region}``) may stand for anything."""
    try:
        parts = urlsplit(re.sub(r"\{[^{}]+\}", "0", url))
    except ValueError:
        return False
    scheme = url.partition("://")[0]
    absolute = "{" in scheme or (parts.scheme in ("http", "https") and bool(parts.netloc))
    return absolute and "#" not in url


def _refuse(wanted: str) -> NoReturn:
    raise PydanticCustomError("setting", "has to be {wanted}", {"wanted": wanted})


class Settings(BaseModel):
    """What may stand under ``x-airflow``; None means not set here. Durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    schedule: str | None = None
    start_date: str | None = None
    catchup: bool | None = None
    tags: tuple[str, ...] | None = None
    pool: str | None = None
    queue: str | None = None
    priority_weight: int | None = Field(default=None, ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)
    max_active_runs: int | None = Field(default=None, ge=1, le=LARGEST_INTEGER)
    execution_timeout: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    retries: int | None = Field(default=None, ge=0, le=LARGEST_INTEGER)
    retry_delay: float | None = Field(default=None, ge=0, le=LONGEST_WAIT)
    connection: str | dict[str, str] | None = None
    """A connection id for the step's source, or ids by source name."""
    inputs: dict[str, Any] | None = None
    """Bound inputs: by input name a value or a template, rendered at run time."""
    server: str | dict[str, str] | None = None
    server_variables: dict[str, Any] | None = None
    poke_interval: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    timeout: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    max_rounds: int | None = Field(default=None, ge=1)
    exponential_backoff: bool | None = None
    deferrable: bool | None = None
    mode: Literal["poke", "reschedule"] | None = None
    """How a loop waits when it is not deferrable."""
    unmatched: Literal["auto", "next", "fail"] | None = None
    sensitive: tuple[str, ...] | None = None
    idempotency_key: str | None = None
    resend: bool | None = None
    approval: bool | None = None
    granularity: Literal["step", "workflow"] | None = None

    @field_validator("start_date")
    @classmethod
    def _date(cls, value: str | None) -> str | None:
        return value if value is None or _is_date(value) else _refuse("a date by ISO 8601, such as 2026-01-31")

    @field_validator("server")
    @classmethod
    def _urls(cls, value: str | dict[str, str] | None) -> str | dict[str, str] | None:
        urls = value.values() if isinstance(value, dict) else () if value is None else (value,)
        return (
            value
            if all(map(_is_server, urls))
            else _refuse("an absolute URL, https:// or http://, without '#', or a map of such")
        )

    @field_validator("idempotency_key")
    @classmethod
    def _header(cls, value: str | None) -> str | None:
        return value if value is None or _TOKEN.fullmatch(value) else _refuse("the name of a header")

    def over(self, base: Settings) -> Settings:
        """Return ``base`` with everything that is set here put over it; mappings are merged by key."""
        if self is UNSET or not self.given():
            return base
        merged = dict(base.given())
        for name, value in self.given().items():
            before = merged.get(name)
            merged[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        return Settings.model_construct(**merged)

    def given(self) -> dict[str, Any]:
        """Return the settings that are set, by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


TASK_SETTINGS = (
    *("pool", "queue", "priority_weight", "execution_timeout", "retries", "retry_delay"),
    *("poke_interval", "timeout", "max_rounds", "exponential_backoff", "deferrable", "mode"),
)
"""What holds for a whole task, and so for all steps that run in it."""


def deciding_steps(entry: str, own: Mapping[str, Settings]) -> dict[str, str]:
    """Return for each setting of a task the step whose value holds: the entry, or else the first that sets it.

    :param entry: the step that control comes to first, after which the task is named.
    :param own: what each step of the task sets itself, in document order.
    """
    found: dict[str, str] = {}
    for step in (entry, *own):
        for name in TASK_SETTINGS:
            if getattr(own[step], name) is not None:
                found.setdefault(name, step)
    return found


UNSET = Settings.model_construct()
"""Nothing is set: one value for the many objects without ``x-airflow``, since making one takes a while."""


def settings_of(extensions: Mapping[str, Any], pointer: str, source: Source) -> Settings:
    """Read ``x-airflow`` of a document, a workflow or a step.

    :param extensions: the object's extensions by name.
    :param pointer: where ``x-airflow`` stands, for messages.
    :param source: the document's text.
    :raises DocumentError: with every problem: ``unknown-setting``, ``invalid-setting``.
    """
    if EXTENSION not in extensions:
        return UNSET
    given = extensions[EXTENSION]
    if not isinstance(given, dict):
        message = f"'{EXTENSION}' is a map of settings, and this is {describe(given)}"
        raise DocumentError([source.problem("invalid-setting", Severity.ERROR, pointer, message)])
    try:
        return Settings(**given)
    except ValidationError as error:
        found = {str(each["loc"][0]): dict(each) for each in reversed(error.errors(include_url=False))}
        raise DocumentError(
            _setting_problem(name, each, given, pointer, source) for name, each in found.items()
        ) from None


_BELONGS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a map",
    "tuple_type": "a list",
}
_LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
}


def _setting_problem(
    name: str, error: Mapping[str, Any], given: Mapping[str, Any], pointer: str, source: Source
) -> Problem:
    at, kind = f"{pointer}/{escape(name)}", str(error["type"])
    if kind == "extra_forbidden":
        message = f"'{EXTENSION}' has no setting '{name}'"
        hint = near(name, Settings.model_fields)
        return source.problem("unknown-setting", Severity.ERROR, at, message, hint, key=True)
    limits = error.get("ctx", {})
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        message = f"'{name}' has to be {words} {limits[key]:.0f}"
    elif kind == "setting":
        message = f"'{name}' has to be {limits['wanted']}"
    elif kind == "literal_error":
        message = f"'{name}' can be {limits['expected']}"
    else:
        belongs = "text or a map of texts" if name in ("connection", "server") else _BELONGS.get(kind, "another value")
        message = f"'{name}' has to be {belongs}, and this is {describe(given[name])}"
        if len(error["loc"]) > 1 and not isinstance(given[name], str):
            message = f"what '{name}' holds has to be {belongs}"
    return source.problem("invalid-setting", Severity.ERROR, at, message)
