"""Credentials put into requests (Security Requirement Object, Security Scheme Object)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from arazzo.errors import RequestError
from arazzo.exchange import Request
from arazzo.frozen import dataclass, field, replace
from arazzo.openapi.encoding import control_character, percent_encode
from arazzo.openapi.operation import SecurityScheme

_BEARER = re.compile(r"^bearer +", re.IGNORECASE)
_GRANTED = ("oauth2", "openIdConnect")


@dataclass(frozen=True)
class Credentials:
    """What a connection knows.

    :param login: for ``basic``.
    :param password: for ``basic``; without a login it is the only secret, and serves as token or API key.
    :param token: for ``bearer``, ``oauth2`` and ``openIdConnect``.
    :param tokens: for the same, by key of the security scheme: what :func:`wanted_tokens` asked for.
    :param api_keys: by key of the security scheme, or by name of the header, query parameter or cookie.
    :param headers: sent with every request that does not have them.
    """

    login: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Secret:
    """One credential and its place: ``header``, ``query`` or ``cookie``; ``key`` is its security scheme's key."""

    location: str
    name: str
    value: str = field(repr=False)
    key: str = ""


def authorize(request: Request, credentials: Credentials) -> Request:
    """Return the request with the credentials that its security asks for.

    The alternatives are tried in order, those that ask for something first; the first one that can be satisfied is
    applied as a whole. What the document itself sends stays, and counts as satisfied. A request that already satisfies
    an alternative, or for which none can be satisfied, gets only the connection's headers.

    :raises RequestError: if a credential has a character that its place cannot carry.
    """
    request = _with_headers(request, credentials.headers)
    for _, secret in _chosen(request, credentials) or ():
        request = _with_secret(request, secret)
    return request


def wanted_tokens(
    request: Request, credentials: Credentials, grantable: Callable[[SecurityScheme], bool]
) -> tuple[SecurityScheme, ...]:
    """Return the schemes for which the request still needs tokens.

    They belong to the alternative that :func:`authorize` would apply if it had every token that can be obtained.

    :param grantable: whether a token for a scheme can be obtained.
    """
    request = _with_headers(request, credentials.headers)
    schemes = (scheme for need in _alternatives(request) for scheme in need)
    tokens = {scheme.key: "token" for scheme in schemes if _takes_token(scheme) and grantable(scheme)}
    chosen = _chosen(request, replace(credentials, tokens={**tokens, **credentials.tokens})) or ()
    return tuple(scheme for scheme, _ in chosen if _secret(scheme, credentials) is None)


def used_schemes(request: Request, credentials: Credentials) -> tuple[SecurityScheme, ...]:
    """Return the schemes whose credentials :func:`authorize` adds to a request."""
    return tuple(scheme for scheme, _ in _chosen(_with_headers(request, credentials.headers), credentials) or ())


def unmet_schemes(request: Request, credentials: Credentials) -> tuple[SecurityScheme, ...]:
    """Return the schemes without a credential if no alternative of a request is satisfied; otherwise none."""
    request = _with_headers(request, credentials.headers)
    known = tuple(_alternatives(request))
    if not all(request.security) or _chosen(request, credentials) is not None:
        return ()
    schemes = {scheme.key: scheme for need in known for scheme in need if scheme.type != "mutualTLS"}
    return tuple(
        scheme for scheme in schemes.values() if not _is_sent(request, scheme) and _secret(scheme, credentials) is None
    )


def _chosen(request: Request, credentials: Credentials) -> list[tuple[SecurityScheme, Secret]] | None:
    """Return the secrets of the first alternative that can be satisfied, with their schemes; None if there is none."""
    needs = list(_alternatives(request))
    if any(all(_is_sent(request, scheme) for scheme in need) for need in needs):
        return []
    for need in needs:
        found: dict[tuple[str, str], tuple[SecurityScheme, Secret]] = {}
        missing = []
        for scheme in need:
            if scheme.type == "mutualTLS" or _is_sent(request, scheme):
                continue
            if (secret := _secret(scheme, credentials)) is None:
                missing.append(_place(scheme))
            else:
                found.setdefault(_place(scheme), (scheme, secret))  # two schemes of one place can have only one value
        if all(place in found for place in missing):
            return list(found.values())
    return None


