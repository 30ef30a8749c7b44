"""``airflow arazzo``: the commands of ``airflow-arazzo`` in Airflow's own, with the same arguments and exit codes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand, lazy_load_command

if TYPE_CHECKING:
    from airflow.cli.cli_config import CLICommand
    from airflow.models.connection import Connection

#: Commands by name, with their help, so that Airflow's other commands do not import ours.
_COMMANDS = {
    "validate": "Report all problems of Arazzo documents",
    "fetch": "Fetch the remote sources of Arazzo documents",
    "graph": "Draw the flow graph of a workflow",
    "run": "Run a workflow now, without Airflow's scheduler",
    "init": "Write a DAG file from a document, or a document from an API description",
    "schema": "Print the JSON Schema of x-airflow",
    "doctor": "Check whether everything that workflows need is there",
    "replay": "Run a workflow again from what a DAG run has recorded",
}


class _Everything(Arg):
    """All arguments after the command's name, including options: the command itself knows what they mean."""

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        """Make a parser take nothing for an option, not even ``--help``."""
        super().add_to_parser(parser)
        parser.prefix_chars = ""


def get_cli_commands() -> list[CLICommand]:
    """Return the commands that the provider adds to ``airflow``."""
    arguments = (_Everything(("arguments",), nargs=argparse.REMAINDER, help="as of airflow-arazzo"),)  # type: ignore[no-untyped-call]
    commands = tuple(
        ActionCommand(name=name, help=text, func=lazy_load_command(f"{__name__}.{name}"), args=arguments)
        for name, text in _COMMANDS.items()
    )
    return [GroupCommand(name="arazzo", help="Validate, draw and run Arazzo workflow documents", subcommands=commands)]


def validate(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo validate``."""
    _pass_on("validate", arguments)


def fetch(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo fetch`` with the sources that Airflow's configuration allows."""
    from airflow.configuration import conf

    allowed = conf.get("arazzo", "allowed_sources", fallback="") or ""
    options = [text for prefix in allowed.replace(",", " ").split() for text in ("--allow", prefix)]
    _pass_on("fetch", argparse.Namespace(arguments=[*options, *arguments.arguments]))


def graph(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo graph``."""
    _pass_on("graph", arguments)


def run(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo run``, with Airflow's own connections."""
    _pass_on("run", arguments, find_connection)


def init(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo init``."""
    _pass_on("init", arguments)


def schema(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo schema``."""
    _pass_on("schema", arguments)


def doctor(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo doctor``."""
    _pass_on("doctor", arguments)


def replay(arguments: argparse.Namespace) -> None:
    """Run ``airflow arazzo replay``."""
    _pass_on("replay", arguments)


def find_connection(conn_id: str) -> Connection | None:
    """Return Airflow's connection of that id: the command is part of Airflow, and may read its database."""
    from airflow.models.connection import Connection
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    try:
        return Connection.get_connection_from_secrets(conn_id)
    except AirflowNotFoundException:
        return None


def _pass_on(
    name: str, arguments: argparse.Namespace, connections: Callable[[str], Connection | None] | None = None
) -> None:
    """Run the command of that name; it exits with its own code."""
    from airflow_arazzo.cli import main

    main([name, *arguments.arguments], prog_name="airflow arazzo", obj=connections)
