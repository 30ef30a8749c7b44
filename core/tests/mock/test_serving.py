"""Serving a mock: in a thread, and as a program that ends when it is told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from descriptions import SHOP

from arazzo.errors import TransportError
from arazzo.testing import MockApi, ServingError, serve

PROGRAM = """
import sys
from arazzo.testing import run_server
run_server({"shop": sys.argv[1]}, sys.argv[2], on_start=lambda url: print(url, flush=True))
print("ended")
"""
HANG = "operations: {getOrder: {rules: [{when: {path: {id: hang}}, answers: [{fault: hang}]}]}}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_ends_when_it_is_told_to(write, number):
    import requests

    files = [str(write("shop.yaml", SHOP)), str(write("scenario.yaml", HANG))]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *files], stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as waiting:
            waiting.sendall(b"GET /orders/hang HTTP/1.1\r\nHost: mock\r\n\r\n")
            assert requests.get(f"{url}/orders/7", timeout=5).status_code == 200
            process.send_signal(number)
            process.wait(timeout=20)


def test_the_server_ends_with_its_context(write):
    with serve(MockApi({"shop": write("shop.yaml", SHOP)})) as url:
        port = int(url.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_port_that_is_taken(write):
    api = MockApi({"shop": write("shop.yaml", SHOP)})
    with (
        serve(api) as url,
        pytest.raises(ServingError, match="cannot listen on 127"),
        serve(api, int(url.split(":")[2])),
    ):
        pass


def test_many_at_once_are_all_answered_and_recorded(start, write):
    shop = start({"shop": write("shop.yaml", SHOP)})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: shop.send("GET", f"/orders/{number}").status, range(80)))
    assert set(answers) == {200}
    assert sorted(int(entry.path["id"]) for entry in shop.api.record) == list(range(80))


def test_a_client_that_goes_away_does_no_harm(start, write):
    shop = start({"shop": write("shop.yaml", SHOP)}, write("scenario.yaml", HANG))
    with pytest.raises(TransportError):
        shop.send("GET", "/orders/hang", timeout=0.2)
    assert shop.send("GET", "/orders/7").status == 200
