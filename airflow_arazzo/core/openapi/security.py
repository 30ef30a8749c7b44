"""Credentials into requests (Security Requirement Object, Security Scheme Object)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from airflow_arazzo.core.errors import RequestError
from airflow_arazzo.core.exchange import Request
from airflow_arazzo.core.openapi.encoding import control_character, percent_encode
from airflow_arazzo.core.openapi.operation import SecurityScheme

_GRANTED = ("oauth2", "openIdConnect")


@dataclass(frozen=True)
class Credentials:
    """What a connection knows.

    :param login: for ``basic``.
    :param password: for ``basic``; without a login it is the one secret there is, and serves as token or API key.
    :param token: for ``bearer``, ``oauth2`` and ``openIdConnect``.
    :param tokens: for ``oauth2`` and ``openIdConnect``, by key of the security scheme: what :func:`wanted_tokens` asked
        for.
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
    """One credential in its place: ``header``, ``query`` or ``cookie``; ``key`` is that of its security scheme."""

    location: str
    name: str
    value: str = field(repr=False)
    key: str = ""


def authorize(request: Request, credentials: Credentials) -> Request:
    """Return the request with the credentials that its security asks for.

    The alternatives are tried in order, those that ask for something first; the first that can be satisfied is applied
    as a whole. What the document sent itself stays and counts as satisfied; a request that satisfies an alternative by
    itself, or whose alternatives nothing satisfies, gets nothing but the connection's headers.

    :raises RequestError: a credential holds a control character.
    """
    request = _with_headers(request, credentials.headers)
    for secret in _chosen(request, credentials) or ():
        request = _with_secret(request, secret)
    return request


def wanted_tokens(request: Request, credentials: Credentials) -> tuple[SecurityScheme, ...]:
    """Return the ``oauth2`` and ``openIdConnect`` schemes for which the request needs tokens that are yet to be got.

    They are those of the alternative that :func:`authorize` would apply if it had tokens for all schemes.
    """
    request = _with_headers(request, credentials.headers)
    known = tuple(_alternatives(request))
    every = {scheme.key: "token" for need in known for scheme in need if scheme.type in _GRANTED}
    chosen = _chosen(request, replace(credentials, tokens={**every, **credentials.tokens}))
    applied = {secret.key for secret in chosen or ()}
    schemes = {scheme.key: scheme for need in known for scheme in need if scheme.key in applied}
    return tuple(
        scheme for scheme in schemes.values() if scheme.type in _GRANTED and _secret(scheme, credentials) is None
    )


def unmet_schemes(request: Request, credentials: Credentials) -> tuple[SecurityScheme, ...]:
    """Return the schemes that a request asks for if it has no credential for any of its alternatives; else nothing."""
    request = _with_headers(request, credentials.headers)
    known = tuple(_alternatives(request))
    if not all(request.security) or _chosen(request, credentials) is not None:
        return ()
    return tuple({scheme.key: scheme for need in known for scheme in need}.values())


def _chosen(request: Request, credentials: Credentials) -> list[Secret] | None:
    """Return the secrets of the first alternative that can be satisfied; None if there is none."""
    needs = list(_alternatives(request))
    if any(all(_is_sent(request, scheme) for scheme in need) for need in needs):
        return []
    for need in needs:
        secrets = [None if _is_sent(request, scheme) else _secret(scheme, credentials) for scheme in need]
        missing = [scheme for scheme, secret in zip(need, secrets, strict=True) if secret is None]
        if all(_is_sent(request, scheme) or scheme.type == "mutualTLS" for scheme in missing):
            return [secret for secret in secrets if secret is not None]
    return None


def _alternatives(request: Request) -> Iterator[tuple[SecurityScheme, ...]]:
    """Yield the alternatives that ask for something."""
    for need in request.security:
        if need:
            yield tuple(SecurityScheme.model_validate(scheme) for scheme in need)


def _secret(scheme: SecurityScheme, credentials: Credentials) -> Secret | None:
    """Return the credential for a scheme; None if there is none."""
    alone = credentials.password if not credentials.login else None
    token = credentials.token or alone
    if scheme.type in _GRANTED:
        token = token or credentials.tokens.get(scheme.key)
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
        return f"Bearer {credentials.token}"
    return value


def _is_sent(request: Request, scheme: SecurityScheme) -> bool:
    """Tell whether the request carries the credential of a scheme already."""
    if scheme.type in ("http", "oauth2", "openIdConnect"):
        return _has(request, "header", "Authorization")
    return scheme.type == "apiKey" and _has(request, scheme.location, scheme.name)


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
    if found := control_character(secret.value):
        raise RequestError(f"the connection's value for '{secret.name}' holds {found}")
    return secret.value
