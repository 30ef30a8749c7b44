"""Idempotency keys: which requests have one, and when two requests share one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from arazzo.errors import TransportError
from arazzo.exchange import Request, Response, header


def keyed(request: Request, key: str | None) -> Request:
    """Return a request with its idempotency key, unless it names no header or already has one."""
    name = request.idempotency_key
    if not name or key is None or header(request.headers, name) is not None:
        return request
    return replace(request, headers=(*request.headers, (name, key)))


class IdempotencyKeys:
    """Sends requests with a key each; when a ``retry`` repeats a request that got no answer, it keeps its key.

    If control reaches the step again, that is another request, even if it looks the same. Keys are only for steps that
    name a header, and for methods that are not idempotent (RFC 9110, 9.2.2).

    :param new: makes a key that no other request has.
    """

    def __init__(self, new: Callable[[Request], str]) -> None:
        self._new = new
        self._unanswered: dict[str, str] = {}

    def send(self, request: Request, send: Callable[[Request], Response]) -> Response:
        """Send a request once; after an answer, the step's next request has another key.

        :raises TransportError: as ``send`` does.
        """
        if request.idempotent or not request.idempotency_key:
            return send(request)
        before = self._unanswered.get(request.step_name) if request.attempt > 1 else None
        key = before or self._new(request)
        try:
            response = send(keyed(request, key))
        except TransportError:
            self._unanswered[request.step_name] = key
            raise
        self._unanswered.pop(request.step_name, None)
        return response
