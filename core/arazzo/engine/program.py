"""From a file to a plan: load, validate, compile. The command line and the factory start here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from arazzo.document.control import named_workflows
from arazzo.document.loading import LoadedDocument
from arazzo.document.models import Workflow
from arazzo.document.settings import EXTENSION
from arazzo.engine.document_problems import check_document, read_document, refuse
from arazzo.engine.plan_entries import Outcome
from arazzo.engine.refusals import is_template
from arazzo.errors import Problem
from arazzo.flow import Options, Plan, choose_workflow, compile_document, workflow_key
from arazzo.openapi.sources import Overrides, Sources
from arazzo.secrecy.sensitive_names import is_sensitive


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
    loaded, sources, problems = read_document(path, options, overrides)
    workflow = choose_workflow(loaded, workflow_id)
    found = tuple(filter(_concerned(loaded, sources, workflow), problems))
    refuse(found)
    plan = compile_document(loaded, workflow.workflow_id, options, sources)
    return Outcome(workflow.workflow_id, plan, found, shows_secret=shows_secret(loaded.source.data, problems))


def load_plans(path: str | Path, options: Options | None = None, overrides: Overrides | None = None) -> Iterator[Plan]:
    """Load a document and compile all its workflows, in document order; errors as :func:`load_plan`."""
    options = options or Options()
    loaded, sources, _ = check_document(path, options, overrides)
    for workflow in loaded.document.workflows:
        yield compile_document(loaded, workflow.workflow_id, options, sources)


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
