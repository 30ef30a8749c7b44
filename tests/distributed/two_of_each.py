"""The topology of docker-compose.yaml on this machine: Postgres, Redis, two Celery workers and two triggerers."""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from many_runs import paged, until
from services import postgres, redis_server

from airflow_arazzo.testing.local_airflow import LocalAirflow

WORKERS, TRIGGERERS = ("worker-1", "worker-2"), ("triggerer-1", "triggerer-2")


def settings(database: str, broker: str, tasks: int) -> dict[str, str]:
    """Return what every component must agree on, and how soon a lost one is noticed.

    :param tasks: how many a worker runs at once.
    """
    return {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(3 * tasks),
        "AIRFLOW__CORE__FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql://{database}",
        "AIRFLOW__CELERY__BROKER_URL": broker,
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(tasks),
        # A worker that was killed is noticed by its silence, and what it had taken but not begun by its waiting.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    }


@contextmanager
def two_of_each(
    folder: Path, dags: str, dag_ids: tuple[str, ...], own: Mapping[str, str], tasks: int
) -> Iterator[LocalAirflow]:
    """Run Airflow with two workers and two triggerers as long as the context lasts.

    :param dags: the text of the DAG file.
    :param own: more of the environment.
    :param tasks: how many a worker runs at once.
    """
    (folder / "dags").mkdir(exist_ok=True)
    (folder / "dags" / "many.py").write_text(dags)
    with (
        postgres("airflow") as database,
        redis_server(folder) as broker,
        LocalAirflow(folder / "home", folder / "dags", {**settings(database, broker, tasks), **own}) as airflow,
    ):
        airflow.migrate()
        airflow.start("api-server", "scheduler", "dag-processor", *WORKERS, *TRIGGERERS)
        airflow.wait_healthy(180)
        airflow.wait_for_dags(*dag_ids)
        until(180, lambda: triggerers_alive(airflow) == len(TRIGGERERS))
        logs = [airflow.log_path(worker) for worker in WORKERS]
        until(180, lambda: all(" ready" in log.read_text("utf-8", errors="replace") for log in logs))
        yield airflow


def triggerers_alive(airflow: LocalAirflow) -> int:
    return airflow.rest.call("GET", "/jobs", job_type="TriggererJob", is_alive="true")["total_entries"]


def polls(airflow: LocalAirflow) -> Counter[int]:
    """Return how many polls each triggerer has."""
    waiting = paged(airflow, "/dags/~/dagRuns/~/taskInstances", "task_instances", state="deferred")
    return Counter(task["triggerer_job"]["id"] for task in waiting if task["triggerer_job"])


def running(airflow: LocalAirflow, worker: str) -> list[str]:
    """Return the tasks that a worker is running."""
    found = paged(airflow, "/dags/~/dagRuns/~/taskInstances", "task_instances", state="running")
    leader = airflow.sessions[worker].process.pid
    return [task["task_id"] for task in found if task["pid"] and session_of(task["pid"]) == leader]


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
