"""What a mock receives, the record it keeps of it, and what it remembers from one request to the next."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from arazzo.exchange import Headers, header
from arazzo.frozen import dataclass, field, replace


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire.

    :param raw_path: the path, percent-encoded as it was sent.
    :param query: the query string, likewise.
    """

    method: str
    raw_path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""

    @property
    def target(self) -> str:
        return f"{self.raw_path}?{self.query}" if self.query else self.raw_path

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query, decoded."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def cookies(self) -> dict[str, str]:
        parts = (part.strip().partition("=") for part in (self.header("Cookie") or "").split(";"))
        return {name: value for name, _, value in parts if name}

    @property
    def content_type(self) -> str:
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    @property
    def content(self) -> Any:
        """The body as a JSON value: JSON parsed, a form as an object, text; None if it is neither or empty."""
        try:
            text = self.body.decode()
        except UnicodeDecodeError:
            return None
        if self.content_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(text, keep_blank_values=True))
        try:
            return json.loads(text)
        except ValueError:
            return text or None

    @property
    def bearer(self) -> str | None:
        kind, _, token = (self.header("Authorization") or "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else None

    def header(self, name: str) -> str | None:
        return header(self.headers, name)


@dataclass(frozen=True)
class Recorded:
    """One request with what became of it. Nothing is hidden: a mock is a tool for tests.

    :param number: from 1.
    :param api: name of the API; empty if no operation was found.
    :param operation: its operationId, or ``METHOD /template``.
    :param key: what tells runs apart, as the scenario says.
    :param status: the status answered; None if a fault came before it.
    :param fault: the fault that was played.
    :param refused: why the request differs from what the description wants.
    :param token: the token that the answer issued.
    :param used_for: the key of the first request with this token, which tells whose login it was.
    """

    number: int
    time: float
    request: Received
    api: str = ""
    operation: str = ""
    key: str = ""
    path: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    fault: str | None = None
    refused: tuple[str, ...] = ()
    token: str | None = None
    used_for: str = ""

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.target}"

    def to_json(self) -> dict[str, Any]:
        """Return everything as a JSON object; ``path`` is the request's target as it was sent."""
        request = self.request
        found = {
            "number": self.number,
            "time": self.time,
            "method": request.method,
            "path": request.target,
            "api": self.api,
            "operation": self.operation,
            "key": self.key,
            "parameters": self.path,
            "query": [list(pair) for pair in request.pairs],
            "headers": [list(pair) for pair in request.headers],
            "body": request.content,
            "status": self.status,
            "fault": self.fault,
            "refused": list(self.refused),
            "token": self.token,
            "used_for": self.used_for,
        }
        if request.body and found["body"] is None and request.body != b"null":
            found["body_base64"] = base64.b64encode(request.body).decode()
        return found


class Record:
    """The requests in the order they came."""

    def __init__(self) -> None:
        self._entries: list[Recorded] = []
        self._number = 0

    def __iter__(self) -> Iterator[Recorded]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Recorded:
        return self._entries[index]

    def of(self, key: str | None = None, operation: str | None = None, api: str | None = None) -> list[Recorded]:
        """Return the requests with a key (including those that logged in for it), to an operation, to an API."""
        return [
            entry
            for entry in self
            if (key is None or key in (entry.key, entry.used_for))
            and operation in (None, entry.operation)
            and api in (None, entry.api)
        ]

    def lines(self, entries: Iterable[Recorded] | None = None) -> list[str]:
        """Return ``METHOD /path?query`` of each."""
        return [str(entry) for entry in (self if entries is None else entries)]

    def clear(self) -> None:
        self._entries.clear()

    def add(self, request: Received) -> Recorded:
        """Write down that a request came."""
        self._number += 1
        self._entries.append(Recorded(number=self._number, time=time.time(), request=request))
        return self._entries[-1]

    def amend(self, number: int, **known: Any) -> None:
        """Add what is known about it later."""
        for index, entry in enumerate(self._entries):
            if entry.number == number:
                self._entries[index] = replace(entry, **known)

    def used(self, token: str | None, key: str) -> None:
        """Note whom a token was issued to, when it is first used."""
        for index, entry in enumerate(self._entries if token and key else ()):
            if entry.token == token and not entry.used_for:
                self._entries[index] = replace(entry, used_for=key)


Turn = tuple[str, str, int, str]
"""API, operation, number of the rule, key."""


class Memory:
    """The only thing in a mock that changes, besides its record."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._issued = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything; tokens that were issued are not issued again."""
        self._turns: dict[Turn, int] = {}
        self._states: dict[tuple[str, str], dict[str, Any]] = {}
        self._tokens: dict[str, dict[str, float]] = {}

    def take_turn(self, turn: Turn) -> int:
        """Return how often this rule has answered for this key, and count one more."""
        taken = self._turns.get(turn, 0)
        self._turns[turn] = taken + 1
        return taken

    def state(self, api: str, key: str) -> dict[str, Any]:
        """Return the state of a key, to read and to change."""
        return self._states.setdefault((api, key), {})

    def reset_operations(self, api: str, key: str, operations: Iterable[str]) -> None:
        """Make operations start again for a key."""
        names = set(operations)
        for turn in [turn for turn in self._turns if turn[0] == api and turn[1] in names and turn[3] == key]:
            del self._turns[turn]

    def issue(self, api: str, lifetime: float | None) -> str:
        """Issue a token for an API."""
        self._issued += 1
        token = f"mock-{hashlib.sha256(f'{self._seed}:{api}:{self._issued}'.encode()).hexdigest()[:32]}"
        ends = time.monotonic() + lifetime if lifetime is not None else float("inf")
        self._tokens.setdefault(api, {})[token] = ends
        return token

    def valid_tokens(self, api: str) -> frozenset[str]:
        """Return the tokens of an API that are still valid."""
        now = time.monotonic()
        return frozenset(token for token, ends in self._tokens.get(api, {}).items() if ends > now)

    def revoke(self, api: str, token: str | None) -> None:
        """Make a token invalid."""
        self._tokens.get(api, {}).pop(token or "", None)
