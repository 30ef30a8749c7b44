"""Headers of a request or a response, of which several may have one name."""

from __future__ import annotations

from typing import Any

from arazzo.absent import ABSENT
from arazzo.exchange import Exchange
from arazzo.expressions.context import Context
from arazzo.expressions.nodes import Message

#: Response headers that are lists, so that several are one value (RFC 9110, 5.3; the registry of field names).
_LISTS = frozenset(
    (
        *("accept", "accept-ch", "accept-charset", "accept-encoding", "accept-language", "accept-patch", "accept-post"),
        *("accept-ranges", "access-control-allow-headers", "access-control-allow-methods"),
        *("access-control-expose-headers", "allow", "alt-svc", "authentication-info", "cache-control", "cache-status"),
        *("clear-site-data", "connection", "content-encoding", "content-language", "content-security-policy", "dav"),
        *("digest", "forwarded", "link", "pragma", "preference-applied", "proxy-authenticate", "proxy-status"),
        *("proxy-authentication-info", "server-timing", "signature", "signature-input", "timing-allow-origin"),
        *("trailer", "transfer-encoding", "upgrade", "variant-vary", "vary", "via", "warning", "www-authenticate"),
        *("x-forwarded-for", "x-robots-tag", "accept-signature", "cache-groups", "cdn-cache-control", "content-digest"),
        *("link-template", "permissions-policy", "priority", "ratelimit", "ratelimit-policy", "reporting-endpoints"),
        *("repr-digest", "sec-websocket-extensions", "want-content-digest", "want-repr-digest"),
    )
)


def header_value(expression: Message, exchange: Exchange, context: Context) -> Any:
    """Return a header. Several of one name are joined if that is a list; otherwise the first counts (RFC 9110, 5.3).

    ``Set-Cookie`` is not a list and yet occurs several times; in lenient it is an array.
    """
    sender = exchange.request if expression.side == "request" else exchange.response
    name = expression.name.lower()
    found = [value for key, value in sender.headers if key.lower() == name] if sender else []
    if not found or context.dialect == "strict" or sender is exchange.request:
        return found[0] if found else ABSENT
    if name == "set-cookie":
        return found
    if name in _LISTS:
        return ", ".join(found)
    if len(found) > 1:
        context.warn(f"{len(found)} headers '{expression.name}' came back, and the first is taken: it is not a list")
    return found[0]
