"""``airflow-arazzo env``: writes the ``.env`` that docker-compose.yaml needs."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from pathlib import Path
from typing import NoReturn

import click

from arazzo.cli.options import FileName, format_option

WRITTEN, REFUSED = 0, 2
_EXAMPLE = ".env.example"


@click.command("env")
@click.argument("folder", type=FileName(path_type=Path), default=Path())
@format_option(("text", "json"), "text")
def command(folder: Path, form: str) -> NoReturn:
    """Write the .env file that docker-compose.yaml needs.

    FOLDER contains docker-compose.yaml and .env.example; by default it is the current folder. Each variable that is
    empty in the example gets a new secret, and AIRFLOW_UID gets your user id. Existing values of .env stay as they are,
    because a database that was made with other keys could not be read. Exit codes: 0 if the file was written, 2 if
    something was refused.

    \b
    Examples:
      airflow-arazzo env
      docker compose up --build --wait
    """
    example, target = folder / _EXAMPLE, folder / ".env"
    try:
        old = target.read_text("utf-8") if target.exists() else ""
        text = filled(example.read_text("utf-8"), old)
        _write(target, text)
    except (OSError, UnicodeDecodeError) as error:
        click.echo(f"cannot write {target}: {error}", err=True)
        sys.exit(REFUSED)
    kept = sorted(name for name, value in _values(old).items() if value)
    named = sorted(_values(text))
    if form == "json":
        click.echo(json.dumps({"file": str(target), "kept": kept, "variables": named}, indent=2))
    else:
        click.echo(f"written: {target} ({len(named)} variables, {len(kept)} of them kept)")
        click.echo("next:\n  docker compose up --build --wait")
        click.echo(
            "then log in at http://localhost:8080 with AIRFLOW_ADMIN_USER and AIRFLOW_ADMIN_PASSWORD of that file"
        )
    sys.exit(WRITTEN)


def filled(example: str, old: str) -> str:
    """Return the text of ``.env``.

    :param example: the text of ``.env.example``: lines ``NAME=value``, comments and empty lines.
    :param old: the present text of ``.env``. Empty values in it are filled in. From the example only required variables
        are added, so a mock that somebody has removed does not come back.
    """
    lines = [_filled(line, first=not old) for line in (old or example).splitlines()]
    missing = [name for name, value in _values(example).items() if not value and name not in _values(old)]
    more = [_filled(f"{name}=", first=True) for name in missing] if old else []
    return "".join(f"{line}\n" for line in [*lines, *more])


def _filled(line: str, *, first: bool) -> str:
    name, sign, value = line.partition("=")
    if not sign or line.lstrip().startswith("#"):
        return line
    if name == "AIRFLOW_UID" and first:
        return f"{name}={os.getuid() or value}"  # nobody could change root's files
    return line if value.strip() else f"{name}={_secret(name)}"


def _secret(name: str) -> str:
    if name == "FERNET_KEY":
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_hex(32)


def _values(text: str) -> dict[str, str]:
    """Return the variables of such a file, as written."""
    pairs = [line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#")]
    return {name.strip(): value.strip() for name, sign, value in pairs if sign}


def _write(target: Path, text: str) -> None:
    """Write a file that nobody else can read."""
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
