"""The connections of ``arazzo run``: from the command line, the environment, or Airflow itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from arazzo.cli.options import pairs
from arazzo.errors import reason_of
from arazzo.flow import Plan
from arazzo.openapi.servers import has_usable_port

if TYPE_CHECKING:
    from arazzo.auth.connected import ConnectedApis
    from arazzo.auth.connection_settings import Connection


_GIVEN = f"{__name__}.given"
_PROXIES = ("http", "https", "socks4", "socks5", "socks5h")
Command = TypeVar("Command", bound=Callable[..., Any])


def connection_options(command: Command) -> Command:
    """Add the options that say how to reach APIs; :func:`connected_apis` reads their values."""
    options = (
        click.option(
            "--connection",
            multiple=True,
            metavar="NAME=URI|JSON|@FILE",
            expose_value=False,
            callback=_remember,
            help="The connection of source NAME, written as in AIRFLOW_CONN_NAME: where the API is, and the login. "
            "Repeatable.",
        ),
        click.option(
            "--ca-bundle",
            type=click.Path(exists=True),
            expose_value=False,
            callback=_remember,
            help="Certificate authorities to trust; by default those of the environment.",
        ),
        click.option(
            "--proxy",
            metavar="URL",
            expose_value=False,
            callback=_remember_proxy,
            help="Proxy for all requests; by default those of the environment.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    context.meta.setdefault(_GIVEN, {})[parameter.name] = value


def _remember_proxy(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in _PROXIES or not parts.hostname or not has_usable_port(parts):
            raise click.BadParameter(f"this is not the URL of a proxy: {', '.join(_PROXIES)}, then :// and the host")
    _remember(context, parameter, value)


def connected_apis(plan: Plan) -> ConnectedApis:
    """Return the APIs of a plan with the connections given for them.

    The command line comes first, then the environment, then the function in the click context's ``obj``, from a
    connection's id to the connection or None: under ``airflow arazzo`` it finds Airflow's own.

    :raises ConnectionSettingsError: if a connection cannot be used.
    :raises click.UsageError: if a connection is for nothing that the workflow calls.
    """
    from arazzo.auth.connected import ConnectedApis
    from arazzo.auth.connection_settings import ConnectionSettings
    from arazzo.auth.connections import environment_connection, parse_connection
    from arazzo.auth.server_resolution import connections_of, sources_of

    context = click.get_current_context()
    given = context.meta[_GIVEN]
    texts = pairs(given["connection"], "--connection", secret=True)
    typed = {name: parse_connection(name, _text(text)) for name, text in texts.items()}
    named = connections_of(plan)
    wanted = {named.get(source, source): source for source in sources_of(plan)}
    if unknown := sorted(typed.keys() - wanted.keys() - set(wanted.values())):
        names = ", ".join(unknown)
        raise click.UsageError(f"--connection: no API of the workflow is {names}; known are {', '.join(wanted)}")

    def lookup(conn_id: str) -> Connection | None:
        found: Connection | None = typed.get(conn_id) or typed.get(wanted.get(conn_id, ""))
        found = found or environment_connection(conn_id, os.environ)
        elsewhere = context.find_root().obj
        return found or (elsewhere(conn_id) if callable(elsewhere) else None)

    proxy = given["proxy"]
    proxies = {"http": proxy, "https": proxy} if proxy else {}
    return ConnectedApis(plan, lookup, ConnectionSettings(verify=given["ca_bundle"] or True, proxies=proxies))


def _text(text: str) -> str:
    """Return the text of a connection, which may be in a file."""
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--connection: cannot read {text[1:]}: {reason_of(error)}") from error
