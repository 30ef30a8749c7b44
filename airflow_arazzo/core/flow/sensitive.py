"""Which names say that a value is secret."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

#: The same words as Airflow's own list of sensitive field names.
SENSITIVE_WORDS = (
    "access_key", "access_token", "accesstoken", "api_key", "apikey", "api-key", "auth_token", "authorization",
    "credential", "passphrase", "passwd", "password", "private_key", "privatekey", "secret", "token",
)  # fmt: skip


def is_sensitive(name: str, marked: Iterable[str] = ()) -> bool:
    """Tell whether a value of that name is secret.

    :param name: the name of an input or output.
    :param marked: names that the document or the factory marks.
    """
    return name in marked or _sounds_sensitive(name)


@lru_cache(maxsize=4096)
def _sounds_sensitive(name: str) -> bool:
    lower = name.lower()
    return any(word in lower for word in SENSITIVE_WORDS)
