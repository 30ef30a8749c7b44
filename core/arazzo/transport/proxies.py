"""The proxy that a request goes through: the connection's or the environment's, read alike for both libraries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from arazzo.exchange import port_of

#: ``[::1]:8080``, ``[::1]`` or ``10.0.0.1:8080``.
_ADDRESS: Final = re.compile(r"\[(?P<six>[^]]+)\](?::(?P<port_six>\d+))?|(?P<four>[^:]+):(?P<port_four>\d+)")


def environment_proxies() -> Mapping[str, str]:
    """Return the proxies of the environment by scheme; under ``no``, what is reached without one."""
    import urllib.request

    return urllib.request.getproxies()


def proxy_for(url: str, named: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """Return the proxy for a URL; None for none.

    :param named: a connection's, by scheme, by scheme and host, or for all; an empty one stands for none.
    :param environment: what :func:`environment_proxies` returns, or nothing.
    """
    parts = urlsplit(url)
    keys = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    proxy = next((named[key] for key in keys if key in named), None)
    if proxy is None:
        proxy = environment.get(parts.scheme) or environment.get("all")
        proxy = None if proxy and _is_reached_directly(url, environment.get("no", "")) else proxy
    return None if not proxy else proxy if "://" in proxy else f"http://{proxy}"


def _is_reached_directly(url: str, without: str) -> bool:
    """Say whether ``no_proxy`` has a host: by name or domain, or an address also by its network."""
    import urllib.request

    parts = urlsplit(url)
    with suppress(ValueError):
        address, port = ip_address(parts.hostname or ""), str(port_of(url))
        for entry in without.replace(" ", "").split(","):
            found = _ADDRESS.fullmatch(entry)
            network = found["six"] or found["four"] if found else entry
            at = found["port_six"] or found["port_four"] if found else None
            with suppress(ValueError):
                if at in (None, port) and address in ip_network(network, strict=False):
                    return True
    return bool(urllib.request.proxy_bypass(parts.netloc))
