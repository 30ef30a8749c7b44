"""OAuth 2.0 tokens: fetched with what a connection knows, and kept in the process until they expire.

A token is fetched by the same transport as everything else, with its limits. A generator decides what to send next, so
that threads and event loops behave alike. Tokens leave the process only in requests, and sealed, so that they are known
as secrets where their task continues.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urljoin, urlsplit
from weakref import WeakKeyDictionary

from arazzo import clock
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response, origin_of
from arazzo.frozen import dataclass, field
from arazzo.limits import current_limits
from arazzo.openapi.operation import SecurityScheme

if TYPE_CHECKING:
    import asyncio

#: How many seconds before its end a token is renewed, at most a fifth of its life.
MARGIN = 60.0
#: How many seconds a token is kept if nobody says how long it lives.
UNTOLD_LIFE = 300.0
GRANT_TYPES = ("client_credentials", "password", "refresh_token")
_FLOWS = {"client_credentials": "clientCredentials", "password": "password"}
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_ERROR = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5

Exchanges = Generator[Request, Response, "Token"]


@dataclass(frozen=True)
class Grant:
    """How a connection gets tokens (RFC 6749).

    :param token_url: None for the URL in the API description, or the one that its OpenID provider names.
    :param client_auth: ``basic`` for the client's credentials in a header, ``body`` for those in the form.
    :param scopes: None for those that the operation asks for.
    :param implied: whether the connection has only a login and a password, which may be a client's.
    :param home: the URL of the connection's host, if it has one: an implied grant is sent nowhere else.
    """

    grant_type: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_auth: str = "basic"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    scopes: str | None = None
    audience: str | None = None
    implied: bool = False
    home: str | None = None


@dataclass(frozen=True)
class Token:
    """A token, when to renew it, and the refresh token for that."""

    value: str = field(repr=False)
    renew_at: float
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def usable(self) -> bool:
        return clock.now() < self.renew_at


_TOKENS: dict[str, Token] = {}
_FAILURES: dict[str, tuple[float, TransportError]] = {}
_LOCKS: dict[str, threading.Lock] = {}
_LOOP_LOCKS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()


def can_grant(grant: Grant | None, scheme: SecurityScheme) -> bool:
    """Say whether a connection knows enough to get a token for a scheme."""
    if grant is None or _grant_type(grant, scheme) is None:
        return False
    if scheme.type == "http" and not grant.token_url:
        return False  # the description does not say where to get a bearer token
    return bool(grant.token_url or scheme.open_id_connect_url or _token_url(scheme, _grant_type(grant, scheme)))


def spends_refresh_token(grant: Grant) -> bool:
    """Say whether a token is fetched with a refresh token, which may work only once."""
    return (grant.grant_type or ("refresh_token" if grant.refresh_token else "")) == "refresh_token"


def client_pair(client_id: str, client_secret: str) -> str:
    """Return a client's credentials in the form of basic authentication (RFC 6749, 2.3.1)."""
    return base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode()).decode()


def cached_token(grant: Grant, scheme: SecurityScheme, url: str) -> Token | None:
    """Return the token that is kept for a scheme, if it is still valid."""
    token = _TOKENS.get(_key(grant, scheme, url))
    return token if token is not None and token.usable else None


def forget_token(grant: Grant, scheme: SecurityScheme, url: str, value: str) -> None:
    """Forget a token that the server has refused, unless another has taken its place."""
    key = _key(grant, scheme, url)
    token = _TOKENS.get(key)
    if token is not None and token.value == value:
        _TOKENS[key] = Token("", 0.0, token.refresh_token)


def get_token(
    grant: Grant, scheme: SecurityScheme, url: str, send: Callable[[Request], Response], *, fresh: bool = False
) -> Token:
    """Return a token, fetched once however many threads need it; those that waited share a failure, too.

    :param url: of the request that needs it; the description's URLs may be relative to that.
    :param send: sends a request once, and follows no redirect.
    :param fresh: whether a kept token is not enough.
    :raises TransportError: if there is no token.
    """
    key, come = _key(grant, scheme, url), time.monotonic()
    with _LOCKS.setdefault(key, threading.Lock()):
        token = None if fresh else _found(grant, scheme, url, come)
        if token is None:
            steps = _exchanges(grant, scheme, url, _TOKENS.get(key))
            try:
                token = _TOKENS[key] = _drive(steps, send)
            except TransportError as error:
                raise _failed(key, scheme, error) from None
    return token


