"""The command ``airflow-arazzo``: starts without Airflow, and imports a command's module only when it is asked for."""

from __future__ import annotations

import atexit
import gc
import os
from importlib import import_module

import click

#: Plugins of pydantic are looked for in every installed package, which takes longer than reading a document.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
gc.set_threshold(50_000)  # while modules are imported there is no garbage, and looking for it takes a tenth of the time
atexit.register(gc.freeze)  # nor is there any at the end that is worth another tenth

COMMANDS = {
    "validate": "airflow_arazzo.cli.validate",
    "fetch": "airflow_arazzo.cli.fetch",
    "graph": "airflow_arazzo.cli.graph",
    "run": "airflow_arazzo.cli.run",
    "mock": "airflow_arazzo.cli.mock",
    "demo": "airflow_arazzo.cli.demo",
}
"""By command name the module whose ``command`` is it."""


class LazyGroup(click.Group):
    """A group of commands whose modules are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command named so, or None."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="airflow-provider-arazzo", prog_name="airflow-arazzo")
def main() -> None:
    """Arazzo workflow documents on Apache Airflow."""
