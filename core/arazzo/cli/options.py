"""Options that several commands share: inputs, overrides by name, dialect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from arazzo.errors import UnsupportedError, reason_of
from arazzo.json_values import read_json_value

Command = TypeVar("Command", bound=Callable[..., Any])


class FileName(click.Path):
    """A path that a person types; an empty one, such as an unset variable gives, is not a path."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the name is empty", param, ctx)
        return super().convert(value, param, ctx)


DOCUMENT = click.argument("document", type=FileName(path_type=Path))
WORKFLOW = click.argument("workflow", required=False)
STRICT = click.option("--strict", is_flag=True, help="Follow the specification to the letter.")
SOURCES = click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME=FILE",
    help="Read this file for a source description. NAME is its name or its URL. Repeatable.",
)


_JSON = f"{__name__}.json"


def format_option(choices: Sequence[str], default: str) -> Callable[[Command], Command]:
    """Add ``--format``, and ``--json`` for ``--format json``; the command gets the format as ``form``."""

    def remember(context: click.Context, _: click.Parameter, given: bool) -> None:
        context.meta[_JSON] = given

    def choose(context: click.Context, parameter: click.Parameter, form: str) -> str:
        named = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        if context.meta[_JSON] and named and form != "json":
            raise click.UsageError(f"--json means --format json, so it cannot be combined with --format {form}")
        return "json" if context.meta[_JSON] else form

    def add(command: Command) -> Command:
        short = click.option(
            "--json",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=remember,
            help="Short for --format json.",
        )
        option = click.option(
            "--format",
            "form",
            type=click.Choice(choices),
            default=default,
            show_default=True,
            callback=choose,
            help="Format of the result on stdout.",
        )
        return option(short(command))

    return add


def documents_at(path: Path) -> tuple[Path, ...]:
    """Return a file, or every document below a folder: the same ones that ``load_dags`` makes DAGs of.

    :raises click.UsageError: if a folder has none, or nobody can say which.
    """
    if not path.is_dir():
        return (path,)
    from arazzo.source.document_files import document_files

    try:
        found = document_files(path)
    except UnsupportedError as error:
        raise click.UsageError(str(error)) from None
    if not found:
        raise click.UsageError(f"there is no Arazzo document below {path}")
    return tuple(found)


def pairs(values: Iterable[str], option: str, *, secret: bool = False) -> dict[str, str]:
    """Return ``NAME=VALUE`` texts as a mapping; for URLs, the last ``=`` before the value's own decides.

    :param secret: whether a text may contain a secret, so that no message shows it.
    :raises click.UsageError: if a text has no ``=``.
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

    :param single: ``NAME=VALUE`` texts; a value that is JSON is read as JSON, any other as text.
    :raises click.UsageError: if it is not a JSON object; the text is not shown, since it may contain secrets.
    """
    inputs: Any = {}
    if text is not None:
        raw = _read(text.removeprefix("@")) if text.startswith("@") else text
        try:
            inputs = read_json_value(raw)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise click.UsageError(f"--inputs is not JSON: {error.msg} at {where}") from error
        except ValueError as error:
            raise click.UsageError(f"--inputs is not JSON: {error}") from error
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
        raise click.UsageError(f"--inputs: cannot read {name}: {reason_of(error)}") from error


def _value(text: str) -> Any:
    try:
        return read_json_value(text)
    except ValueError:
        return text
