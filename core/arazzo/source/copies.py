"""Copies of remote files: a folder of files named by their digest, and an index of where they come from.

``airflow-arazzo fetch`` makes a copy; loading a document reads it, and opens no socket.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from arazzo.errors import ArazzoError
from arazzo.frozen import dataclass, replace
from arazzo.source.files_read import COPIES_VARIABLE, note_failure, note_file
from arazzo.source.text import Source, load_source

#: The folder of copies beside a document, unless the environment variable names another for all documents.
FOLDER = "arazzo-sources"
INDEX = "index.json"
_FILE = re.compile(r"[0-9a-f]{64}\.(json|yaml)")


class CopyError(ArazzoError):
    """A remote file of which there is no copy, or none that can be trusted."""


@dataclass(frozen=True)
class Copy:
    """One entry of the index.

    :param url: what documents call it.
    :param sha256: of the file.
    :param fetched: when, in ISO 8601.
    :param location: where redirects led; relative references start from there.
    """

    url: str
    sha256: str
    file: str
    fetched: str
    location: str


class Copies:
    """The copies in one folder.

    :param folder: it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, uri: str) -> Copies:
        """Return the copies for a document: beside it, or where the environment says."""
        named = os.environ.get(COPIES_VARIABLE)
        return cls(Path(named) if named else Path(uri).parent / FOLDER)

    @cached_property
    def index(self) -> dict[str, Copy]:
        """What there is, by URL.

        :raises CopyError: if the index cannot be read.
        """
        path = self.folder / INDEX
        try:
            raw = path.read_bytes()
            text = raw.decode("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            note_file(path, None)
            return {}
        except (OSError, ValueError) as error:
            note_failure()
            raise CopyError(f"{path} cannot be read: {type(error).__name__}") from None
        note_file(path, raw)
        return {copy.url: copy for copy in _entries(text, path)}

    def __contains__(self, url: object) -> bool:
        return is_remote(str(url)) and url in self.index

    def load(self, url: str) -> Source:
        """Read the copy of a remote file; its URI is where it came from, so that its references are remote too.

        :raises CopyError: if there is none, or if it is not what was fetched.
        :raises DocumentError: if it cannot be read.
        """
        copy = self.index.get(url)
        if copy is None:
            raise CopyError("it is remote, and there is no copy of it: `airflow-arazzo fetch` makes one")
        source = load_source(self.folder / copy.file, name=url)
        if source.digest != copy.sha256:
            path = self.folder / copy.file
            raise CopyError(f"its copy {path} has changed since: `airflow-arazzo fetch --update` fetches it again")
        return replace(source, uri=copy.location)

    def open(self, uri: str) -> Source:
        """Read a local file by path or ``file:`` URL, or the copy of a remote one; errors as :meth:`load`."""
        if is_remote(uri):
            return self.load(uri)
        parts = urlsplit(uri)
        return load_source(unquote(parts.path) if parts.scheme == "file" else uri)

    def keep(self, source: Source, url: str, fetched: str) -> Copy:
        """Store a fetched file and enter it into the index, removing the file that it replaces.

        :param source: the file; its URI is where redirects led.
        """
        file = f"{source.digest}.{'json' if source.text.lstrip().startswith('{') else 'yaml'}"
        copy = Copy(url, source.digest, file, fetched, source.uri)
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / file, source.text)
        before = self.index.get(url)
        self.index[url] = copy
        entries = [asdict(self.index[name]) for name in sorted(self.index)]
        _write(self.folder / INDEX, json.dumps({"version": 1, "sources": entries}, indent=2) + "\n")
        if before is not None and before.file not in {entry["file"] for entry in entries}:
            (self.folder / before.file).unlink(missing_ok=True)
        return copy


def is_remote(uri: str) -> bool:
    """Say whether a URI is one of http or https."""
    return uri[:8].lower().startswith(("http://", "https://"))


def _entries(text: str, path: Path) -> Iterator[Copy]:
    try:
        listed = json.loads(text)["sources"]
        for entry in listed:
            copy = Copy(**{name: _text(entry[name]) for name in Copy.__dataclass_fields__})
            if not _FILE.fullmatch(copy.file):
                raise ValueError(copy.file)
            yield copy
    except (ValueError, TypeError, KeyError, RecursionError):
        raise CopyError(f"{path} is not an index of copies: `airflow-arazzo fetch` writes one") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _write(path: Path, text: str) -> None:
    """Write a file as a whole: whoever reads it meanwhile sees the earlier one."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(text.encode())
    new.replace(path)
