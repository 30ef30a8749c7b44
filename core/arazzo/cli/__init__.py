"""The command ``arazzo``: imports a command's module only when it is asked for."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Mapping
from importlib import import_module

import click

#: Plugins of pydantic are looked for in every installed package, which takes longer than reading a document.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
gc.set_threshold(50_000)  # while modules are imported there is no garbage, and looking for it takes a tenth of the time
atexit.register(gc.freeze)  # nor is there any at the end that is worth another tenth

COMMANDS = {
    "validate": "arazzo.cli.validate",
    "fetch": "arazzo.cli.fetch",
    "graph": "arazzo.cli.graph_command",
    "run": "arazzo.cli.run",
    "mock": "arazzo.cli.mock_command",
}
"""By command name the module whose ``command`` is it."""


class LazyGroup(click.Group):
    """A group of commands whose modules are imported when they are needed."""

    modules: Mapping[str, str] = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in the order of the help text."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command named so, or None."""
        module = self.modules.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="arazzo-core", prog_name="arazzo")
def main() -> None:
    """Validate, draw, run and mock Arazzo workflow documents."""
