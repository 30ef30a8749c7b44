"""What went wrong, found in the exceptions of requests, urllib3, aiohttp and the standard library."""

from __future__ import annotations

import os
import socket
import ssl
from http.client import HTTPException
from typing import Final

#: Which exception means what, first match wins; by class name, so that neither library is imported for the other.
_KINDS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("tls", frozenset({"SSLError", "CertificateError", "ClientSSLError", "ServerFingerprintMismatch"})),
    ("connect", frozenset({"NewConnectionError", "ClientConnectorError", "ConnectionRefusedError", "gaierror"})),
    ("connect", frozenset({"ProxyError", "ClientProxyConnectionError", "ClientHttpProxyError"})),
    ("connect", frozenset({"InvalidURL", "LocationValueError"})),
    ("timeout", frozenset({"TimeoutError", "Timeout"})),
    # aiohttp also calls an answer incomplete if it has closed the connection itself, unable to read it.
    ("reset", frozenset({"PayloadEncodingError"})),
    ("protocol", frozenset({"BadHttpMessage"})),
    ("reset", frozenset({"ConnectionError", "IncompleteRead", "ClientOSError", "ServerDisconnectedError"})),
    ("reset", frozenset({"ClientPayloadError", "CutError"})),
)


class TooMuchError(HTTPException):
    """More arrived than is read; the message names the limit and its setting."""


def causes_of(error: BaseException) -> list[BaseException]:
    """Return an exception and everything it wraps, outermost first."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        item = queue.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            queue += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found


def kind_of(causes: list[BaseException]) -> str:
    """Return the kind of a failure (see :class:`TransportError`)."""
    names = {cls.__name__ for cause in causes for cls in type(cause).__mro__ if cls.__module__ != "requests.exceptions"}
    return next((kind for kind, classes in _KINDS if names & classes), "protocol")


def detail_of(causes: list[BaseException]) -> str:
    """Return the system's words for a failure, never a library's, which may contain the URL."""
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate verify failed: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            if cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
                return "what answers does not speak TLS; is its URL http, and not https?"
            return (cause.reason or "TLS failed").lower().replace("_", " ")
        if isinstance(cause, socket.gaierror):
            return "the host's name is not known"
        if type(cause).__module__ == "builtins" and isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
    return ""
