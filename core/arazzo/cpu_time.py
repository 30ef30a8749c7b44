"""A budget of processor time for what runs in Python and cannot be asked to stop.

What counts is the time of the thread that computes: neither the clock on the wall nor other threads change what comes
of it. No signals, which only the main thread gets and which Airflow has a use for.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TypeVar

#: How often the interpreter may look for an interruption that is on its way; it does so whenever a loop begins anew.
_CHECKS = 1000
_SHORTEST_WAIT = 0.01
Result = TypeVar("Result")


class CpuTimeError(Exception):
    """The budget was spent before there was a result."""


class _Interruption(BaseException):
    """Raised inside of a computation when its budget is spent; nothing on the way takes it for an error of its own."""


def within_cpu_time(seconds: float, compute: Callable[[], Result]) -> Result:
    """Return what a function returns, or interrupt it when this thread has computed for so long.

    A single call of a function written in C is not interrupted: those have to be bounded otherwise.

    :param seconds: of processor time; 0: no limit.
    :param compute: the function; it runs in this thread.
    :raises CpuTimeError: if it was interrupted.
    """
    if not seconds:
        return compute()
    used = _clock_of_this_thread()
    end = used() + seconds
    thread, lock, done, late = ctypes.c_ulong(threading.get_ident()), threading.Lock(), threading.Event(), False

    def watch() -> None:
        nonlocal late
        while not done.wait(max(end - used(), _SHORTEST_WAIT)):
            with lock:
                if not done.is_set() and used() >= end:
                    late = True
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(_Interruption))
                    return

    watcher = threading.Thread(target=watch, name="cpu-time", daemon=True)
    try:
        try:
            watcher.start()
            return compute()
        finally:
            with lock:
                done.set()
            for _ in range(_CHECKS if late else 0):  # one that is on its way is raised in here
                pass
    except _Interruption:
        raise CpuTimeError from None


def _clock_of_this_thread() -> Callable[[], float]:
    """Return what tells, in any thread, for how long this one has computed; the wall clock where nothing tells."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(threading.get_ident())
    return lambda: time.clock_gettime(clock)
