"""Send a request and read its response: the only sockets of this package.

:func:`send` uses a ``requests.Session``, :func:`send_async` an ``aiohttp.ClientSession``. Both behave alike, because
    the two libraries only carry bytes: the URL goes out exactly as it was built, and redirects, credentials,
    decompression, limits and errors are decided here, once.

What is sent is sent once. No failure is answered with a second attempt, except for a safe request over a kept
connection that the server has closed meanwhile. No request with a body follows a redirect, and no cookie that a server
sets is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.transport.aiohttp_client import open_session, send_async
    from arazzo.transport.requests_client import send
    from arazzo.transport.tuning import IDLE_TIMEOUT
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.transport.aiohttp_client": "open_session send_async",
            "arazzo.transport.requests_client": "send",
            "arazzo.transport.tuning": "IDLE_TIMEOUT",
        },
    )
