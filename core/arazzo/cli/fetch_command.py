"""``arazzo fetch``: copies of the remote files that documents name."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from arazzo.cli.fetching import Mode, fetch_all, getter, is_prefix, read_prefixes
from arazzo.cli.options import FileName, documents_at, format_option

#: As Airflow has it: option ``allowed_sources`` of section ``[arazzo]``.
VARIABLE = "AIRFLOW__ARAZZO__ALLOWED_SOURCES"

COMPLETE, INCOMPLETE = 0, 1


@click.command("fetch")
@click.argument("paths", nargs=-1, required=True, type=FileName(path_type=Path))
@click.option(
    "--allow",
    multiple=True,
    metavar="URL-PREFIX",
    help=f"What may be fetched, beyond what {VARIABLE} says: https://specs.example.com/apis/ for example. Repeatable.",
)
@click.option("--check", is_flag=True, help="Store nothing; say which copies are missing or out of date.")
@click.option("--update", is_flag=True, help="Fetch what there is a copy of, too.")
@format_option(("text", "json"), "text")
def command(paths: tuple[Path, ...], allow: tuple[str, ...], check: bool, update: bool, form: str) -> NoReturn:
    """Copy the remote files that documents name.

    The copies go into arazzo-sources/ beside each document of PATHS: remote source descriptions, remote $refs, and what
    they name in turn. Only what a prefix covers is fetched, redirects included; http needs a prefix that says so. Exit
    code 0: there is a copy of everything, 1: one is missing, or, with --check, out of date, 2: a mistake of usage.

    \b
    Examples:
      arazzo fetch --allow https://specs.example.com/ workflows
      arazzo fetch --check workflows
    """
    import requests

    if check and update:
        raise click.UsageError("--check stores nothing, and --update does: choose one")
    prefixes = [*read_prefixes(os.environ.get(VARIABLE, "")), *allow]
    for prefix in prefixes:
        if not is_prefix(prefix):
            raise click.UsageError(f"{prefix!r} is not an http or https URL without credentials")
    mode: Mode = "check" if check else "update" if update else "fetch"
    documents = [document for path in paths for document in documents_at(path)]
    outcomes = []
    with requests.Session() as session:
        for outcome in fetch_all(documents, prefixes, mode, getter(session)):
            outcomes.append(outcome)
            if form == "text":
                click.echo(str(outcome))
    if form == "json":
        click.echo(json.dumps({"files": [asdict(outcome) for outcome in outcomes]}, indent=2))
    elif not outcomes:
        click.echo("Nothing to fetch: no document names a remote file.", err=True)
    sys.exit(COMPLETE if all(outcome.good for outcome in outcomes) else INCOMPLETE)
