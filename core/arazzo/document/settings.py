"""The extension ``x-airflow``: how a workflow is run, on a document, a workflow or a step.

Unknown keys are errors. A step's settings overrule its workflow's, which overrule the document's; arguments of the
factory overrule all of them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
)
from pydantic_core import PydanticCustomError

from arazzo.document.asset_settings import SCHEDULE_SCHEMA, Assets, AssetSchedule, Watch
from arazzo.document.budgets import Budget, is_by_source
from arazzo.document.contract_levels import Check, Level, contract_levels
from arazzo.document.paging import NextPage, next_fault
from arazzo.document.schedules import schedule_fault
from arazzo.document.shape import LONGEST_WAIT, describe, near
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.frozen_model import FrozenModel
from arazzo.pointer import escape

if TYPE_CHECKING:
    from arazzo.source.text import Source

EXTENSION = "x-airflow"
#: What fits into the columns of Airflow's database, with room for tries.
LARGEST_INTEGER = 2**30
_T = TypeVar("_T")
#: The name of something that can be imported.
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*[.:][^\W\d]\w*")
_PLAIN = (bool, int, float, dict)
#: The name of a host or a domain, or the address of a host.
_HOST = r"^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|[0-9a-f]*:[0-9a-f:.]*)$"
#: What a server must be, and the name of a header (RFC 9110, 5.6.2).
_SERVERS = "an absolute URL, https:// or http://, without '#', or a map of such"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _is_server(url: str) -> bool:
    """Tell whether text can be the URL of a server; a variable in it (``{region}``) stands for any text."""
    try:
        parts = urlsplit(re.sub(r"\{[^{}]+\}", "1", url))
        usable = parts.port != 0
    except ValueError:
        return False
    scheme = url.partition("://")[0]
    absolute = "{" in scheme or (parts.scheme in ("http", "https") and bool(parts.netloc))
    return absolute and usable and "#" not in url


def are_servers(value: str | Mapping[str, str]) -> bool:
    """Tell whether all URLs of servers, by the name of the source or the only one, can be called."""
    return all(map(_is_server, (value,) if isinstance(value, str) else value.values()))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _jsonable(value: Any) -> Any:
    match value:
        case dict():
            return {name: _jsonable(item) for name, item in value.items() if _is_jsonable(item)}
        case list() | tuple():
            return [_jsonable(item) for item in value if _is_jsonable(item)]
    return value


def _is_jsonable(value: Any) -> bool:
    return value is None or isinstance(value, (str, bool, int, float, dict, list, tuple))


def _refuse(wanted: str) -> NoReturn:
    raise PydanticCustomError("setting", "has to be {wanted}", {"wanted": wanted})


def _fail(fault: str) -> NoReturn:
    raise PydanticCustomError("fault", "{fault}", {"fault": fault})


def _require(holds: Callable[[Any], object], wanted: str) -> AfterValidator:
    return AfterValidator(lambda value: value if value is None or holds(value) else _refuse(wanted))


#: Arguments of an operator that decide how the workflow runs, and so belong to this package.
OWNED_ARGUMENTS = (
    *("task_id", "dag", "task_group", "trigger_rule", "do_xcom_push", "multiple_outputs", "params", "default_args"),
    *("start_date", "end_date", "task_display_name", "pre_execute", "post_execute"),
)
CALLBACKS = ("on_success", "on_failure", "on_retry", "on_execute", "on_skipped")


def _callables(value: Any) -> Any:
    """Check names of importable objects, or objects that a person's own Python gives instead of names."""
    for name in value if isinstance(value, (list, tuple)) else (value,):
        if name is None or (isinstance(name, str) and not _DOTTED.fullmatch(name)) or isinstance(name, _PLAIN):
            _refuse("the name of something that can be imported, such as company.alerts.page, or a list of such")
    return value


def _events(value: dict[str, Any] | None) -> dict[str, Any] | None:
    for event, names in (value or {}).items():
        if event not in CALLBACKS:
            hint = near(event, CALLBACKS) or f"there are {', '.join(CALLBACKS)}"
            _fail(f"there is no event '{event}'; {hint}")
        _callables(names)
    return value