async def get_token_async(
    grant: Grant, scheme: SecurityScheme, url: str, send: Callable[[Request], Awaitable[Response]]
) -> Token:
    """Return a token as :func:`get_token` does, fetched once however many tasks of the event loop need it."""
    import asyncio

    key, come = _key(grant, scheme, url), time.monotonic()
    locks = _LOOP_LOCKS.setdefault(asyncio.get_running_loop(), {})
    async with locks.setdefault(key, asyncio.Lock()):
        token = _found(grant, scheme, url, come)
        if token is None:
            steps = _exchanges(grant, scheme, url, _TOKENS.get(key))
            try:
                token = _TOKENS[key] = await _drive_async(steps, send)
            except TransportError as error:
                raise _failed(key, scheme, error) from None
    return token


def _found(grant: Grant, scheme: SecurityScheme, url: str, come: float) -> Token | None:
    """Return the token that is kept, or that was fetched while the caller waited.

    :param come: when the caller started to wait.
    :raises TransportError: if the fetch of another caller has failed meanwhile.
    """
    if (token := cached_token(grant, scheme, url)) is not None:
        return token
    failed, error = _FAILURES.get(_key(grant, scheme, url), (-math.inf, None))
    if error is not None and failed > come:
        raise TransportError(error.kind, str(error), maybe_sent=False)
    return None


def _failed(key: str, scheme: SecurityScheme, error: TransportError) -> TransportError:
    """Return the error for a failed fetch of a token, and keep it for the callers that wait."""
    if error.kind != "token":
        error = TransportError("token", f"no token for '{scheme.key}': {error}", maybe_sent=False)
    _FAILURES[key] = time.monotonic(), error
    return error


def _drive(steps: Exchanges, send: Callable[[Request], Response]) -> Token:
    try:
        request = next(steps)
        while True:
            request = steps.send(send(request))
    except StopIteration as done:
        token: Token = done.value
        return token


async def _drive_async(steps: Exchanges, send: Callable[[Request], Awaitable[Response]]) -> Token:
    try:
        request = next(steps)
        while True:
            request = steps.send(await send(request))
    except StopIteration as done:
        token: Token = done.value
        return token


