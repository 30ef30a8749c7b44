"""Which names say that a value is secret, and which parts of a JSON Schema are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from arazzo.document.schemas import CHOICES, below, parts, properties_of

#: The same words as Airflow's own list of sensitive field names.
SENSITIVE_WORDS = (
    "access_key", "access_token", "accesstoken", "api_key", "apikey", "api-key", "auth_token", "authorization",
    "auth_header", "bearer", "connection_string", "credential", "dsn", "keyfile_dict", "passphrase", "passwd",
    "password", "private_key", "privatekey", "proxy", "proxies", "secret", "service_account", "service_key", "token",
    "webhook_url",
)  # fmt: skip
_CREDENTIAL = re.compile(
    r"(?:accesskey|apikey|authorization|cookie|credential|jwt|passphrase|passwd|password|privatekey|secret|secretkey"
    r"|token)$"
)
_PLACE_IN_PAGES = re.compile(r"page|next|prev|continuation|cursor")


def is_sensitive(name: str, marked: Iterable[str] = ()) -> bool:
    """Tell whether a value of that name is secret.

    :param name: the name of an input or output.
    :param marked: names that the document or the factory marks.
    """
    return name in marked or _sounds_sensitive(name)


@lru_cache(maxsize=4096)
def names_credential(name: str) -> bool:
    """Tell whether a header or a member of a body contains nothing but a credential, by its name.

    This is narrower than :func:`is_sensitive`: ``token_type`` is no credential, nor is the token of the next page.
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _CREDENTIAL.search(plain) is not None and _PLACE_IN_PAGES.search(plain) is None


@lru_cache(maxsize=4096)
def _sounds_sensitive(name: str) -> bool:
    lower = name.lower()
    normalized = re.sub(r"\W+", "_", lower)
    return any(word in lower or word in normalized for word in SENSITIVE_WORDS)


def secret_inputs(schema: Any, marked: Iterable[str] = ()) -> frozenset[str]:
    """Return the names of the inputs that are secret, or that contain something with ``format: password``.

    :param schema: JSON Schema of the inputs.
    :param marked: names that the document or the factory marks.
    """
    marked = frozenset(marked)
    return frozenset(
        name
        for each, _ in parts(schema, schema, CHOICES)
        for name, item in properties_of(each).items()
        if is_sensitive(name, marked) or any(inner.get("format") == "password" for inner in below(item, schema))
    )


def sensitive_members(schema: Any, root: Any) -> bool:
    """Tell whether a schema has members, at any depth, with names of secrets.

    :param root: the schema in which its references are looked up.
    """
    return any(is_sensitive(name) for each in below(schema, root) for name in properties_of(each))
