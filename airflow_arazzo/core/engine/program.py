"""From a file to a plan: load, validate, compile. What the command line and the factory start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from airflow_arazzo.core.document import LoadedDocument, load_document
from airflow_arazzo.core.errors import DocumentError, Problem
from airflow_arazzo.core.flow import Options, Plan, compile_document
from airflow_arazzo.core.openapi.sources import Overrides, Sources
from airflow_arazzo.core.validation import validate


def load_plan(
    path: str | Path,
    workflow_id: str | None = None,
    options: Options | None = None,
    overrides: Overrides | None = None,
) -> Plan:
    """Load a document and compile one of its workflows.

    :param path: the document.
    :param workflow_id: which workflow; None where the document has only one.
    :param options: dialect and settings.
    :param overrides: files of source descriptions by name or URL, where they are elsewhere than the document says.
    :raises DocumentError: with every error of the document, located; warnings do not raise.
    """
    options = options or Options()
    loaded, sources, _ = check_document(path, options, overrides)
    return compile_document(loaded, workflow_id, options, sources)


def load_plans(path: str | Path, options: Options | None = None, overrides: Overrides | None = None) -> Iterator[Plan]:
    """Load a document and compile all its workflows, in document order; errors as :func:`load_plan`."""
    options = options or Options()
    loaded, sources, _ = check_document(path, options, overrides)
    for workflow in loaded.document.workflows:
        yield compile_document(loaded, workflow.workflow_id, options, sources)


def check_document(
    path: str | Path, options: Options, overrides: Overrides | None = None
) -> tuple[LoadedDocument, Sources, tuple[Problem, ...]]:
    """Load and validate a document.

    :returns: the document, its source descriptions, and its warnings.
    :raises DocumentError: with every error.
    """
    loaded = load_document(path)
    sources = Sources(loaded, overrides)
    problems = validate(loaded, dialect=options.dialect, sources=sources)
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        raise DocumentError(errors)
    return loaded, sources, tuple(problems)
