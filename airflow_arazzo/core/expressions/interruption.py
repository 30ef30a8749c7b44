"""A time limit for what runs in Python and cannot be asked to stop: the evaluation of queries by libraries.

No signals: an evaluation may run in any thread, that of an event loop too.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

from airflow_arazzo.core.errors import EvaluationError

#: Seconds that one evaluation may take.
SECONDS = 3.0
Result = TypeVar("Result")


class _OutOfTime(BaseException):
    """Raised inside of an evaluation when its time is up; nothing on the way takes it for an error of its own."""


def within_time(subject: str, evaluate: Callable[[], Result]) -> Result:
    """Return what a function returns, or interrupt it when :data:`SECONDS` are over.

    A single call of a function written in C is not interrupted: those have to be bounded otherwise.

    :param subject: what takes too long, to begin the message (``the XPath expression``).
    :param evaluate: the function; it runs in this thread.
    :raises EvaluationError: if it was interrupted.
    """
    thread, lock, done = ctypes.c_ulong(threading.get_ident()), threading.Lock(), False
    interrupt = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def stop() -> None:
        with lock:
            if not done:
                interrupt(thread, ctypes.py_object(_OutOfTime))

    timer = threading.Timer(SECONDS, stop)
    timer.daemon = True
    try:
        try:
            timer.start()
            return evaluate()
        finally:
            timer.cancel()
            with lock:
                done = True
                interrupt(thread, None)  # what has not been raised by now never is
    except _OutOfTime:
        raise EvaluationError(f"{subject} takes longer than {SECONDS:g} s over this value") from None
