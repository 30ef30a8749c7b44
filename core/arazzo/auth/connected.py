"""Sends the requests of a workflow with the credentials of its APIs' connections, without Airflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from arazzo.auth.authorizing import authorized, drive
from arazzo.auth.connection_settings import Connection, ConnectionSettings, read_connection, secret_texts
from arazzo.auth.paces import paces_of
from arazzo.auth.server_resolution import Placement, connections_of, place_requests, placement_of, sources_of
from arazzo.auth.sessions import limits_of, new_session, token_limits, with_netrc
from arazzo.auth.tokens import get_token
from arazzo.auth.unused_logins import unused_login
from arazzo.errors import ConnectionSettingsError
from arazzo.exchange import Request, Response
from arazzo.flow import Plan, budgets_of
from arazzo.openapi.operation import SecurityScheme
from arazzo.transport import send

if TYPE_CHECKING:
    from requests import Session

Lookup = Callable[[str], Connection | None]
"""Returns the connection of that id, None if there is none."""

_NONE = "a source without a connection (--connection NAME=URI or AIRFLOW_CONN_NAME gives one)"


class ConnectedApis:
    """The APIs of a workflow, each reached through its connection if it has one. A context manager.

    A source description uses the connection that the document names for it, which must exist, or else the one whose id
    is the source's name, if there is one (docs/semantics.md, 6). What is sent here may use an API's whole budget.

    :param plan: whose requests are sent.
    :param lookup: finds connections by id.
    :param defaults: TLS and proxy settings for connections without any.
    :raises ConnectionSettingsError: before anything is sent, if a connection is missing or invalid, or a file that it
        names cannot be used.
    """

    def __init__(self, plan: Plan, lookup: Lookup, defaults: ConnectionSettings | None = None) -> None:
        named = connections_of(plan)
        self._named: dict[str, str] = {}
        self._settings: dict[str, ConnectionSettings] = {}
        self._sessions: dict[str, Session] = {}
        self._stack = ExitStack()
        self._paces = paces_of(budgets_of(plan.all_steps()), lambda budget: 1 / budget.requests_per_second)
        self.secrets: set[str] = set()
        for source in sources_of(plan):
            conn_id = named.get(source, source)
            connection = lookup(conn_id)
            if connection is None and source in named:
                raise ConnectionSettingsError(
                    f"the document names connection '{conn_id}' for source '{source}', and there is none: "
                    f"--connection {conn_id}=URI or AIRFLOW_CONN_{conn_id.upper()} gives it"
                )
            self._add(source, _NONE if connection is None else f"connection '{conn_id}'", connection, defaults)

    def _add(self, source: str, named: str, connection: Connection | None, defaults: ConnectionSettings | None) -> None:
        settings = ConnectionSettings() if connection is None else read_connection(connection)
        self._named[source], self._settings[source] = named, _with(settings, defaults or ConnectionSettings())
        self._sessions[source] = self._stack.enter_context(new_session(self._settings[source], named))
        self.secrets.update(secret_texts(settings))

    def __enter__(self) -> ConnectedApis:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def place(self, plan: Plan, servers: Mapping[str, str] | None = None) -> Plan:
        """Return the plan with the servers that connections name.

        :param servers: servers that somebody has named, by name of the source; these come first.
        """
        placements = {source: placement_of(settings) for source, settings in self._settings.items()}
        for source, url in (servers or {}).items():
            placements[source] = replace(placements.get(source, Placement()), url=url)
        return place_requests(plan, placements)

    def unused_logins(self, plan: Plan) -> list[str]:
        """Return a sentence for each connection whose login no operation of the plan asks for."""
        told = (
            unused_login(plan, source, settings, self._named[source]) for source, settings in self._settings.items()
        )
        return [text for text in told if text]

    def send(self, request: Request) -> Response:
        """Send a request, with the credentials that its security schemes ask for.

        :raises TransportError: if there is no complete answer, or no token.
        """
        settings = self._settings[request.source]
        steps = authorized(request, settings, self._named[request.source])
        return drive(steps, lambda scheme: self._token(scheme, request), lambda once: self._send(once, request.source))

    def _send(self, request: Request, source: str) -> Response:
        settings = self._settings[source]
        if settings.trust_env and self._named[source] != _NONE:
            request, secrets = with_netrc(request)
            self.secrets.update(secrets)
        return send(request, self._sessions[source], pace=self._paces.get(source), **limits_of(settings))

    def _token(self, scheme: SecurityScheme, request: Request) -> str:
        settings = self._settings[request.source]
        if settings.grant is None:
            raise AssertionError("only asked for where there is a grant")
        limits = {**limits_of(settings), "pace": self._paces.get(request.source), **token_limits()}
        session = self._sessions[request.source]
        token = get_token(settings.grant, scheme, request.url, lambda once: send(once, session, **limits))
        self.secrets.update(filter(None, (token.value, token.refresh_token)))
        return token.value


def _with(settings: ConnectionSettings, defaults: ConnectionSettings) -> ConnectionSettings:
    """Return settings completed with the TLS and proxy settings that somebody named for those without any."""
    verify = defaults.verify if settings.verify is True else settings.verify
    return replace(settings, verify=verify, proxies=settings.proxies or defaults.proxies)
