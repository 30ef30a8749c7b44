"""A client for mocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from arazzo.exchange import Request, Response
from arazzo.testing import MockApi, serve
from arazzo.transport import send


class Client:
    """Sends to one mock and keeps it for its record."""

    def __init__(self, api: MockApi, url: str) -> None:
        self.api, self.url = api, url

    def send(
        self,
        method: str,
        target: str,
        body: object = None,
        token: str | None = None,
        timeout: float = 5,
        **headers: str,
    ) -> Response:
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        pairs += [("Authorization", f"Bearer {token}")] if token else []
        data = None if body is None else json.dumps(body).encode()
        pairs += [("Content-Type", "application/json")] if data and "Content_Type" not in headers else []
        with requests.Session() as session:
            return send(Request(method, self.url + target, tuple(pairs), data, timeout=timeout), session)

    def json(self, method: str, target: str, body: object = None, token: str | None = None, **headers: str) -> object:
        return json.loads(self.send(method, target, body, token, **headers).body)


@pytest.fixture
def start() -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def serve_one(descriptions: object, scenario: object = None) -> Client:
            api = MockApi(descriptions, scenario)
            return Client(api, stack.enter_context(serve(api)))

        yield serve_one
