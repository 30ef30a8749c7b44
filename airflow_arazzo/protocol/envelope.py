"""A task's progress on its way from worker to triggerer and back, sealed if something in it is secret."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowException
from pydantic import ConfigDict, TypeAdapter, ValidationError

from airflow_arazzo.protocol.encryption import has_key, seal_json, unseal_json
from airflow_arazzo.protocol.stored_forms import fields_of, formed
from arazzo.absent import to_wire
from arazzo.frozen import dataclass, field, replace
from arazzo.secrecy.secrets import Secrets

if TYPE_CHECKING:
    from arazzo.engine import Done, State

#: How many connection secrets that appear nowhere else are carried: tokens that a later answer may contain.
MOST_CARRIED = 20


@dataclass(frozen=True)
class Sent:
    """What a task has sent of requests that are not idempotent, by step (``workflow/step`` in inner workflows).

    :param counts: how many.
    :param open: steps whose request got no answer since control reached them, with the idempotency key if there is one.
    :param lost: steps that control has reached again after a request without an answer.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    counts: dict[str, int] = field(default_factory=dict)
    open: dict[str, str | None] = field(default_factory=dict)
    lost: bool = False

    @property
    def all_answered(self) -> bool:
        return not self.open and not self.lost

    def entered(self, step: str) -> Sent:
        """Return the value after control has reached a step."""
        return replace(self, open=_without(self.open, step), lost=True) if step in self.open else self

    def answered(self, step: str, number: int) -> Sent:
        """Return the value after the step's request of that number got an answer."""
        return replace(self, counts={**self.counts, step: number}, open=_without(self.open, step))

    def unanswered(self, step: str, number: int, key: str | None) -> Sent:
        """Return the value after the step's request of that number may have been sent and got no answer."""
        return replace(self, counts={**self.counts, step: number}, open={**self.open, step: key})


def _without(keys: dict[str, str | None], step: str) -> dict[str, str | None]:
    return {name: key for name, key in keys.items() if name != step}


@dataclass(frozen=True)
class Carried:
    """What travels from worker to triggerer and back.

    :param state: where the run of the region is, and what is known to be secret.
    :param done: how it ended, if it did.
    :param sent: what it has sent.
    :param end: POSIX time at which the try ends, if it has an ``execution_timeout``.
    """

    state: State
    done: Done | None = None
    sent: Sent = field(default_factory=Sent)
    end: float | None = None


_WHAT = "the state that a waiting task has stored"
_KINDS = {"state": dict, "done": object, "sent": dict, "end": object}
_DONE = ("outcome", "target", "step", "message", "outputs", "inputs", "stopped", "retry_at")


def pack(carried: Carried) -> str:
    """Return a state as sealed text. Without a key, secrets of connections that appear nowhere in it stay behind.

    :raises AirflowException: if it contains a secret and there is no key to seal it.
    """
    done = carried.done
    value: dict[str, Any] = {
        "state": replace(carried.state, secrets=Secrets()).to_data(exclude_defaults=True),
        "done": done and {name: getattr(done, name) for name in _DONE} | _wired(done),
        "sent": asdict(carried.sent),
        "end": carried.end,
    }
    secrets, keyed = _to_carry(carried.state.secrets, value), has_key()
    secret = not all(secrets.texts.values()) or (not keyed and bool(secrets.occurring(value).texts))
    value["state"]["secrets"] = dict(secrets.texts) if keyed else {}
    return seal_json(formed(value), secret=secret)


def _wired(done: Done) -> dict[str, Any]:
    wired: dict[str, Any] = {} if done.outputs is None else {"outputs": to_wire(done.outputs)}
    inputs = done.inputs or {}
    return wired | ({"inputs": {key: to_wire(values) for key, values in inputs.items()}} if inputs else {})


def _to_carry(secrets: Secrets, value: Any) -> Secrets:
    """Return the secrets without those of connections that appear nowhere, except the newest."""
    older = Secrets(dict.fromkeys([*secrets.of_connections().texts][:-MOST_CARRIED], True))
    dropped = older.texts.keys() - older.occurring(value).texts.keys()
    return Secrets({text: kind for text, kind in secrets.texts.items() if text not in dropped})


@lru_cache(maxsize=1)
def _carried() -> TypeAdapter[Carried]:
    from arazzo.engine import Done, State

    adapter = TypeAdapter(Carried)
    adapter.rebuild(_types_namespace={"Done": Done, "State": State})  # which this module only knows by name
    return adapter


def unpack(text: str) -> Carried:
    """Return the value that :func:`pack` was given.

    :raises AirflowException: if it cannot be unsealed here, has another form, or was not packed.
    """
    try:
        value = fields_of(unseal_json(text), _WHAT, _KINDS, _KINDS)
        return _carried().validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AirflowException(f"{_WHAT} cannot be read: {place}: {first['msg']}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise AirflowException(f"{_WHAT} cannot be read: {type(error).__name__}") from None
