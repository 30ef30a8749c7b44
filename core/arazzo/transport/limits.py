"""The limits of an exchange, unless the caller or the request sets others."""

from __future__ import annotations

from typing import Final

#: Seconds for a connection: name, TCP and TLS.
CONNECT_TIMEOUT: Final = 10.0
#: Seconds for the whole exchange, redirects and reading included, unless the request has a timeout of its own.
TIMEOUT: Final = 60.0
#: How many bytes an answer may have, decompressed.
MAX_BYTES: Final = 64 * 1024 * 1024
#: Seconds for which a connection is kept idle: many servers close theirs after 5.
IDLE_TIMEOUT: Final = 1.0
#: How many redirects are followed.
MAX_REDIRECTS: Final = 10
#: How many interim answers (1xx) may come before the final one.
MAX_INTERIM: Final = 100
#: How many bytes are read at a time.
PIECE: Final = 64 * 1024
#: How many bytes may come from a server that can be read as no part of an answer yet: its head, trailers, framing.
MAX_UNREAD: Final = 1024 * 1024
#: How many lines the head of an answer may have.
MAX_LINES: Final = 1000
