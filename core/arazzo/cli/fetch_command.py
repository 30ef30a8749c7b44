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
from arazzo.source.locations import one_line

#: Airflow's option ``allowed_sources`` of section ``[arazzo]``.
VARIABLE = "AIRFLOW__ARAZZO__ALLOWED_SOURCES"

COMPLETE, INCOMPLETE = 0, 1


@click.command("fetch")
@click.argument("paths", nargs=-1, required=True, type=FileName(path_type=Path))
@click.option(
    "--allow",
    multiple=True,
    metavar="URL-PREFIX",
    help="Allow URLs that begin with this prefix, such as https://specs.example.com/apis/, in addition to those of "
    f"{VARIABLE}. Repeatable.",
)
@click.option("--check", is_flag=True, help="Store nothing, but report copies that are missing or out of date.")
@click.option("--update", is_flag=True, help="Also fetch files again that already have a copy.")
@format_option(("text", "json"), "text")
def command(paths: tuple[Path, ...], allow: tuple[str, ...], check: bool, update: bool, form: str) -> NoReturn:
    """Copy the remote files that documents name.

    The command copies remote source descriptions, remote $refs, and what they name in turn, into arazzo-sources/ beside
    each document of PATHS. It fetches only what an allowed prefix covers, even after redirects; for http the prefix
    must say http. Exit codes: 0 if there is a copy of everything, 1 if one is missing or, with --check, out of date, 2
    if the command was used wrongly.

    \b
    Examples:
      arazzo fetch --allow https://specs.example.com/ workflows
      arazzo fetch --check workflows
    """
    import requests

    if check and update:
        raise click.UsageError("choose one of --check, which stores nothing, and --update, which does")
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
                click.echo(one_line(str(outcome)))
    if form == "json":
        click.echo(json.dumps({"files": [asdict(outcome) for outcome in outcomes]}, indent=2))
    elif not outcomes:
        click.echo("Nothing to fetch: no document names a remote file.", err=True)
    sys.exit(COMPLETE if all(outcome.good for outcome in outcomes) else INCOMPLETE)
