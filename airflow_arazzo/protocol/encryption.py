"""Secret values in Airflow: how its masker knows them, and how they travel between tasks.

A value is secret if its name is: by Airflow's own list of sensitive names, or because the plan says so. How it is
hidden is the engine's (:mod:`arazzo.engine.secrets`). Sealed it is encrypted with
``core.fernet_key``, which every component of an Airflow installation shares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, conf
from airflow.sdk.log import mask_secret, redact  # type: ignore[attr-defined] # no __all__, but public

from airflow_arazzo.compat import mask_secret_async
from airflow_arazzo.protocol.stored_forms import fields_of, formed
from arazzo.engine import secrets
from arazzo.json_values import leaves, read_own_json, texts_in, write_json

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

#: The secrets that this process has registered for the task that it runs, the oldest first, and by each whether it is a
#: connection's, its tokens included: a task that needs that one gets it by itself.
REGISTERED: dict[str, bool] = {}
_LONE = re.compile("[\ud800-\udfff]")
_SEALED, _PLAIN = "fernet:", "plain:"
_UNSET = "{FERNET_KEY}"  # what Airflow's default configuration says where no airflow.cfg has been written


@lru_cache(maxsize=4096)
def is_sensitive(name: str) -> bool:
    """Say whether Airflow hides values of that name (``[core] sensitive_var_conn_names`` included)."""
    return bool(redact("\x00probe\x00", name) == secrets.CONCEALED)


def secrets_in(values: Mapping[str, Any], sensitive: Collection[str] = ()) -> Iterator[str]:
    """Yield the text of each secret value, at any depth, in order, and the credentials in it.

    :param values: values by name.
    :param sensitive: names that are secret beyond Airflow's list.
    """
    yield from secrets.secrets_in(values, _names(sensitive))


def _names(sensitive: Collection[str]) -> Callable[[str], bool]:
    return lambda name: name in sensitive or is_sensitive(name)


def register(values: Mapping[str, Any], sensitive: Collection[str] = ()) -> None:
    """Register each secret of ``values`` with Airflow's masker, so that no log shows it."""
    register_texts(secrets_in(values, sensitive))


def register_texts(texts: Iterable[str], *, of_connection: bool = False) -> None:
    """Register secret texts with Airflow's masker, in every spelling in which URLs and JSON show them.

    :param of_connection: whether they are what a connection says, or tokens that were got with it.
    """
    texts = list(texts)
    for spelled in _spelled(texts):
        mask_secret(spelled)
    masked = (text for text in texts if text and redact(text) != text)
    REGISTERED.update({text: of_connection and REGISTERED.get(text, True) for text in masked})


def register_known(known: Mapping[str, bool]) -> None:
    """Register what :data:`REGISTERED` was elsewhere."""
    for of_connection in (True, False):
        register_texts((text for text, kind in known.items() if kind is of_connection), of_connection=of_connection)


async def register_texts_async(texts: Iterable[str]) -> None:
    """Register secret texts with Airflow's masker, from a coroutine."""
    for spelled in _spelled(texts):
        await mask_secret_async(spelled)


def _spelled(texts: Iterable[str]) -> Iterator[list[Any]]:
    """Yield the spellings of secrets: all that can be told to the supervisor of a task, then those that cannot."""
    found = dict.fromkeys(spelling for text in texts for spelling in secrets.spellings(text))
    told = [text for text in found if not _LONE.search(text)]
    yield from filter(None, (told, [text for text in found if _LONE.search(text)]))


def redacted(text: str) -> str:
    """Return a text without the secrets that are registered, however they are spelled.

    First those known here, at full length, which Airflow's masker does not do: else the rest of one stays where another
    begins like it.
    """
    text = str(redact(secrets.conceal(text, REGISTERED)))
    return secrets.conceal_found(text, _masked_spans)


def _masked_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where Airflow's masker hides something in a text."""
    kept = str(redact(text)).split(secrets.CONCEALED)
    if len(kept) == len(text.split(secrets.CONCEALED)):
        return
    at = len(kept[0])
    for part in kept[1:]:
        start = text.find(part, at + 1) if part else len(text)
        if start < 0:
            yield at, len(text)
            return
        if text[at:start] != secrets.CONCEALED:
            yield at, start
        at = start + len(part)


def hide(values: Mapping[str, Any], sensitive: Collection[str] = ()) -> dict[str, Any]:
    """Return ``values`` with each secret replaced by ``***``, registered secrets in the rest too."""
    is_secret = _names(sensitive)
    return {name: secrets.hide(value, redacted, is_secret, is_secret(name)) for name, value in values.items()}


