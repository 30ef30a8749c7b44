"""The command ``arazzo``, which imports a command's module only when it is needed."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Mapping
from difflib import get_close_matches
from errno import EPIPE
from importlib import import_module
from typing import Any, NamedTuple

import click

#: pydantic looks for plugins in every installed package, which takes longer than reading a document.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
gc.set_threshold(200_000)  # imports and a short run leave no garbage; looking for it takes a tenth of the time
atexit.register(gc.freeze)  # nor is any at the end worth another tenth

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""


class Lazy(NamedTuple):
    """A command that is not imported yet: the module with its ``command``, and its help."""

    module: str
    says: str


COMMANDS = {
    "validate": Lazy("arazzo.cli.validate_command", "Report all problems of documents."),
    "fetch": Lazy("arazzo.cli.fetch_command", "Copy the remote files that documents name."),
    "graph": Lazy("arazzo.cli.graph_command", "Draw the flow graph of a workflow."),
    "run": Lazy("arazzo.cli.run_command", "Run a workflow now, without Airflow's scheduler."),
    "mock": Lazy("arazzo.cli.mock_command", "Serve mocks of APIs from their descriptions."),
    "init": Lazy("arazzo.cli.init_command", "Write a document from an API description."),
    "schema": Lazy("arazzo.cli.schema_command", "Print the JSON Schema of x-airflow, for editors."),
}
"""The commands by name."""


class LazyGroup(click.Group):
    """A group of commands whose modules are imported when they are needed."""

    modules: Mapping[str, Lazy] = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in the order of the help text."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command named so, or None."""
        lazy = self.modules.get(cmd_name)
        if lazy is None:
            return None
        command = import_module(lazy.module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of each command, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.says) for name, lazy in self.modules.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that a person types; for an unknown one, say which may be meant."""
        if args and not args[0].startswith("-") and args[0] not in self.modules:
            found = get_close_matches(args[0], self.modules, n=1)
            hint = f"did you mean '{found[0]}'?" if found else f"there are {', '.join(self.modules)}"
            ctx.fail(f"there is no command '{args[0]}': {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C, and an output that nobody reads any more, end it with a sentence."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            ctx.exit(STOPPED)
        except click.UsageError as error:  # documents and files name what its message names
            from arazzo.source.locations import one_line

            raise click.UsageError(one_line(error.format_message()), error.ctx) from error
        except OSError as error:
            if error.errno == EPIPE:
                raise  # the reader of the output has enough of it, and needs no message
            raise click.ClickException(f"cannot go on: {error}") from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="arazzo-core", prog_name="arazzo")
def main() -> None:
    """Validate, draw, run and mock Arazzo workflow documents.

    \b
    Examples:
      arazzo init shop.openapi.yaml --operation addPet --operation getPet
      arazzo validate workflows
      arazzo graph adopt.arazzo.yaml --format text
      arazzo run adopt.arazzo.yaml --input pet=7 --dry-run
    """
