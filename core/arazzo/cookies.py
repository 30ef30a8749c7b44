"""The cookies of a run (RFC 6265, section 5), as one value that goes to JSON and back and has no clock of its own.

This is stricter than RFC 6265, as it allows (5.3, 5.4). A cookie goes back only to the origin that set it, whatever
its ``Domain``, unless the document names a domain that its host is in; there RFC 6265 holds. So no list of public
suffixes is needed: nobody names ``github.io``. A cookie set without TLS never replaces a ``Secure`` one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import ClassVar, Final
from urllib.parse import urlsplit

from arazzo.exchange import Headers, header, origin_of
from arazzo.frozen import dataclass, field, replace
from arazzo.limits import current_limits

#: Characters of a name that a message shows.
_LONGEST_NAME: Final = 60
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ADDRESS: Final = re.compile(r"(?:.*\.)?\d+|.*:.*")
_AGE: Final = re.compile(r"(-?)0*(\d+)")
#: The parts of a date (RFC 6265, 5.1.1).
_DELIMITERS: Final = re.compile(r"[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME: Final = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D.*)?", re.ASCII)
_DAY: Final = re.compile(r"(\d{1,2})(?:\D.*)?", re.ASCII)
_YEAR: Final = re.compile(r"(\d{2,4})(?:\D.*)?", re.ASCII)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Cookie:
    """One cookie.

    :ivar domain: the host that set it; if it is not ``host_only``, the domain to whose hosts it is sent.
    :ivar origin: the only origin that it is sent to; empty where RFC 6265 decides.
    :ivar expires: POSIX time from which it is no longer sent; None if it does not expire.
    :ivar number: of two cookies with equally long paths, the one with the lower number is sent first.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str
    value: str = field(repr=False)
    domain: str
    path: str
    origin: str = ""
    host_only: bool = True
    secure: bool = False
    expires: float | None = None
    number: int = 0

    def goes_to(self, url: str) -> bool:
        """Say whether it is sent to a URL, apart from its expiry (RFC 6265, 5.4)."""
        scheme, host, path = _parts(url)
        if self.origin:
            there = origin_of(url) == self.origin
        else:
            there = host == self.domain or (not self.host_only and is_within(host, self.domain))
        return there and _matches(path, self.path) and (scheme == "https" or not self.secure)

    @property
    def key(self) -> tuple[str, ...]:
        """What identifies it: a cookie with the same key replaces it."""
        return self.name, self.domain, self.path, self.origin


