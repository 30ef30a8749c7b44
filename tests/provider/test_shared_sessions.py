"""The polls of a triggerer share connections, where their TLS settings are the same, and only there."""

from __future__ import annotations

import asyncio
import json
import ssl

import pytest

from airflow_arazzo.hooks.arazzo import ArazzoHook
from airflow_arazzo.hooks.shared_sessions import borrow, give_back
from arazzo.exchange import Request


class CountingServer:
    """Answers every request, and counts connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.asked: list[bytes] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def asked_by(monkeypatch, connections):
    """Let a hook for each connection ask in turn, all of them alive, and return the server."""
    counting = CountingServer()

    async def ask():
        async with await asyncio.start_server(counting.answer, "127.0.0.1", 0) as server:
            host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            hooks = []
            for number, extra in enumerate(connections):
                value = {"conn_type": "arazzo", "host": host, "extra": extra}
                monkeypatch.setenv(f"AIRFLOW_CONN_API{number}", json.dumps(value))
                hooks.append(ArazzoHook(f"api{number}"))
            for hook in hooks:
                assert (await hook.async_send(Request("GET", f"{host}/x", source="a"))).status == 200
            for hook in hooks:
                await hook.async_close()

    asyncio.run(ask())
    return counting


def test_hooks_of_one_connection_ask_over_one(monkeypatch):
    extra = {"headers": {"X-Tenant": "t"}}
    counting = CountingServer()

    async def ask():
        async with await asyncio.start_server(counting.answer, "127.0.0.1", 0) as server:
            host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            value = {"conn_type": "arazzo", "host": host, "extra": extra}
            monkeypatch.setenv("AIRFLOW_CONN_API", json.dumps(value))
            hooks = [ArazzoHook("api") for _ in range(3)]
            for hook in hooks:
                await hook.async_send(Request("GET", f"{host}/x", source="a"))
            await hooks[0].async_close()
            await hooks[1].async_send(Request("GET", f"{host}/x", source="a"))
            for hook in hooks:
                await hook.async_close()
            await hooks[1].async_send(Request("GET", f"{host}/x", source="a"))
            await hooks[1].async_close()

    asyncio.run(ask())
    assert len(counting.asked) == 5
    assert counting.connections == 2, "one while somebody needs it, another after the last has gone"


def test_what_one_connection_sends_another_does_not(monkeypatch):
    counting = asked_by(monkeypatch, [{"headers": {"X-One": "1"}}, {"headers": {"X-Two": "2"}}])
    assert [b"X-One" in each for each in counting.asked] == [True, False]
    assert [b"X-Two" in each for each in counting.asked] == [False, True]


@pytest.mark.parametrize("other", [{"verify": False}, {"trust_env": False}])
def test_other_settings_of_tls_or_of_the_environment_share_nothing(monkeypatch, other):
    assert asked_by(monkeypatch, [{}, other]).connections == 2


def test_a_session_is_closed_when_nobody_has_it_any_more():
    async def lend():
        context = ssl.create_default_context()
        first, second = borrow(context, trust_env=False), borrow(context, trust_env=False)
        assert first is second
        await give_back(first)
        assert not second.closed
        await give_back(second)
        assert second.closed
        third = borrow(context, trust_env=False)
        assert third is not second
        await give_back(third)
        await give_back(third)
        return third

    first, second = asyncio.run(lend()), asyncio.run(lend())
    assert first is not second
    assert first.closed
