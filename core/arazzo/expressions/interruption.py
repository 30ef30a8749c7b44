"""A time limit for what runs in Python and cannot be asked to stop: the evaluation of queries by libraries.

No signals: an evaluation may run in any thread, that of an event loop too.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

from arazzo.errors import EvaluationError

#: Seconds that one evaluation may take.
SECONDS = 3.0
#: How often the interpreter may look for an interruption that is on its way; it does so whenever a loop begins anew.
_CHECKS = 1000
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
    thread, lock, done, late = ctypes.c_ulong(threading.get_ident()), threading.Lock(), False, False
    interrupt = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def stop() -> None:
        nonlocal late
        with lock:
            if not done:
                late = True
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
            # One that is on its way is raised in here. It must not be taken back (by None): until Python 3.12 its flag
            # stays set then, which slows the process down and, where it is traced, stops it.
            for _ in range(_CHECKS if late else 0):
                pass
    except _OutOfTime:
        raise EvaluationError(f"{subject} takes longer than {SECONDS:g} s over this value") from None
