"""Whether a case ended as expected: by the record of the mock API first, then by what Airflow says of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from airflow_arazzo.demo.cases import DemoCase, ExpectedCall


def check(
    case: DemoCase,
    state: str,
    outputs: dict[str, Any] | None,
    message: str,
    route: Sequence[str],
    requests: Sequence[str],
) -> Iterator[str]:
    """Yield what differs from what the case expects, a sentence each; nothing if it ended as expected.

    :param requests: what the mock got for this case, ``METHOD /path?query`` each, in order.
    """
    if state != case.state:
        yield f"the run is {state}, not {case.state}"
    if difference := compare_requests(case.requests, requests):
        yield difference
    if case.outputs is not None and outputs != case.outputs:
        yield f"the outputs are {outputs}, not {case.outputs}"
    if missing := [word for word in case.message if word.lower() not in message.lower()]:
        yield f"the message says nothing of {', '.join(missing)}: {message or '(no message)'}"
    if tuple(route) != case.route:
        yield f"the route is {' > '.join(route) or 'empty'}, not {' > '.join(case.route) or 'empty'}"


def compare_requests(expected: Sequence[ExpectedCall], sent: Sequence[str]) -> str | None:
    """Return how the requests that were sent differ from those expected; None if they do not."""
    found = [(text, len(list(group))) for text, group in groupby(sent)]
    if len(found) == len(expected) and all(
        text == call.request and call.times in (None, count)
        for (text, count), call in zip(found, expected, strict=True)
    ):
        return None
    got = ", ".join(f"{count} x {text}" for text, count in found) or "nothing"
    return f"the API got {got}; expected was {', '.join(map(str, expected)) or 'nothing'}"
