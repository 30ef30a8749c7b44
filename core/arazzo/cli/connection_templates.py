"""What a connection has to hold for the operations that a workflow calls: fields to fill in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from arazzo.openapi import Operation, SecurityScheme

#: What stands where a person has to write something.
FILL_IN = "..."


def connection_template(operations: Iterable[Operation], host: str = "") -> dict[str, Any]:
    """Return a connection as JSON has it (``AIRFLOW_CONN_NAME``), for the first way in which each operation is secured.

    :param host: the server; empty for that of the description.
    """
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for operation in operations:
        for scheme in operation.security[0] if operation.security else ():
            _add(scheme, fields, extra)
    made = {"conn_type": "arazzo", **({"host": host} if host else {}), **fields}
    return {**made, "extra": extra} if extra else made


def _add(scheme: SecurityScheme, fields: dict[str, Any], extra: dict[str, Any]) -> None:
    match scheme.type:
        case "http" if scheme.scheme == "basic":
            fields.update(login=FILL_IN, password=FILL_IN)
        case "apiKey":
            extra.setdefault("api_keys", {})[scheme.key] = FILL_IN
        case "oauth2" if "clientCredentials" in scheme.flows:
            extra.update(client_id=FILL_IN, client_secret=FILL_IN)
        case "mutualTLS":
            extra.update(cert=FILL_IN, key=FILL_IN)
        case _:
            extra["token"] = FILL_IN