@dataclass(frozen=True)
class Jar:
    """The cookies of a run at some time.

    :ivar domains: the domains that the document names.
    :ivar cookies: those that were set and have not expired, the latest last.
    :ivar changes: how often the jar was changed: of two jars of one run, the later one has more.
    :ivar at: POSIX time by which cookies expire.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    domains: tuple[str, ...] = ()
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    changes: int = 0
    at: float = 0.0

    def as_of(self, now: float) -> Jar:
        """Return the jar at a time, without the cookies that have expired by then."""
        kept = tuple(each for each in self.cookies if each.expires is None or each.expires > now)
        return replace(self, cookies=kept, at=now)

    def header(self, url: str, given: str = "") -> str:
        """Return the ``Cookie`` header to send to a URL; empty for none.

        :param given: the request's own ``Cookie`` header; it comes first, and wins over cookies of the same name.
        """
        names = {pair.partition("=")[0].strip() for pair in given.split(";")}
        found = [each for each in self.cookies if each.goes_to(url) and each.name not in names]
        found.sort(key=lambda each: (-len(each.path), each.number))
        return "; ".join([*filter(None, (given,)), *(f"{each.name}={each.value}" for each in found)])

    def after(self, url: str, headers: Headers) -> Jar:
        """Return the jar after an answer from a URL (RFC 6265, 5.2 and 5.3)."""
        jar = self
        for line in (value for name, value in headers if name.lower() == "set-cookie"):
            cookie = jar._read(url, line)
            if cookie is not None and not jar._is_weak(cookie, url):
                jar = jar._with(cookie)
        return jar

    def headers(self, url: str, headers: Headers) -> Headers:
        """Return the headers of a request to a URL with what is sent there as ``Cookie``."""
        cookie = self.header(url, header(headers, "Cookie") or "")
        others = tuple(each for each in headers if each[0].lower() != "cookie")
        return (*others, ("Cookie", cookie)) if cookie else others

    @property
    def beyond(self) -> str:
        """The limit that a cookie, or their number, exceeds, so that nothing may be sent; empty if none is."""
        limits = current_limits()
        for at, each in enumerate(self.cookies):
            name = each.name if len(each.name) <= _LONGEST_NAME else f"{each.name[:_LONGEST_NAME]}..."
            if len(each.name) + 1 + len(each.value) > limits.cookie_characters:
                return f"cookie '{name}' has more than {limits.cookie_characters:,} characters (cookie_characters)"
            if at >= limits.cookies:
                return f"cookie '{name}' is one more than the {limits.cookies:,} that a run keeps (cookies)"
        return ""

    def values(self) -> Iterator[str]:
        """The values of the cookies: all of them are secrets."""
        return (each.value.strip('"') for each in self.cookies)

    def _read(self, url: str, line: str) -> Cookie | None:
        """Return the cookie that a ``Set-Cookie`` header sets; None if it is ignored."""
        pair, _, rest = line.partition(";")
        name, equals, value = (part.strip(" \t") for part in pair.partition("="))
        if not (equals and name) or _CONTROL.search(line):
            return None
        said = {}
        for attribute in rest.split(";"):
            key, _, text = attribute.partition("=")
            said[key.strip(" \t").lower()] = text.strip(" \t")
        _, host, path = _parts(url)
        domain = said.get("domain", "").lower().removeprefix(".")
        if (domain and not is_within(host, domain)) or not _keeps_its_prefix(name, said):
            return None
        named = any(is_within(domain or host, each) for each in self.domains)
        wide = bool(domain) and named
        asked = said.get("path", "")
        return Cookie(
            name,
            value,
            domain if wide else host,
            asked if asked.startswith("/") else path.rpartition("/")[0] or "/",
            origin="" if named else origin_of(url),
            host_only=not wide,
            secure="secure" in said,
            expires=self._expires(said),
            number=self.changes,
        )

    def _expires(self, said: dict[str, str]) -> float | None:
        if found := _AGE.fullmatch(said.get("max-age", "")):
            return 0.0 if found[1] else self.at + min(int(found[2][:12]), 10**10)
        return _date(said.get("expires", ""))

    def _is_weak(self, cookie: Cookie, url: str) -> bool:
        """Say whether an answer without TLS sets, or would hide, a ``Secure`` cookie."""
        return not url.startswith("https:") and (
            cookie.secure
            or any(
                each.secure
                and each.name == cookie.name
                and not each.origin
                and (is_within(each.domain, cookie.domain) or is_within(cookie.domain, each.domain))
                and _matches(cookie.path, each.path)
                for each in self.cookies
            )
        )

    def _with(self, cookie: Cookie) -> Jar:
        kept = {each.key: each for each in self.cookies}
        if (before := kept.pop(cookie.key, None)) is not None:
            cookie = replace(cookie, number=before.number)
        if cookie.expires is None or cookie.expires > self.at:
            kept[cookie.key] = cookie
        return replace(self, cookies=tuple(kept.values()), changes=self.changes + 1)


def is_within(host: str, domain: str) -> bool:
    """Say whether a host is a domain, or in it (RFC 6265, 5.1.3)."""
    return host == domain or (host.endswith(f".{domain}") and not _ADDRESS.fullmatch(host))


def _keeps_its_prefix(name: str, said: Mapping[str, str]) -> bool:
    """Say whether a cookie keeps the promise of its name's prefix (RFC 6265bis, 4.1.3)."""
    if not name.lower().startswith(("__secure-", "__host-")):
        return True
    whole = not said.get("domain") and said.get("path") == "/"
    return "secure" in said and (whole or not name.lower().startswith("__host-"))


def _parts(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.path or "/"


def _matches(path: str, cookie_path: str) -> bool:
    """Say whether a path is a cookie's path, or below it (RFC 6265, 5.1.4)."""
    below = path.startswith(cookie_path) and (cookie_path.endswith("/") or path[len(cookie_path) :][:1] == "/")
    return path == cookie_path or below


def _date(text: str) -> float | None:
    """Return the POSIX time of a date (RFC 6265, 5.1.1); None for what is not one."""
    clock = day = year = month = None
    for token in _DELIMITERS.split(text):
        if clock is None and (clock := _TIME.fullmatch(token)):
            continue
        if day is None and (day := _DAY.fullmatch(token)):
            continue
        if month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None:
            year = _YEAR.fullmatch(token)
    if not (clock and day and month and year):
        return None
    full = int(year[1])
    full += 1900 if 70 <= full <= 99 else 2000 if full <= 69 else 0
    hour, minute, second = map(int, clock.groups())
    try:
        when = datetime(full, month, int(day[1]), hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    return (when - _EPOCH) / timedelta(seconds=1) if full >= 1601 else None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
