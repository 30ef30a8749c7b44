"""Fetching remote sources: what may be fetched, how, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from arazzo.errors import ArazzoError, DocumentError, TransportError
from arazzo.exchange import Request, Response, header, origin_of
from arazzo.frozen import dataclass
from arazzo.limits import current_limits
from arazzo.openapi.remote import named_files
from arazzo.source.copies import Copies, CopyError, is_remote
from arazzo.source.text import Source, load_source, parse_source

if TYPE_CHECKING:
    import requests

#: Limits: seconds and bytes for one file, redirects on the way to it, and files for one document.
TIMEOUT: Final = 30.0
MAX_FILES: Final = 500

Mode = Literal["fetch", "check", "update"]
Get = Callable[[str], Response]
Word = Literal["fetched", "kept", "unchanged", "updated", "changed", "missing", "refused", "failed"]
#: Results after which something remains to be done.
_BAD: Final = frozenset({"changed", "missing", "refused", "failed"})


class RefusedError(ArazzoError):
    """A URL from which nothing may be fetched."""


@dataclass(frozen=True)
class FetchOutcome:
    """What became of one URL."""

    word: Word
    url: str
    detail: str = ""

    @property
    def good(self) -> bool:
        return self.word not in _BAD

    def __str__(self) -> str:
        return f"{self.word:<9} {self.url}" + (f" ({self.detail})" if self.detail else "")


def read_prefixes(text: str) -> list[str]:
    """Return the URL prefixes of a setting: separated by commas or white space."""
    return [prefix for prefix in re.split(r"[\s,]+", text) if prefix]


def is_prefix(prefix: str) -> bool:
    """Say whether a text can be on the allow-list: scheme and host, and a path if wanted."""
    parts = _split(prefix)
    return parts is not None and not parts.query and not parts.fragment


def allows(prefixes: Iterable[str], url: str) -> bool:
    """Say whether the allow-list covers a URL: a prefix has its scheme, host and port, and its path or one above.

    Only a prefix that says http allows http. A URL with credentials, or with a path that climbs, is not allowed.
    """
    parts = _split(url)
    if parts is None or ".." in _plain(parts.path).replace("\\", "/").split("/"):
        return False
    return any(_covers(allowed, parts) for allowed in map(_split, prefixes) if allowed is not None)


def _covers(allowed: SplitResult, parts: SplitResult) -> bool:
    if origin_of(allowed.geturl()) != origin_of(parts.geturl()):
        return False
    above = allowed.path.rstrip("/")
    return parts.path == allowed.path or (parts.path or "/").startswith(f"{above}/")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and "@" not in parts.netloc else None


def _plain(path: str) -> str:
    while (decoded := unquote(path)) != path:
        path = decoded
    return path


def fetch_all(documents: Iterable[Path], prefixes: Iterable[str], mode: Mode, get: Get) -> Iterator[FetchOutcome]:
    """Fetch what documents name, and what that names in turn, into the folders of copies beside them.

    :param prefixes: the allow-list.
    :param mode: ``fetch`` what is missing; ``check`` whether copies are still up to date, and store nothing;
        ``update`` them.
    :param get: sends one GET request, and follows no redirect.
    """
    seen: set[tuple[Path, str]] = set()
    for document in documents:
        path = str(document.resolve())
        fetching = _Fetching(Copies.of(path), tuple(prefixes), mode, get)
        todo, number = [path], 0
        while todo:
            uri = todo.pop(0)
            if (fetching.copies.folder, uri) in seen:
                continue
            seen.add((fetching.copies.folder, uri))
            number += 1
            if number > MAX_FILES:
                yield FetchOutcome("refused", uri, f"{document} names more than {MAX_FILES} files")
                break
            outcome, source = fetching.one(uri)
            if outcome is not None:
                yield outcome
            if source is not None:
                todo.extend(named_files(source))


@dataclass(frozen=True)
class _Fetching:
    copies: Copies
    prefixes: tuple[str, ...]
    mode: Mode
    get: Get

    def one(self, uri: str) -> tuple[FetchOutcome | None, Source | None]:
        """Return what became of a file (None if a local one was just read), and the file if it can be read."""
        try:
            return self._remote(uri) if is_remote(uri) else (None, load_source(uri))
        except RefusedError as error:
            return FetchOutcome("refused", uri, str(error)), None
        except DocumentError as error:
            return FetchOutcome("failed", uri, error.problems[0].message), None
        except (TransportError, CopyError, OSError) as error:
            return FetchOutcome("failed", uri, str(error)), None

    def _remote(self, url: str) -> tuple[FetchOutcome, Source | None]:
        known = self._known(url)
        if known is not None and self.mode == "fetch":
            return FetchOutcome("kept", url), known
        found = self._fetched(url)
        if known is not None and known.digest == found.digest:
            return FetchOutcome("unchanged", url), known
        if self.mode == "check":
            detail = f"SHA-256 {known.digest[:12]} is now {found.digest[:12]}" if known else "there is no copy"
            return FetchOutcome("changed" if known else "missing", url, detail), known or found
        self.copies.keep(found, url, datetime.now(timezone.utc).isoformat(timespec="seconds"))
        detail = f"{len(found.text.encode()):,} bytes, SHA-256 {found.digest[:12]}"
        return FetchOutcome("updated" if known else "fetched", url, detail), found

    def _known(self, url: str) -> Source | None:
        """Return the copy, if there is one and it is unchanged."""
        if url not in self.copies:
            return None
        try:
            return self.copies.load(url)
        except (CopyError, DocumentError):
            return None

    def _fetched(self, url: str) -> Source:
        location = url
        for _ in range(current_limits().max_redirects + 1):
            self._require(location, url)
            response = self.get(location)
            target = header(response.headers, "Location")
            if response.status not in (301, 302, 303, 307, 308) or target is None:
                return _read(response, url, location)
            location = urljoin(location, target)
        raise RefusedError(f"more than {current_limits().max_redirects} redirects")

    def _require(self, location: str, url: str) -> None:
        if allows(self.prefixes, location):
            return
        parts = _split(location)
        if parts is None:
            raise RefusedError("it is not a URL of http or https without credentials")
        led = "" if location == url else f"it redirects to {parts.scheme}://{parts.netloc}{parts.path}, and "
        raise RefusedError(f"{led}no prefix on the allow-list covers it, such as {parts.scheme}://{parts.netloc}/")


def _read(response: Response, url: str, location: str) -> Source:
    if response.status != 200:
        raise CopyError(f"the server answered with status {response.status}")
    if response.beyond:
        raise CopyError(response.beyond)
    try:
        text = response.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CopyError("it is not UTF-8") from None
    source = parse_source(text, url, location)
    if not isinstance(source.data, dict):
        raise CopyError("it is not a YAML or JSON object")
    local = next((uri for uri in named_files(source) if not is_remote(uri)), None)
    if local is not None:
        raise RefusedError(f"it names '{local}', which is not a remote file")
    return source


def getter(session: requests.Session) -> Get:
    """Return a function that sends one GET request over a session, within the limits and without credentials."""
    from arazzo import transport
    from arazzo.transport.proxies import environment_proxies, proxy_for

    session.trust_env = False  # the environment's proxies count, its netrc does not

    def get(url: str) -> Response:
        proxy = proxy_for(url, {}, environment_proxies())
        session.proxies = {"all": proxy} if proxy else {}
        request = Request("GET", url, (("Accept", "application/yaml, application/json, */*;q=0.5"),), timeout=TIMEOUT)
        return transport.send(request, session, max_bytes=current_limits().file_characters, follow_redirects=False)

    return get
