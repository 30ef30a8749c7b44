"""What the provider's tests stand on: the Airflow that was asked for, and a home for it."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import suite

ASKED = "AIRFLOW_TO_TEST"
FERNET_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def installed() -> str | None:
    try:
        return version("apache-airflow-core")
    except PackageNotFoundError:
        return None


def pytest_configure(config: pytest.Config) -> None:
    asked = os.environ.get(ASKED)
    if asked and installed() != asked:
        raise pytest.UsageError(f"{ASKED}={asked}, but Airflow {installed()} is installed here")
    give_airflow_a_home(config)
    suite.require_public_data()
    suite.fix_cases()


def give_airflow_a_home(config: pytest.Config) -> None:
    """Give Airflow a home of this process's own, before anything imports it: never that of whoever runs the tests."""
    assert "airflow" not in sys.modules
    home = tempfile.TemporaryDirectory(prefix="arazzo-airflow-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    dags = Path(home.name, "dags")
    dags.mkdir()
    os.environ |= {
        "AIRFLOW_HOME": home.name,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__FERNET_KEY": FERNET_KEY,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.name}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "off",
    }


def pytest_report_header() -> str:
    return f"airflow: {installed() or 'not installed'}"
