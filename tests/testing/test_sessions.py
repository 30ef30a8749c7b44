"""Programs in sessions of their own: what one started ends with it, whatever process group it hid in."""

import os
import signal
import sys
import time

import pytest

from airflow_arazzo.testing.sessions import members, start_session, stop_leftovers, stop_sessions

# A leader with a child in a process group of its own, as Airflow's task processes are; the child ignores SIGTERM.
PROGRAM = """
import os, signal, sys, time
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*arguments):
        log = tmp_path / "program.log"
        command = [sys.executable, "-c", PROGRAM, *arguments]
        session = start_session("program", command, env=os.environ, folder=tmp_path / "run", log=log)
        started.append(session)
        until(lambda: log.read_text().count("up") == 2)
        return session

    yield start
    stop_sessions(started, limit=0)


def until(true, limit=20):
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_in_another_process_group_is_a_member(start):
    session = start()
    found = members(session.process.pid)
    assert len(found) == 2
    assert found[0] == session.process.pid
    assert len({os.getpgid(pid) for pid in found}) == 2


@pytest.mark.parametrize("arguments", [(), ("stubborn",)])
def test_stopping_leaves_no_process_and_no_pid_file(start, arguments):
    session = start(*arguments)
    stop_sessions([session], limit=0.5)
    assert session.ended
    assert members(session.process.pid) == []
    assert not session.pid_file.exists()


def test_killing_reaches_all_members(start):
    session = start()
    session.signal(signal.SIGKILL)
    session.wait()
    assert session.exit_code == -signal.SIGKILL
    assert members(session.process.pid) == []


def test_leftovers_of_a_starter_that_was_killed_are_stopped(start):
    session = start()
    os.kill(session.process.pid, signal.SIGKILL)
    session.process.wait()
    assert len(members(session.process.pid)) == 1
    stop_leftovers(session.pid_file.parent)
    until(lambda: members(session.process.pid) == [])
    assert not session.pid_file.exists()


def test_a_pid_that_somebody_else_has_now_is_left_alone(start):
    session = start()
    session.pid_file.write_text(f"{session.process.pid} 12345.0\n")
    stop_leftovers(session.pid_file.parent)
    assert len(members(session.process.pid)) == 2
    assert not session.pid_file.exists()
    session.pid_file.touch()
