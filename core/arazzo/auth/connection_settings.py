"""What a connection says about an API: where it is, who is calling, and how to reach it.

Two connection types are read. Extras of type ``arazzo`` have fixed names. Type ``http`` follows Airflow's HTTP
provider: its options, and every other extra is a header.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Protocol, cast
from urllib.parse import urlsplit, urlunsplit

from arazzo.auth.signing import SignIn, fault_of
from arazzo.auth.tokens import GRANT_TYPES, Grant, client_pair
from arazzo.document.shape import LONGEST_WAIT
from arazzo.errors import ConnectionSettingsError
from arazzo.frozen import dataclass, field
from arazzo.openapi.security import Credentials
from arazzo.secrecy.secrets import credentials as credentials_in

OAUTH_EXTRAS = frozenset(
    {
        *("grant_type", "token_url", "client_id", "client_secret", "client_auth"),
        *("refresh_token", "scopes", "audience"),
    }
)
ARAZZO_EXTRAS = OAUTH_EXTRAS | {
    *("token", "api_keys", "headers", "secret_headers"),
    *(
        "verify",
        "cert",
        "key",
        "proxies",
        "timeout",
        "trust_env",
        "max_bytes",
        "redirects",
        "max_redirects",
        "required",
    ),
    *("auth_type", "secret_auth_options"),
}
_URL = re.compile(r"[\x21-\x7e]+")
#: Headers that never contain a secret; any other value of a connection may be one.
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type", "user-agent"}
)
_HTTP_OPTIONS = frozenset(
    {
        *("cert", "proxies", "proxy", "timeout", "trust_env", "verify", "verify_ssl"),
        *("allow_redirects", "auth_type", "check_response", "max_redirects", "stream"),
    }
)

_MOST_BYTES = 2.0**40
_MOST_REDIRECTS = 100.0


class Connection(Protocol):
    """The fields of a connection, as in Airflow, whose own class fits this."""

    @property
    def conn_id(self) -> str: ...
    @property
    def conn_type(self) -> str | None: ...
    @property
    def host(self) -> str | None: ...
    @property
    def schema(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def login(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def extra(self) -> str | None: ...


@dataclass(frozen=True)
class ConnectionSettings:
    """One connection, read.

    :param base_url: replaces the description's servers; None if the connection names no host.
    :param credentials: the credentials for the security schemes.
    :param grant: how to fetch tokens for ``oauth2`` and ``openIdConnect``; None if the connection does not know how.
    :param verify: whether to check the server's certificate, or the file of the authorities to trust.
    :param cert: client certificate file, or that and its key file.
    :param proxies: proxy URLs by scheme, as ``requests`` has them.
    :param timeout: seconds for an exchange; None for the transport's default.
    :param trust_env: whether proxy and certificate settings of the environment count.
    :param max_bytes: the largest body that is read; None for the transport's default.
    :param redirects: whether GET and HEAD follow redirects; None leaves it to what the step expects.
    :param max_redirects: how many they follow; None for the transport's default.
    :param sign_in: how every request is signed; None if the operations say how to log in.
    :param required: like the setting of that name: ``send`` if the description requires what the API does not.
    """

    base_url: str | None = None
    credentials: Credentials = field(default_factory=Credentials, repr=False)
    grant: Grant | None = field(default=None, repr=False)
    verify: bool | str = True
    cert: str | tuple[str, str] | None = None
    proxies: dict[str, str] = field(default_factory=dict, repr=False)
    timeout: float | None = None
    trust_env: bool = True
    max_bytes: int | None = None
    redirects: Literal["follow", "never"] | None = None
    max_redirects: int | None = None
    sign_in: SignIn | None = field(default=None, repr=False)
    required: Literal["check", "send"] | None = None


def read_connection(connection: Connection) -> ConnectionSettings:
    """Read a connection of type ``arazzo`` or ``http``.

    :raises ConnectionSettingsError: if a field is invalid, naming the connection and the field.
    """
    extras = _extras(connection)
    try:
        json.dumps([connection.host, connection.login, connection.password, extras], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _refused(connection, "contains half of a surrogate pair, which is not a character") from None
    if connection.conn_type == "arazzo":
        return _read_arazzo(connection, extras)
    if connection.conn_type in ("http", "https", "generic", None, ""):
        return _read_http(connection, extras)
    raise _refused(connection, f"is of type '{connection.conn_type}'; 'arazzo' or 'http' is needed")


def _read_arazzo(connection: Connection, extras: Mapping[str, Any]) -> ConnectionSettings:
    unknown = sorted(extras.keys() - ARAZZO_EXTRAS)
    if unknown:
        known = ", ".join(sorted(ARAZZO_EXTRAS))
        raise _refused(connection, f"has the unknown extra {', '.join(map(repr, unknown))}; known are {known}")
    cert, key = extras.get("cert"), extras.get("key")
    if key and not cert:
        raise _refused(connection, "has a 'key' without the 'cert' it belongs to")
    base_url = _base_url(connection, "https")
    sign_in = _sign_in(connection, extras)
    if sign_in is not None:
        connection = _WithoutLogin(connection)
    return ConnectionSettings(
        base_url=base_url,
        sign_in=sign_in,
        credentials=_credentials(
            connection,
            token=extras.get("token"),
            granted=not OAUTH_EXTRAS.isdisjoint(extras),
            api_keys=_mapping(connection, "api_keys", extras.get("api_keys")),
            headers={
                **_mapping(connection, "headers", extras.get("headers")),
                **_mapping(connection, "secret_headers", extras.get("secret_headers")),
            },
        ),
        grant=_grant(connection, extras, base_url),
        cert=(str(cert), str(key)) if cert and key else str(cert) if cert else None,
        required=_choice(connection, "required", extras.get("required"), ("check", "send")),
        **_transport_options(connection, extras),
    )


def _sign_in(connection: Connection, extras: Mapping[str, Any]) -> SignIn | None:
    """Return how a connection signs its requests, whatever the operations ask for."""
    kind = extras.get("auth_type")
    if kind is None or kind == "basic":
        if "secret_auth_options" in extras:
            raise _refused(connection, "has 'secret_auth_options' without an 'auth_type' that they belong to")
        return None
    if clash := sorted((OAUTH_EXTRAS | {"token"}) & extras.keys()):
        raise _refused(connection, f"has an 'auth_type' beside {', '.join(map(repr, clash))}: it can sign in one way")
    options = _mapping(connection, "secret_auth_options", extras.get("secret_auth_options"))
    way = SignIn(str(kind), connection.login or None, connection.password or None, options)
    if fault := fault_of(way):
        raise _refused(connection, fault)
    return way


@dataclass(frozen=True)
class _WithoutLogin:
    """A connection whose login and password are not for the schemes of operations."""

    whole: Connection
    login: None = None
    password: None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


def _read_http(connection: Connection, extras: Mapping[str, Any]) -> ConnectionSettings:
    if _boolean(connection, "srv_lookup", extras.get("srv_lookup", False)):
        raise _refused(connection, "asks for 'srv_lookup', which is not supported here")
    headers = {name: value for name, value in extras.items() if name not in _HTTP_OPTIONS and name != "srv_lookup"}
    for name, value in headers.items():
        if isinstance(value, (dict, list)):
            raise _refused(
                connection, f"has an extra '{name}' that is not text; every extra but the options is a header"
            )
    _check_auth_type(connection, extras.get("auth_type"))
    options = {name: value for name, value in extras.items() if name != "redirects"}
    if "allow_redirects" in extras:
        follows = _boolean(connection, "allow_redirects", extras["allow_redirects"])
        options["redirects"] = None if follows else "never"
    if "verify" not in options and "verify_ssl" in options:
        options["verify"] = options["verify_ssl"]
    if "proxies" not in options and "proxy" in options:
        options["proxies"] = options["proxy"]
    cert = extras.get("cert")
    return ConnectionSettings(
        base_url=_base_url(connection, "https" if connection.conn_type == "https" else "http"),
        credentials=_credentials(connection, headers={name: str(value) for name, value in headers.items()}),
        cert=tuple(cert) if isinstance(cert, list) else cert,
        **_transport_options(connection, options),
    )


def _credentials(
    connection: Connection,
    *,
    token: Any = None,
    granted: bool = False,
    api_keys: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Credentials:
    """Return the credentials: a password without a login is a token, unless it serves to fetch tokens."""
    login, password = connection.login or None, connection.password or None
    if password and not login:
        token = token or (None if granted else password)
        password = None if granted else password
    return Credentials(
        login=login,
        password=password,
        token=str(token) if token else None,
        api_keys=dict(api_keys or {}),
        headers=dict(headers or {}),
    )


def _grant(connection: Connection, extras: Mapping[str, Any], home: str | None) -> Grant | None:
    """Return how to fetch tokens; a lone login and password then count as client credentials."""
    named: dict[str, Any] = {name: str(extras[name]) for name in OAUTH_EXTRAS - {"scopes"} if name in extras}
    for name, allowed in ("grant_type", GRANT_TYPES), ("client_auth", ("basic", "body")):
        if name in named and named[name] not in allowed:
            raise _refused(connection, f"has an extra '{name}' that is not one of {', '.join(allowed)}")
    if "token_url" in named:
        _check_token_url(connection, named["token_url"])
    scopes = extras.get("scopes")
    if isinstance(scopes, list):
        scopes = " ".join(map(str, scopes))
    login, password = connection.login or None, connection.password or None
    if password and not login and named:
        named.setdefault("client_secret", password)
    if not named and not (login and password):
        return None
    return Grant(
        **named,
        username=login,
        password=password,
        scopes=None if scopes is None else str(scopes),
        implied=not named,
        home=None if named else home,
    )


def _check_token_url(connection: Connection, url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _URL.fullmatch(url):
        raise _refused(connection, "has an extra 'token_url' that is not an http or https URL")
    if "@" in parts.netloc:
        raise _refused(connection, "has credentials in its 'token_url'; they belong in client_id and client_secret")


def secret_texts(settings: ConnectionSettings) -> Iterator[str]:
    """Yield what no log may show of a connection, also in the spellings that it has in HTTP."""
    credentials, grant = settings.credentials, settings.grant
    yield from filter(None, (credentials.password, credentials.token, *credentials.api_keys.values()))
    yield from (credentials.token or "").split()[1:]  # of "Bearer ..."
    if settings.sign_in is not None:
        yield from filter(None, (settings.sign_in.password, *_secret_options(settings.sign_in)))
    if credentials.login and credentials.password:
        yield base64.b64encode(f"{credentials.login}:{credentials.password}".encode()).decode()
    if grant is not None:
        yield from filter(None, (grant.client_secret, grant.password, grant.refresh_token))
        if grant.client_id and grant.client_secret:
            yield client_pair(grant.client_id, grant.client_secret)
    for name, value in credentials.headers.items():
        if name.lower() not in _PLAIN_HEADERS:
            yield from credentials_in(value)
    for proxy in settings.proxies.values():
        yield from filter(None, (urlsplit(proxy).password,))


def _secret_options(way: SignIn) -> Iterator[str]:
    """Yield the options of a way to sign in that may be secret: all except those with harmless names."""
    yield from (str(value) for name, value in way.options.items() if name not in ("region", "service"))


def _transport_options(connection: Connection, extras: Mapping[str, Any]) -> dict[str, Any]:
    verify = extras.get("verify", True)
    proxies = extras.get("proxies")
    if isinstance(proxies, str) and not proxies.lstrip().startswith("{"):
        proxies = {"all": proxies}
    proxies = _mapping(connection, "proxies", proxies)
    if every := proxies.pop("all", None):
        proxies = {"http": every, "https": every, **proxies}
    return {
        "verify": verify if _is_path(verify) else _boolean(connection, "verify", verify),
        "proxies": proxies,
        "timeout": _number(connection, "timeout", extras.get("timeout"), float, LONGEST_WAIT),
        "trust_env": _boolean(connection, "trust_env", extras.get("trust_env", True)),
        "max_bytes": _number(connection, "max_bytes", extras.get("max_bytes"), int, _MOST_BYTES),
        "redirects": _redirects(connection, extras.get("redirects")),
        "max_redirects": _number(connection, "max_redirects", extras.get("max_redirects"), int, _MOST_REDIRECTS),
    }


def _base_url(connection: Connection, default_scheme: str) -> str | None:
    """Return the URL of the connection's host: a host, or a host with scheme and path, completed by schema and port."""
    host = (connection.host or "").strip().rstrip("/")
    if not host:
        return None
    url = host if "://" in host else f"{connection.schema or default_scheme}://{host}"
    try:
        parts = urlsplit(url)
        port = parts.port or connection.port or 1
    except ValueError:  # its text may show a password, if one is in the host
        raise _refused(connection, "has a host that is not valid, or a port that is not a number below 65536") from None
    if "@" in parts.netloc:
        raise _refused(connection, "has credentials in its host; they belong in login and password")
    if parts.query or parts.fragment:
        raise _refused(connection, "has a host with a query or a fragment, which requests cannot keep")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _URL.fullmatch(parts.netloc):
        shown = "a host" if "@" in host else f"the host '{host}'"
        raise _refused(connection, f"has {shown} and the schema '{connection.schema}', which do not make a URL")
    if not 0 < port < 65536:
        raise _refused(connection, f"has the port {port}, which is none")
    place = parts.netloc if parts.port or not connection.port else f"{parts.netloc}:{connection.port}"
    return urlunsplit((parts.scheme, place, parts.path, "", ""))


