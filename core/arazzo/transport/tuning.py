"""How an exchange is read, and how long a connection is kept; its limits are in :mod:`arazzo.limits`."""

from __future__ import annotations

from typing import Final

#: How many seconds an idle connection is kept: many servers close theirs after 5.
IDLE_TIMEOUT: Final = 1.0
#: How many bytes are read at a time.
PIECE: Final = 64 * 1024
