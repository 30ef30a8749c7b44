"""When Airflow tries a task again (``retry_policy``, from Airflow 3.3 on; older versions cannot import this)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import RetryDecision, RetryPolicy

from airflow_arazzo.operators.telling import WorkflowFailedError
from arazzo import clock, engine
from arazzo.limits import current_limits

if TYPE_CHECKING:
    from airflow.sdk import Context


class ArazzoRetryPolicy(RetryPolicy):
    """Try a failed task again as its API asks, and never if nobody knows what its last try did.

    - A POST or PATCH got no answer, and its step has no ``idempotency_key`` and no ``resend``: the task fails at once.
    - The last answer has ``Retry-After``: the next try starts after that time, whatever ``retry_delay`` says. If that
      is longer than the limit ``asked_wait`` (a day), the task fails at once.
    - Everything else is as without a policy. ``retries`` says how often.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide about the next try by how the last one failed."""
        if not isinstance(exception, WorkflowFailedError):
            return RetryDecision.default()
        if exception.unknown:
            return RetryDecision.fail("a request may have reached the server, and is not sent again")
        if exception.retry_at is None:
            return RetryDecision.default()
        seconds = max(exception.retry_at - clock.now(), 0.0)
        if seconds > current_limits().asked_wait:
            return RetryDecision.fail(engine.wait_beyond_limit(round(seconds)))
        reason = f"the API asks to wait {engine.duration(round(seconds))} (Retry-After)"
        return RetryDecision.retry(timedelta(seconds=seconds), reason)
