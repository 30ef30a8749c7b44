"""The state of a run and the commands of the step machine: frozen values that go to JSON and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, PlainValidator, TypeAdapter, WrapSerializer
from typing_extensions import Self

from arazzo.absent import from_wire, to_wire
from arazzo.cookies import Jar
from arazzo.document.contract_levels import Check, On
from arazzo.exchange import Request
from arazzo.frozen import dataclass, field, replace
from arazzo.growing import Growing
from arazzo.json_values import as_json, read_own_json, write_json
from arazzo.secrecy.secrets import Secrets

Named: TypeAlias = Annotated[dict[str, Any], PlainSerializer(to_wire), BeforeValidator(from_wire)]
"""Values by name that keep their kind in JSON too: a JSON value, ``ABSENT`` or ``Unreadable``."""


def _whole(values: Any, serialize: Any) -> Any:
    return serialize(values.whole() if isinstance(values, Growing) else values)


_Grown = WrapSerializer(_whole)


def _secrets_of(texts: Any) -> Secrets:
    """Return secrets as JSON has them: of any characters, some of which not all validators accept as text."""
    return texts if isinstance(texts, Secrets) else Secrets(dict(texts))


@lru_cache(maxsize=16)
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True)
class StateValue:
    """The base of the stored values in this module: what is read from JSON is checked, also for unknown fields."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    @classmethod
    def _json(cls) -> TypeAdapter[Any]:
        return _adapter(cls)  # type: ignore[arg-type]  # mypy asks the hash of an instance

    @classmethod
    def from_data(cls, data: Any) -> Self:
        """Return the value that :meth:`to_data` was called on.

        :raises ValueError: if it is not such a value, or has a field that this version does not know.
        """
        value: Self = cls._json().validate_python(data)
        return value

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the value that :meth:`to_json` was called on.

        :raises ValueError: as for :meth:`from_data`.
        """
        return cls.from_data(read_own_json(text))

    def to_data(self, *, exclude_defaults: bool = False) -> dict[str, Any]:
        """Return the value as JSON has it."""
        # pydantic's own JSON would round numbers that no float holds, and stops at some depth
        data: dict[str, Any] = as_json(self._json().dump_python(self, exclude_defaults=exclude_defaults))
        return data

    def to_json(self) -> str:
        """Return the value as JSON text."""
        return write_json(self.to_data())


@dataclass(frozen=True)
class CriterionRecord(StateValue):
    """A criterion and its verdict: the ``condition`` as written, and the value that was seen.

    :ivar passed: whether it holds.
    :ivar action: the action whose criterion it is; None for a success criterion.
    :ivar undecided: whether it neither holds nor fails, because it looks at something unreadable or unknown.
    """

    condition: str
    passed: bool
    reason: str = ""
    action: str | None = None
    undecided: bool = False


@dataclass(frozen=True)
class Drift(StateValue):
    """Where an answer or a request does not match the API's description (setting ``contract``), without any value.

    :ivar check: what was compared with the description.
    :ivar level: whether the step failed for it.
    :ivar at: the place, as an expression: ``$response.body#/items/0/name``.
    :ivar message: what is wrong there: ``has to be string, not null``.
    :ivar times: how often it was found, in other elements of an array and in other rounds too.
    """

    check: Check
    level: On
    at: str
    message: str
    times: int = 1

    def __str__(self) -> str:
        return f"{self.at} {self.message}" + (f" ({self.times} times)" if self.times > 1 else "")


@dataclass(frozen=True)
class StepRecord(StateValue):
    """What happened to a step the last time it ran, for XCom ``arazzo``, the log and the reports.

    :ivar request: request line without values (``GET /images/{digest}``).
    :ivar status: the status code; None without a response.
    :ivar seconds: duration of the last exchange.
    :ivar outcome: ``success``, ``failed``, or ``recovered`` if an action recovered the failure.
    :ivar action: name of the action taken; None for document order.
    :ivar next: the step that follows, ``""`` for an end, None if the workflow has failed here.
    :ivar attempts: requests of this step, retries included, in this entry into the region.
    :ivar rounds: rounds of the loop that the step is in; 1 without a loop.
    :ivar message: why it failed.
    :ivar tolerated: rounds of the loop that failed and were tolerated.
    :ivar hiccup: the last such failure.
    :ivar absent: names of the outputs that are absent, which people see as null.
    :ivar unreadable: names of the outputs that lead into an unreadable answer; people see null for these too.
    :ivar drift: where its answers and requests did not match the API's description, over all rounds and tries.
    :ivar url: where the last request was sent.
    :ivar answer: the headers of the last answer, an empty line, and the beginning of its body.
    """

    step: str
    operation: str = ""
    request: str = ""
    status: int | None = None
    seconds: float = 0.0
    outcome: Literal["success", "failed", "recovered"] = "success"
    criteria: tuple[CriterionRecord, ...] = ()
    action: str | None = None
    next: str | None = None
    attempts: int = 0
    rounds: int = 1
    message: str = ""
    tolerated: int = 0
    hiccup: str = ""
    absent: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    url: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Mark(StateValue):
    """What a plot shows for an exchange.

    :ivar step: step id (``workflow/step`` in inner workflows).
    :ivar at: POSIX time at which its answer was evaluated.
    :ivar status: the status code; None without a response.
    :ivar seconds: how long it took; 0 without a response.
    """

    step: str
    at: float
    status: int | None
    seconds: float


@dataclass(frozen=True)
class Held(StateValue):
    """An action of a failed step whose criteria held when it failed.

    :ivar action: its name.
    :ivar inputs: what it passes to the workflow that it names; None where that could not be told.
    """

    action: str
    inputs: Named | None = None


@dataclass(frozen=True)
class Call(StateValue):
    """Why an inner workflow was entered, and so what happens when it ends.

    :ivar kind: ``step`` (a step calls it), ``retry`` (then the step is tried again), ``depends`` (it comes before the
        workflow below it) or ``goto`` (one-way: its outputs are the result of the workflow below it).
    :ivar wait: seconds to wait before the step is tried again.
    :ivar asked: how many of these the ``Retry-After`` of the step's answer asks for.
    :ivar held: for a ``retry``, the actions to try again if the workflow fails, since the answer is then gone.
    """

    kind: Literal["step", "retry", "depends", "goto"]
    wait: float = 0.0
    asked: float | None = None
    held: tuple[Held, ...] = ()


@dataclass(frozen=True)
class Detour(StateValue):
    """A step that a ``retry`` runs before the failed step is tried again.

    :ivar step: the step to come back to.
    :ivar call: what happens when the step that is run first has ended, as for a workflow.
    :ivar retries: its retries used.
    :ivar attempts: its requests so far.
    """

    step: str
    call: Call = field(default_factory=lambda: Call("retry"))
    retries: dict[str, int] = field(default_factory=dict)
    attempts: int = 0


@dataclass(frozen=True)
class Frame(StateValue):
    """A workflow that is running.

    :ivar plan: keys of the plans from the outermost (not named) to this one.
    :ivar inputs: checked inputs, defaults applied, each of its kind.
    :ivar outputs: outputs by step id, then by name, each of its kind.
    :ivar step: the step that is to run or is running.
    :ivar retries: retries used by action name, of the current step.
    :ivar attempts: requests of the current step since it was entered from another step.
    :ivar rounds: rounds that have been completed of the loop that the step is in.
    :ivar waits: rounds in a row that have been waited for.
    :ivar visited: steps of the loop that ran in this round, in order; of a round within a round, both.
    :ivar deadline: POSIX time at which the loop's budget ends; None outside of loops.
    :ivar opened: whether the step at hand, or a workflow it calls, has sent a request since control reached it.
    :ivar at_once: whether a round has begun without a wait, and its first request is yet to come.
    :ivar openings: of a loop whose rounds may start at once, a digest of each step's last first request.
    :ivar again: for requests that are sent again: by step, its outputs from before the failed round, null for none.
    :ivar collected: by step and output how much of it has been collected since control reached the loop: the bytes of a
        list, the number of a page.
    :ivar hiccups: rounds in a row that failed and were tolerated.
    :ivar tolerated: how many such rounds the loop has had.
    :ivar hiccup: the last such failure, in a few words.
    :ivar detour: while a retry runs another step first: the step to come back to, and how its attempts stood.
    :ivar call: None for the outermost workflow.
    """

    plan: tuple[str, ...] = ()
    inputs: Named = field(default_factory=dict)
    outputs: Annotated[Mapping[str, Named], _Grown] = field(default_factory=dict)
    step: str = ""
    retries: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    rounds: int = 0
    waits: int = 0
    visited: tuple[str, ...] = ()
    deadline: float | None = None
    opened: bool = False
    at_once: bool = False
    openings: dict[str, str] = field(default_factory=dict)
    again: dict[str, Named | None] = field(default_factory=dict)
    collected: dict[str, dict[str, int]] = field(default_factory=dict)
    hiccups: int = 0
    tolerated: int = 0
    hiccup: str = ""
    detour: Detour | None = None
    call: Call | None = None


@dataclass(frozen=True)
class Recording(StateValue):
    """The exchanges of a run as they were, with all that is secret in them.

    :ivar entries: each as :func:`~arazzo.engine.recording.entry_of` returns it.
    :ivar most: how many characters they may have together; None for no limit.
    :ivar beyond: whether there were more, which are not kept.
    """

    entries: tuple[str, ...] = field(default=(), repr=False)
    most: int | None = None
    beyond: bool = False

    def add(self, entry: str) -> Recording:
        """Return the value with another exchange, unless that is too much."""
        if self.beyond or (self.most is not None and sum(map(len, self.entries)) + len(entry) > self.most):
            return replace(self, beyond=True)
        return replace(self, entries=(*self.entries, entry))


@dataclass(frozen=True)
class State(StateValue):
    """The state of a run. Its driver uses only its JSON and ``records``.

    :ivar frames: the workflows being run, the innermost last.
    :ivar scope: the steps of the outermost workflow that may run here (a region); None for all.
    :ivar phase: ``ready`` to send, ``sent`` and waiting for the answer, or ``waiting`` until ``resume_at``.
    :ivar resume_at: POSIX time before which nothing is to be sent.
    :ivar last_status: status that the last step saw, which is what a step that calls a workflow sees.
    :ivar elsewhere: keys of workflows that run elsewhere: a ``goto`` from the outermost workflow to one is an exit.
    :ivar workflows: inputs and outputs of the workflows that have been completed, by plan key.
    :ivar records: the last record of each step, by step id (``workflow/step`` in inner workflows).
    :ivar history: one line per exchange and decision, the last 100.
    :ivar exchanges: the last 100 of them, in their order.
    :ivar cookies: those of the run; None where it keeps none.
    :ivar recorded: the exchanges of the run; None if nobody wants to keep them.
    :ivar secrets: what is known to be secret so far, of completed workflows and earlier rounds too.
    """

    frames: tuple[Frame, ...]
    scope: tuple[str, ...] | None = None
    elsewhere: tuple[str, ...] = ()
    phase: Literal["ready", "sent", "waiting"] = "ready"
    resume_at: float | None = None
    last_status: int | None = None
    workflows: dict[str, dict[str, Named]] = field(default_factory=dict)
    records: Annotated[Mapping[str, StepRecord], _Grown] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    exchanges: tuple[Mark, ...] = ()
    cookies: Jar | None = field(default=None, repr=False)
    recorded: Recording | None = None
    secrets: Annotated[Secrets, PlainSerializer(lambda secrets: dict(secrets.texts)), PlainValidator(_secrets_of)] = (
        field(default=Secrets(), repr=False)
    )

    def with_secrets(self, secrets: Iterable[str]) -> State:
        """Return the state with these texts among its secrets."""
        known = self.secrets.add(secrets)
        return self if known is self.secrets else replace(self, secrets=known)

    def with_cookies(self, cookies: Jar | None) -> State:
        """Return the state with the cookies of the run, whose values are secret."""
        if cookies is None:
            return self
        # as a connection's: a task that needs them gets them with the cookies themselves
        return replace(self, cookies=cookies, secrets=self.secrets.add(cookies.values(), of_connection=True))

    def with_frame(self, frame: Frame) -> State:
        """Return the state with this frame in place of the innermost."""
        return self if frame is self.frames[-1] else replace(self, frames=(*self.frames[:-1], frame))

    @property
    def frame(self) -> Frame:
        """The workflow that is being run, the innermost."""
        return self.frames[-1]

    @property
    def outputs(self) -> Mapping[str, dict[str, Any]]:
        """Outputs of the outermost workflow's steps, by step id and name."""
        return self.frames[0].outputs