def _extras(connection: Connection) -> dict[str, Any]:
    """Return the extras that are filled in, without those that a form left empty."""
    if not connection.extra:
        return {}
    try:
        extras = json.loads(connection.extra)
    except ValueError:
        raise _refused(connection, "has an extra that is not JSON") from None
    if not isinstance(extras, dict):
        raise _refused(connection, "has an extra that is not a JSON object")
    return {name: value for name, value in extras.items() if value is not None and value != ""}


def _mapping(connection: Connection, name: str, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _refused(connection, f"has an extra '{name}' that is not a JSON object") from None
    if not isinstance(value, dict) or not all(isinstance(item, (str, int, float)) for item in value.values()):
        raise _refused(connection, f"has an extra '{name}' that is not an object of texts")
    return {str(key): str(item) for key, item in value.items()}


def _redirects(connection: Connection, value: Any) -> Literal["follow", "never"] | None:
    if value in (None, "follow", "never"):
        return cast('Literal["follow", "never"] | None', value)
    raise _refused(connection, "has an extra 'redirects' that is neither 'follow' nor 'never'")


def _check_auth_type(connection: Connection, value: Any) -> None:
    """Refuse a class of credentials, with which Airflow's own hook would log in: here it would not be used."""
    if value is not None and str(value).rpartition(".")[2].lower() not in ("basic", "httpbasicauth"):
        text = "which is not used here: the API description says how to log in; take a connection of type 'arazzo'"
        raise _refused(connection, f"has an extra 'auth_type', {text}, or leave it out")


def _number(connection: Connection, name: str, value: Any, kind: Callable[[Any], Any], most: float) -> Any:
    if value is None:
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise _refused(connection, f"has an extra '{name}' that is not a number") from None
    if not 0 < number <= most:  # false for NaN, too
        raise _refused(connection, f"has an extra '{name}' that is not above zero, or above {most:.0f}")
    return number


def _boolean(connection: Connection, name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    match str(value).strip().lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
    raise _refused(connection, f"has an extra '{name}' that is neither true nor false")


def _choice(connection: Connection, name: str, value: Any, words: tuple[str, ...]) -> Any:
    """Return one of the words that an extra may be; None if it is not set."""
    if value in (None, ""):
        return None
    if value not in words:
        raise _refused(connection, f"has an extra '{name}' that is not one of {', '.join(words)}")
    return value


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() not in {
        *("true", "1", "yes", "on"),
        *("false", "0", "no", "off"),
    }


def _refused(connection: Connection, message: str) -> ConnectionSettingsError:
    return ConnectionSettingsError(f"connection '{connection.conn_id}' {message}")
