"""Sessions of ``requests`` with a connection's TLS and proxy settings, and the limits of its exchanges."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Session

from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.tls import authorities, tls_context
from arazzo.exchange import Request, header, origin_of
from arazzo.limits import current_limits
from arazzo.transport.exchange_policy import netrc_login

if TYPE_CHECKING:
    import requests


def new_session(settings: ConnectionSettings, connection: str, url: str = "https:") -> Session:
    """Return a session with a connection's TLS and proxy settings, and no headers of its own.

    :param connection: the connection's name in messages.
    :param url: of its first request; a plain one does not read the authorities that the environment names, which takes
        longer than the request.
    :raises ConnectionSettingsError: if a file that the connection names cannot be used.
    """
    named = settings.cert or isinstance(settings.verify, str)
    usual = authorities(settings) == authorities(ConnectionSettings(trust_env=False))
    if named or (not usual and url.startswith("https:")):
        tls_context(settings, connection)  # the message of requests about a file that it cannot use does not help
    session = _Session(frozenset(settings.credentials.headers))
    session.verify = authorities(settings)
    session.cert = settings.cert
    session.proxies = dict(settings.proxies)
    session.trust_env = settings.trust_env
    session.headers.clear()
    return session


class _Session(Session):
    """A session that takes the connection's headers and certificate to no other origin, even after a redirect."""

    def __init__(self, own: frozenset[str]) -> None:
        super().__init__()
        self.own = own
        self._home = ""

    def resolve_redirects(self, resp: requests.Response, req: PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        self._home = origin_of(req.url or "")
        try:
            yield from super().resolve_redirects(resp, req, *args, **kwargs)
        finally:
            self._home = ""

    def send(self, request: PreparedRequest, **kwargs: Any) -> requests.Response:
        if self._home and origin_of(request.url or "") != self._home:
            kwargs["cert"] = None
        return super().send(request, **kwargs)

    def rebuild_auth(self, prepared_request: PreparedRequest, response: requests.Response) -> None:
        before, after = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
            for name in self.own:
                prepared_request.headers.pop(name, None)
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]


def limits_of(settings: ConnectionSettings) -> dict[str, Any]:
    """Return the arguments of :func:`arazzo.transport.send` that a connection sets."""
    limits = {
        "timeout": settings.timeout,
        "max_bytes": settings.max_bytes,
        "sensitive_headers": frozenset(settings.credentials.headers) or None,
        "follow_redirects": None if settings.redirects is None else settings.redirects == "follow",
        "max_redirects": settings.max_redirects,
        "use_netrc": False,  # its login is added here, where it can be hidden
    }
    return {name: value for name, value in limits.items() if value is not None}


def token_limits() -> dict[str, Any]:
    """Return the limits of a request for a token, which are the same for every connection."""
    return {"max_bytes": current_limits().token_bytes, "follow_redirects": False}


def with_netrc(request: Request) -> tuple[Request, tuple[str, ...]]:
    """Return the request with netrc's login for its host, if it has none, and the secrets in that login."""
    own = header(request.headers, "Authorization") is not None or "@" in request.url.split("/")[2]
    login = None if own else netrc_login(request.url)
    if login is None:
        return request, ()
    pair = base64.b64encode(":".join(login).encode()).decode()
    return replace(request, headers=(*request.headers, ("Authorization", f"Basic {pair}"))), (login[1], pair)
