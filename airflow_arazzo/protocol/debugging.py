"""What a log at level DEBUG has in addition: requests and answers in full."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any


def in_full(log: Any) -> Callable[[str], None] | None:
    """Return what logs requests and answers in full, secrets hidden; None if the level is above DEBUG.

    :param log: the log of a task or of a trigger.
    """
    if log.getEffectiveLevel() > logging.DEBUG:
        return None
    return lambda text: log.debug("%s", text)
