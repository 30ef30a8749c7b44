"""What a reference in a URI means (RFC 3986, 5.2): to the letter, and for every scheme."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote, urldefrag, urljoin, urlsplit

_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)


def resolve(base: str, reference: str) -> str:
    """Return the URI that a reference leads to; the reference itself if the base is not a URI.

    :param base: where the reference is; its fragment is ignored.
    :param reference: a URI, or relative to the base.
    """
    scheme, authority, path, query, fragment = _split(reference)
    based = _split(base)
    if scheme is not None or based[0] is None:
        path = _without_dots(path) if scheme is not None else path
    elif authority is not None:
        scheme, path = based[0], _without_dots(path)
    elif path == "":
        scheme, authority, path, query = based[0], based[1], based[2], based[3] if query is None else query
    else:
        scheme, authority = based[0], based[1]
        path = _without_dots(path if path.startswith("/") else _merged(based[1], based[2], path))
    parts = (("", scheme, ":"), ("//", authority, ""), ("", path, ""), ("?", query, ""), ("#", fragment, ""))
    return "".join(f"{before}{part}{after}" for before, part, after in parts if part is not None)


def leads_to(base: str, reference: str) -> str:
    """Return the URL, or the path of the local file, that a reference without a fragment leads to.

    :param base: the URL or path of the file that contains it; a reference is a URI in both.
    :raises ValueError: if the reference is not a URI.
    """
    if urlsplit(reference).scheme:
        return reference
    if urlsplit(base).scheme in ("http", "https", "file"):
        return urljoin(base, reference)
    return os.path.normpath(os.path.join(os.path.dirname(base), unquote(reference)))


def from_anywhere(base: str, reference: str) -> str:
    """Return a reference in a file so that it leads to the same place from every other file; ValueError as above."""
    uri, fragment = urldefrag(reference)
    target = leads_to(base, uri) if uri else base
    absolute = target if urlsplit(target).scheme else quote(target)
    return f"{absolute}#{fragment}" if fragment or not uri else absolute


def _split(uri: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    found = _PARTS.fullmatch(uri)
    if found is None:
        raise AssertionError("any text is a reference")
    return found[1], found[2], found[3], found[4], found[5]


def _merged(authority: str | None, base: str, path: str) -> str:
    """Return a relative path appended to the base's path without its last segment (5.2.3)."""
    if authority is not None and base == "":
        return f"/{path}"
    return f"{base.rpartition('/')[0]}/{path}" if "/" in base else path


def _without_dots(path: str) -> str:
    """Return a path with its dot segments resolved (5.2.4); what would lead above the root leads to it."""
    segments: list[str] = []
    given = path.split("/")
    for segment in given:
        if segment == ".." and (len(segments) > 1 or segments[:1] not in ([], [""])):
            segments.pop()
        elif segment not in (".", ".."):
            segments.append(segment)
    if given[-1] in (".", ".."):
        segments.append("")
    return "/".join(segments)
