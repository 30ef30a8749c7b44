"""``arazzo init``: a document to start with, from an API description."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import click

from arazzo.cli.options import FileName, format_option
from arazzo.cli.run_reports import require_writable
from arazzo.cli.skeletons import Chosen, Skeleton, connection_template, identifier, make_skeleton
from arazzo.document.shape import near
from arazzo.engine import load_plan
from arazzo.errors import DocumentError
from arazzo.json_values import texts_in
from arazzo.openapi.description import Description, Endpoint
from arazzo.openapi.sources import load_description
from arazzo.source.locations import one_line
from arazzo.source.text import Source, load_source

WRITTEN, REFUSED = 0, 2


@click.command("init")
@click.argument("file", metavar="FILE", type=FileName(path_type=Path))
@click.option(
    "--operation", "operations", multiple=True, metavar="ID", help="An operation that a step calls. Repeatable."
)
@click.option(
    "--poll", "polls", multiple=True, metavar="ID", help="An operation to repeat while its answer is pending."
)
@click.option(
    "--branch", "branches", multiple=True, metavar="ID", help="An operation after which the workflow branches."
)
@click.option("--title", help="The document's title, from which the workflow's id is made.")
@click.option(
    "-o", "--output", type=FileName(path_type=Path), help="The file to write; by default it is named after the title."
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@format_option(("text", "json"), "text")
def command(
    file: Path,
    operations: tuple[str, ...],
    polls: tuple[str, ...],
    branches: tuple[str, ...],
    title: str | None,
    output: Path | None,
    force: bool,
    form: str,
) -> NoReturn:
    """Write a document from an API description.

    FILE is an OpenAPI or Swagger description. ID is an operationId, or a method and path such as 'GET /pets/{id}'. The
    steps call the operations of --operation, in this order. --poll and --branch name some of these, or further ones
    that come after them. If you name no operation, the command asks for them on a terminal. Exit codes: 0 if the files
    were written, 2 if something was refused.

    \b
    Examples:
      arazzo init shop.openapi.yaml --operation addPet --operation getPet
      arazzo init scan.openapi.yaml --operation startScan --operation getScan --operation report --poll getScan
    """
    try:
        source = load_source(str(file))
        if isinstance(source.data, Mapping) and "arazzo" in source.data:
            raise click.UsageError(f"{file} is already a document; airflow-arazzo init makes a DAG file from it")
        description = load_description(source, identifier(file.name.split(".")[0]) or "api")
    except DocumentError as error:
        click.echo(str(error), err=True)
        sys.exit(REFUSED)
    chosen = _chosen(description, list(dict.fromkeys((*operations, *polls, *branches))), polls, branches)
    made = make_skeleton(description, chosen, title or _title(source), "")
    output = output or Path(f"{made.workflow_id}.arazzo.yaml")
    made.url = quote(Path(os.path.relpath(file.resolve(), output.parent.resolve())).as_posix())
    files = {output: to_yaml(made.document(), f"Written by `arazzo init {file.name}` as a starting point; change it.")}
    if made.scenario:
        scenario = {"mock": "1", "operations": made.scenario}
        files[_beside(output, "scenario.yaml")] = to_yaml(scenario, "For `arazzo mock --scenario`: the poll ends.")
    write_files(files, force=force)
    print_written(files, _commands(made, list(files), chosen, description), form)
    sys.exit(WRITTEN)


def _title(source: Source) -> str:
    info = source.data.get("info") if isinstance(source.data, Mapping) else None
    title = info.get("title") if isinstance(info, Mapping) else None
    return str(title or "Workflow")


def _chosen(
    description: Description, named: Sequence[str], polls: Sequence[str], branches: Sequence[str]
) -> list[Chosen]:
    endpoints = {endpoint.operation_id or str(endpoint): endpoint for endpoint in description.endpoints()}
    if not endpoints:
        raise click.UsageError("the description has no operation")
    if not named:
        named = _asked(endpoints)
    return [
        Chosen(description.operation(_endpoint(text, endpoints)), text in polls, text in branches) for text in named
    ]


def _endpoint(text: str, endpoints: Mapping[str, Endpoint]) -> Endpoint:
    for name, endpoint in endpoints.items():
        if text in (name, str(endpoint)):
            return endpoint
    hint = near(text, endpoints) or f"there are {', '.join(endpoints)}"
    raise click.UsageError(f"there is no operation '{text}': {hint}")


def _asked(endpoints: Mapping[str, Endpoint]) -> list[str]:
    """Ask for operations on a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(f"name the operations with --operation; there are {', '.join(endpoints)}")
    names = list(endpoints)
    for number, (name, endpoint) in enumerate(endpoints.items(), 1):
        click.echo(one_line(f"{number:>3}  {name}  {endpoint}" if name != str(endpoint) else f"{number:>3}  {name}"))
    text = click.prompt("Numbers of the operations, in their order, separated by commas")
    wanted = [part.strip() for part in str(text).split(",")]
    for part in wanted:
        if not part.isdecimal() or not 0 < int(part) <= len(names):
            raise click.UsageError(f"'{part}' is not a number from 1 to {len(names)}")
    return [names[int(part) - 1] for part in wanted]


