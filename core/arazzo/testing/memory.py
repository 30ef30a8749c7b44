"""What a mock remembers between requests: how far each key is, its state, the tokens it issued."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from typing import Any

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
