"""How a task tells people that a workflow has failed: in one sentence, and to each of them once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow.providers.common.compat.sdk import AirflowException

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

_Method = TypeVar("_Method", bound=Callable[..., Any])


def in_a_sentence(method: _Method) -> _Method:
    """Let a method of a task fail without the way to the failure, which says nothing of a workflow that has failed.

    Airflow logs the traceback of whatever a task raises. What is no ``AirflowException`` is a fault of this package's,
    and keeps its own. The reason is without what the task knows to be secret.
    """

    @wraps(method)
    def told(task: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(task, *args, **kwargs)
        except AirflowException as error:
            channel = getattr(task, "channel", None)
            if channel is not None and error.args and isinstance(error.args[0], str):
                error.args = (channel.ledger.conceal(error.args[0]), *error.args[1:])
            raise error.with_traceback(None) from None

    return cast("_Method", told)


def call_nobody(task: BaseOperator) -> None:
    """Take the callbacks and mails from a task that fails for what another task has failed for, and has told."""
    task.on_failure_callback = []
    task.email_on_failure = False
