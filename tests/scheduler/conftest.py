"""A database for each Airflow of these tests: made once, as making one takes longer than all else at a start."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
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
        airflow.environment = {**keys(), **airflow.environment}

    return give


def keys() -> dict[str, str]:
    """Return the keys that all components share: ``airflow db migrate`` makes them, without it each makes its own."""
    return {
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(32),
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
