"""The time until which an API has asked to wait: a variable of Airflow's, shared by all with a budget for it."""

from __future__ import annotations

import logging
from math import isfinite

from airflow.sdk import Variable
from airflow.sdk.exceptions import AirflowRuntimeError
from asgiref.sync import sync_to_async

from arazzo.transport.pace import Closing

log = logging.getLogger(__name__)


class SharedClosing(Closing):
    """The time in a variable; whoever writes last decides it.

    If two write at once, the earlier time may win; that costs one more request, which the API refuses. If the variable
    cannot be read or written, what this task knows counts.

    :param pool: of the budget.
    """

    def __init__(self, pool: str) -> None:
        super().__init__()
        self._key = f"arazzo_closed_until_{pool}"

    def until(self) -> float:
        try:
            told = float(Variable.get(self._key, default="0"))
        except (AirflowRuntimeError, ValueError) as error:
            log.warning("Variable '%s' cannot be read: %s", self._key, type(error).__name__)
            return self._until
        self._until = max(self._until, told) if isfinite(told) else self._until
        return self._until

    def close(self, until: float) -> None:
        if until <= self.until():
            return
        self._until = until
        try:
            Variable.set(self._key, f"{until:.3f}", "POSIX time until which an API has asked to wait (airflow-arazzo)")
        except AirflowRuntimeError as error:
            log.warning("Variable '%s' cannot be written: %s", self._key, type(error).__name__)

    async def until_async(self) -> float:
        return await sync_to_async(self.until, thread_sensitive=False)()

    async def close_async(self, until: float) -> None:
        await sync_to_async(self.close, thread_sensitive=False)(until)
