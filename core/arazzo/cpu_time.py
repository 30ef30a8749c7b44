"""A budget of CPU time for Python code that cannot be asked to stop.

Only the CPU time of the computing thread counts: a busy machine, a throttled container or other threads change nothing.
No signals are used, since any thread may compute, also one with an event loop.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

#: How often the interpreter gets a chance to raise a pending interruption; it looks whenever a loop starts again.
_CHECKS = 1000
#: The shortest time between two looks at a thread's clock, in seconds.
_SHORTEST_LOOK = 0.01
#: Seconds between two looks while budgets come and go, and while short ones do: looks cost CPU time, too.
_IDLE_LOOK = 0.5
_SHORT_IDLE_LOOK = 0.02
Result = TypeVar("Result")
_at_hand = threading.local()


class CpuTimeError(Exception):
    """The budget was spent before there was a result."""


class _Interruption(BaseException):
    """Raised inside a computation when its time is up; nothing on the way mistakes it for an error of its own."""


def within_cpu_time(seconds: float, compute: Callable[[], Result]) -> Result:
    """Return what a function returns, or interrupt it when its thread has spent the seconds on it.

    A single call of a function written in C is not interrupted; it must be bounded in another way. Nothing may be
    imported in it for the first time, since that would count. Budgets may be nested.

    :param seconds: of CPU time; 0: no limit.
    :param compute: the function; it runs in this thread.
    :raises CpuTimeError: if it was interrupted.
    """
    if not seconds:
        return compute()
    watcher, watch, around = _the_watcher(), _Budget(seconds), _spent_at()
    try:
        try:
            _at_hand.until = min(watch.until, around)
            watcher.begin(watch, seconds)
            return compute()
        finally:
            watcher.end(watch)
            # A pending one is raised here. It must not be cancelled (by None): until Python 3.12 its flag then stays
            # set, which slows the process down and, where it is traced, stops it.
            for _ in range(_CHECKS if watch.late else 0):
                pass
    except _Interruption:
        watcher.end(watch)
        if not watch.late:
            raise  # the interruption of a budget around this one
        raise CpuTimeError from None
    finally:
        _at_hand.until = around  # here, where no interruption of this budget can come any more


def cpu_time_left() -> float:
    """Return the seconds that the budgets around this call leave, so that a call of C can end in time."""
    until = _spent_at()
    return until if until == math.inf else until - _clock_of(threading.get_ident())()


def _spent_at() -> float:
    """Return when, by the clock of this thread, the nearest of the budgets around this call is spent."""
    until: float = getattr(_at_hand, "until", math.inf)
    return until


class _Budget:
    """The budget of one computation of the thread that makes it.

    :param late: whether its time is up and its interruption pending.
    """

    def __init__(self, seconds: float) -> None:
        self.thread = threading.get_ident()
        self.clock = _clock_of(self.thread)
        self.until = self.clock() + seconds
        self.late = False


class _Watcher:
    """Interrupts computations that have spent their time: one thread for all, as starting one costs more than most do.

    It sleeps as long as no time can be up: CPU time never runs faster than the clock. While budgets come and go, it
    looks now and then, so that not each of them has to wake it; one that is shorter than that may be as long.
    """

    def __init__(self) -> None:
        # The lock itself is held, not the condition: an interruption may come just as that returns with the lock held.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._watches: dict[_Budget, None] = {}
        self._next_look = math.inf
        self._running = False
        self._shortest = math.inf  # of the budgets that have begun since the last look

    def begin(self, watch: _Budget, seconds: float) -> None:
        """Interrupt the watch's thread once it has spent the seconds, until :meth:`end`."""
        with self._lock:
            self._watches[watch] = None
            self._shortest = min(self._shortest, max(seconds, _SHORT_IDLE_LOOK))
            if not self._running:
                threading.Thread(target=self._run, name="cpu-time", daemon=True).start()
                self._running = True
            elif time.monotonic() + max(seconds, _SHORT_IDLE_LOOK) < self._next_look:
                self._changed.notify()

    def end(self, watch: _Budget) -> None:
        """Stop interrupting it; from now on it knows whether an interruption is pending."""
        with self._lock:
            self._watches.pop(watch, None)

    def _run(self) -> None:
        with self._lock:
            while True:
                left = min(map(self._look, tuple(self._watches)), default=_IDLE_LOOK)
                used, self._shortest = self._shortest, math.inf
                wait = max(min(left, used, _IDLE_LOOK), _SHORTEST_LOOK) if used < math.inf or self._watches else None
                self._next_look = math.inf if wait is None else time.monotonic() + wait
                self._changed.wait(wait)

    def _look(self, watch: _Budget) -> float:
        """Return the seconds that a computation has left, and interrupt it if it has none."""
        try:
            left = watch.until - watch.clock()
        except OSError:  # the thread has ended
            del self._watches[watch]
            return _IDLE_LOOK
        if left > 0:
            return left
        watch.late = True
        del self._watches[watch]
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(watch.thread), ctypes.py_object(_Interruption))
        return _IDLE_LOOK


@lru_cache(maxsize=1)
def _the_watcher() -> _Watcher:
    return _Watcher()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_the_watcher.cache_clear)  # a child has no other threads


def _clock_of(thread: int) -> Callable[[], float]:
    """Return the clock of a thread's CPU time, or that of the process where a platform has none for others (macOS)."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.process_time
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)
