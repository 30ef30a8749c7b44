"""What is sent and what comes back, as values: no socket, no clock.

A *request* is complete except for the connection's credentials, which its sender adds; a *response* has its bytes as
they came; an *exchange* is both, with the content read.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from arazzo.absent import ABSENT
from arazzo.frozen import dataclass, field, replace

if TYPE_CHECKING:
    from arazzo.cookies import Jar
    from arazzo.errors import TransportError

#: Methods whose requests change nothing (RFC 9110, 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
#: Methods whose requests may be repeated (RFC 9110, 9.2.2).
IDEMPOTENT_METHODS = SAFE_METHODS | {"PUT", "DELETE"}

#: Statuses that redirect (RFC 9110, 15.4); 300 and 304 are answers.
REDIRECTS = (301, 302, 303, 307, 308)
#: Content codings that are decoded while an answer is received (RFC 9110, 8.4).
CODINGS = frozenset({"gzip", "x-gzip", "deflate"})

Headers = tuple[tuple[str, str], ...]
#: The URLs that an exchange visited, in order, each with the ``Set-Cookie`` headers of its answer.
Visits = tuple[tuple[str, Headers], ...]


def header(headers: Headers, name: str) -> str | None:
    """Return the first header of that name, ignoring case; None if there is none."""
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None


def port_of(url: str) -> int:
    """Return the port of a URL, or its scheme's own."""
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, without the scheme's own port."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = port_of(url)
    standard = (parts.scheme, port) in (("http", 80), ("https", 443))
    return f"{parts.scheme}://{host}" if standard else f"{parts.scheme}://{host}:{port}"


def content_codings(headers: Headers) -> list[str]:
    """Return the content codings of a body in the order in which they were applied."""
    if header(headers, "Content-Encoding") is None:
        return []
    names = ",".join(value for name, value in headers if name.lower() == "content-encoding").lower().split(",")
    return [name for name in (name.strip() for name in names) if name not in ("", "identity")]


@dataclass(frozen=True)
class Request:
    """An HTTP request, ready to send except for the connection's credentials.

    :param method: as it is sent; methods are case-sensitive (RFC 9110, 9.1).
    :param url: absolute, query included, percent-encoded.
    :param headers: in order; names as written.
    :param body: the bytes of the body, None for no body.
    :param source: name of the source description, which is how a connection is found.
    :param template: the path of the API description, without values, for logs and messages.
    :param path: path parameters by name, as given.
    :param query: query parameters by name, as given.
    :param content: the body before serialization, for ``$request.body``.
    :param security: alternatives (or) of combinations (and) of resolved security schemes; empty for none.
    :param timeout: seconds for the whole exchange, None for the transport's default.
    :param step: id of the step whose request it is.
    :param idempotency_key: name of the header by which the server recognises a repeated request, or None; the sender
        fills in its value.
    :param resend: whether it may be sent again although it is not idempotent and may have reached the server.
    :param redirects: whether it follows redirects, as the step says; None leaves this to the connection.
    :param kept_redirects: statuses of redirects that are the answer unless the step or the connection says otherwise.
    :param attempt: number of the request since control reached its step; from 2 on it is a ``retry``.
    :param within: keys of the workflows around its step, from the outermost (not named) inwards.
    :param cookies: the run's cookies, of which the sender takes those that belong to each URL; None for none.
    """

    method: str
    url: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    source: str = ""
    template: str = ""
    path: dict[str, Any] = field(default_factory=dict, repr=False)
    query: dict[str, Any] = field(default_factory=dict, repr=False)
    content: Any = field(default=ABSENT, repr=False)
    security: tuple[tuple[dict[str, Any], ...], ...] = field(default=(), repr=False)
    timeout: float | None = None
    step: str = ""
    idempotency_key: str | None = None
    resend: bool = False
    redirects: Literal["follow", "never"] | None = None
    kept_redirects: tuple[int, ...] = ()
    attempt: int = 1
    within: tuple[str, ...] = ()
    cookies: Jar | None = field(default=None, repr=False)

    @property
    def step_name(self) -> str:
        """The step's id, or ``workflow/step`` in inner workflows."""
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in (*self.within, self.step))

    @property
    def sent_headers(self) -> Headers:
        """The headers with the cookies of the run that go to its URL."""
        return self.headers if self.cookies is None else self.cookies.headers(self.url, self.headers)

    @property
    def safe(self) -> bool:
        return self.method in SAFE_METHODS

    @property
    def idempotent(self) -> bool:
        return self.method in IDEMPOTENT_METHODS

    def after(self, visits: Visits) -> Request:
        """Return the request with the cookies that earlier answers set."""
        jar = self.cookies
        for url, headers in visits if jar is not None else ():
            jar = jar and jar.after(url, headers)
        return replace(self, cookies=jar) if visits else self

    def __str__(self) -> str:
        return f"{self.method} {self.template or self.url.split('?')[0]}"


@dataclass(frozen=True)
class Response:
    """An HTTP response.

    :param status: the status code.
    :param headers: in order.
    :param body: the bytes, decompressed.
    :param seconds: how long the exchange took.
    :param hint: an explanation by its sender, for the message of a failure.
    :param beyond: the limit that the body exceeds, so that it was not read; empty if it was read.
    :param visits: the URLs that a request with cookies reached through redirects; empty for the request's own URL.
    """

    status: int
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    hint: str = field(default="", compare=False)
    beyond: str = ""
    visits: Visits = field(default=(), repr=False, compare=False)

    def header(self, name: str) -> str | None:
        return header(self.headers, name)


def size_of(response: Response | None) -> float:
    """Return the bytes of an answer's body; infinite if it is too large to be read."""
    if response is None:
        return 0
    return inf if response.beyond else len(response.body)


@dataclass(frozen=True)
class Exchange:
    """A request with its response, or with the reason why there is none.

    :param request: what was sent.
    :param response: what came back; None after a network error or a timeout.
    :param error: why there is no response, one sentence without secrets.
    :param kind: that of the error (:class:`~arazzo.errors.TransportError`).
    :param visits: like a response's, if there is no response.
    :param content: the response's body as a value (parsed JSON, text, ...); ABSENT when empty, or Unreadable.
    :param parsed: if that is text, the JSON or XML that it contains, or why it is neither; otherwise ABSENT.
    """

    request: Request
    response: Response | None = None
    error: str | None = None
    kind: str = ""
    visits: Visits = field(default=(), repr=False)
    content: Any = field(default=ABSENT, repr=False)
    parsed: Any = field(default=ABSENT, repr=False)

    @classmethod
    def unanswered(cls, request: Request, error: TransportError) -> Exchange:
        """Return the exchange of a request to which there is no answer."""
        unknown = "" if request.safe or not error.maybe_sent else "; the request may have reached the server"
        return cls(request, error=f"{error}{unknown}", kind=error.kind, visits=error.visits)

    @classmethod
    def of_call(cls, status: int | None) -> Exchange:
        """Return what a step that calls a workflow has: nothing but the status that this last saw."""
        return cls(Request("", ""), None if status is None else Response(status))

    @property
    def is_call(self) -> bool:
        return not self.request.method

    @property
    def structure(self) -> Any:
        """What pointers and paths into the response's body look at."""
        return self.content if self.parsed is ABSENT else self.parsed
