"""Assets that are resources of an API: their URI is the server's and the path (``asset-uris`` of the provider).

In OpenLineage the server is the namespace, and the path the name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urlsplit

from airflow.sdk import Asset

_PORTS = {"http": 80, "https": 443}


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Return the one spelling of an ``http`` or ``https`` URI: without credentials and without the default port.

    :raises ValueError: if it has no host, or an invalid port.
    """
    if not uri.hostname:
        raise ValueError(
            f"the URI of an asset of the scheme {uri.scheme} needs a host, such as {uri.scheme}://host/path"
        )
    host = f"[{uri.hostname}]" if ":" in uri.hostname else uri.hostname
    port = "" if uri.port in (None, _PORTS.get(uri.scheme)) else f":{uri.port}"
    return uri._replace(netloc=host + port, path=uri.path or "/")


def create_asset(*, server: str, path: str = "", extra: dict[str, Any] | None = None) -> Asset:
    """Return the asset that is a resource of an API.

    :param server: the URL of the server.
    :param path: of the resource, below the server's own.
    """
    return Asset(uri=f"{server.rstrip('/')}/{path.lstrip('/')}", extra=extra)


def dataset_at(url: str) -> Any:
    """Return the OpenLineage dataset that is a resource of an API; OpenLineage's client must be installed."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    parts = sanitize_uri(urlsplit(url))
    query = f"?{parts.query}" if parts.query else ""
    return Dataset(namespace=f"{parts.scheme}://{parts.netloc}", name=parts.path + query)


def to_openlineage(asset: Asset, lineage_context: Any) -> Any:
    """Return the dataset that an asset is."""
    return dataset_at(asset.uri)
