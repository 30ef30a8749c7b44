"""``airflow-arazzo init``: a DAG file and connections from a document, or a document from an API description."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from arazzo.auth.server_resolution import connections_of, sources_of
from arazzo.cli.init_command import REFUSED, WRITTEN, print_written, write_files
from arazzo.cli.init_command import command as document_command
from arazzo.cli.skeletons import FILL_IN, connection_template
from arazzo.engine import load_plans
from arazzo.errors import ConnectionSettingsError, DocumentError, RequestError
from arazzo.flow import Plan
from arazzo.openapi.servers import server_of
from arazzo.source.locations import one_line
from arazzo.source.text import load_source


def _init(**given: Any) -> NoReturn:
    """Write a DAG file from a document, or a document from an API description.

    If FILE is an Arazzo document, the command writes a DAG file, and a file of environment variables with the
    connections for you to fill in; it prints the same connections as commands. If FILE is an OpenAPI or Swagger
    description, it writes a document. ID is an operationId, or a method and path such as 'GET /pets/{id}'. The steps
    call the operations of --operation, in this order. --poll and --branch name some of these, or further ones that come
    after them. Exit codes: 0 if the files were written, 2 if something was refused.

    \b
    Examples:
      airflow-arazzo init adopt.arazzo.yaml
      airflow-arazzo init shop.openapi.yaml --operation addPet --operation getPet
    """
    try:
        data = load_source(str(given["file"])).data
        if isinstance(data, Mapping) and "arazzo" in data:
            _write_dag(given["file"], given)
    except (ConnectionSettingsError, DocumentError) as error:
        click.echo(str(error) if isinstance(error, DocumentError) else one_line(str(error)), err=True)
        sys.exit(REFUSED)
    assert document_command.callback is not None
    document_command.callback(**given)
    sys.exit(WRITTEN)


command = click.Command("init", params=document_command.params, callback=_init, help=_init.__doc__)


def _write_dag(document: Path, given: Mapping[str, Any]) -> NoReturn:
    """Write the DAG file of a document, and its connections."""
    options = {"operations": "--operation", "polls": "--poll", "branches": "--branch", "title": "--title"}
    named = [option for name, option in options.items() if given[name]]
    if named:
        raise click.UsageError(f"{document} is a document: {', '.join(named)} is for API descriptions")
    plans = list(load_plans(document))
    stem = document.name.split(".")[0]
    output: Path = given["output"] or Path(f"{stem.replace('-', '_')}_dag.py")
    connections = {conn_id: values for plan in plans for conn_id, values in connections_to_make(plan).items()}
    files = {output: dag_file(document, output, plans)}
    if connections:
        files[output.with_suffix(".env")] = "".join(f"{line}\n" for line in _environment(connections))
    write_files(files, force=given["force"])
    commands = [
        shlex.join(("airflow", "connections", "add", conn_id, "--conn-json", json.dumps(values)))
        for conn_id, values in connections.items()
    ]
    print_written(files, commands, given["form"])
    sys.exit(WRITTEN)


def dag_file(document: Path, output: Path, plans: Sequence[Plan]) -> str:
    """Return a DAG file: a DAG for each workflow of a document, with the inputs that can be bound.

    :param output: the place of the file; it looks for the document relative to that.
    """
    where = Path(os.path.relpath(document.resolve(), output.parent.resolve())).as_posix()
    lines = [
        '"""Workflows of a document as DAGs; written by `airflow-arazzo init`."""',
        "",
        "from pathlib import Path",
        "",
        "from airflow_arazzo import ArazzoDag",
        "",
        f"DOCUMENT = Path(__file__).parent / {_literal(where)}",
    ]
    for plan in plans:
        lines += ["", "ArazzoDag(", "    DOCUMENT,", f"    {_literal(plan.workflow_id)},", *_bound(plan), ")"]
    return "\n".join(lines) + "\n"


def _literal(text: str) -> str:
    """Return a text as a Python literal, whatever it contains."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def _bound(plan: Plan) -> Iterator[str]:
    """Yield the inputs as lines of an argument: secret ones from a connection, the others as comments to fill in."""
    taken = plan.settings.inputs or {}
    asked = [name for name in plan.taken.schemas if name not in taken]
    if not asked:
        return
    yield "    # The form of the DAG asks for all inputs that are not bound here."
    yield "    inputs={"
    first = True
    for name in asked:
        secret = name in plan.secret_inputs
        source = next(iter(sources_of(plan)), "")
        conn_id = connections_of(plan).get(source, source)
        value = f"{{{{ conn[{conn_id!r}].password }}}}" if secret else FILL_IN
        yield f"        {'' if secret and first and conn_id else '# '}{_literal(name)}: {_literal(value)},"
        first = first and not secret
    yield "    },"


def connections_to_make(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the connections of a workflow by id, as JSON, with fields to fill in."""
    named = connections_of(plan)
    taken = plan.settings.inputs or {}
    reads = any(name not in taken for name in plan.secret_inputs) or "conn." in str(taken)
    found: dict[str, dict[str, Any]] = {}
    for source in sources_of(plan):
        steps = [step for step in plan.all_steps() if step.operation and step.operation.source == source]
        operations = [step.operation for step in steps if step.operation]
        try:
            host = server_of(operations[0], server_url=steps[0].server)
        except RequestError:
            host = "https://" + FILL_IN
        values = connection_template(operations, host)
        bound = {"login": FILL_IN, "password": FILL_IN} if reads and not found else {}
        found[named.get(source, source)] = {**values, **bound}
    return found


def _environment(connections: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield f"# Connections for Airflow; replace every `{FILL_IN}`."
    for conn_id, values in connections.items():
        if re.fullmatch(r"[\w.-]+", conn_id, re.ASCII):
            yield f"AIRFLOW_CONN_{conn_id.upper()}={shlex.quote(json.dumps(values))}"
        else:
            yield f"# No variable can have the name of connection {conn_id!a}: add it by a command."
