"""What "Test connection" asks and reports: it changes nothing at the API, and shows no credential."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from airflow_arazzo.protocol.secret_ledger import Ledger
from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.tokens import Grant, get_token, spends_refresh_token
from arazzo.exchange import Request, Response
from arazzo.openapi.operation import SecurityScheme

Finding = tuple[bool, str]
Send = Callable[[Request], Response]

_OAUTH = {"type": "oauth2", "key": "oauth2"}
_BASIC = {"type": "http", "scheme": "basic", "key": "basic"}
_BEARER = {"type": "http", "scheme": "bearer", "key": "bearer"}
#: The hook does not know the API's description.
UNASKED = "a workflow sends {} only where the API's description asks for it (security)"
NOTHING = "The connection names neither host nor token URL, so nothing can be tested: requests go to the API's servers."


def probe(settings: ConnectionSettings, send: Send, send_for_token: Send) -> Iterator[Finding]:
    """Yield the findings about the token endpoint, and about the host.

    :param send: sends a request to the host, with the connection's credentials.
    :param send_for_token: sends a request as it is: the token endpoint belongs to another server.
    :raises TransportError: if there is no answer, or no token.
    """
    grant = settings.grant
    if grant is not None and grant.token_url:
        yield _token_endpoint(grant, grant.token_url, send_for_token)
    if settings.base_url is not None:
        yield _host(settings, settings.base_url, send)


def _token_endpoint(grant: Grant, url: str, send: Send) -> Finding:
    """Get a token; if that would use up the connection's own, only check that somebody answers."""
    shown = _shown(url)
    if not spends_refresh_token(grant):
        token = get_token(grant, SecurityScheme(key="oauth2", type="oauth2"), url, send, fresh=True)
        Ledger().add(filter(None, (token.value, token.refresh_token)))
        return True, f"{shown} gives a token"
    response = send(Request(method="HEAD", url=url, template=urlsplit(url).path))
    good = response.status < 500 and response.status != 404
    return (
        good,
        f"{shown} answers: status {response.status} (no token was asked for: the refresh token may be good once)",
    )


def _host(settings: ConnectionSettings, url: str, send: Send) -> Finding:
    credentials, grant = settings.credentials, settings.grant
    granted = grant is not None and grant.token_url is not None and not spends_refresh_token(grant)
    sent = "a token" if granted or credentials.token else "the login" if credentials.login else ""
    # requests with fields of a security scheme as the description has them
    security = ((_OAUTH,),) if granted else ((_BEARER,), (_BASIC,)) if sent else ()
    request = Request(method="HEAD", url=f"{url}/", source="arazzo", security=security)
    response = send(request)
    if response.status >= 400:
        response = send(replace(request, method="GET"))
    said = f"status {response.status}" + (f", asked with {sent}" if sent else ", asked without credentials")
    said += "; API keys were not tried" if credentials.api_keys else ""
    said += f"; {UNASKED.format(sent)}" if sent else ""
    if response.status in (401, 403) and sent:
        return False, f"{url} refuses the credentials: {said}"
    if response.status >= 500:
        return False, f"{url} has a problem: {said}"
    return True, f"{url} answers: {said}"


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
