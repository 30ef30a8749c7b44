"""The course of an exchange: what is sent first, where redirects lead, what goes along, and the words of a failure."""

from __future__ import annotations

import base64
import netrc
import os
import re
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from arazzo import __version__
from arazzo.errors import TransportError
from arazzo.exchange import REDIRECTS, Headers, Request, Response, Visits, header, origin_of
from arazzo.frozen import dataclass, replace
from arazzo.limits import current_limits
from arazzo.transport.content import CollectedBody, codings_of
from arazzo.transport.failures import TooMuchError, detail_of, kind_of
from arazzo.transport.pace import Pace

#: Headers without a credential, which may cross to another origin. Everything else stays behind.
_HARMLESS: Final = frozenset(
    {"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "user-agent"}
    | {"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
)
#: Framing is the library's business: with a document's own values an answer could hang, or a request be split.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
#: Transfer codings of answers that are read; others have to be asked for (RFC 9110, 10.1.4).
_TRANSFER_CODINGS: Final = frozenset({"", "identity", "chunked"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class Hop:
    """One request on the wire: the first, or what a redirect makes of it.

    :param foreign: whether a redirect has led to another origin, which gets no credential and no client certificate.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    auth: Any = None
    foreign: bool = False

    @property
    def origin(self) -> str:
        return origin_of(self.url)


class OpenExchange:
    """An exchange under way: its current hop, whether anything was sent, and the words of its failure."""

    def __init__(
        self,
        request: Request,
        hop: Hop,
        sensitive: Iterable[str],
        *,
        follow: bool | None = None,
        max_redirects: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.request, self.hop, self.pace = request, hop, pace
        self.max_redirects = current_limits().max_redirects if max_redirects is None else max_redirects
        self.followed = _followed(request, follow) if not hop.body else frozenset()
        self.harmless = _HARMLESS - {name.lower() for name in sensitive} - _api_keys(request)
        self.sent = self.reused = False
        self.redirects = 0
        self.cookies = request.cookies
        self.visits: Visits = ()
        self.started = time.monotonic()

    def turn(self) -> float:
        """Return the seconds to wait before the hop may be sent; they do not count as part of the exchange."""
        wait = self.pace.left if self.pace else 0.0
        self.started += wait
        return wait

    def over(self) -> None:
        """Note that the hop has been answered, or has failed."""
        if self.pace:
            self.pace.restart()

    @property
    def outgoing(self) -> Hop:
        """The hop as it goes on the wire, with the run's cookies that belong there."""
        if self.cookies is None:
            return self.hop
        return replace(self.hop, headers=dict(self.cookies.headers(self.hop.url, tuple(self.hop.headers.items()))))

    def redirected(self, status: int, headers: Headers) -> bool:
        """Take an answer's cookies and follow its redirect; return False if it is the response instead."""
        if self.cookies is not None:
            lines = tuple((name, value) for name, value in headers if name.lower() == "set-cookie")
            self.visits = (*self.visits, (self.hop.url, lines))
            self.cookies = self.cookies.after(self.hop.url, lines)
            if self.cookies.beyond:  # the next hop would go without a cookie that belongs there
                return False
        location = header(headers, "Location")
        if status not in self.followed or not location:
            return False
        url = _target(self.hop.url, location)
        if url is None:
            return False
        self.redirects += 1
        if self.redirects > self.max_redirects:
            raise self.error("protocol", f"more than {self.max_redirects} redirects")
        if origin_of(url) != self.hop.origin:
            kept = {name: value for name, value in self.hop.headers.items() if name.lower() in self.harmless}
            self.hop = replace(self.hop, headers=kept, auth=None, foreign=True)
        self.hop = replace(self.hop, url=url)
        return True

    def body(self, headers: Headers, limit: int) -> CollectedBody:
        transfer = ",".join(value for name, value in headers if name.lower() == "transfer-encoding").lower().split(",")
        if not {name.strip() for name in transfer} <= _TRANSFER_CODINGS:
            raise self.error("protocol", "the answer has a transfer coding that was not asked for")
        return CollectedBody(codings_of(headers), limit, self.error)

    def response(self, status: int, headers: Headers, body: CollectedBody) -> Response:
        seconds, whole = time.monotonic() - self.started, body.whole()
        return Response(status, headers, whole, seconds, beyond=body.beyond, visits=self.visits)

    def error(self, kind: str, text: str) -> TransportError:
        return TransportError(kind, f"{self.hop.origin}: {text}", maybe_sent=self.sent, visits=self.visits)

    def failure(self, causes: list[BaseException], seconds: float, *, expired: bool) -> TransportError:
        """Return the error for what a library raised, without its own words, which may contain the URL's query."""
        kind = "timeout" if expired else kind_of(causes)
        if kind == "timeout":
            missing = "complete answer" if self.sent else "connection"
            return self.error(kind, f"no {missing} within {seconds:g} s")
        if kind == "reset":
            return self.error(kind, "the connection was closed before the answer was complete")
        detail = detail_of(causes)
        if kind == "protocol" and self.sent:
            limit = next((str(cause) for cause in causes if isinstance(cause, TooMuchError)), "")
            return self.error(kind, limit or "the answer is not readable as HTTP")
        text = "no trusted connection" if kind == "tls" else "no connection"
        return self.error("tls" if kind == "tls" else "connect", f"{text}: {detail}" if detail else text)


def _followed(request: Request, follow: bool | None) -> frozenset[int]:
    """Return the statuses to follow: by the step, or the connection, or what the step expects.

    :param follow: what the connection says; None if it says nothing.
    """
    setting = request.redirects or (None if follow is None else "follow" if follow else "never")
    if setting == "never" or request.method not in ("GET", "HEAD"):
        return frozenset()
    return frozenset(REDIRECTS) - (frozenset(request.kept_redirects) if setting is None else frozenset())


def first_hop(request: Request, session_headers: Mapping[str, Any], auth: Any, use_netrc: bool) -> Hop:
    """Return the first hop on the wire; refuse what cannot be sent as it is."""
    if request.cookies is not None and request.cookies.beyond:
        raise _refused(request.cookies.beyond)
    url, login = _checked(request)
    headers = {
        "User-Agent": f"airflow-arazzo/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
    }
    _merge(headers, _own(session_headers))
    _merge(headers, _joined(request))
    if header(tuple(headers.items()), "Authorization") is None:
        basic = login or _basic_of(auth)
        if basic is None and auth is None and use_netrc and (found := netrc_login(url)):
            basic = _basic(*found)
        if basic is not None:
            headers["Authorization"] = basic
            auth = None
    else:
        auth = None
    return Hop(request.method, url, headers, request.body, auth)


def _checked(request: Request) -> tuple[str, str | None]:
    """Return the URL without user information and fragment, and the Basic credentials that it contained."""
    try:
        parts = urllib.parse.urlsplit(request.url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _VISIBLE.fullmatch(request.url):
        raise _refused("the URL is not absolute, http or https and percent-encoded")
    if not _TOKEN.fullmatch(request.method):
        raise _refused("the method is not a token")
    for name, value in request.headers:
        if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
            raise _refused(f"header {name!r} holds a character that no header may hold")
    user, at, host = parts.netloc.rpartition("@")
    url = request.url.partition("#")[0].replace(parts.netloc, host.lower(), 1)
    rest = url[url.index("//") + 2 + len(host) :]
    if not rest.startswith("/"):
        url = url[: len(url) - len(rest)] + "/" + rest
    login, _, password = (urllib.parse.unquote(part) for part in user.partition(":"))
    return url, _basic(login, password) if at else None


def _refused(text: str) -> TransportError:
    return TransportError("protocol", f"not sent: {text}", maybe_sent=False)


def _own(headers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a session's headers, except those that requests puts into every session."""
    for name, raw in headers.items():
        value = raw.decode("latin-1") if isinstance(raw, bytes) else str(raw)
        library = name.lower() == "user-agent" and value.startswith("python-requests/")
        if not library and name.lower() not in ("accept-encoding", "connection", "cookie"):
            yield name, value


def _joined(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the request's headers, joined by name (RFC 9110, 5.3; RFC 6265, 5.4 for cookies)."""
    values: dict[str, tuple[str, list[str]]] = {}
    for name, value in request.headers:
        values.setdefault(name.lower(), (name, []))[1].append(value)
    for lower, (name, found) in values.items():
        if lower not in _FRAMING:
            yield name, ("; " if lower == "cookie" else ", ").join(found)


def _merge(headers: dict[str, str], more: Iterable[tuple[str, str]]) -> None:
    for name, value in more:
        same = next((key for key in headers if key.lower() == name.lower()), None)
        if same is not None:
            del headers[same]
        headers[name] = value


def _basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def _basic_of(auth: Any) -> str | None:
    """Return the header for a session's login and password; None if there is none, or another kind of ``auth``."""
    match auth:
        case (str(login), str(password), *_):
            return _basic(login, password)
    return None


def netrc_login(url: str) -> tuple[str, str] | None:
    """Return the login and password for a URL's host in the user's netrc file; None if there are none."""
    path = os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
    try:
        found = netrc.netrc(path).authenticators(urllib.parse.urlsplit(url).hostname or "")
    except (OSError, ValueError, netrc.NetrcParseError):
        return None
    return (found[0] or found[1] or "", found[2] or "") if found else None


def _api_keys(request: Request) -> frozenset[str]:
    """Return the headers that carry the operation's API keys, whoever set them."""
    schemes = (scheme for combination in request.security for scheme in combination)
    return frozenset(str(scheme["name"]).lower() for scheme in schemes if scheme.get("name"))


def _target(base: str, location: str) -> str | None:
    """Return where a redirect leads; None if HTTP cannot reach it."""
    try:
        joined = urllib.parse.urlsplit(urllib.parse.urljoin(base, location.strip()))
        usable = joined.scheme in ("http", "https") and bool(joined.hostname) and joined.port != 0
    except ValueError:
        return None
    if not usable:
        return None
    path = urllib.parse.quote(joined.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(joined.query, safe="/%:@!$&'()*+,;=~-._?[]{}|\\^`\"<>")
    url = urllib.parse.urlunsplit((joined.scheme, joined.netloc.rpartition("@")[2], path, query, ""))
    return url if _VISIBLE.fullmatch(url) else None
