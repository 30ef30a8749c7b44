"""A budget of CPU time for what runs in Python and cannot be asked to stop.

What counts is the CPU time of the computing thread: a busy machine, a throttled container or other threads change
nothing. No signals: it may be any thread, that of an event loop too.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TypeVar

#: How often the interpreter may look for an interruption that is on its way; it does so whenever a loop begins anew.
_CHECKS = 1000
#: Seconds between two looks at the clock of a thread, at the least.
_SHORTEST_LOOK = 0.01
Result = TypeVar("Result")


class CpuTimeError(Exception):
    """The budget was spent before there was a result."""


class _Interruption(BaseException):
    """Raised inside of a computation when its time is up; nothing on the way takes it for an error of its own."""


def within_cpu_time(seconds: float, compute: Callable[[], Result]) -> Result:
    """Return what a function returns, or interrupt it when its thread has spent the seconds on it.

    A single call of a function written in C is not interrupted: those have to be bounded otherwise. Nothing may be
    imported in it for the first time: that would count. Budgets may lie within each other.

    :param seconds: of CPU time; 0: no limit.
    :param compute: the function; it runs in this thread.
    :raises CpuTimeError: if it was interrupted.
    """
    if not seconds:
        return compute()
    watch, late = _Watch(seconds), False
    try:
        try:
            watch.start()
            return compute()
        finally:
            late = watch.end()
            # One that is on its way is raised in here. It must not be taken back (by None): until Python 3.12 its flag
            # stays set then, which slows the process down and, where it is traced, stops it.
            for _ in range(_CHECKS if late else 0):
                pass
    except _Interruption:
        if not late:
            raise  # that of a budget around this one
        raise CpuTimeError from None


class _Watch(threading.Thread):
    """Interrupts the thread that made it once that has spent its time.

    It sleeps as long as the time cannot be up: nobody spends CPU time faster than the clock goes.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(daemon=True)
        self._watched = threading.get_ident()
        self._clock = _clock_of(self._watched)
        self._until = self._clock() + seconds
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._late = False

    def run(self) -> None:
        """Look at the clock until the time is up or the computation has ended."""
        while (left := self._until - self._clock()) > 0:
            if self._ended.wait(max(left, _SHORTEST_LOOK)):
                return
        with self._lock:
            if not self._ended.is_set():
                self._late = True
                thread = ctypes.c_ulong(self._watched)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(_Interruption))

    def end(self) -> bool:
        """Stop looking; return whether an interruption is on its way."""
        with self._lock:
            self._ended.set()
            return self._late


def _clock_of(thread: int) -> Callable[[], float]:
    """Return the clock of a thread's CPU time; where a platform has none for others (macOS), that of the process."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.process_time
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)
