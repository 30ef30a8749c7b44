"""A server that closes idle connections, as all do after a while, takes no request with it."""

import asyncio
import json

from airflow_arazzo.hooks.arazzo import ArazzoHook
from arazzo.exchange import Request


class ClosingServer:
    """Answers the first request of a connection, and to a late second one hangs up, as if it had just done so."""

    def __init__(self, patience: float) -> None:
        self.patience, self.connections = patience, 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        loop = asyncio.get_running_loop()
        answered = None
        while await reader.readline():
            if answered is not None and loop.time() - answered > self.patience:
                break
            while (await reader.readline()).strip():
                pass
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
            answered = loop.time()
        writer.close()


async def asked_twice(monkeypatch, pause):
    closing = ClosingServer(patience=pause / 2)
    async with await asyncio.start_server(closing.answer, "127.0.0.1", 0) as server:
        host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "arazzo", "host": host}))
        hook = ArazzoHook("shop")
        try:
            for wait in (pause, 0):
                response = await hook.async_send(Request(method="GET", url=f"{host}/x", source="shop", template="/x"))
                assert response.status == 200
                await asyncio.sleep(wait)
        finally:
            await hook.async_close()
    return closing.connections


def test_the_next_round_of_a_poll_is_not_sent_over_a_connection_that_is_being_closed(monkeypatch):
    assert asyncio.run(asked_twice(monkeypatch, pause=1.5)) == 2
