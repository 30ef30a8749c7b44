"""The engine's tests: they need no Airflow."""

from __future__ import annotations

import pytest
import suite


def pytest_configure() -> None:
    suite.require_public_data()
    suite.fix_cases()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    suite.tell_of_missing_data(terminalreporter)
