"""The files that a document or an API description names, without which nobody can read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from arazzo.document.schemas import DATA, sequence
from arazzo.json_values import objects_in
from arazzo.source.copies import is_remote
from arazzo.source.text import Source
from arazzo.source.uri_references import resolve

#: Where ``$ref`` has no meaning; the ``examples`` of OpenAPI do contain references.
_DATA = DATA - {"examples"}


def named_files(source: Source) -> Iterator[str]:
    """Yield the path or URL of each source description and of each file that a ``$ref`` names, once.

    Local files named by a remote one come as they are written, ``file:`` and all: nobody should follow those.
    """
    data = source.data
    found: dict[str, None] = {}
    if isinstance(data, dict):
        own = str(data.get("$self") or "")
        for url in _sources(data):
            found[_source(source.uri, url, own)] = None
        for each in objects_in(data, _DATA):
            if isinstance(reference := each.get("$ref"), str):
                found[_against(source.uri, reference, "" if "arazzo" in data else own)] = None
    found.pop("", None)
    found.pop(source.uri, None)
    yield from found


def _sources(data: dict[str, Any]) -> Iterator[str]:
    for item in sequence(data.get("sourceDescriptions")):
        if isinstance(item, dict) and isinstance(item.get("url"), str) and item.get("type") != "asyncapi":
            yield item["url"]


def _source(uri: str, url: str, own: str) -> str:
    """Return the path or URL of a source description, as :class:`~arazzo.openapi.sources.Sources` looks for it."""
    beside = _against(uri, url, own if is_remote(uri) else "")
    if is_remote(uri) or not own or not beside or is_remote(beside):
        return beside
    target = resolve(resolve(Path(uri).absolute().as_uri(), own), url)
    parts = urlsplit(target)
    if parts.scheme == "file" and Path(unquote(parts.path)).is_file():
        return unquote(parts.path)
    return target if is_remote(target) and not Path(beside).is_file() else beside


def _against(uri: str, reference: str, own: str = "") -> str:
    """Return the path or URL that a reference in a file leads to; empty if it leads nowhere."""
    with suppress(ValueError):
        target = urldefrag(urljoin(urljoin(uri, own), reference) if reference[:1] != "#" else "").url
        if is_remote(target):
            return target
        parts = urlsplit(reference)
        if parts.scheme == "file" and is_remote(uri):
            return reference
        if parts.scheme in ("", "file") and parts.path:
            return str((Path(uri).parent / unquote(parts.path)).resolve())
    return ""
