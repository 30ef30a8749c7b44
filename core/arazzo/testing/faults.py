"""How an answer goes out: whole, late, or broken as the scenario wants.

Breaking an answer needs the connection itself, which :mod:`arazzo.testing.serving` hands to the application.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

from arazzo.testing.replies import Reply

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

#: Key of the ASGI scope's extensions under which the connection is found.
CONNECTION: Final = "airflow_arazzo.connection"
_FILLER: Final = b"x" * 65536


class NoConnectionError(RuntimeError):
    """A fault needs the connection, and the server does not provide it."""


async def deliver(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer, or do to the connection what the scenario wants.

    :raises NoConnectionError: if the fault needs the connection, and the server is not this package's.
    """
    from starlette.responses import Response, StreamingResponse

    await asyncio.sleep(reply.delay)
    match reply.fault:
        case "hang":
            await _closed(receive)
        case "reset" | "garbage" | "half" as fault:
            _break(_connection(scope, fault), reply)
            await _closed(receive)
        case "slow":
            pieces = (reply.body[at : at + 1] for at in range(len(reply.body)))
            headers = {**reply.headers, "Content-Length": str(len(reply.body))}
            await StreamingResponse(_paced(list(pieces), reply.pace), reply.status, headers)(scope, receive, send)
        case None if reply.size is not None:
            headers = {**reply.headers, "Content-Length": str(reply.size)}
            await StreamingResponse(_filler(reply.size), reply.status, headers)(scope, receive, send)
        case None:
            await Response(reply.body, reply.status, reply.headers)(scope, receive, send)


async def _paced(pieces: list[bytes], pace: float) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(pace)
        yield piece


async def _filler(size: int) -> AsyncIterator[bytes]:
    while size > 0:
        yield _FILLER[:size]
        size -= len(_FILLER)


async def _closed(receive: Receive) -> None:
    """Wait until the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        continue


def _connection(scope: Scope, fault: str) -> Any:
    transport = scope.get("extensions", {}).get(CONNECTION)
    if transport is None:
        raise NoConnectionError(f"the fault '{fault}' needs serve() or run_server()")
    return transport


def _break(transport: Any, reply: Reply) -> None:
    if reply.fault == "reset":
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        return
    if reply.fault == "garbage":
        transport.write(b"\x00\x01 this is no HTTP \xff\xfe\r\n\r\n")
    else:
        whole = reply.body or _FILLER[:1000]
        lines = [f"HTTP/1.1 {reply.status} Half", *(f"{name}: {value}" for name, value in reply.headers.items())]
        head = "\r\n".join([*lines, f"Content-Length: {len(whole)}", "", ""])
        transport.write(head.encode() + whole[: len(whole) // 2])
    transport.close()
