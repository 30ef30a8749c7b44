"""How a task tells people how a workflow has gone: in one sentence, to each of them once, and to callbacks too."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from airflow.providers.common.compat.sdk import AirflowException

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

#: What callbacks and notifiers find in the context of a task.
CONTEXT_KEY: Final = "arazzo"
_Method = TypeVar("_Method", bound=Callable[..., Any])


class WorkflowFailedError(AirflowException):
    """A failure of a workflow that stands.

    :ivar unknown: whether a request that must not be sent twice may have been sent, and nobody knows.
    :ivar retry_at: POSIX time before which the API asks not to be asked again (``Retry-After``); None if it does not.
    """

    def __init__(self, message: str, *, unknown: bool = False, retry_at: float | None = None) -> None:
        super().__init__(message)
        self.unknown, self.retry_at = unknown, retry_at


def fails_in_a_sentence(method: _Method) -> _Method:
    """Let a method of a task fail without the way to the failure, which says nothing of a workflow that has failed.

    Airflow logs the traceback of whatever a task raises. What is no ``AirflowException`` is a fault of this package's,
    and keeps its own. The reason is without what the task knows to be secret. What the task has recorded is in the
    context from then on, which callbacks get.
    """

    @wraps(method)
    def told(task: Any, context: Context, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(task, context, *args, **kwargs)
        except AirflowException as error:
            channel = getattr(task, "channel", None)
            if channel is not None and error.args and isinstance(error.args[0], str):
                error.args = (channel.ledger.conceal(error.args[0]), *error.args[1:])
            raise error.with_traceback(None) from None
        finally:
            channel = getattr(task, "channel", None)
            if channel is not None and channel.pushed is not None:
                cast("dict[str, Any]", context)[CONTEXT_KEY] = _for_callbacks(task.plan.workflow_id, channel.pushed)

    return cast("_Method", told)


def silence_callbacks(task: BaseOperator) -> None:
    """Take the callbacks and mails from a task that fails for what another task has failed for, and has told."""
    task.on_failure_callback = []
    task.email_on_failure = False


def _for_callbacks(workflow_id: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return what callbacks are told of a record: of a whole workflow its last step, and how it has ended."""
    last = record if "step" in record else {"step": "", **next(reversed(record.get("steps", {}).values()), {})}
    told = {name: last.get(name, "") for name in ("step", "operation", "request", "url")}
    return {"workflow": workflow_id, **told, "status": last.get("status"), "message": record.get("message", "")}
