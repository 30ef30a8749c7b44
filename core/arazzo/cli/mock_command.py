"""``arazzo mock``: APIs from their descriptions, with a scenario."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from arazzo.cli.options import format_option
from arazzo.errors import DocumentError

REFUSED, NOT_STARTED = 2, 1


@click.command("mock")
@click.argument("descriptions", nargs=-1, required=True, metavar="[NAME=]FILE...")
@click.option("--scenario", metavar="FILE", help="A scenario that changes the answers; `demo` is the one of the demo.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on; a free one by default.")
@format_option(("text", "json"), "text")
def command(descriptions: tuple[str, ...], scenario: str | None, host: str, port: int, form: str) -> None:
    """Serve mocks of APIs from their descriptions.

    All APIs share one address. NAME is the API's name in the scenario, and a path under which only this API answers; by
    default it is the file's name. Without a scenario, every operation succeeds as its description says. GET
    /__mock__/requests returns the requests that were received. Exit codes: 1 if the mock could not start, 2 if a
    description or the scenario was refused.

    \b
    Examples:
      arazzo mock shop=shop.openapi.yaml --port 8090
      arazzo mock aqua=aqua.yaml anchore=anchore.yaml --scenario demo
    """
    from arazzo.testing.serving import ServingError, run_server

    try:
        with contextlib.suppress(KeyboardInterrupt):
            run_server(
                _named(descriptions),
                _scenario(scenario),
                host=host,
                port=port,
                on_start=lambda url: _announce(url, host, form),
            )
    except DocumentError as error:
        click.echo(str(error), err=True)
        sys.exit(REFUSED)
    except ServingError as error:
        click.echo(str(error), err=True)
        sys.exit(NOT_STARTED)


def _named(texts: Iterable[str]) -> dict[str, str | Path]:
    """Return files by the names of their APIs.

    :raises click.UsageError: if two APIs have the same name.
    """
    named: dict[str, str | Path] = {}
    for text in texts:
        name, found, file = text.partition("=")
        name, file = (name, file) if found and name and "/" not in name else (Path(text).name.split(".")[0], text)
        if name in named:
            raise click.UsageError(f"two APIs are called '{name}'; write NAME={file}")
        named[name] = Path(file)
    return named


def _scenario(name: str | None) -> Path | None:
    """Return the scenario's file; a bare name without such a file is a scenario of this package."""
    if name is None or Path(name).exists():
        return None if name is None else Path(name)
    import arazzo.testing

    packaged = Path(arazzo.testing.__file__).parent / "scenarios" / f"{name}.yaml"
    return packaged if packaged.exists() else Path(name)


def _announce(url: str, host: str, form: str) -> None:
    if form == "json":
        click.echo(json.dumps({"url": url}))
    everybody = " (for everybody who can reach this machine)" if host not in ("127.0.0.1", "localhost", "::1") else ""
    click.echo(f"The mock API is at {url}{everybody}; Ctrl-C ends it.", err=True)
