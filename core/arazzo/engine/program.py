"""From a file to a plan: load, validate, compile. The command line and the factory start here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from arazzo.document.control import named_workflows
from arazzo.document.loading import LoadedDocument, load_document
from arazzo.document.models import Workflow
from arazzo.document.settings import EXTENSION
from arazzo.engine.plan_entries import Outcome
from arazzo.engine.refusals import HARMLESS, is_template, refusals
from arazzo.errors import DocumentError, Problem, Severity
from arazzo.flow import Options, Plan, choose_workflow, compile_document, workflow_key
from arazzo.openapi.sources import Overrides, Sources
from arazzo.pointer import escape
from arazzo.secrecy.sensitive_names import is_sensitive
from arazzo.source.copies import is_remote
from arazzo.source.locations import one_line
from arazzo.validation import validate


def load_plan(
    path: str | Path,
    workflow_id: str | None = None,
    options: Options | None = None,
    overrides: Overrides | None = None,
) -> Plan:
    """Load a document and compile one of its workflows.

    :param path: the document.
    :param workflow_id: which workflow; None if the document has only one.
    :param options: dialect and settings.
    :param overrides: files to read for source descriptions, by name or URL.
    :raises DocumentError: with every error that concerns the workflow and its place. Warnings do not raise, nor do
        errors in unrelated workflows of the document.
    """
    return load_outcome(path, workflow_id, options, overrides).require()


def load_outcome(
    path: str | Path,
    workflow_id: str | None = None,
    options: Options | None = None,
    overrides: Overrides | None = None,
) -> Outcome:
    """Do the same as :func:`load_plan`, and return the warnings of validation too."""
    options = options or Options()
    loaded, sources, problems = _read(path, options, overrides)
    workflow = choose_workflow(loaded, workflow_id)
    found = tuple(filter(_concerned(loaded, sources, workflow), problems))
    _refuse(found)
    plan = compile_document(loaded, workflow.workflow_id, options, sources)
    return Outcome(workflow.workflow_id, plan, found, shows_secret=shows_secret(loaded.source.data, problems))


def load_plans(path: str | Path, options: Options | None = None, overrides: Overrides | None = None) -> Iterator[Plan]:
    """Load a document and compile all its workflows, in document order; errors as :func:`load_plan`."""
    options = options or Options()
    loaded, sources, _ = check_document(path, options, overrides)
    for workflow in loaded.document.workflows:
        yield compile_document(loaded, workflow.workflow_id, options, sources)


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
        loaded, sources, problems = _read(path, options, overrides)
        if any(problem.is_error for problem in problems):
            return loaded, problems
        for workflow in loaded.document.workflows if _may_be_refused(loaded, options) else ():
            plan = compile_document(loaded, workflow.workflow_id, options, sources)
            problems = (*problems, *_refused(loaded, workflow, plan))
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
        or any(not HARMLESS.issuperset(each) for each in settings)
    )


def check_document(
    path: str | Path, options: Options, overrides: Overrides | None = None
) -> tuple[LoadedDocument, Sources, tuple[Problem, ...]]:
    """Load and validate a document.

    :returns: the document, its source descriptions, and its warnings.
    :raises DocumentError: with every error.
    """
    loaded, sources, problems = _read(path, options, overrides)
    _refuse(problems)
    return loaded, sources, problems


def _read(
    path: str | Path, options: Options, overrides: Overrides | None
) -> tuple[LoadedDocument, Sources, tuple[Problem, ...]]:
    try:
        loaded = load_document(path, dialect=options.dialect)
        sources = Sources(loaded, overrides)
        problems = validate(loaded, dialect=options.dialect, sources=sources)
    except DocumentError as error:
        raise DocumentError(hide_outside_files(error.problems, path, overrides or {})) from None
    return loaded, sources, hide_outside_files(problems, path, overrides or {})


def concerning(
    loaded: LoadedDocument, sources: Sources, workflow: Workflow, problems: Iterable[Problem]
) -> tuple[Problem, ...]:
    """Return the problems that concern a workflow: it, one that it calls at any depth, or the document as a whole."""
    return tuple(filter(_concerned(loaded, sources, workflow), problems))


def shows_secret(data: Any, problems: Iterable[Problem] = ()) -> bool:
    """Say whether anybody who sees a document sees a secret.

    :param data: the content of the document. A value (not a template) that it binds to an input is a secret if the
        input is, by its name or as marked.
    :param problems: the findings of validation.
    """
    workflows = data.get("workflows")
    owners = [data, *(workflows if isinstance(workflows, list) else ())]
    given = [owner.get(EXTENSION) for owner in owners if isinstance(owner, dict)]
    settings = [each for each in given if isinstance(each, dict)]
    marked = [name for each in settings for name in each.get("sensitive") or ()]
    bound = [item for each in settings for item in (each.get("inputs") or {}).items()]
    return any(problem.rule == "written-secret" for problem in problems) or any(
        is_sensitive(name, marked) and not is_template(value) for name, value in bound
    )


def _refused(loaded: LoadedDocument, workflow: Workflow, plan: Plan) -> Iterator[Problem]:
    """Yield a problem for each reason why a workflow cannot be a DAG, at the setting responsible."""
    own = workflow.extensions.get(EXTENSION)
    for refusal in refusals(plan):
        owner = workflow.at if isinstance(own, dict) and refusal.setting[0] in own else ""
        at = "/".join((owner, EXTENSION, *map(escape, refusal.setting)))
        yield loaded.source.problem(refusal.rule, Severity.ERROR, at, refusal.message, refusal.hint)


def _refuse(problems: Iterable[Problem]) -> None:
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        raise DocumentError(errors)


def _concerned(loaded: LoadedDocument, sources: Sources, workflow: Workflow) -> Callable[[Problem], bool]:
    """Return what tells whether a problem concerns a workflow, as for :func:`concerning`."""
    called, todo = {workflow.workflow_id: workflow}, [workflow]
    elsewhere: set[str] = set()
    while todo:
        for reference in {workflow_key(name) for name, _ in named_workflows(todo.pop())}:
            if not loaded.document.has_workflow(reference):
                elsewhere.add(reference.partition(".")[0])
            elif reference not in called:
                called[reference] = loaded.document.workflow(reference)
                todo.append(called[reference])
    pointers = {other.at for other in called.values()}
    documents = [item for item in loaded.document.source_descriptions if item.type == "arazzo"]
    uncalled = {sources.locate(item) for item in documents if item.name not in elsewhere and "://" not in item.url}

    def concerns(problem: Problem) -> bool:
        pointer = problem.place.pointer
        if problem.place.file != loaded.source.name:
            return problem.place.file not in uncalled
        return not pointer.startswith("/workflows/") or "/".join(pointer.split("/")[:3]) in pointers

    return concerns


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
