"""What a task sends with: one Airflow connection that adds its credentials to complete requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook
from requests_toolbelt.adapters.socket_options import TCPKeepAliveAdapter

from airflow_arazzo.hooks.connection_errors import as_airflow_errors
from airflow_arazzo.hooks.shared_sessions import borrow, give_back
from airflow_arazzo.hooks.shared_sessions import new_session as new_async_session
from airflow_arazzo.protocol.secret_ledger import Ledger
from arazzo import transport
from arazzo.auth.authorizing import authorized, drive, drive_async
from arazzo.auth.connection_settings import ConnectionSettings, read_connection, secret_texts
from arazzo.auth.sessions import limits_of, new_session, token_limits, with_netrc
from arazzo.auth.tls import tls_context
from arazzo.auth.tokens import get_token, get_token_async
from arazzo.exchange import Request, Response
from arazzo.limits import current_limits
from arazzo.openapi.operation import SecurityScheme

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp
    from airflow.sdk import Connection
    from requests import Session
    from requests.adapters import HTTPAdapter

    from arazzo.transport.pace import Pace


class ConnectionHook(BaseHook):
    """Send the requests of an Arazzo workflow to one API.

    It is no HttpHook, whose module imports aiohttp: that takes more time than everything else a worker needs to send.

    :param arazzo_conn_id: connection of type ``arazzo`` or ``http``; None for no connection at all.
    :param optional: whether the connection may be missing; then the description's servers are used, without
        credentials.
    :param ledger: learns the connection's secrets and tokens.
    """

    def __init__(
        self, arazzo_conn_id: str | None, *, optional: bool = False, ledger: Ledger | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.arazzo_conn_id = arazzo_conn_id
        self.optional = optional
        self.found = False
        self.ledger = ledger or Ledger()
        self.pace: Pace | None = None
        self.most: int | None = None  #: bytes of an answer that async_send reads, if the connection allows more
        self._settings: ConnectionSettings | None = None
        self._session: Session | None = None
        self._async_session: aiohttp.ClientSession | None = None
        self._ssl_elsewhere: SSLContext | bool = True

    @property
    def settings(self) -> ConnectionSettings:
        """What the connection says, looked up once.

        :raises AirflowNotFoundException: if there is no such connection although it is required.
        :raises AirflowException: if a field of the connection is invalid.
        """
        if self._settings is None:
            settings = self._read(self._lookup())
            self._register(secret_texts(settings))
            self._settings = settings
        return self._settings

    async def async_settings(self) -> ConnectionSettings:
        """Return what the connection says, without blocking the event loop; raises as :attr:`settings`."""
        if self._settings is None:
            settings = self._read(await self._async_lookup())
            await self._register_async(secret_texts(settings))
            self._settings = settings
        return self._settings

    def _lookup(self) -> Connection | None:
        if not self.arazzo_conn_id:
            return None
        try:
            return self.get_connection(self.arazzo_conn_id)
        except AirflowNotFoundException:
            if self.optional:
                return None
            text = f"connection '{self.arazzo_conn_id}' does not exist: create it (Admin, Connections, or set"
            text += f" AIRFLOW_CONN_{self.arazzo_conn_id.upper()}), or name another one; nothing was sent"
            raise AirflowNotFoundException(text) from None

    async def _async_lookup(self) -> Connection | None:
        if not self.arazzo_conn_id:
            return None
        try:
            return await BaseHook.aget_connection(self.arazzo_conn_id)
        except AirflowNotFoundException:  # or it is dag.test, which finds connections only in threads
            return await asyncio.to_thread(self._lookup)

    def _read(self, connection: Connection | None) -> ConnectionSettings:
        self.found = connection is not None
        with as_airflow_errors():
            return read_connection(connection) if connection is not None else ConnectionSettings()

    def send(self, request: Request) -> Response:
        """Send a request, with the credentials that its security schemes ask for.

        It is sent once, or twice if the server refuses a kept token with status 401 and there is a new one.

        :raises TransportError: if there is no complete answer, or no token.
        """
        steps = authorized(request, self.settings, self._named())
        return drive(steps, lambda scheme: self._token(scheme, request), self._send)

    async def async_send(self, request: Request) -> Response:
        """Send a request as :meth:`send` does, on the running event loop."""
        steps = authorized(request, await self.async_settings(), self._named())
        return await drive_async(steps, lambda scheme: self._async_token(scheme, request), self._async_send)

    def _named(self) -> str:
        """Return the connection's name in messages, once it has been looked up."""
        if self.arazzo_conn_id is None:
            return "a source without a connection"
        return f"connection '{self.arazzo_conn_id}'" + ("" if self.found else ", which is not there,")

    def _token(self, scheme: SecurityScheme, request: Request) -> str:
        settings = self.settings
        if settings.grant is None:
            raise AssertionError("only asked for where there is a grant")
        token = get_token(settings.grant, scheme, request.url, self._send_for_token)
        self._register(filter(None, (token.value, token.refresh_token)))
        return token.value

    async def _async_token(self, scheme: SecurityScheme, request: Request) -> str:
        settings = await self.async_settings()
        if settings.grant is None:
            raise AssertionError("only asked for where there is a grant")
        token = await get_token_async(settings.grant, scheme, request.url, self._async_send_for_token)
        await self._register_async(filter(None, (token.value, token.refresh_token)))
        return token.value

    def _register(self, texts: Iterable[str]) -> None:
        self.ledger.add(texts, of_connection=True)

    async def _register_async(self, texts: Iterable[str]) -> None:
        await self.ledger.add_async(texts, of_connection=True)

    def _send_for_token(self, request: Request) -> Response:
        return self._exchange(request, **token_limits())

    async def _async_send_for_token(self, request: Request) -> Response:
        """Send a request for a token over a connection of its own: a kept one may close meanwhile."""
        settings = await self.async_settings()
        context = await self._tls_context(settings)
        async with new_async_session(context, trust_env=settings.trust_env) as session:
            return await self._async_exchange(request, session, settings, **token_limits())

    def _send(self, request: Request) -> Response:
        request, secrets = self._with_netrc(request, self.settings)
        self._register(secrets)
        return self._exchange(request)

    async def _async_send(self, request: Request) -> Response:
        settings = await self.async_settings()
        request, secrets = self._with_netrc(request, settings)
        await self._register_async(secrets)
        if self._async_session is None:
            context = await self._tls_context(settings)
            # Nothing else runs between the check and the loan.
            self._async_session = self._async_session or borrow(context, trust_env=settings.trust_env)
        return await self._async_exchange(request, self._async_session, settings)

    def _with_netrc(self, request: Request, settings: ConnectionSettings) -> tuple[Request, tuple[str, ...]]:
        return with_netrc(request) if self.found and settings.trust_env else (request, ())

    def _exchange(self, request: Request, **limits: Any) -> Response:
        if self._session is None:
            self._session = self._new_session(request.url)
        return transport.send(request, self._session, pace=self.pace, **{**limits_of(self.settings), **limits})

    async def _async_exchange(
        self, request: Request, session: aiohttp.ClientSession, settings: ConnectionSettings, **limits: Any
    ) -> Response:
        limits = {**limits_of(settings), **limits, "ssl_elsewhere": self._ssl_elsewhere}
        if self.most is not None:
            limits["max_bytes"] = min(limits.get("max_bytes") or current_limits().max_bytes, self.most)
        return await transport.send_async(request, session, proxies=settings.proxies, pace=self.pace, **limits)

    def close(self) -> None:
        """Close the connections that :meth:`send` keeps."""
        if self._session is not None:
            self._session.close()
            self._session = None

    async def async_close(self) -> None:
        """Close the connections that :meth:`async_send` keeps."""
        session, self._async_session = self._async_session, None
        if session is not None:
            await give_back(session)

    def _new_session(self, url: str = "https:") -> Session:
        with as_airflow_errors():
            session = new_session(self.settings, self._named(), url)
        if adapter := self.own_adapter():
            session.mount("http://", adapter)
            session.mount("https://", adapter)
        return session

    def own_adapter(self) -> HTTPAdapter | None:
        """Return what keeps connections alive, with the numbers of HttpHook."""
        adapter: HTTPAdapter = TCPKeepAliveAdapter(idle=120, count=20, interval=30)
        return adapter

    async def _tls_context(self, settings: ConnectionSettings) -> SSLContext:
        """Return the TLS settings of a connection, and note those for redirects to another origin."""
        with as_airflow_errors():
            context = await asyncio.to_thread(tls_context, settings, self._named())
            if settings.cert:
                without = replace(settings, cert=None)
                self._ssl_elsewhere = await asyncio.to_thread(tls_context, without, self._named())
        return context
