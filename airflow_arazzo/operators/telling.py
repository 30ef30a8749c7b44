"""How a task reports a workflow's end: in one sentence, once to each reader, and to callbacks too."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from airflow.providers.common.compat.sdk import AirflowException

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

#: The key for callbacks and notifiers in the context of a task.
CONTEXT_KEY: Final = "arazzo"
_Method = TypeVar("_Method", bound=Callable[..., Any])


class WorkflowFailedError(AirflowException):
    """The failure of a workflow.

    :ivar unknown: whether nobody knows if a request was sent that must not be sent twice.
    :ivar retry_at: POSIX time before which the API wants no other request (``Retry-After``); None if it does not say.
    """

    def __init__(self, message: str, *, unknown: bool = False, retry_at: float | None = None) -> None:
        super().__init__(message)
        self.unknown, self.retry_at = unknown, retry_at


def fails_in_a_sentence(method: _Method) -> _Method:
    """Make a method of a task fail without a traceback, which says nothing about a workflow that has failed.

    Airflow logs the traceback of whatever a task raises. Anything but an ``AirflowException`` is a fault of this
    package and keeps its traceback. The reason is without what the task knows to be secret. The task's record is in the
    context from then on, for callbacks.
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
    """Remove the callbacks and mails of a task that fails for a reason which another task has already reported."""
    task.on_failure_callback = []
    task.email_on_failure = False


def _for_callbacks(workflow_id: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return what callbacks receive of a record: for a whole workflow, its last step and how it ended."""
    last = record if "step" in record else {"step": "", **next(reversed(record.get("steps", {}).values()), {})}
    told = {name: last.get(name, "") for name in ("step", "operation", "request", "url")}
    return {"workflow": workflow_id, **told, "status": last.get("status"), "message": record.get("message", "")}
