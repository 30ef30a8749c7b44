"""The files that a document's source descriptions point to, loaded once and only when asked for.

Nothing is fetched: a remote URL needs an override that names a local file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from airflow_arazzo.core.document import LoadedDocument, parse_document
from airflow_arazzo.core.document.models import SourceDescription
from airflow_arazzo.core.errors import DocumentError, Problem, Severity
from airflow_arazzo.core.openapi.description import Description
from airflow_arazzo.core.openapi.loading import load_description
from airflow_arazzo.core.source import Source, load_source

Overrides = Mapping[str, str | Path]
"""Local files by source name or by URL, for sources that are elsewhere than the document says."""


class Sources:
    """The source descriptions of one document, by name, each loaded when first asked for.

    :param loaded: the document.
    :param overrides: files by source name or URL.
    """

    def __init__(self, loaded: LoadedDocument, overrides: Overrides | None = None) -> None:
        self.loaded = loaded
        self.overrides = dict(overrides or {})
        self._sources: dict[str, Source] = {}
        self._descriptions: dict[str, Description] = {}
        self._documents: dict[str, LoadedDocument] = {}
        self._identities: dict[str, str | Path] | None = None

    def named(self, name: str) -> SourceDescription | None:
        """Return the Source Description Object of that name."""
        return next((item for item in self.loaded.document.source_descriptions if item.name == name), None)

    def kind(self, source: SourceDescription) -> str:
        """Return ``openapi``, ``arazzo`` or ``asyncapi``; without ``type`` the file decides."""
        if source.type:
            return source.type
        data = self._load(source).data
        keys = data.keys() if isinstance(data, dict) else ()
        return "arazzo" if "arazzo" in keys else "asyncapi" if "asyncapi" in keys else "openapi"

    def description(self, name: str) -> Description:
        """Return the API description of that name.

        :raises DocumentError: if it is missing, unreadable or no API description.
        :raises KeyError: if the document has no such source.
        """
        if name not in self._descriptions:
            self._descriptions[name] = load_description(self._load(self._get(name)), name)
        return self._descriptions[name]

    def document(self, name: str) -> LoadedDocument:
        """Return the Arazzo document of that name; errors as :meth:`description`."""
        if name not in self._documents:
            self._documents[name] = parse_document(self._load(self._get(name)))
        return self._documents[name]

    def descriptions(self) -> dict[str, Description]:
        """Return all API descriptions by name, in document order; DocumentError as :meth:`description`."""
        sources = self.loaded.document.source_descriptions
        return {source.name: self.description(source.name) for source in sources if self.kind(source) == "openapi"}

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
        """Return the file of a source: its override, the file of that identity, else its URL resolved.

        A URL is resolved against ``$self`` (Arazzo 1.1.0, Establishing the Base URI). Where no file is there or is
        given for what comes out, the file beside the document is meant.

        :raises DocumentError: if the URL is remote and not overridden.
        """
        urls = tuple(dict.fromkeys((source.url, urljoin(self.loaded.document.self_uri or "", source.url))))
        override = next((self.overrides[key] for key in (source.name, *urls) if key in self.overrides), None)
        override = override or self._identified(urls)
        if override is not None:
            return str(override)
        parts = urlsplit(source.url)
        if parts.scheme == "file":
            return unquote(parts.path)
        if parts.scheme:
            raise DocumentError([self._remote(source)])
        return self._beside(unquote(parts.path))

    def _beside(self, path: str) -> str:
        """Return where a relative path leads: from ``$self`` if that is a file's and something is there."""
        here = Path(self.loaded.source.uri).parent
        own = urlsplit(self.loaded.document.self_uri or "")
        if own.path and own.scheme in ("", "file") and not own.netloc:
            from_self = (here / unquote(own.path)).parent / path
            if from_self.is_file():
                return str(from_self)
        return str(here / path)

    def _identified(self, urls: tuple[str, ...]) -> str | Path | None:
        """Return the file among those given that calls itself so (Arazzo 1.1.0, Identity-Based Referencing)."""
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
                self._sources[source.name] = load_source(path, name=path)
            except DocumentError as error:
                if not Path(path).is_file():
                    raise DocumentError([self._missing(source, path)]) from error
                raise
        return self._sources[source.name]

    def _remote(self, source: SourceDescription) -> Problem:
        message = f"source '{source.name}' is remote ({source.url}), and nothing is fetched when a document is loaded"
        hint = "download it and put its relative path here, or name the file as an override of this source"
        return self._problem("remote-source", source, message, hint)

    def _missing(self, source: SourceDescription, path: str) -> Problem:
        message = f"source '{source.name}' points to '{source.url}', and there is no such file"
        return self._problem("missing-source", source, message, f"looked for {path}")

    def _problem(self, rule: str, source: SourceDescription, message: str, hint: str) -> Problem:
        return self.loaded.source.problem(rule, Severity.ERROR, f"{source.at}/url", message, hint)


def _identities(files: Iterable[str | Path]) -> Iterator[tuple[str, str | Path]]:
    """Yield the ``$self`` of each file that states one, with the file; what cannot be read states none."""
    for file in dict.fromkeys(files):
        try:
            data = load_source(file).data
        except DocumentError:
            continue
        if isinstance(data, dict) and isinstance(data.get("$self"), str):
            yield data["$self"], file
