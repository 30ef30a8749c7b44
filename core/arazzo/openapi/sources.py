"""The files that a document's source descriptions point to, each loaded once, when it is asked for, by its version.

Nothing is fetched: a remote URL needs a copy that ``airflow-arazzo fetch`` has made, or an override that names a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from arazzo.document.loading import LoadedDocument, parse_document
from arazzo.document.models import SourceDescription
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.openapi import v2, v3
from arazzo.openapi.description import Description, Edition, Loader
from arazzo.source.copies import Copies, CopyError, is_remote
from arazzo.source.files_read import note_failure, note_file
from arazzo.source.text import Source, load_source
from arazzo.source.uri_references import resolve


def load_description(source: Source, name: str, *, loader: Loader | None = None) -> Description:
    """Return the API description that a source holds: OpenAPI 3.x or Swagger 2.0.

    :param name: name of the source description.
    :param loader: loads files that references name, by absolute path or URL; by default local files and copies.
    :raises DocumentError: if it is not an API description (rule ``not-an-api-description``).
    """
    raw = source.data
    if not isinstance(raw, dict):
        raise _refused(source, "it is not an object", None)
    version, edition = _edition(source, raw)
    return Description(name, source, raw, version, edition, loader or Copies.of(source.uri).open)


def _edition(source: Source, raw: dict[str, Any]) -> tuple[str, Edition]:
    version = str(raw.get("openapi", raw.get("swagger", "")))
    if "openapi" in raw and version.startswith("3."):
        return version, v3
    if "swagger" in raw and version in ("2", "2.0"):
        return "2.0", v2
    if "openapi" in raw or "swagger" in raw:
        raise _refused(source, f"version '{version}' is not known", "known are OpenAPI 3.0 to 3.2 and Swagger 2.0")
    for kind in ("arazzo", "asyncapi"):
        if kind in raw:
            hint = f"give the source description 'type: {kind}'"
            raise _refused(source, f"it has the field '{kind}', so it is another kind of document", hint)
    raise _refused(source, "it has neither the field 'openapi' nor 'swagger'", None)


def _refused(source: Source, reason: str, hint: str | None) -> DocumentError:
    message = f"this is not an API description: {reason}"
    return DocumentError([source.problem("not-an-api-description", Severity.ERROR, "", message, hint)])


Overrides = Mapping[str, str | Path]
"""Local files by source name or by URL, for sources that are not where the document says."""


class Sources:
    """The source descriptions of one document, by name, each loaded when it is first asked for.

    :param loaded: the document.
    :param overrides: files by source name or URL.
    :param copies: of remote files; None for those that belong to the document.
    """

    def __init__(
        self, loaded: LoadedDocument, overrides: Overrides | None = None, copies: Copies | None = None
    ) -> None:
        self.loaded = loaded
        self.overrides = dict(overrides or {})
        self.copies = copies or Copies.of(loaded.source.uri)
        self._sources: dict[str, Source] = {}
        self._descriptions: dict[str, Description] = {}
        self._documents: dict[str, LoadedDocument] = {}
        self._identities: dict[str, str | Path] | None = None
        self._all: dict[str, Description] | None = None

    def of(self, other: LoadedDocument) -> Sources:
        """Return the source descriptions of a document that this one names; files and copies are shared."""
        return Sources(other, self.overrides, self.copies)

    def named(self, name: str) -> SourceDescription | None:
        """Return the Source Description Object of that name."""
        return self._by_name[name][1] if name in self._by_name else None

    def beginning(self, reference: str) -> list[SourceDescription]:
        """Return, in document order, the Source Description Objects with whose name and a dot a reference begins."""
        names = {reference[:at] for at, letter in enumerate(reference) if letter == "."}
        return [item for _, item in sorted(self._by_name[name] for name in names if name in self._by_name)]

    @cached_property
    def _by_name(self) -> dict[str, tuple[int, SourceDescription]]:
        sources = self.loaded.document.source_descriptions
        return {item.name: (number, item) for number, item in reversed(list(enumerate(sources)))}

    def kind(self, source: SourceDescription) -> str:
        """Return ``openapi``, ``arazzo`` or ``asyncapi``; without ``type`` the file decides."""
        if source.type:
            return source.type
        data = self._load(source).data
        keys = data.keys() if isinstance(data, dict) else ()
        return "arazzo" if "arazzo" in keys else "asyncapi" if "asyncapi" in keys else "openapi"

    def description(self, name: str) -> Description:
        """Return the API description of that name.

        :raises DocumentError: if it is missing, unreadable or not an API description.
        :raises KeyError: if the document has no such source.
        """
        if name not in self._descriptions:
            self._descriptions[name] = self._described(name)
        return self._descriptions[name]

    def _described(self, name: str) -> Description:
        source = self._load(self._get(name))
        return load_description(source, name, loader=self.copies.load if is_remote(source.uri) else self._open)

    def document(self, name: str) -> LoadedDocument:
        """Return the Arazzo document of that name; errors as :meth:`description`."""
        if name not in self._documents:
            self._documents[name] = parse_document(self._load(self._get(name)), resolver=self._open)
        return self._documents[name]

    def descriptions(self) -> Mapping[str, Description]:
        """Return all API descriptions by name, in document order; DocumentError as :meth:`description`."""
        if self._all is None:
            sources = self.loaded.document.source_descriptions
            self._all = {item.name: self.description(item.name) for item in sources if self.kind(item) == "openapi"}
        return self._all

    @cached_property
    def of_messages(self) -> tuple[SourceDescription, ...]:
        """The Source Description Objects that may describe messages."""
        return tuple(item for item in self.loaded.document.source_descriptions if item.type in (None, "asyncapi"))

    def raw(self, name: str) -> Source:
        """Return the text of a source, whatever it is; errors as :meth:`description`."""
        return self._load(self._get(name))

    def problems(self) -> tuple[Problem, ...]:
        """Return one problem for each source that cannot be loaded."""
        found: list[Problem] = []
        for source in self.loaded.document.source_descriptions:
            try:
                match self.kind(source):
                    case "openapi":
                        self.description(source.name)
                    case "arazzo":
                        self.document(source.name)
            except DocumentError as error:
                found.extend(error.problems)
        return tuple(found)

    def locate(self, source: SourceDescription) -> str:
        """Return the file of a source: its override, the file of that identity, or its resolved URL.

        For a copy this is the URL. A URL is resolved against ``$self`` (Arazzo 1.1.0, Establishing the Base URI). If no
        file exists there or is given for it, the file beside the document is meant.

        :raises DocumentError: if the URL is remote and has neither an override nor a copy.
        """
        own = self.loaded.source.uri if is_remote(self.loaded.source.uri) else ""
        base = resolve(own, self.loaded.document.self_uri or "")
        urls = tuple(dict.fromkeys((source.url, resolve(base, source.url))))
        override = next((self.overrides[key] for key in (source.name, *urls) if key in self.overrides), None)
        override = override or self._identified(urls)
        if override is not None:
            return str(override)
        copied = self._copied(source, urls)
        if copied is not None:
            return copied
        parts = urlsplit(source.url)
        if own or parts.netloc or parts.scheme not in ("", "file"):
            raise DocumentError([self._remote(source, urls[-1])])
        return unquote(parts.path) if parts.scheme else self._beside(source.url)

    def _copied(self, source: SourceDescription, urls: tuple[str, ...]) -> str | None:
        """Return the first of the URLs that has a copy."""
        try:
            return next((url for url in urls if url in self.copies), None)
        except CopyError as error:
            raise DocumentError([self._refused(source, error)]) from error

    def _beside(self, url: str) -> str:
        """Return where a relative URL leads: from ``$self`` if that is a file's URL and the target exists."""
        here, own = Path(self.loaded.source.uri), self.loaded.document.self_uri
        if own is not None:
            target = urlsplit(resolve(resolve(here.absolute().as_uri(), own), url))
            if target.scheme == "file" and not target.netloc and _may_be_file(unquote(target.path)):
                return unquote(target.path)
        path = unquote(urlsplit(url).path)
        return str(here.parent / path) if path else str(here)

    def _identified(self, urls: tuple[str, ...]) -> str | Path | None:
        """Return the given file whose own identity is among the URLs (Arazzo 1.1.0, Identity-Based Referencing)."""
        if not any(urlsplit(url).scheme not in ("", "file") for url in urls):
            return None
        if self._identities is None:
            self._identities = dict(reversed(list(_identities(self.overrides.values()))))
        return next((self._identities[url] for url in urls if url in self._identities), None)

    def _get(self, name: str) -> SourceDescription:
        source = self.named(name)
        if source is None:
            raise KeyError(name)
        return source

    def _load(self, source: SourceDescription) -> Source:
        if source.name not in self._sources:
            path = self.locate(source)
            try:
                self._sources[source.name] = self.copies.load(path) if is_remote(path) else load_source(path, name=path)
            except CopyError as error:
                raise DocumentError([self._refused(source, error)]) from error
            except DocumentError as error:
                if not is_remote(path) and not _may_be_file(path):
                    raise DocumentError([self._missing(source, path)]) from error
                raise
        return self._sources[source.name]

    def _open(self, uri: str) -> Source:
        """Open what a reference names: the file given for its URL, a copy, or a local file."""
        return load_source(self.overrides[uri]) if uri in self.overrides else self.copies.open(uri)

    def _remote(self, source: SourceDescription, url: str) -> Problem:
        if is_remote(self.loaded.source.uri) and not is_remote(url):
            message = f"source '{source.name}' points to '{source.url}', but a remote document names remote ones"
            return self._problem("remote-source", source, message, None)
        message = f"source '{source.name}' is remote ({url}), and nothing is fetched when a document is loaded"
        hint = f"get a copy with `airflow-arazzo fetch {self._first}`, or name a file as an override of this source"
        return self._problem("remote-source", source, message, hint)

    @property
    def _first(self) -> str:
        """The document that a person runs ``fetch`` for: this one, unless another names it."""
        return "DOCUMENT" if is_remote(self.loaded.source.uri) else self.loaded.source.name

    def _refused(self, source: SourceDescription, error: CopyError) -> Problem:
        return self._problem("remote-source", source, f"source '{source.name}' cannot be read: {error}", None)

    def _missing(self, source: SourceDescription, path: str) -> Problem:
        message = f"source '{source.name}' points to '{source.url}', and there is no such file"
        return self._problem("missing-source", source, message, f"looked for {path}")

    def _problem(self, rule: str, source: SourceDescription, message: str, hint: str | None) -> Problem:
        return self.loaded.source.problem(rule, Severity.ERROR, f"{source.at}/url", message, hint)


def _may_be_file(path: str | Path) -> bool:
    """Say whether a file exists, or is in a folder that nobody can look into: reading it tells why."""
    try:
        there = Path(path).is_file()
    except OSError:
        note_failure()
        return True
    if not there:
        note_file(path, None)
    return there


def _identities(files: Iterable[str | Path]) -> Iterator[tuple[str, str | Path]]:
    """Yield the ``$self`` of each file that has one, with the file; a file that cannot be read has none."""
    for file in dict.fromkeys(files):
        try:
            data = load_source(file).data
        except DocumentError:
            continue
        if isinstance(data, dict) and isinstance(data.get("$self"), str):
            yield data["$self"], file