def _arguments(value: dict[str, Any] | None) -> dict[str, Any] | None:
    owned = [name for name in value or () if name in OWNED_ARGUMENTS]
    if owned:
        _fail(f"'{owned[0]}' of a task cannot be set, because the workflow depends on it")
    return value


def _levels(value: Any) -> Any:
    levels, fault = contract_levels(value)
    return _fail(fault) if fault else levels


def _domains(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    listed = value if isinstance(value, (list, tuple)) else ()
    good = bool(listed) and all(isinstance(each, str) and re.match(_HOST, each) for each in listed)
    return tuple(listed) if good else _refuse("true, false, or a list of domains, such as [example.com]")


class Approval(FrozenModel):
    """Who approves a step, and how long that may take."""

    users: tuple[str, ...] = ()
    """Ids of the users who may answer; if empty, everybody who may run the DAG."""
    notify: Annotated[Any, AfterValidator(_callables)] = None
    """Name of an importable notifier, or several, to call when the question is asked."""
    timeout: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    fail_on_timeout: bool = True
    """Whether the step fails if nobody answers in time; otherwise the workflow ends there without failing."""


class Deadline(FrozenModel):
    """When a run has to be over, and what to call if it is not."""

    interval: float = Field(gt=0, le=LONGEST_WAIT)
    reference: Literal["queued_at", "logical_date"] = "queued_at"
    callback: Annotated[Any, AfterValidator(_callables)]
    kwargs: dict[str, Any] = Field(default_factory=dict)


def _nested(model: type[FrozenModel], value: Any) -> Any:
    """Return a map as its model; ValueError with one sentence if it does not fit."""
    if not isinstance(value, Mapping):
        return value
    try:
        return model(**value)
    except ValidationError as error:
        first = min(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
        name, kind, limits = "".join(map(str, first["loc"][:1])), first["type"], first.get("ctx", {})
        if kind == "extra_forbidden":
            hint = near(name, model.model_fields)
            fault = f"there is no '{name}' in it" + (f"; {hint}" if hint else f", only {', '.join(model.model_fields)}")
        elif kind == "missing":
            fault = f"'{name}' is missing"
        elif kind == "fault":
            fault = limits["fault"]
        elif kind == "setting":
            fault = f"'{name}' has to be {limits['wanted']}"
        elif kind in _BELONGS:
            fault = f"'{name}' has to be {_BELONGS[kind]}"
        else:
            fault = f"'{name}': {first['msg']}"
    _fail(fault)


def _assets_of(value: Any) -> Any:
    return _nested(AssetSchedule, {"all": value} if isinstance(value, (list, tuple)) else value)


def _budget(value: Any) -> Any:
    if value is not None and not isinstance(value, (dict, Budget)):
        _refuse("a map with requests_per_second, or a map of such by source")
    return (
        {name: _nested(Budget, each) for name, each in value.items()} if is_by_source(value) else _nested(Budget, value)
    )


def _schedule(value: str | AssetSchedule | None) -> str | AssetSchedule | None:
    fault = schedule_fault(value) if isinstance(value, str) else None
    return _fail(fault) if fault else value


class Settings(FrozenModel):
    """What ``x-airflow`` may contain; None means not set here. Durations are in seconds."""

    schedule: Annotated[
        str | AssetSchedule | None, SCHEDULE_SCHEMA, BeforeValidator(_assets_of), AfterValidator(_schedule)
    ] = None
    """When runs start: a cron expression, a preset of Airflow, or the assets whose updates start a run."""
    outlets: Assets | None = None
    """Assets that the workflow updates when it succeeds."""
    inlets: Assets | None = None
    """Assets that the workflow reads."""
    watch: Annotated[Watch | None, BeforeValidator(partial(_nested, Watch))] = None
    """The asset that the workflow updates when it has seen something new, and the inputs that say what was seen."""
    start_date: Annotated[str | None, _require(_is_date, "a date by ISO 8601, such as 2026-01-31")] = None
    """When the schedule starts: a date by ISO 8601."""
    catchup: bool | None = None
    """Whether to run what the schedule has missed since the start date."""
    tags: tuple[str, ...] | None = None
    """Tags of the DAG, in addition to ``arazzo``."""
    pool: str | None = None
    """Name of the pool in which the tasks run."""
    queue: str | None = None
    """Name of the queue in which the tasks run."""
    priority_weight: int | None = Field(default=None, ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)
    """Priority of the tasks in the queue."""
    max_active_runs: int | None = Field(default=None, ge=1, le=LARGEST_INTEGER)
    """How many runs of the DAG may be active at once."""
    execution_timeout: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    """Seconds that one try of a task may take."""
    retries: int | None = Field(default=None, ge=0, le=LARGEST_INTEGER)
    """How often Airflow starts a failed task again."""
    retry_delay: float | None = Field(default=None, ge=0, le=LONGEST_WAIT)
    """Seconds before Airflow starts a failed task again."""
    connection: str | dict[str, str] | None = None
    """A connection id for the step's source, or a map of ids by source name."""
    inputs: dict[str, Any] | None = None
    """Bound inputs by name: values or templates that are rendered at run time."""
    server: Annotated[str | dict[str, str] | None, _require(are_servers, _SERVERS)] = None
    """The URL of the server, or a map of URLs by source name."""
    server_variables: dict[str, Any] | None = None
    """Values of the variables in the server's URL, by name."""
    poke_interval: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    """Seconds between the rounds of a poll."""
    timeout: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    """Seconds for all rounds of a loop together."""
    max_rounds: int | None = Field(default=None, ge=1)
    """How many rounds a loop may have."""
    tolerate: int | None = Field(default=None, ge=0)
    """How many rounds of a loop in a row may fail with no answer, 429, 502, 503 or 504."""
    exponential_backoff: bool | None = None
    """Whether each wait is twice as long as the one before."""
    deferrable: bool | None = None
    """Whether a poll waits in the triggerer."""
    mode: Literal["poke", "reschedule"] | None = None
    """How a loop waits if it is not deferrable."""
    unmatched: Literal["auto", "next", "fail"] | None = None
    """What to do if a step succeeds and none of its success actions holds."""
    sensitive: tuple[str, ...] | None = None
    """Names of inputs and outputs to hide."""
    redirects: Literal["follow", "never"] | None = None
    """Whether a GET or HEAD follows redirects; by default, what the step expects decides."""
    required: Literal["check", "send"] | None = None
    """Whether to send a request in which a required value is missing."""
    collect: dict[str, Any] | None = None
    """Outputs of a step in a loop that collect values over its rounds: expressions by name."""
    next: dict[str, NextPage] | None = None
    """Outputs of a step with ``collect`` that lead to the next page."""
    contract: Annotated[Literal["off", "warn", "fail"] | dict[Check, Level] | None, BeforeValidator(_levels)] = None
    """What to do if an answer or a request does not match the API's description: for all checks, or for each."""
    budget: Annotated[Budget | dict[str, Budget] | None, BeforeValidator(_budget)] = None
    """How often all runs together may ask an API: for each that is called, or by source name."""
    cookies: Annotated[
        bool | Annotated[tuple[Annotated[str, Field(pattern=_HOST)], ...], Field(min_length=1)] | None,
        BeforeValidator(_domains),
    ] = None
    """Whether a run keeps cookies and sends them back, or the domains whose hosts share them."""
    idempotency_key: Annotated[str | None, _require(_TOKEN.fullmatch, "the name of a header")] = None
    """Name of the header by which the server recognises a repeated request."""
    resend: bool | None = None
    """Whether to send a POST or PATCH again if, after a crash, nobody knows whether it arrived."""
    approval: Annotated[bool | Approval | None, BeforeValidator(partial(_nested, Approval))] = None
    """Whether a person must approve the step, and who and for how long."""
    granularity: Literal["step", "workflow"] | None = None
    """Whether each step is a task, or the whole workflow is one."""
    owner: str | None = Field(default=None, min_length=1)
    """Owner of the DAG or the task."""
    timezone: Annotated[str | None, _require(_is_zone, "the name of a time zone, such as Europe/Berlin")] = None
    """Name of the time zone of the schedule and the start date, such as Europe/Berlin."""
    doc: str | None = None
    """Markdown text at the top of the documentation of the DAG or the task."""
    callbacks: Annotated[dict[str, Any] | None, AfterValidator(_events)] = None
    """Names of importable functions by event: of the run on a workflow, of the task on a step."""
    deadline: Annotated[Deadline | None, BeforeValidator(partial(_nested, Deadline))] = None
    """When a run has to be over, and what to call if it is not."""
    task: Annotated[dict[str, Any] | None, AfterValidator(_arguments)] = None
    """Other arguments of the operator, by name."""

    @field_validator("next", mode="before")
    @classmethod
    def _led(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, Mapping) and (fault := next_fault(value, info.data.get("collect") or {})):
            _fail(fault)
        return value

    @field_serializer("approval", "callbacks", "deadline", "inlets", "outlets", "schedule", "task", "watch")
    def _plainly(self, value: Any) -> Any:
        """Return what JSON has; objects from a person's own Python are only for the DAG being made, and not stored."""
        return _jsonable(value.model_dump(exclude_defaults=True) if isinstance(value, FrozenModel) else value)

    def over(self, base: "Settings") -> "Settings":
        """Return ``base`` with everything that is set here on top of it; mappings are merged by key."""
        if self is UNSET or base is UNSET:
            return base if self is UNSET else self
        given, merged = self.given(), base.given()
        for name, value in given.items():
            before = merged.get(name)
            merged[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        return Settings.model_construct(**merged)

    def for_steps(self) -> "Settings":
        """Return the settings of a workflow that apply to its steps, without those about the workflow as a whole."""
        kept = {name: value for name, value in self.given().items() if name not in OF_ONE}
        return self if len(kept) == len(self.given()) else Settings.model_construct(**kept)

    def given(self) -> dict[str, Any]:
        """Return the settings that are set, by name."""
        return {name: value for name, value in self.__dict__.items() if value is not None}


TASK_SETTINGS = (
    *("pool", "queue", "priority_weight", "execution_timeout", "retries", "retry_delay"),
    *("poke_interval", "timeout", "max_rounds", "tolerate", "exponential_backoff", "deferrable", "mode"),
    *("owner", "doc", "callbacks", "task"),
)
"""Settings that hold for a whole task, and so for all steps that run in it."""


def of_source(value: _T | Mapping[str, _T] | None, source: str) -> _T | None:
    """Return what a setting says for a source description: it is one value, or a map by source."""
    return value if value is None else value.get(source) if isinstance(value, Mapping) else value


def deciding_steps(entry: str, own: Mapping[str, Settings]) -> dict[str, str]:
    """Return, for each setting of a task, the step whose value holds: the entry, or else the first that sets it.

    :param entry: the step that control reaches first; the task is named after it.
    :param own: what each step of the task sets itself, in document order.
    """
    found: dict[str, str] = {}
    for step in (entry, *own):
        for name in TASK_SETTINGS:
            if getattr(own[step], name) is not None:
                found.setdefault(name, step)
    return found


OF_ONE = ("doc", "callbacks", "collect", "next", "cookies")
"""Settings that hold only for the object that has them, and not for the steps of a workflow or a document."""
UNSET = Settings.model_construct()
"""Nothing is set: one value for the many objects without ``x-airflow``, since making one takes time."""


def settings_of(extensions: Mapping[str, Any], pointer: str, source: "Source") -> Settings:
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
    name: str, error: Mapping[str, Any], given: Mapping[str, Any], pointer: str, source: "Source"
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
    elif kind == "fault":
        message = f"'{name}': {limits['fault']}"
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
