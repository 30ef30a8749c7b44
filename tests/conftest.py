"""Say which Airflow the tests run under, refuse to run under another than was asked for, and fix what is drawn."""

from __future__ import annotations

import importlib.util
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
    if importlib.util.find_spec("hypothesis") is not None:
        fix_cases()


def fix_cases() -> None:
    """Draw the same cases every time, so that a change is green or red by itself.

    ``HYPOTHESIS_PROFILE=thorough`` draws others each time, and more of them where a test says so.
    """
    from hypothesis import settings

    settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
    settings.register_profile("thorough", deadline=None)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_report_header() -> str:
    return f"airflow: {installed() or 'not installed'}"