def _beside(output: Path, ending: str) -> Path:
    stem = output.name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".arazzo")
    return output.with_name(f"{stem}.{ending}")


def _commands(made: Skeleton, written: Sequence[Path], chosen: Iterable[Chosen], description: Description) -> list[str]:
    """Return what to type next: validate, serve the mock, run against it."""
    from arazzo.testing import sample_inputs

    document, *scenario = map(str, written)
    connection = _for_mock(connection_template(each.operation for each in chosen))
    secured = ("--connection", f"{made.name}={json.dumps(connection)}") if len(connection) > 1 else ()
    inputs = sample_inputs(load_plan(document), {made.name: description}, optional=False)
    given = ("--inputs", json.dumps(inputs)) if inputs else ()
    file = description.source.name
    lines = [
        ("arazzo", "validate", document),
        ("arazzo", "mock", f"{made.name}={file}", "--port", "8090", *(("--scenario", *scenario) if scenario else ())),
        ("arazzo", "run", document, "--server", f"{made.name}=http://127.0.0.1:8090", *secured, *given),
    ]
    return [shlex.join(line) for line in lines]


def _for_mock(connection: dict[str, Any]) -> dict[str, Any]:
    """Return a connection to a mock: that accepts any token, but issues none, and wants no client certificate."""
    extra = dict(connection.get("extra", {}))
    if extra.pop("client_id", None):
        extra["token"] = extra.pop("client_secret")
    extra = {name: value for name, value in extra.items() if name not in ("cert", "key")}
    own = {name: value for name, value in connection.items() if name != "extra"}
    return {**own, "extra": extra} if extra else own


def to_yaml(value: Any, comment: str) -> str:
    """Return a JSON value as YAML in its own order, below a comment."""
    import yaml

    # YAML 1.1, which this writes, ends lines there; YAML 1.2 does not
    breaks = any(not set("\x85\u2028\u2029").isdisjoint(text) for text in texts_in(value))
    dumper = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    text = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=not breaks, width=110)
    return f"# {' '.join(comment.split())}\n{text}"


def write_files(files: Mapping[Path, str], *, force: bool) -> None:
    """Write files, all or none.

    :raises click.UsageError: if one exists and ``force`` is not given, or cannot be written.
    """
    taken = [str(path) for path in files if os.path.lexists(path)]
    if taken and not force:
        raise click.UsageError(f"{', '.join(taken)} already exists; --force overwrites it")
    for path in files:
        require_writable(path)
    for path, text in files.items():
        path.write_text(text, "utf-8")


def print_written(files: Iterable[Path], commands: Sequence[str], form: str) -> None:
    """Say which files were written, and what to type next."""
    if form == "json":
        click.echo(json.dumps({"files": [str(path) for path in files], "next": list(commands)}, indent=2))
        return
    for path in files:
        click.echo(one_line(f"written: {path}"))
    click.echo("next:")
    for command in commands:
        click.echo(one_line(f"  {command}"))
