"""The pace of one who sends: the time that it leaves before its first request and between any two."""

from __future__ import annotations

import time


class Pace:
    """Seconds that pass before each request of one sender, whatever it is: a redirect, a token, another try.

    They count from its making, and from when the last request had its answer or failed. So the server sees them no
    closer to each other, however long they are on their way.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.restart()

    def restart(self) -> None:
        """Count from now."""
        self._since = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until the next request may be sent."""
        return max(self._since + self.seconds - time.monotonic(), 0.0)
