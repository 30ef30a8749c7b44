"""Connections without Airflow: as URIs or JSON in the environment, on the command line and in files.

They are written as Airflow reads them (``AIRFLOW_CONN_<ID>``), so one spelling serves the command and a DAG.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from arazzo.errors import ConnectionSettingsError
from arazzo.frozen import dataclass, field

PREFIX = "AIRFLOW_CONN_"
_EXTRA = "__extra__"


@dataclass(frozen=True)
class GivenConnection:
    """The fields of a connection, with the meaning that they have in Airflow.

    :param conn_id: its name in messages.
    :param extra: a JSON object as text.
    """

    conn_id: str
    conn_type: str | None = None
    host: str | None = None
    schema: str | None = None
    port: int | None = None
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    extra: str | None = field(default=None, repr=False)


#: Other names of fields, and fields that mean nothing here.
_ALIASES = {"uri": "", "description": "", "conn_id": "", "type": "conn_type", "username": "login"}
_FIELDS = tuple(each.name for each in fields(GivenConnection) if each.name != "conn_id")


def parse_connection(conn_id: str, text: str) -> GivenConnection:
    """Return the connection in a URI or a JSON object.

    :raises ConnectionSettingsError: if the text is neither, or has an unknown field; the text is not shown.
    """
    stripped = text.strip()
    try:
        return _from_json(conn_id, stripped) if stripped.startswith("{") else _from_uri(conn_id, stripped)
    except ValueError as error:
        raise ConnectionSettingsError(f"connection '{conn_id}' {error}") from None


def environment_connection(conn_id: str, environment: Mapping[str, str]) -> GivenConnection | None:
    """Return the connection of that id in the environment, found as Airflow finds it; None if there is none."""
    text = environment.get(PREFIX + conn_id.upper())
    return None if text is None else parse_connection(conn_id, text)


def _from_json(conn_id: str, text: str) -> GivenConnection:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON, which it begins like") from None
    named: dict[str, Any] = {}
    for name, item in value.items():
        known = _ALIASES.get(name, name)
        if known and known not in _FIELDS:
            near = get_close_matches(name, _FIELDS, 1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(_FIELDS)}"
            raise ValueError(f"has the unknown field '{name}'{hint}")
        if known and item is not None:
            named[known] = item
    extra = named.pop("extra", None)
    port = named.pop("port", None)
    try:
        number = None if port in (None, "") else int(port)
    except (TypeError, ValueError):
        raise ValueError("has a port that is not a number") from None
    text_fields = {name: str(item) for name, item in named.items()}
    given = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
    return GivenConnection(conn_id, **text_fields, port=number, extra=given)


def _from_uri(conn_id: str, text: str) -> GivenConnection:
    """Return the connection of a URI; in ``http://https://host`` the scheme of the host follows the type."""
    kind, found, rest = text.partition("://")
    if not found or not kind:
        raise ValueError("is neither a URI like https://login:password@host nor a JSON object")
    protocol, inner, behind = rest.partition("://")
    inner = inner if "/" not in protocol and "?" not in protocol else ""
    parts = urlsplit(f"{protocol}://{behind}" if inner else f"//{rest}")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is not a number below 65536") from None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra = query.get(_EXTRA) if _EXTRA in query else json.dumps(query) if query else None
    host = unquote(parts.hostname) if parts.hostname else None
    return GivenConnection(
        conn_id,
        conn_type=kind.lower().replace("-", "_"),
        host=f"{protocol}://{host}" if inner and host else host,
        schema=unquote(parts.path[1:]) or None,
        port=port,
        login=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        extra=extra,
    )
