"""``airflow-arazzo demo`` as a program: every case comes out right, and nothing is left running however it ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from airflow_arazzo.demo.cases import CASES

DAGS = Path(__file__).parents[2] / "dags" / "demo"

pytestmark = pytest.mark.scheduler


@pytest.fixture
def demo(tmp_path):
    def start(*arguments):
        command = [sys.executable, "-m", "airflow_arazzo.cli", "demo", "--dags", str(DAGS), "--home", str(tmp_path)]
        return subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
        )

    return start


def left_running(home):
    """Return the command lines of processes that live in this demo's home, or were started with it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AIRFLOW_HOME", "").startswith(str(home)) or str(home) in process.cmdline():
                found.append(process.cmdline())
        except psutil.Error:
            continue
    return found


def read_until(process, words, limit=180):
    deadline, lines = time.monotonic() + limit, []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
        assert time.monotonic() < deadline, lines
    raise AssertionError(f"never said {words!r}: {''.join(lines)}")


def test_every_case_comes_out_right_and_nothing_is_left(demo, tmp_path):
    with demo() as process:
        output = process.stdout.read()
    assert process.returncode == 0, output
    assert f"{len(CASES)} of {len(CASES)} cases ended as expected" in output
    assert "WRONG" not in output
    assert left_running(tmp_path) == []


def test_it_can_be_stopped_while_airflow_starts_and_has_its_folder_for_itself(demo, tmp_path):
    with demo() as process:
        read_until(process, "Starting Airflow's")
        with demo() as another:
            said = another.stdout.read()
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()
    assert (another.returncode, process.returncode) == (1, 128 + signal.SIGINT)
    assert said == f"Another demo runs in {tmp_path}; stop it first, or name another --home.\n"
    assert "Everything is stopped" in output
    assert left_running(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("heard", [True, False])
def test_it_stops_everything_when_it_is_terminated_although_nobody_reads_what_it_says(demo, tmp_path, heard):
    with demo() as process:
        read_until(process, "Starting Airflow's")
        if not heard:
            process.stdout.close()
        process.terminate()
        assert not heard or "Everything is stopped" in process.stdout.read()
    assert not heard or process.returncode == 128 + signal.SIGTERM
    assert left_running(tmp_path) == []
