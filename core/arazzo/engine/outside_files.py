"""What is not shown of files that a document names: a stranger's document may name any file of its reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from arazzo.errors import Problem
from arazzo.openapi.sources import Overrides
from arazzo.source import is_remote

_HINT = "it is not in the document's folder; name it with --source NAME=FILE to see what is wrong"


def hide_outside_files(problems: Iterable[Problem], document: str | Path, overrides: Overrides) -> tuple[Problem, ...]:
    """Return problems that reveal nothing about files outside the document's folder, links and ``..`` resolved.

    For such files only the rule and the line are told, unless somebody has named the file.

    :param overrides: the files that somebody has named.
    """
    home = _real(Path(document).parent)
    named = {_real(path) for path in overrides.values()}

    def shown(problem: Problem) -> Problem:
        file = problem.place.file
        if is_remote(file) or not file:
            return problem
        real = _real(file)
        if real is not None and (real in named or (home is not None and home in real.parents)):
            return problem
        place = replace(problem.place, excerpt="", pointer="")
        what = "the file cannot be used" if problem.is_error else f"the file has a warning of the rule {problem.rule}"
        return replace(problem, place=place, message=f"{what}: {_HINT}", hint=None)

    return tuple(map(shown, problems))


def _real(path: str | Path) -> Path | None:
    """Return where a path really leads; None if it leads nowhere."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
