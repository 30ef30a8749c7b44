"""The mock API as a program beside the demo, and the record it keeps of what it got."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from airflow_arazzo.testing.demo_scenario import DESCRIPTIONS, demo_connections
from airflow_arazzo.testing.local_airflow import StartError, free_port
from airflow_arazzo.testing.sessions import Session, start_session, stop_sessions

_LIMIT = 30


class MockProcess:
    """``airflow-arazzo mock`` with the demo's scenario.

    :param home: where its log and its pid file go.
    :param descriptions: the folder of the API descriptions.
    """

    def __init__(self, home: Path, descriptions: Path) -> None:
        self.home = home.absolute()
        self.descriptions = descriptions.absolute()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._session: Session | None = None

    def connections(self) -> dict[str, str]:
        """Return the Airflow connections of the examples, as environment variables."""
        stranger = {
            "conn_type": "arazzo",
            "host": f"{self.url}/aqua",
            "login": "stranger",
            "password": "wrong-password",
        }
        return {**demo_connections(self.url), "AIRFLOW_CONN_AQUA_STRANGER": json.dumps(stranger)}

    def start(self) -> None:
        """Start it, without waiting."""
        apis = [f"{name}={self.descriptions / file}" for name, file in DESCRIPTIONS.items()]
        command = [sys.executable, "-m", "arazzo.cli", "mock", *apis, "--scenario", "demo"]
        self._session = start_session(
            "mock-api",
            [*command, "--port", str(self.port)],
            env=os.environ,
            folder=self.home / "run",
            log=self.home / "mock-api.log",
        )

    def wait(self) -> None:
        """Return when it answers.

        :raises StartError: when it does not.
        """
        import requests

        deadline = time.monotonic() + _LIMIT
        while True:
            try:
                self._record()
                return
            except requests.RequestException:
                ended = self._session is None or self._session.ended
                if ended or time.monotonic() > deadline:
                    log = (self.home / "mock-api.log").read_text(encoding="utf-8", errors="replace")
                    raise StartError(f"The mock API does not answer at {self.url}:\n{log[-2000:]}") from None
                time.sleep(0.1)

    def requests(self, keys: Iterable[str]) -> list[str]:
        """Return the requests in whose record one of ``keys`` occurs, ``METHOD /path?query`` each, in order."""
        wanted = tuple(keys)
        return [
            f"{entry['method']} {entry['path']}"
            for entry in self._record()
            if any(key in json.dumps(entry) for key in wanted)
        ]

    def stop(self) -> None:
        """Stop it."""
        if self._session is not None:
            stop_sessions([self._session])
            self._session = None

    def _record(self) -> list[dict[str, Any]]:
        import requests

        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{self.url}/__mock__/requests", timeout=5)
            answer.raise_for_status()
            record: list[dict[str, Any]] = answer.json()["requests"]
            return record
