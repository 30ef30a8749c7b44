"""Options that several commands share: inputs, overrides by name, dialect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from arazzo.json_values import read_json_value
from arazzo.source.document_files import document_files

Command = TypeVar("Command", bound=Callable[..., Any])

DOCUMENT = click.argument("document", type=click.Path(path_type=Path))
WORKFLOW = click.argument("workflow", required=False)
STRICT = click.option("--strict", is_flag=True, help="Read the specification to the letter.")
SOURCES = click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME=FILE",
    help="File of a source description that is elsewhere than the document says; NAME may be its URL. Repeatable.",
)


def documents_at(path: Path) -> tuple[Path, ...]:
    """Return a file; of a folder, every document below it, which are those that ``load_dags`` makes DAGs of.

    :raises click.UsageError: for a folder without any.
    """
    if not path.is_dir():
        return (path,)
    found = document_files(path)
    if not found:
        raise click.UsageError(f"there is no document of Arazzo below {path}")
    return tuple(found)


def pairs(values: Iterable[str], option: str, *, secret: bool = False) -> dict[str, str]:
    """Return ``NAME=VALUE`` texts as a mapping; the last ``=`` before the value's own decides for URLs.

    :param secret: whether a text may hold a secret, which no message shows.
    :raises click.UsageError: for a text without ``=``.
    """
    result = {}
    for text in values:
        name, found, value = text.partition("=") if "://" not in text.partition("=")[0] else text.rpartition("=")
        if not found or not name:
            given = "" if secret else f", not {text!r}"
            raise click.UsageError(f"{option} takes NAME=VALUE{given}")
        result[name] = value
    return result


def read_inputs(text: str | None, single: Iterable[str]) -> dict[str, Any]:
    """Return inputs from ``--inputs`` (JSON, or ``@FILE`` with JSON; ``@-`` is standard input) and ``--input``.

    :param single: ``NAME=VALUE`` texts; a value that is JSON is taken as JSON, any other as text.
    :raises click.UsageError: if it is no JSON object; no text is shown, it may hold secrets.
    """
    inputs: Any = {}
    if text is not None:
        raw = _read(text.removeprefix("@")) if text.startswith("@") else text
        try:
            inputs = read_json_value(raw)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise click.UsageError(f"--inputs is no JSON: {error.msg} at {where}") from error
        except ValueError as error:
            raise click.UsageError(f"--inputs is no JSON: {error}") from error
        if not isinstance(inputs, dict):
            raise click.UsageError("--inputs takes a JSON object")
    for name, value in pairs(single, "--input", secret=True).items():
        inputs[name] = _value(value)
    return dict(inputs)


def _read(name: str) -> str:
    try:
        with click.open_file(name, encoding="utf-8") as file:
            return str(file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--inputs: cannot read {name}: {error}") from error


def _value(text: str) -> Any:
    try:
        return read_json_value(text)
    except ValueError:
        return text
