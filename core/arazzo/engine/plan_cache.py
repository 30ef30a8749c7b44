"""The plan cache: what became of a document, stored by the content of everything it was made from.

An answer is found in two steps. The document, the question and the engine lead to the list of the files that were read;
what these files contain now leads to the answer: plans, and what validation found. So nothing is ever out of date: a
change makes another entry. An entry that cannot be read, or is of another version, counts as missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from arazzo import __version__
from arazzo.document.settings import Settings
from arazzo.engine.plan_entries import VERSION, Outcome, answer_of, entry_of, framed, unframed
from arazzo.errors import DocumentError
from arazzo.flow.compile_options import Options
from arazzo.limits import current_limits
from arazzo.source.files_read import COPIES_VARIABLE, FilesRead, FileState, files_read, look_at


class Store(Protocol):
    """Where entries are kept, by names of letters, digits and dots. What fails there is ignored."""

    def read(self, name: str) -> bytes | None:
        """Return an entry; None if there is none."""

    def write(self, name: str, entry: bytes) -> None:
        """Keep an entry, as a whole or not at all."""


class PlanCache:
    """What became of documents. It looks at each file once and assumes no change: make a new one for each parsing.

    :param store: where answers are kept; None keeps them nowhere.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store = store
        self._states: dict[str, FileState | None] = {}

    def load(self, path: str | Path, workflow_id: str | None, options: Options) -> Outcome:
        """Return what became of one workflow of a document.

        :param workflow_id: None if the document has only one.
        :raises DocumentError: if it cannot be run.
        """

        def compute() -> tuple[Outcome, ...]:
            from arazzo.engine.program import load_outcome

            return (load_outcome(path, workflow_id, options),)

        return self.answer(path, question("workflow", workflow_id, options), compute)[0]

    def answer(
        self, path: str | Path, asked: str | None, compute: Callable[[], Sequence[Outcome]]
    ) -> Sequence[Outcome]:
        """Return what became of workflows of a document.

        :param asked: the text from :func:`question`.
        :param compute: finds the answer.
        :raises DocumentError: if the document cannot be run; so does ``compute``.
        """
        key = None if self.store is None or asked is None else self._key(path, asked)
        if self.store is None or key is None:
            return compute()
        found = self._found(self.store, key)
        if isinstance(found, DocumentError):
            raise found
        if found is not None:
            return found
        with files_read() as files:
            try:
                computed = tuple(compute())
            except DocumentError as error:
                _keep(self.store, key, files, entry_of(error))
                raise
        _keep(self.store, key, files, entry_of(computed))
        return computed

    def _key(self, path: str | Path, asked: str) -> str | None:
        """Return what an answer depends on besides the files that the document names; None if nobody can tell."""
        document = self._state(os.path.abspath(path))
        if document is None or document.sha256 is None:
            return None
        around = [list(vars(current_limits()).values()), os.environ.get(COPIES_VARIABLE)]
        return _digest([os.fspath(path), vars(document), asked, around, _engine()])

    def _found(self, store: Store, key: str) -> tuple[Outcome, ...] | DocumentError | None:
        states = [self._state(path) for path in _paths(unframed(store.read(f"{key}.files")))]
        held = [state for state in states if state is not None]
        return answer_of(store.read(_name(key, held))) if len(held) == len(states) else None

    def _state(self, path: str) -> FileState | None:
        if path not in self._states:
            self._states[path] = look_at(path, current_limits().file_characters * 4 + 1)
        return self._states[path]


def question(*parts: Any) -> str | None:
    """Return a question about a document as text; None if it contains objects of a person's own Python.

    Only the parsing of the file knows what such objects are.

    :param parts: JSON values, and :class:`~arazzo.flow.Options` at any depth.
    """
    return json.dumps([_plain(part) for part in parts]) if all(map(_is_plain, parts)) else None


def _keep(store: Store, key: str, files: FilesRead, entry: bytes | None) -> None:
    if files.certain and entry is not None:
        states = list(files.seen.values())
        store.write(_name(key, states), entry)
        store.write(f"{key}.files", framed(json.dumps([state.path for state in states])))


def _paths(listed: str | None) -> list[str]:
    """Return the files in a stored list; none if it is not such a list."""
    try:
        paths = json.loads(listed or "[]")
    except ValueError:
        return []
    return list(map(str, paths)) if isinstance(paths, list) else []


def _name(key: str, states: Sequence[FileState]) -> str:
    """Return the name of an answer: what was asked, and what each file contains."""
    return f"{_digest([key, [vars(state) for state in states]])}.plans"


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@cache
def _engine() -> str:
    """Return what identifies this engine: its version and the sizes of its modules, which may be edited in place."""

    def modules(folder: str) -> Iterator[tuple[str, int]]:
        for entry in os.scandir(folder):
            if entry.name.endswith(".py"):
                yield entry.path.removeprefix(root), entry.stat().st_size
            elif entry.is_dir(follow_symlinks=False):
                yield from modules(entry.path)

    root = str(Path(__file__).parents[1])
    try:
        own = sorted(modules(root))
    except OSError:  # it is inside an archive
        own = []
    return _digest([VERSION, __version__, sys.version_info[:2], own])


def _plain(value: Any) -> Any:
    match value:
        case Options():
            steps = {step: _plain(settings) for step, settings in value.step_settings.items()}
            return [value.dialect, _plain(value.settings), steps, _plain(value.defaults)]
        case Settings():
            return value.model_dump(exclude_none=True)
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
    return value


def _is_plain(value: Any) -> bool:
    """Say whether a value can be written as JSON and read back unchanged."""
    match value:
        case Options():
            return all(map(_is_plain, (value.settings, value.defaults, *value.step_settings.values())))
        case Settings():
            try:
                again = Settings.model_validate_json(value.model_dump_json(exclude_none=True))
            except (ValueError, PydanticSerializationError):
                return False
            return again == value and _has_plain_types(value.given())
        case Mapping():
            return all(map(_is_plain, value.values()))
    return _has_plain_types(value)


def _has_plain_types(value: Any) -> bool:
    """Say whether a value consists of JSON's types and tuples, and not of types that only equal them."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseModel):
            waiting.append(item.__dict__)
        elif type(item) is dict:
            waiting += [*item, *item.values()]
        elif type(item) in (list, tuple):
            waiting += item
        elif type(item) not in (str, int, float, bool, type(None)):
            return False
    return True
