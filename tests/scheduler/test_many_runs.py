"""Many runs of a workflow at once on one machine: LocalExecutor, SQLite, one triggerer. RUNS says how many."""

import json
import os
import time
from collections import Counter

import pytest
from many_runs import AQUA, INPUTS, OUTPUTS, POLLS, ROOT, ended, look, scan, slow_mock, trigger, until

from airflow_arazzo.testing.local_airflow import LocalAirflow

RUNS = int(os.environ.get("RUNS", "100"))
DAGS = f"""
from airflow_arazzo import ArazzoDag

ArazzoDag({str(ROOT / "dags" / "workflows" / AQUA)!r} + ".arazzo.yaml", poke_interval=5, max_active_runs={RUNS},
          inputs={INPUTS!r})
"""

pytestmark = [pytest.mark.scheduler, pytest.mark.slow]


def test_every_run_does_what_it_should_and_no_more(tmp_path, migrate):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "many.py").write_text(DAGS)
    runs = [scan(number) for number in range(RUNS)]
    with slow_mock() as mock:
        connection = {"conn_type": "arazzo", "host": f"{mock.url}/aqua", "password": "right-password"}
        environment = {"AIRFLOW_CONN_AQUASECURITYAPI": json.dumps(connection)}
        with LocalAirflow(tmp_path / "home", tmp_path / "dags", environment, restart=True) as airflow:
            migrate(airflow)
            airflow.start()
            airflow.wait_healthy(180)
            airflow.wait_for_dags(AQUA)
            began = time.monotonic()
            trigger(airflow, runs)
            until(300 + 10 * RUNS, lambda: ended(airflow) == RUNS, pause=2)
            seconds = time.monotonic() - began
            look(airflow, runs)
            outputs = {run.key: run.outputs(airflow) for run in runs}
    print(f"{RUNS} runs, {len(mock.record)} requests in {seconds:.0f} s")  # noqa: T201 what `make test-load` shows
    assert Counter(run.state for run in runs) == {"success": RUNS}
    assert outputs == {run.key: OUTPUTS[run.image] for run in runs}
    for run in runs:
        deleted = {"deleteImage": 1} if run.image == "library/broken" else {}
        assert run.sent(mock) == {"login": 1, "registerImage": 1, "getImage": POLLS[run.image], **deleted}
    assert len(mock.record) == sum(run.sent(mock).total() for run in runs)
