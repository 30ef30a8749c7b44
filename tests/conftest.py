"""Say which Airflow the tests run under, and refuse to run under another than was asked for."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version

import pytest

ASKED = "AIRFLOW_TO_TEST"


def installed() -> str | None:
    try:
        return version("apache-airflow-core")
    except PackageNotFoundError:
        return None


def pytest_configure() -> None:
    asked = os.environ.get(ASKED)
    if asked and installed() != asked:
        raise pytest.UsageError(f"{ASKED}={asked}, but Airflow {installed()} is installed here")


def pytest_report_header() -> str:
    return f"airflow: {installed() or 'not installed'}"