def hide_registered(value: Any) -> Any:
    """Return a JSON value with registered secrets replaced in its texts; names decide nothing here, and stay."""
    match value:
        case str():
            return redacted(value)
        case dict():
            return {name: hide_registered(member) for name, member in value.items()}
        case list() | tuple():
            return [hide_registered(member) for member in value]
    return value


def seal(text: str, *, secret: bool = True) -> str:
    """Encrypt ``text`` with ``core.fernet_key``.

    :param secret: whether there is a secret in it; without a key, a text without one is passed on as it is.
    :raises AirflowException: if there is a secret in it and no key to encrypt it with.
    """
    fernet = _fernet()
    if fernet is not None:
        return _SEALED + fernet.encrypt(text.encode()).decode()
    if secret:
        raise AirflowException(
            "a secret value has to pass from one task to another and [core] fernet_key is not set: "
            "set it to the same key on every component, so that the value can be encrypted"
        )
    return _PLAIN + text


def unseal(text: str) -> str:
    """Return what :func:`seal` was given.

    :raises AirflowException: if this component has not the key it was sealed with.
    """
    from cryptography.fernet import InvalidToken

    fernet = _fernet()
    if text.startswith(_PLAIN):
        if fernet is not None:
            raise AirflowException(
                "a sealed value cannot be read: it is not encrypted, and [core] fernet_key is set on this component: "
                "set the same key on every component"
            )
        return text[len(_PLAIN) :]
    if not text.startswith(_SEALED):
        raise AirflowException("a sealed value cannot be read: it is none that this version has sealed")
    if fernet is None:
        raise AirflowException("a sealed value cannot be read: [core] fernet_key is not set on this component")
    try:
        return fernet.decrypt(text[len(_SEALED) :].encode()).decode()
    except InvalidToken:
        raise AirflowException(
            "a sealed value cannot be read: [core] fernet_key differs from the key of the component that sealed it"
        ) from None


def seal_json(value: Any, *, secret: bool = True) -> str:
    """Seal a JSON value."""
    return seal(write_json(value, ascii_only=True), secret=secret)


def unseal_json(text: str) -> Any:
    """Return the JSON value that :func:`seal_json` was given."""
    return read_own_json(unseal(text))


def masked_parts(value: Any) -> Iterator[str]:
    """Yield what Airflow's masker hides in the texts of a JSON value: passwords of connections, sensitive variables."""
    for text in leaves(value):
        if isinstance(text, str):
            between = [re.escape(part) for part in str(redact(text)).split(secrets.CONCEALED)]
            found = re.fullmatch("(.+?)".join(between), text, re.DOTALL)
            yield from (part for part in (found.groups() if found else (text,)) if part != secrets.CONCEALED)


def occurring(value: Any, known: Iterable[str]) -> list[str]:
    """Return those of the secrets that occur in a JSON value, however they are spelled."""
    text = "\n".join(texts_in(value))
    return [secret for secret in known if secrets.conceal(text, [secret]) != text]


def secrets_to_share(value: Any) -> list[str]:
    """Return the registered secrets that other tasks cannot know by themselves.

    :param value: what they are told: a connection's secrets count if they occur in it.
    """
    seen = set(occurring(value, (secret for secret, of_connection in REGISTERED.items() if of_connection)))
    return [secret for secret, of_connection in REGISTERED.items() if not of_connection or secret in seen]


def has_key() -> bool:
    """Say whether there is a key to seal with."""
    return _fernet() is not None


def seal_known(value: Any, *, secret: bool = True) -> str:
    """Seal a JSON value with those of the registered secrets that occur in it, so that who opens it knows them."""
    known = occurring(value, REGISTERED)
    return seal_json(formed({"value": value, "secrets": known}), secret=secret or bool(known))


def unseal_known(text: str) -> Any:
    """Return the JSON value that :func:`seal_known` was given, and register the secrets in it."""
    opened = fields_of(unseal_json(text), "what another task has stored", ("value", "secrets"))
    register_texts(opened["secrets"])
    return opened["value"]


def _fernet() -> MultiFernet | None:
    key = conf.get("core", "fernet_key", fallback="") or ""
    return _fernet_of("" if key == _UNSET else key)


@lru_cache(maxsize=4)
def _fernet_of(keys: str) -> MultiFernet | None:
    from cryptography.fernet import Fernet, MultiFernet

    if not keys:
        return None
    try:
        return MultiFernet([Fernet(key.strip().encode()) for key in keys.split(",")])
    except ValueError as error:
        raise AirflowException(f"[core] fernet_key is not a Fernet key: {error}") from None
