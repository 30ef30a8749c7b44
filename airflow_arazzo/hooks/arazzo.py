"""The hook for people: what a task sends with (:mod:`.connection_hook`), as an HttpHook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow.providers.http.hooks.http import HttpHook
from requests import PreparedRequest, Session
from requests.auth import AuthBase, HTTPBasicAuth

from airflow_arazzo.hooks.connection_hook import ConnectionHook
from airflow_arazzo.hooks.probing import NOTHING, probe
from airflow_arazzo.protocol.secret_ledger import Ledger
from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.signing import auth_of
from arazzo.errors import RequestError, TransportError
from arazzo.limits import current_limits

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from requests.adapters import HTTPAdapter


class ArazzoHook(ConnectionHook, HttpHook):
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
        super().__init__(arazzo_conn_id, optional=optional, ledger=ledger, http_conn_id=arazzo_conn_id or "", **kwargs)

    def _read(self, connection: Connection | None) -> ConnectionSettings:
        settings = super()._read(connection)
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

    def own_adapter(self) -> HTTPAdapter | None:
        return self.adapter or self.keep_alive_adapter

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
