"""What OpenTelemetry and Airflow's metrics record of exchanges (docs/telemetry.md).

If nobody makes spans there are none, and OpenTelemetry need not be installed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from airflow_arazzo import __version__
from airflow_arazzo.compat import stats, tracer_provider
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response, header, port_of

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from arazzo.engine.records import LoopRun

#: The methods in OpenTelemetry's conventions for HTTP; any other is ``_OTHER``.
_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
_OTHER: Final = "_OTHER"
#: What ends a tag, or a metric, where metrics are sent as lines (StatsD).
_NO_TAG: Final = re.compile(r"[\x00-\x1f\x7f,|=]")


@dataclass
class Observed:
    """An exchange under way.

    :ivar request: as it is to be sent.
    :ivar outcome: the status code, or the kind of error.
    """

    request: Request
    outcome: str = _OTHER
    status: int | None = None

    def answered(self, response: Response) -> Response:
        """Take the answer, and return it."""
        self.outcome, self.status = str(response.status), response.status
        return response


class Telemetry:
    """A span and metrics for each exchange of a task or a trigger, one after the other, without secrets.

    :param ti: the task instance; None for none.
    :param in_triggerer: whether this is the triggerer's process.
    """

    def __init__(self, ti: Any = None, *, in_triggerer: bool = False) -> None:
        self._tags = {} if ti is None else {"dag_id": ti.dag_id, "task_id": ti.task_id}
        self._in_triggerer = in_triggerer
        self._url = ""

    @property
    def sent(self) -> Callable[[str], None] | None:
        """A function for drivers to report a request before it is sent; None if nobody makes spans."""
        return self._take if self._tracer else None

    @contextmanager
    def exchange(self, request: Request) -> Iterator[Observed]:
        """Observe an exchange in a span of its own, which the API sees in ``traceparent``."""
        began = time.monotonic()
        with self._span(request) as span:
            observed = Observed(request if span is None else _traced(request))
            try:
                yield observed
            except TransportError as error:
                observed.outcome = error.kind
                raise
            finally:
                self._count(request, observed.outcome, time.monotonic() - began)
                if span is not None:
                    _tell(span, observed)

    def went_round(self, loops: Iterable[LoopRun]) -> None:
        """Count the rounds of loops that have ended."""
        for loop in loops:
            tags = {**self._tags, "step": _NO_TAG.sub("_", loop.step)}
            if loop.kind == "poll":
                self._stats.incr("arazzo.poll.rounds", loop.rounds, tags=tags)
            if loop.tolerated:
                self._stats.incr("arazzo.tolerated", loop.tolerated, tags=tags)

    @cached_property
    def _stats(self) -> Any:
        return stats(in_triggerer=self._in_triggerer)

    @cached_property
    def _tracer(self) -> Tracer | None:
        provider = tracer_provider()
        return None if provider is None else provider.get_tracer("airflow_arazzo", __version__)

    def _take(self, line: str) -> None:
        self._url = line.partition(" ")[2]

    def _count(self, request: Request, outcome: str, seconds: float) -> None:
        operation = _NO_TAG.sub("_", f"{request.method} {request.template}".rstrip())
        tags = {**self._tags, "operation": operation, "status": outcome}
        self._stats.incr("arazzo.exchange", tags=tags)
        self._stats.timing("arazzo.exchange.duration", timedelta(seconds=seconds), tags=tags)

    def _span(self, request: Request) -> AbstractContextManager[Span | None]:
        if self._tracer is None:
            return nullcontext()
        from opentelemetry.trace import SpanKind

        known = request.method in _METHODS
        return self._tracer.start_as_current_span(
            f"{request.method if known else 'HTTP'} {request.template}".rstrip(),
            kind=SpanKind.CLIENT,
            attributes=_attributes(request, self._url, request.method if known else _OTHER),
            record_exception=False,  # its text is not concealed
            set_status_on_exception=False,
        )


def _attributes(request: Request, url: str, method: str) -> dict[str, str | int]:
    """Return a request's attributes by OpenTelemetry's conventions for HTTP clients.

    :param url: as people may see it; empty if it was not reported.
    """
    shown = urlsplit(url)
    return {
        "http.request.method": method,
        **({"http.request.method_original": request.method} if method == _OTHER else {}),
        **({"http.request.resend_count": request.attempt - 1} if request.attempt > 1 else {}),
        **({"server.address": shown.hostname, "server.port": port_of(request.url)} if shown.hostname else {}),
        **({"url.full": url} if url else {}),
        **({"url.template": request.template} if request.template else {}),
        **({"arazzo.step": request.step_name} if request.step else {}),
    }


def _tell(span: Span, observed: Observed) -> None:
    """Add to a span how its exchange ended: a status from 400 on is an error for HTTP clients."""
    from opentelemetry.trace import Status, StatusCode

    if observed.status is not None:
        span.set_attribute("http.response.status_code", observed.status)
    if observed.status is None or observed.status >= 400:
        span.set_attribute("error.type", observed.outcome)
        span.set_status(Status(StatusCode.ERROR))


def _traced(request: Request) -> Request:
    """Return a request that names its span, unless its author has done so or nobody should be told."""
    from airflow.providers.common.compat.sdk import conf
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if header(request.headers, "traceparent") or not conf.getboolean("arazzo", "traceparent", fallback=True):
        return request
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return replace(request, headers=(*request.headers, *carrier.items()))
