"""How an exchange is read, and how long a connection is kept; what bounds it is in :mod:`arazzo.limits`."""

from __future__ import annotations

from typing import Final

#: Seconds for which a connection is kept idle: many servers close theirs after 5.
IDLE_TIMEOUT: Final = 1.0
#: How many bytes are read at a time.
PIECE: Final = 64 * 1024
