"""``airflow-arazzo validate``: every problem of documents at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn, get_args

import click

from arazzo.cli.options import SOURCES, STRICT, documents_at, pairs
from arazzo.document import load_document
from arazzo.errors import DocumentError, Problem
from arazzo.expressions import Dialect
from arazzo.openapi import Overrides, Sources
from arazzo.validation import Format, report, validate

RUNNABLE, PROBLEMS = 0, 1


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(get_args(Format)), default="text", show_default=True)
@SOURCES
@STRICT
def command(paths: tuple[Path, ...], form: Any, sources: tuple[str, ...], strict: bool) -> NoReturn:
    """Report every problem of the documents at PATHS; of a folder, of every *.arazzo.yaml, .yml and .json below it.

    Exit code 0: all of them can be run (there may be warnings), 1: there are errors.
    """
    documents = [document for path in paths for document in documents_at(path)]
    overrides = pairs(sources, "--source")
    dialect: Dialect = "strict" if strict else "lenient"
    problems = [problem for document in documents for problem in _problems(document, dialect, overrides)]
    text = report(problems, form)
    if text:
        click.echo(text)
    errors = sum(problem.is_error for problem in problems)
    click.echo(_summary(len(documents), errors, len(problems) - errors), err=True)
    sys.exit(PROBLEMS if errors else RUNNABLE)


def _problems(path: Path, dialect: Dialect, overrides: Overrides) -> tuple[Problem, ...]:
    try:
        loaded = load_document(path, dialect=dialect)
    except DocumentError as error:
        return error.problems
    return validate(loaded, dialect=dialect, sources=Sources(loaded, overrides))


def _summary(documents: int, errors: int, warnings: int) -> str:
    def count(number: int, noun: str) -> str:
        return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

    return f"{count(documents, 'document')}: {count(errors, 'error')}, {count(warnings, 'warning')}"
