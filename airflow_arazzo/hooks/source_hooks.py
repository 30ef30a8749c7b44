"""The hooks of a workflow's APIs. ArazzoHook, and all that sends, is imported when there is something to send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from arazzo.exchange import Request, Response

if TYPE_CHECKING:
    from airflow_arazzo.hooks.arazzo import ArazzoHook


class SourceHooks:
    """The hooks of a workflow's source descriptions, each made when the first request for its API is sent.

    :param connections: connection ids by name of the source description. A source that is not named has the connection
        whose id is the source's name, if there is one.
    """

    def __init__(self, connections: Mapping[str, str] | None = None) -> None:
        self.connections = dict(connections or {})
        self._hooks: dict[str, ArazzoHook] = {}

    def hook(self, source: str) -> ArazzoHook:
        """Return the hook of a source description."""
        if source not in self._hooks:
            from airflow_arazzo.hooks.arazzo import ArazzoHook

            named = self.connections.get(source)
            self._hooks[source] = ArazzoHook(named or source or None, optional=named is None)
        return self._hooks[source]

    def found(self) -> dict[str, str]:
        """Return the ids of the connections that there are, of those looked up, by name of the source."""
        return {
            source: hook.arazzo_conn_id
            for source, hook in self._hooks.items()
            if hook.found and hook.arazzo_conn_id is not None
        }

    def secrets(self) -> dict[str, None]:
        """Return the secrets of the connections that were looked up, and the tokens got with them."""
        return {secret: None for hook in self._hooks.values() for secret in hook.secrets}

    def send(self, request: Request) -> Response:
        """Send a request through the hook of its source description."""
        return self.hook(request.source).send(request)

    async def async_send(self, request: Request) -> Response:
        """Send a request through the hook of its source description, on the running event loop."""
        return await self.hook(request.source).async_send(request)

    def close(self) -> None:
        """Close what :meth:`send` keeps open."""
        for hook in self._hooks.values():
            hook.close()

    async def async_close(self) -> None:
        """Close what :meth:`async_send` keeps open."""
        for hook in self._hooks.values():
            await hook.async_close()
