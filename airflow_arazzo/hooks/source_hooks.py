"""The hooks of a workflow's APIs, one for each connection.

ConnectionHook, and all that sends, is imported when there is something to send.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from airflow_arazzo.hooks.telemetry import Telemetry
from arazzo.exchange import Request, Response, size_of
from arazzo.flow import PlannedStep, budgets_of

if TYPE_CHECKING:
    from airflow_arazzo.hooks.connection_hook import ConnectionHook
    from airflow_arazzo.protocol.secret_ledger import Ledger
    from arazzo.transport.pace import Pace


class SourceHooks:
    """The hooks of a workflow's source descriptions, each made for the first request to its API.

    :param connections: connection ids by name of the source description. A source without one uses the connection whose
        id is the source's name, if there is one.
    :param ledger: learns their secrets.
    :param telemetry: observes the exchanges.
    :param most: bytes of an answer that :meth:`async_send` reads, if the connection allows more; None for all.
    :ivar largest: bytes of the largest answer that :meth:`send` has received.
    :ivar answered: the CPU time of the thread when the last answer came.
    """

    def __init__(
        self,
        connections: Mapping[str, str] | None = None,
        ledger: Ledger | None = None,
        telemetry: Telemetry | None = None,
        *,
        most: int | None = None,
    ) -> None:
        self.ledger, self.telemetry = ledger, telemetry or Telemetry()
        self.connections = dict(connections or {})
        self.most = most
        self.largest = 0.0
        self.answered = 0.0
        self._hooks: dict[tuple[str | None, bool], ConnectionHook] = {}
        self._paces: dict[str, Pace] = {}

    def keep_to(self, steps: Iterable[PlannedStep]) -> None:
        """Send the requests of steps no faster than a task with one slot of its pool may."""
        if budgets := budgets_of(steps, self.connections):
            from airflow_arazzo.hooks.shared_closing import SharedClosing
            from arazzo.auth.paces import paces_of

            self._paces = paces_of(budgets, lambda budget: budget.pace, SharedClosing)

    def hook(self, source: str) -> ConnectionHook:
        """Return the hook of a source description."""
        hook = self.named(self.connections.get(source), source)
        hook.pace = self._paces.get(source)
        return hook

    def named(self, conn_id: str | None, source: str) -> ConnectionHook:
        """Return the hook of a connection; None for the one whose id is the source's name, if there is one."""
        key = (conn_id or source or None, conn_id is None)
        if key not in self._hooks:
            from airflow_arazzo.hooks.connection_hook import ConnectionHook

            self._hooks[key] = ConnectionHook(key[0], optional=key[1], ledger=self.ledger)
            self._hooks[key].most = self.most
        return self._hooks[key]

    def found(self, sources: Iterable[str]) -> dict[str, str]:
        """Return the ids of the existing connections, by name of the source."""
        hooks = {source: self.hook(source) for source in sources}
        ids = {source: hook.arazzo_conn_id for source, hook in hooks.items() if hook.settings and hook.found}
        return {source: conn_id for source, conn_id in ids.items() if conn_id is not None}

    def send(self, request: Request) -> Response:
        """Send a request through the hook of its source description."""
        with self.telemetry.exchange(request) as exchange:
            response = exchange.answered(self.hook(request.source).send(exchange.request))
        self.largest, self.answered = max(self.largest, size_of(response)), time.thread_time()
        return response

    async def async_send(self, request: Request) -> Response:
        """Send a request through the hook of its source description, on the running event loop."""
        with self.telemetry.exchange(request) as exchange:
            return exchange.answered(await self.hook(request.source).async_send(exchange.request))

    def close(self) -> None:
        """Close what :meth:`send` keeps open."""
        for hook in self._hooks.values():
            hook.close()

    async def async_close(self) -> None:
        """Close what :meth:`async_send` keeps open."""
        for hook in self._hooks.values():
            await hook.async_close()