def _place(scheme: SecurityScheme) -> tuple[str, str]:
    """Return where a scheme's credential travels: the place, and the name there."""
    if scheme.type in ("http", *_GRANTED):
        return "header", "authorization"
    return scheme.location, scheme.name.lower() if scheme.location == "header" else scheme.name


def _takes_token(scheme: SecurityScheme) -> bool:
    return scheme.type in _GRANTED or (scheme.type, scheme.scheme) == ("http", "bearer")


def _alternatives(request: Request) -> Iterator[tuple[SecurityScheme, ...]]:
    """Yield the alternatives that ask for something."""
    for need in request.security:
        if need:
            yield tuple(map(_scheme, need))


def _scheme(value: Mapping[str, Any]) -> SecurityScheme:
    """Return a scheme from its JSON value in a request."""
    return SecurityScheme.model_construct(**{**value, "scopes": tuple(value.get("scopes", ()))})


def has_secret_for(scheme: SecurityScheme, credentials: Credentials) -> bool:
    """Say whether there is a credential for a scheme."""
    return _secret(scheme, credentials) is not None


def _secret(scheme: SecurityScheme, credentials: Credentials) -> Secret | None:
    alone = credentials.password if not credentials.login else None
    token = _BEARER.sub("", credentials.token or alone or credentials.tokens.get(scheme.key) or "")
    match scheme.type, scheme.scheme:
        case "http", "basic" if credentials.login:
            pair = f"{credentials.login}:{credentials.password or ''}"
            return Secret("header", "Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}", scheme.key)
        case ("http", "bearer") | ("oauth2", _) | ("openIdConnect", _) if token:
            return Secret("header", "Authorization", f"Bearer {token}", scheme.key)
        case "apiKey", _:
            value = _api_key(scheme, credentials) or alone
            return Secret(scheme.location, scheme.name, value, scheme.key) if value and scheme.name else None
        case _:
            return None


def _api_key(scheme: SecurityScheme, credentials: Credentials) -> str | None:
    """Return the key by the scheme's key or its name; Swagger 2.0 writes bearer as a key named ``Authorization``."""
    keys = {name.lower(): value for name, value in credentials.api_keys.items()}
    value = credentials.api_keys.get(scheme.key) or keys.get(scheme.name.lower())
    if not value and scheme.location == "header" and scheme.name.lower() == "authorization" and credentials.token:
        return f"Bearer {_BEARER.sub('', credentials.token)}"
    return value


def _is_sent(request: Request, scheme: SecurityScheme) -> bool:
    """Tell whether the request already carries the credential of a scheme."""
    return scheme.type in ("http", "apiKey", *_GRANTED) and _has(request, *_place(scheme))


def _has(request: Request, location: str, name: str) -> bool:
    match location:
        case "header":
            return any(key.lower() == name.lower() for key, _ in request.headers)
        case "query":
            return any(key == name for key, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        case "cookie":
            cookies = [value for key, value in request.headers if key.lower() == "cookie"]
            return any(pair.strip().startswith(f"{name}=") for text in cookies for pair in text.split(";"))
        case _:
            return False


def _with_secret(request: Request, secret: Secret) -> Request:
    match secret.location:
        case "query":
            mark = "&" if "?" in request.url else "?"
            pair = f"{percent_encode(secret.name)}={percent_encode(secret.value)}"
            return replace(request, url=f"{request.url}{mark}{pair}")
        case "cookie":
            return _with_cookie(request, f"{secret.name}={_checked(secret)}")
        case _:
            return replace(request, headers=(*request.headers, (secret.name, _checked(secret))))


def _with_cookie(request: Request, pair: str) -> Request:
    own = [value for key, value in request.headers if key.lower() == "cookie"]
    rest = tuple(item for item in request.headers if item[0].lower() != "cookie")
    return replace(request, headers=(*rest, ("Cookie", "; ".join([*own, pair]))))


def _with_headers(request: Request, headers: Mapping[str, Any]) -> Request:
    added = tuple(
        (name, _checked(Secret("header", name, str(value))))
        for name, value in headers.items()
        if not _has(request, "header", name)
    )
    return replace(request, headers=request.headers + added)


def _checked(secret: Secret) -> str:
    found = control_character(secret.value)
    if not found and secret.location == "cookie" and ";" in secret.value:
        found = "a semicolon, which would end the cookie"
    if found:
        raise RequestError(f"the value for '{secret.name}' holds {found}")
    return secret.value
