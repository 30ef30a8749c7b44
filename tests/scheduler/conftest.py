"""A database for each Airflow of these tests: made once, as making one takes longer than all else at a start."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable

import pytest

from airflow_arazzo.testing.local_airflow import LocalAirflow


@pytest.fixture(scope="session")
def migrate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[LocalAirflow], None]:
    """Give an Airflow that does not run yet a copy of the first database of this run of the tests."""
    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "airflow.db"

    def give(airflow: LocalAirflow) -> None:
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                airflow.migrate()
                shutil.copy(airflow.home / "airflow.db", kept)
                return
        airflow.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(kept, airflow.home / "airflow.db")

    return give
