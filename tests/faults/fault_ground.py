"""The ground on which the fault matrix is played: an Airflow that notices losses within seconds, a mock, a gate."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

from fault_api import MAX_BYTES, scenario
from fault_gate import Gate
from fault_playing import Playground

from airflow_arazzo.testing.local_airflow import LocalAirflow, free_port
from arazzo.testing import MockApi, serve

HERE = Path(__file__).parent
SECRET = "hunter2"
#: Airflow's settings, but for those that LocalAirflow has anyway. The page shows them.
KNOBS = {
    "AIRFLOW__CORE__PARALLELISM": "16",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
}


@contextmanager
def playground(folder):
    """Start it all in a folder, and stop it."""
    dags, marks = folder / "dags", folder / "marks"
    for place in (dags, marks):
        place.mkdir()
    for name in ("shop_dags.py", "shop.arazzo.yaml", "shop.openapi.yaml"):
        shutil.copy(HERE / name, dags / name)
    openapi = {"shop": HERE / "shop.openapi.yaml"}
    other = MockApi(openapi, HERE / "shop.scenario.yaml")
    with serve(other) as other.url:
        mock = MockApi(openapi, scenario(other.url))
        gate = Gate(mock)
        with serve(gate) as mock.url, LocalAirflow(folder / "home", dags, _settings(folder, mock.url)) as airflow:
            ground = Playground(airflow, mock, gate, other, marks)
            try:
                airflow.migrate()
                airflow.start()
                airflow.wait_healthy()
                airflow.wait_for_dags("get", "post", "post-resend")
                yield ground
            finally:
                ground.close()


def _settings(folder, url):
    hasty = {"timeout": 2, "max_bytes": MAX_BYTES, "headers": {"X-Secret": SECRET}}
    return {
        **KNOBS,
        "AIRFLOW_CONN_SHOP": json.dumps({"conn_type": "arazzo", "host": url, "extra": {"timeout": 600}}),
        "AIRFLOW_CONN_HASTY": json.dumps({"conn_type": "arazzo", "host": url, "extra": hasty}),
        "AIRFLOW_CONN_NOWHERE": json.dumps({"conn_type": "arazzo", "host": f"http://127.0.0.1:{free_port()}"}),
        "FAULTS_DOCUMENT": str(folder / "dags" / "shop.arazzo.yaml"),
        "FAULTS_MARKS": str(folder / "marks"),
    }
