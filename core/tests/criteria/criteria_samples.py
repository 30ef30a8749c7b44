"""What the tests of criteria share: a context with a response, and a short way to evaluate."""

from __future__ import annotations

from typing import Any

from arazzo.absent import ABSENT
from arazzo.criteria import Verdict, evaluate
from arazzo.document.models import Criterion
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context


def context(
    body: Any = ABSENT,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),),
    steps: dict[str, dict[str, Any]] | None = None,
    **inputs: Any,
) -> Context:
    """Return a context with a response of that body."""
    exchange = Exchange(Request("GET", "https://api.test/x"), Response(status, headers), content=body)
    return Context(inputs=inputs, steps=steps or {}, exchange=exchange)


def simple(condition: str, body: Any = ABSENT, *, dialect: str = "lenient", **others: Any) -> Verdict:
    """Evaluate a simple condition."""
    return evaluate(Criterion(condition=condition), context(body, **others), dialect)


def jsonpath(condition: str, body: Any, *, dialect: str = "lenient", **others: Any) -> Verdict:
    """Evaluate a condition of type jsonpath on the response's body."""
    criterion = Criterion(context="$response.body", condition=condition, type="jsonpath")
    return evaluate(criterion, context(body, **others), dialect)
