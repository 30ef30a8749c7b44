"""The time, and waiting: the one clock of tasks and the triggerer."""

from __future__ import annotations

import time


def now() -> float:
    """Return the POSIX time."""
    return time.time()


def sleep(seconds: float) -> None:
    """Wait on the worker."""
    time.sleep(seconds)


async def sleep_async(seconds: float) -> None:
    """Wait on the event loop of the triggerer."""
    import asyncio

    await asyncio.sleep(seconds)
