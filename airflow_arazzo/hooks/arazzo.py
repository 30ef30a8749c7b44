"""The hook: one API, reached through one Airflow connection that adds its credentials to complete requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowNotFoundException, BaseHook
from airflow.providers.http.hooks.http import HttpHook
from requests import PreparedRequest, Session
from requests.auth import AuthBase, HTTPBasicAuth

from airflow_arazzo.hooks.connection_errors import as_airflow_errors
from airflow_arazzo.hooks.probing import NOTHING, probe
from airflow_arazzo.hooks.shared_sessions import borrow, give_back
from airflow_arazzo.hooks.shared_sessions import new_session as new_async_session
from airflow_arazzo.protocol.secret_ledger import Ledger
from arazzo import transport
from arazzo.auth.authorizing import authorized, drive, drive_async
from arazzo.auth.connection_settings import ConnectionSettings, read_connection, secret_texts
from arazzo.auth.sessions import limits_of, new_session, token_limits, with_netrc
from arazzo.auth.signing import auth_of
from arazzo.auth.tls import tls_context
from arazzo.auth.tokens import get_token, get_token_async
from arazzo.errors import RequestError, TransportError
from arazzo.exchange import Request, Response
from arazzo.limits import current_limits
from arazzo.openapi.operation import SecurityScheme

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp
    from airflow.sdk import Connection

    from arazzo.transport.pace import Pace


class ArazzoHook(HttpHook):
    """Send the requests of an Arazzo workflow to one API.

    It has the connection form, adapters and ``requests`` session of
    :class:`~airflow.providers.http.hooks.http.HttpHook`. In contrast to that, a request has a time limit, a login never
    replaces an ``Authorization`` header, and an extra of the connection is sent only if it is meant to be.

    :param arazzo_conn_id: connection of type ``arazzo`` or ``http``; None for no connection at all.
    :param optional: whether the connection may be missing; then the description's servers are used, without
        credentials.
    :param ledger: learns the connection's secrets and tokens.
    :raises ValueError: for an ``auth_type`` of HttpHook; here the operation says how to log in, or ``Basic``.
    """

    conn_name_attr = "arazzo_conn_id"
    default_conn_name = "arazzo_default"
    conn_type = "arazzo"
    hook_name = "Arazzo API"

    def __init__(
        self,
        arazzo_conn_id: str | None = default_conn_name,
        *,
        optional: bool = False,
        ledger: Ledger | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("auth_type") is not None:
            raise ValueError("ArazzoHook has no auth_type: the operation says how to log in, the connection with what")
        super().__init__(http_conn_id=arazzo_conn_id or "", **kwargs)
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
            settings = read_connection(connection) if connection is not None else ConnectionSettings()
        self.base_url = settings.base_url or ""
        self._base_url_initialized = True
        return settings

    def get_conn(self, headers: dict[Any, Any] | None = None, extra_options: dict[str, Any] | None = None) -> Session:
        """Return a session with the connection's TLS, proxy and adapter settings and its login, to use like HttpHook's.

        The login is used only for requests that have no ``Authorization`` of their own.
        """
        settings = self.settings
        own: dict[str, Any] = {"timeout": settings.timeout or current_limits().timeout}
        own["allow_redirects"] = settings.redirects != "never"
        self.merged_extra = {**own, **(extra_options or {})}
        session = self._new_session()
        session.max_redirects = int(
            self.merged_extra.get("max_redirects", settings.max_redirects or current_limits().max_redirects)
        )
        credentials = settings.credentials
        session.headers.update(credentials.headers)
        session.headers.update(headers or {})
        session.auth = (
            _Login(credentials.login, credentials.password, credentials.token)
            if settings.sign_in is None
            else auth_of(settings.sign_in)
        )
        return session

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
            self._session = self._new_session()
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

    def test_connection(self) -> tuple[bool, str]:
        """Send harmless requests to the connection's host, and ask its token endpoint for a token.

        Any answer of the host except a refusal of the credentials is good. A HEAD request goes to the server's URL,
        then a GET request if that fails, with login or token, never to another host. API keys are not sent: only the
        API's description says where they belong.
        """
        try:
            found = list(probe(self.settings, self.send, self._send_for_token))
        except (AirflowException, TransportError, RequestError) as error:
            return False, str(error)
        finally:
            self.close()
        if not found:
            return False, NOTHING
        return all(good for good, _ in found), "; ".join(text for _, text in found)

    def _new_session(self) -> Session:
        with as_airflow_errors():
            session = new_session(self.settings, self._named())
        if adapter := self.adapter or self.keep_alive_adapter:
            session.mount("http://", adapter)
            session.mount("https://", adapter)
        return session

    async def _tls_context(self, settings: ConnectionSettings) -> SSLContext:
        """Return the TLS settings of a connection, and note those for redirects to another origin."""
        with as_airflow_errors():
            context = await asyncio.to_thread(tls_context, settings, self._named())
            if settings.cert:
                without = replace(settings, cert=None)
                self._ssl_elsewhere = await asyncio.to_thread(tls_context, without, self._named())
        return context


class _Login(AuthBase):
    """Basic or bearer credentials for requests that have none."""

    def __init__(self, login: str | None, password: str | None, token: str | None) -> None:
        self.login, self.password, self.token = login, password, token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if "Authorization" not in request.headers:
            if self.token:
                request.headers["Authorization"] = f"Bearer {self.token}"
            elif self.login:
                HTTPBasicAuth(self.login, self.password or "")(request)
        return request
