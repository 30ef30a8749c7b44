"""What is wrong with a document: what validation finds, and why DAGs of it would be refused.

Most documents are judged without being compiled, so a linter loads nothing of what makes and runs plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from arazzo.document.loading import LoadedDocument, load_document
from arazzo.document.settings import EXTENSION
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.flow.compile_options import Options
from arazzo.openapi.sources import Overrides, Sources
from arazzo.pointer import escape
from arazzo.source.copies import is_remote
from arazzo.source.locations import one_line
from arazzo.validation import validate

#: Settings for which no workflow is ever refused.
_HARMLESS = frozenset(("unmatched", "poke_interval", "timeout", "max_rounds", "tolerate", "tags", "doc", "owner"))


def find_problems(
    path: str | Path, options: Options | None = None, overrides: Overrides | None = None
) -> tuple[Problem, ...]:
    """Return every problem of a document: what validation finds, and what prevents DAGs of its workflows.

    :returns: sorted by place; nothing is raised.
    """
    return _found(path, options or Options(), overrides)[1]


def find_all_problems(
    paths: Iterable[Path], options: Options, overrides: Overrides | None = None
) -> dict[Path, list[Problem]]:
    """Return the problems of the documents in one folder, including those between them.

    A workflow that can be run may not have the id of one of a document before it: both would be one DAG.
    """
    found: dict[Path, list[Problem]] = {}
    first: dict[str, Path] = {}
    for path in paths:
        loaded, problems = _found(path, options, overrides)
        found[path] = list(problems)
        if loaded is None or any(problem.is_error for problem in problems):
            continue
        for workflow in loaded.document.workflows:
            owner = first.setdefault(workflow.workflow_id, path)
            if owner != path:
                message = f"the DAG id '{workflow.workflow_id}' is taken by a workflow of {one_line(owner.name)}"
                at = f"{workflow.at}/workflowId"
                found[path].append(loaded.source.problem("taken-id", Severity.ERROR, at, message))
    return found


def _found(
    path: str | Path, options: Options, overrides: Overrides | None
) -> tuple[LoadedDocument | None, tuple[Problem, ...]]:
    """Return a document, if it can be read, and its problems."""
    try:
        loaded, sources, problems = read_document(path, options, overrides)
        if any(problem.is_error for problem in problems):
            return loaded, problems
        if _may_be_refused(loaded, options):
            problems = (*problems, *_refused(loaded, options, sources))
    except DocumentError as error:
        return None, error.problems
    return loaded, tuple(sorted(problems, key=lambda problem: (problem.place, problem.rule, problem.message)))


def _may_be_refused(loaded: LoadedDocument, options: Options) -> bool:
    """Say whether a workflow that can be compiled may still be refused as a DAG: not if all its settings are harmless.

    Compiling a large document takes half as long as its validation, which finds all that prevents compiling it, but
    not what other documents contain.
    """
    document = loaded.document
    owners = (document, *document.workflows, *(step for workflow in document.workflows for step in workflow.steps))
    settings = (owner.extensions[EXTENSION] for owner in owners if EXTENSION in owner.extensions)
    return (
        options != Options(dialect=options.dialect)
        or any(source.type != "openapi" for source in document.source_descriptions)
        or any(not _HARMLESS.issuperset(each) for each in settings)
    )


def _refused(loaded: LoadedDocument, options: Options, sources: Sources) -> Iterator[Problem]:
    """Yield a problem for each reason why a workflow cannot be a DAG, at the setting responsible."""
    from arazzo.engine.refusals import refusals
    from arazzo.flow.compile import compile_document

    for workflow in loaded.document.workflows:
        own = workflow.extensions.get(EXTENSION)
        for refusal in refusals(compile_document(loaded, workflow.workflow_id, options, sources)):
            owner = workflow.at if isinstance(own, dict) and refusal.setting[0] in own else ""
            at = "/".join((owner, EXTENSION, *map(escape, refusal.setting)))
            yield loaded.source.problem(refusal.rule, Severity.ERROR, at, refusal.message, refusal.hint)


def check_document(
    path: str | Path, options: Options, overrides: Overrides | None = None
) -> tuple[LoadedDocument, Sources, tuple[Problem, ...]]:
    """Load and validate a document.

    :returns: the document, its source descriptions, and its warnings.
    :raises DocumentError: with every error.
    """
    loaded, sources, problems = read_document(path, options, overrides)
    refuse(problems)
    return loaded, sources, problems


def read_document(
    path: str | Path, options: Options, overrides: Overrides | None
) -> tuple[LoadedDocument, Sources, tuple[Problem, ...]]:
    """Do the same as :func:`check_document`, but return errors, too, unless the document cannot be read at all."""
    try:
        loaded = load_document(path, dialect=options.dialect)
        sources = Sources(loaded, overrides)
        problems = validate(loaded, dialect=options.dialect, sources=sources)
    except DocumentError as error:
        raise DocumentError(hide_outside_files(error.problems, path, overrides or {})) from None
    return loaded, sources, hide_outside_files(problems, path, overrides or {})


def refuse(problems: Iterable[Problem]) -> None:
    """Raise the errors among problems, if there are any."""
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        raise DocumentError(errors)


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
