"""Sealing: data between tasks is encrypted with ``core.fernet_key``, which all components of Airflow must share."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, conf

from arazzo.json_values import read_own_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.fernet import MultiFernet

_SEALED, _PIECES, _PLAIN = "fernet:", "fernet-pieces:", "plain:"
#: How many characters are encrypted at once: no other thread gets a turn meanwhile.
_LONG = 512 * 1024
_UNSET = "{FERNET_KEY}"  # Airflow's default value if no airflow.cfg has been written


def seal(text: str, *, secret: bool = True) -> str:
    """Encrypt ``text`` with ``core.fernet_key``.

    :param secret: whether it contains a secret; without a key, a text without one stays as it is.
    :raises AirflowException: if it contains a secret and there is no key to encrypt it.
    """
    fernet = _fernet()
    if fernet is not None and len(text) > _LONG:
        return _PIECES + ".".join(fernet.encrypt(piece.encode()).decode() for piece in _pieces(text))
    if fernet is not None:
        return _SEALED + fernet.encrypt(text.encode()).decode()
    if secret:
        raise AirflowException(
            "a secret value has to pass from one task to another and [core] fernet_key is not set: "
            "set it to the same key on every component, so that the value can be encrypted"
        )
    return _PLAIN + text


def unseal(text: str) -> str:
    """Return the text that :func:`seal` was given.

    :raises AirflowException: if this component does not have the key it was sealed with.
    """
    from cryptography.fernet import InvalidToken

    fernet = _fernet()
    if str(text).startswith(_PLAIN):
        if fernet is not None:
            raise AirflowException(
                "a sealed value cannot be read: it is not encrypted, and [core] fernet_key is set on this component: "
                "set the same key on every component"
            )
        return text[len(_PLAIN) :]
    prefix = next((kind for kind in (_SEALED, _PIECES) if str(text).startswith(kind)), None)
    if prefix is None:
        raise AirflowException("a sealed value cannot be read: this version did not seal it")
    if fernet is None:
        raise AirflowException("a sealed value cannot be read: [core] fernet_key is not set on this component")
    try:
        pieces = [fernet.decrypt(piece.encode()).decode() for piece in text[len(prefix) :].split(".")]
    except InvalidToken:
        raise AirflowException(
            "a sealed value cannot be read: [core] fernet_key differs from the key of the component that sealed it"
        ) from None
    return "".join(pieces) if prefix == _SEALED else _joined(pieces)


def _pieces(text: str) -> Iterator[str]:
    """Yield the pieces of a long text, each with its place and the identity of the text."""
    name, count = secrets.token_hex(16), -(-len(text) // _LONG)
    for number in range(count):
        yield f"{name} {number} {count}\n{text[number * _LONG : (number + 1) * _LONG]}"


def _joined(pieces: list[str]) -> str:
    """Return the text that these pieces form.

    :raises AirflowException: if they are not all pieces of one text, in order.
    """
    parts = [piece.partition("\n") for piece in pieces]
    name = parts[0][0].split(" ")[0]
    if [head for head, _, _ in parts] != [f"{name} {number} {len(parts)}" for number in range(len(parts))]:
        raise AirflowException("a sealed value cannot be read: its pieces are not those that were sealed")
    return "".join(text for _, _, text in parts)


def seal_json(value: Any, *, secret: bool = True) -> str:
    """Seal a JSON value."""
    return seal(write_json(value, ascii_only=True), secret=secret)


def unseal_json(text: str) -> Any:
    """Return the JSON value that :func:`seal_json` was given."""
    return read_own_json(unseal(text))


def has_key() -> bool:
    """Say whether there is a key to seal with."""
    return _fernet() is not None


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