def _key(grant: Grant, scheme: SecurityScheme, url: str) -> str:
    """Return the key under which a token is kept: a digest of everything that it depends on."""
    described = None if grant.token_url else (scheme.flows, scheme.open_id_connect_url, _origin(url))
    asked = (_grant_type(grant, scheme), described, sorted(_scopes(scheme)))
    text = json.dumps([sorted(vars(grant).items()), asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _exchanges(grant: Grant, scheme: SecurityScheme, url: str, last: Token | None) -> Exchanges:
    """Yield the requests that lead to a token, and return it."""
    kind = _grant_type(grant, scheme) or ""
    token_url = grant.token_url
    if token_url is None and (described := _token_url(scheme, kind)):
        token_url = _trusted(url, described, grant, url, scheme)
    if token_url is None:
        token_url = yield from _discovered(grant, url, scheme)
    response = yield _token_request(grant, kind, scheme, token_url, last)
    content = _content(response, scheme, token_url)
    value = _text(content, "access_token", scheme, token_url)
    if not _VISIBLE.fullmatch(value):
        raise _no_token(scheme, token_url, "the 'access_token' holds characters that no header can carry")
    seconds = _life(content.get("expires_in"))
    refresh = content.get("refresh_token")
    usable = isinstance(refresh, str) and _VISIBLE.fullmatch(refresh) and kind == "refresh_token"
    return Token(value, clock.now() + seconds - min(MARGIN, seconds / 5), str(refresh) if usable else None)


def _discovered(grant: Grant, url: str, scheme: SecurityScheme) -> Generator[Request, Response, str]:
    """Yield the requests for an OpenID provider's description of itself, and return its token endpoint."""
    place = _trusted(url, scheme.open_id_connect_url, grant, url, scheme)
    for _ in range(_MOST_REDIRECTS):
        response = yield _request("GET", place, [("Accept", "application/json")])
        location = response.header("Location") if response.status in _REDIRECTS else None
        if not location:
            break
        place = _trusted(place, location, grant, url, scheme)
    endpoint = _text(_content(response, scheme, place), "token_endpoint", scheme, place)
    return _trusted(place, endpoint, grant, url, scheme)


def _life(said: Any) -> float:
    """Return for how many seconds a token is valid, from its ``expires_in``."""
    try:
        seconds = math.nan if isinstance(said, bool) else float(said)
    except (TypeError, ValueError, OverflowError):
        return UNTOLD_LIFE
    return seconds if math.isfinite(seconds) else UNTOLD_LIFE


def _grant_type(grant: Grant, scheme: SecurityScheme) -> str | None:
    """Return the grant: the one that is named, or the first that both connection and description support."""
    if grant.grant_type:
        return grant.grant_type
    if grant.refresh_token:
        return "refresh_token"
    described = {name for name, flow in _FLOWS.items() if flow in scheme.flows} or set(_FLOWS)
    client, user = bool(grant.client_id and grant.client_secret), bool(grant.username and grant.password)
    if "client_credentials" in described and (client or (user and not grant.client_id)):
        return "client_credentials"
    return "password" if "password" in described and user else None


def _token_url(scheme: SecurityScheme, kind: str | None) -> str | None:
    flows: Mapping[str, Any] = scheme.flows
    named = flows.get(_FLOWS.get(kind or "", ""), {})
    if url := named.get("tokenUrl"):
        return str(url)
    names = ("refreshUrl", "tokenUrl") if kind == "refresh_token" else ("tokenUrl",)
    found = [flow[name] for name in names for flow in flows.values() if flow.get(name)]
    return str(found[0]) if found and kind == "refresh_token" else None


def _trusted(base: str, named: str, grant: Grant, api: str, scheme: SecurityScheme) -> str:
    """Return the URL that the API's description or OpenID provider names, if credentials may be sent there.

    It must use TLS, and be at the API's own origin or on this machine; a lone login and password go only to the
    connection's own host, if it has one. A URL that the connection itself names is not checked.
    """
    try:
        url = urljoin(base, named)
        parts, origin = urlsplit(url), origin_of(url)
    except ValueError:
        raise _no_token(scheme, _origin(base), "the token URL is not a URL") from None
    if grant.implied and grant.home and origin != _origin(grant.home):
        text = "a login and a password alone go to the connection's host only; name its 'token_url' or a 'client_id'"
        raise _no_token(scheme, url, text)
    if parts.scheme == "https" or origin == _origin(api) or (parts.scheme == "http" and parts.hostname in _LOCAL):
        return url
    raise _no_token(scheme, url, "credentials go over https only, unless the connection names the 'token_url'")


def _origin(url: str) -> str:
    """Return the origin of a URL; nothing if it is not one, to which no request is sent."""
    try:
        return origin_of(url)
    except ValueError:
        return ""


def _token_request(grant: Grant, kind: str, scheme: SecurityScheme, url: str, last: Token | None) -> Request:
    client_id, client_secret = grant.client_id, grant.client_secret
    if kind == "client_credentials" and not client_id:
        client_id, client_secret = grant.username, grant.password
    form = {"grant_type": kind}
    if kind == "password":
        form |= {"username": grant.username or "", "password": grant.password or ""}
    if kind == "refresh_token":
        form["refresh_token"] = (last and last.refresh_token) or grant.refresh_token or ""
    scopes = " ".join(_scopes(scheme)) if grant.scopes is None else grant.scopes
    form |= {name: value for name, value in (("scope", scopes), ("audience", grant.audience)) if value}
    headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
    if client_id and client_secret and grant.client_auth == "basic":
        headers.append(("Authorization", f"Basic {client_pair(client_id, client_secret)}"))
    elif client_id:
        form |= {"client_id": client_id, **({"client_secret": client_secret} if client_secret else {})}
    return _request("POST", url, headers, urlencode(form).encode())


def _scopes(scheme: SecurityScheme) -> tuple[str, ...]:
    """Return the scopes that an operation asks for; with schemes other than OAuth's these are roles (3.1, 4.8.30)."""
    return () if scheme.type == "http" else scheme.scopes


def _request(method: str, url: str, headers: list[tuple[str, str]], body: bytes | None = None) -> Request:
    return Request(
        method, url, tuple(headers), body, template=urlsplit(url).path, timeout=current_limits().token_timeout
    )


def _content(response: Response, scheme: SecurityScheme, url: str) -> dict[str, Any]:
    if response.beyond:
        raise _no_token(scheme, url, response.beyond)
    try:
        content = json.loads(response.body)
    except (ValueError, RecursionError):
        content = None
    if not 200 <= response.status < 300:
        error = content.get("error") if isinstance(content, dict) else None
        said = f" ({error})" if isinstance(error, str) and _ERROR.fullmatch(error) else ""
        raise _no_token(scheme, url, f"status {response.status}{said}")
    if not isinstance(content, dict):
        raise _no_token(scheme, url, "the answer is not a JSON object")
    return content


def _text(content: Mapping[str, Any], name: str, scheme: SecurityScheme, url: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise _no_token(scheme, url, f"the answer has no '{name}'")
    return value


def _no_token(scheme: SecurityScheme, url: str, text: str) -> TransportError:
    place = f" from {origin}{urlsplit(url).path}" if (origin := _origin(url)) else ""
    return TransportError("token", f"no token for '{scheme.key}'{place}: {text}", maybe_sent=False)