@dataclass(frozen=True)
class Note:
    """A line for the log, for an exchange or a decision, without secrets.

    :param text: one sentence.
    :param warning: whether it is a warning, such as one about a criterion that could not be evaluated.
    :param step: the step that it is about, ``workflow/step`` in inner workflows.
    :param request: for a line about an exchange, its request line, which has no values.
    """

    text: str
    warning: bool = False
    step: str = ""
    request: str = ""


@dataclass(frozen=True)
class Send:
    """Send this request, then call ``advance`` with the exchange; ``notes`` are for the log."""

    request: Request
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Wait:
    """Wait this many seconds, then call ``advance`` again without an exchange."""

    seconds: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Done:
    """Control has left the region, or the workflow is over.

    :ivar outcome: ``step`` (goes on at ``target``), ``workflow`` (hands over to ``target``, which runs elsewhere),
        ``end`` (the workflow has ended well) or ``failed``.
    :ivar target: the step to go on with, or the plan key of the workflow that takes over.
    :ivar step: the last step that ran.
    :ivar message: why it failed: method, template, status, criterion and the value seen.
    :ivar outputs: the workflow's outputs, each of its kind, when it is over and was run whole, or when it handed over
        to another workflow, whose outputs they are.
    :ivar inputs: the checked inputs of the workflow that takes over, under ``""``, and of those before it, by plan key.
    :ivar stopped: whether a budget or a limit ended it: no action was tried, and none of a caller may be.
    :ivar retry_at: if it failed, POSIX time before which the API wants no other request (``Retry-After``).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    outcome: Literal["step", "workflow", "end", "failed"]
    target: str = ""
    step: str = ""
    message: str = ""
    outputs: Named | None = None
    inputs: dict[str, Named] | None = None
    stopped: bool = False
    retry_at: float | None = None
    notes: tuple[Note, ...] = ()


Command = Send | Wait | Done
