"""The documents of a folder: ``load_dags`` makes DAGs of the same files that the command validates."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from arazzo.errors import UnsupportedError
from arazzo.frozen import dataclass
from arazzo.source.detection import is_named, looks_like_document, text_of

log = logging.getLogger(__name__)

SUFFIXES = (".yaml", ".yml", ".json")
IGNORE_FILE = ".airflowignore"
#: Airflow's option ``dag_ignore_file_syntax`` of section ``[core]``.
SYNTAX_VARIABLE = "AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX"
Syntax = Literal["glob", "regexp"]

_COMMENT = re.compile(r"\s*#.*")


def document_files(folder: str | Path, syntax: Syntax | None = None) -> list[Path]:
    """Return the Arazzo documents below a folder, sorted.

    A document has ``arazzo`` among its outermost fields, or is named ``*.arazzo.yaml``, ``.yml`` or ``.json``, even if
    nobody can read it. Skipped are hidden names, which begin with a dot (checkpoints of notebooks, ``..data`` of
    mounted ConfigMaps), and what an ``.airflowignore`` excludes, in the folder, below it or above it. No file above
    it excludes the folder itself, since somebody named it.

    :param folder: the folder.
    :param syntax: of ``.airflowignore``; None for that of the environment, or else ``glob``.
    :raises UnsupportedError: if there is an ``.airflowignore``, and not the package that reads it.
    """
    chosen = syntax or ("regexp" if os.environ.get(SYNTAX_VARIABLE, "").lower() == "regexp" else "glob")
    root = Path(folder)
    files = _walk(root, _rules_above(root.absolute(), chosen), chosen)
    return [path for path in sorted(files) if is_document(path)]


def is_document(path: Path) -> bool:
    """Say whether a file means to be an Arazzo document, by its name or the look of its text."""
    return is_named(path) or looks_like_document(text_of(path))


@dataclass(frozen=True)
class _Rule:
    """A line of an ``.airflowignore``.

    :param base: the folder that the file is in.
    :param verdict: says whether a path below it is excluded (True), included again (False) or neither (None).
    """

    base: Path
    verdict: Callable[[str], bool | None]

    def of(self, path: Path, *, folder: bool) -> bool | None:
        relative = path.relative_to(self.base).as_posix()
        return self.verdict(f"{relative}/" if folder else relative)


def _walk(folder: Path, rules: tuple[_Rule, ...], syntax: Syntax) -> Iterator[Path]:
    rules += _rules_in(folder.absolute(), syntax)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        log.warning("the folder %s cannot be read (%s) and is skipped", folder, error.strerror)
        return
    for entry in entries:
        path = folder / entry.name
        is_folder = _is_folder(entry)
        if entry.name.startswith(".") or _excluded(path.absolute(), rules, folder=is_folder):
            continue
        if is_folder:
            yield from _walk(path, rules, syntax)
        elif path.suffix in SUFFIXES and _is_file(path):
            yield path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return is_named(path)


def _excluded(path: Path, rules: tuple[_Rule, ...], *, folder: bool) -> bool:
    found = [verdict for rule in rules if (verdict := rule.of(path, folder=folder)) is not None]
    return bool(found) and found[-1]


def _rules_above(folder: Path, syntax: Syntax) -> tuple[_Rule, ...]:
    rules = [rule for parent in reversed(folder.parents) for rule in _rules_in(parent, syntax)]
    return tuple(rule for rule in rules if not rule.of(folder, folder=True))


def _rules_in(folder: Path, syntax: Syntax) -> tuple[_Rule, ...]:
    try:
        lines = (folder / IGNORE_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    patterns = filter(None, (_COMMENT.sub("", line).strip() for line in lines))
    verdicts = (_verdict(pattern, syntax, folder) for pattern in patterns)
    return tuple(_Rule(folder, verdict) for verdict in verdicts if verdict is not None)


def _verdict(pattern: str, syntax: Syntax, folder: Path) -> Callable[[str], bool | None] | None:
    """Return what a line says of a path; None if it says nothing, as in Airflow, which warns."""
    try:
        if syntax == "glob":
            if find_spec("pathspec") is None:
                text = f"{folder / IGNORE_FILE} cannot be read without pathspec: pip install 'arazzo-core[dags]'"
                raise UnsupportedError(text)
            from pathspec import GitIgnoreSpec

            spec = GitIgnoreSpec.from_lines([pattern])
            return lambda path: spec.check_file(path).include
        expression = re.compile(pattern)
    except (re.error, ValueError) as error:
        log.warning("%s: '%s' is not a pattern and is skipped: %s", folder / IGNORE_FILE, pattern, error)
        return None
    return lambda path: True if expression.search(path) else None
