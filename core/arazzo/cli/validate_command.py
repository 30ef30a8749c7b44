"""``arazzo validate``: every problem of documents at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NoReturn, get_args

import click

from arazzo.cli.options import SOURCES, STRICT, FileName, documents_at, format_option, pairs
from arazzo.engine.document_problems import find_all_problems
from arazzo.flow import Options
from arazzo.validation import PORTABILITY, Format, report

RUNNABLE, PROBLEMS = 0, 1


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=FileName(path_type=Path))
@format_option(get_args(Format), "text")
@click.option("--portable", is_flag=True, help="Also warn about what other Arazzo tools may not understand.")
@SOURCES
@STRICT
def command(paths: tuple[Path, ...], form: Any, portable: bool, sources: tuple[str, ...], strict: bool) -> NoReturn:
    """Report all problems of documents.

    PATHS are documents or folders. In a folder, the command checks every document from which load_dags would make DAGs.
    Exit codes: 0 if all documents can run (there may be warnings), 1 if there are errors, 2 if the command was used
    wrongly.

    \b
    Examples:
      arazzo validate workflows
      arazzo validate --format sarif workflows > arazzo.sarif
    """
    overrides = pairs(sources, "--source")
    options = Options(dialect="strict" if strict else "lenient")
    folders = [documents_at(path) for path in paths]
    problems = [
        problem
        for documents in folders
        for found in find_all_problems(documents, options, overrides).values()
        for problem in found
        if portable or strict or problem.is_error or problem.rule not in PORTABILITY
    ]
    text = report(problems, form)
    if text:
        click.echo(text)
    errors = sum(problem.is_error for problem in problems)
    click.echo(_summary(sum(map(len, folders)), errors, len(problems) - errors), err=True)
    sys.exit(PROBLEMS if errors else RUNNABLE)


def _summary(documents: int, errors: int, warnings: int) -> str:
    def count(number: int, noun: str) -> str:
        return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

    return f"{count(documents, 'document')}: {count(errors, 'error')}, {count(warnings, 'warning')}"
