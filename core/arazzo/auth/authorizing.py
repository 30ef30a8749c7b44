"""A request with its credentials, including tokens: what is needed next, without any I/O."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from typing import Any

from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.signing import signed
from arazzo.auth.tokens import Grant, cached_token, can_grant, forget_token
from arazzo.errors import RequestError, TransportError
from arazzo.exchange import Request, Response, Visits
from arazzo.openapi.operation import SecurityScheme
from arazzo.openapi.security import authorize, unmet_schemes, used_schemes, wanted_tokens

#: What is said of a token endpoint that refuses the client or the user.
_REFUSED = re.compile(r": status 4\d\d\b")
#: What OpenSSL says of a certificate that nobody known has signed.
_UNKNOWN_ISSUER = re.compile(r"certificate verify failed: (self.signed|unable to get)")
#: What a request needs next, a token for a scheme or an answer; in the end, its response.
Authorized = Generator[SecurityScheme | Request, Any, Response]


def authorized(request: Request, settings: ConnectionSettings, connection: str) -> Authorized:
    """Yield the schemes that need a token, and the request; the token, and the answer, are sent back.

    If the server refuses a kept token with status 401, and there is a new one, the request is yielded again. A request
    that was refused so has not been applied (RFC 9110, 15.5.2), so this is right for all methods.

    :param connection: the connection's name in messages.
    """
    try:
        return (yield from _authorized(request, settings, connection))
    except RequestError as error:
        raise TransportError("token", f"{connection}: {error}; nothing was sent", maybe_sent=False) from None
    except TransportError as error:
        if not (advice := _advice(error, request, settings, connection)):
            raise
        raise TransportError(error.kind, f"{error}; {advice}", maybe_sent=error.maybe_sent) from None


def _advice(error: TransportError, request: Request, settings: ConnectionSettings, connection: str) -> str:
    """Return what a connection lacks that may be why there is no answer; empty if nothing."""
    if _UNKNOWN_ISSUER.search(str(error)):
        return f"name the file of its certificate authority in 'verify' of {connection}"
    if error.kind == "connect" and settings.base_url is None:
        return f"source '{request.source}' has no connection that names a server"
    certificate = any(scheme.get("type") == "mutualTLS" for need in request.security for scheme in need)
    if error.kind in ("tls", "reset") and certificate and not settings.cert:
        return f"the operation asks for a client's certificate, and {connection} has no 'cert'"
    return ""


def drive(steps: Authorized, token: Callable[[SecurityScheme], str], send: Callable[[Request], Response]) -> Response:
    """Give :func:`authorized` what it asks for: tokens, and answers.

    :raises TransportError: if there is no complete answer, or no token.
    """
    visits: Visits = ()
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, SecurityScheme):
                    found: str | Response = token(step)
                else:
                    found = answer = send(step.after(visits))
                    visits += answer.visits
            except TransportError as error:
                visits += error.visits
                step = steps.throw(error)
            else:
                step = steps.send(found)
    except StopIteration as done:
        response: Response = done.value
        return replace(response, visits=visits)
    except TransportError as error:
        error.visits = visits
        raise


async def drive_async(
    steps: Authorized,
    token: Callable[[SecurityScheme], Awaitable[str]],
    send: Callable[[Request], Awaitable[Response]],
) -> Response:
    """Give :func:`authorized` what it asks for as :func:`drive` does, on the running event loop."""
    visits: Visits = ()
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, SecurityScheme):
                    found: str | Response = await token(step)
                else:
                    found = answer = await send(step.after(visits))
                    visits += answer.visits
            except TransportError as error:
                visits += error.visits
                step = steps.throw(error)
            else:
                step = steps.send(found)
    except StopIteration as done:
        response: Response = done.value
        return replace(response, visits=visits)
    except TransportError as error:
        error.visits = visits
        raise


def _authorized(request: Request, settings: ConnectionSettings, connection: str) -> Authorized:
    if settings.sign_in is not None:
        return (yield from signed(authorize(request, settings.credentials), settings.sign_in))
    schemes = _granted(request, settings)
    kept = {scheme.key: _kept(settings.grant, scheme, request) for scheme in schemes}
    try:
        tokens = yield from _tokens(schemes)
    except TransportError as error:
        whose = f"; the credentials are those of {connection}" if _REFUSED.search(str(error)) else ""
        raise TransportError(error.kind, f"{error}; nothing else was sent{whose}", maybe_sent=False) from None
    response: Response = yield authorize(request, replace(settings.credentials, tokens=tokens))
    if response.status not in (401, 403):
        return response
    refused = [scheme for scheme in schemes if kept[scheme.key] == tokens[scheme.key]]
    if response.status == 401 and refused and settings.grant is not None:
        for scheme in refused:
            forget_token(settings.grant, scheme, request.url, tokens[scheme.key])
        try:
            fresh = yield from _tokens(schemes)
        except TransportError as error:
            return replace(response, hint=f"the kept token was refused, and there is no new one: {error}")
        if fresh != tokens:
            tokens = fresh
            response = yield authorize(request, replace(settings.credentials, tokens=tokens))
    if response.status not in (401, 403):
        return response
    unmet = () if schemes else unmet_schemes(request, settings.credentials)
    used = used_schemes(request, replace(settings.credentials, tokens=tokens))
    return replace(response, hint=_hint(unmet, used, settings, connection))


def _granted(request: Request, settings: ConnectionSettings) -> tuple[SecurityScheme, ...]:
    """Return the schemes that need a token; none if login and password are enough as they are."""
    grant, credentials = settings.grant, settings.credentials
    if grant is None or (grant.implied and not unmet_schemes(request, credentials)):
        return ()
    return wanted_tokens(request, credentials, lambda scheme: can_grant(grant, scheme))


def _tokens(schemes: tuple[SecurityScheme, ...]) -> Generator[SecurityScheme, str, dict[str, str]]:
    tokens = {}
    for scheme in schemes:
        tokens[scheme.key] = yield scheme
    return tokens


def _kept(grant: Grant | None, scheme: SecurityScheme, request: Request) -> str | None:
    token = cached_token(grant, scheme, request.url) if grant is not None else None
    return token.value if token else None


def _hint(
    unmet: tuple[SecurityScheme, ...], used: tuple[SecurityScheme, ...], settings: ConnectionSettings, connection: str
) -> str:
    """Say which credential is missing and where it belongs, or whose credential was sent; empty if there is neither."""
    named = ", ".join(f"'{scheme.key}' ({_described(scheme, settings.grant)})" for scheme in unmet or used)
    if unmet:
        return f"the operation asks for {named}, and {connection} has no credential for it"
    return f"the credential for {named} came from {connection}" if named else ""


def _described(scheme: SecurityScheme, grant: Grant | None) -> str:
    match scheme.type:
        case "apiKey":
            return f"API key, {scheme.location} '{scheme.name}'"
        case "http" if scheme.scheme not in ("basic", "bearer"):
            return f"http {scheme.scheme}, which is not supported"
        case "oauth2" if grant is not None and not can_grant(grant, scheme):
            flows = ", ".join(scheme.flows) or "no flow"
            return f"oauth2 with {flows}, which is not how this connection gets tokens"
    return f"{scheme.type} {scheme.scheme}".strip() or "which the description does not declare"
