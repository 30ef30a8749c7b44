"""Programs that run beside ours, each leading a session, so that everything it started can be stopped with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from arazzo.frozen import dataclass


@dataclass(frozen=True)
class Session:
    """A started program and everything it starts.

    :param name: its name for people.
    :param process: the leader; its process id is the session's id.
    :param pid_file: removed when the session is stopped.
    """

    name: str
    process: subprocess.Popen[bytes]
    pid_file: Path

    @property
    def ended(self) -> bool:
        """Whether the leader has ended."""
        return self.process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        """The leader's exit code, None while it runs."""
        return self.process.poll()

    def signal(self, number: int) -> None:
        """Send a signal: SIGKILL to every process of the session, any other to its leader."""
        if number == signal.SIGKILL:
            _kill_members(self.process.pid)
        elif not self.ended:
            self.process.send_signal(number)

    def wait(self, limit: float = 10) -> None:
        """Return when the leader has ended; remove the pid file."""
        self.process.wait(limit)
        self.pid_file.unlink(missing_ok=True)


def start_session(name: str, command: Sequence[str], *, env: Mapping[str, str], folder: Path, log: Path) -> Session:
    """Start a program in a session of its own.

    :param folder: the folder of its pid file.
    :param log: the file that its output is appended to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pid_file = folder / f"{name}.pid"
    pid_file.write_text(f"{process.pid} {_born(process.pid)}\n", encoding="ascii")
    return Session(name, process, pid_file)


def stop_sessions(sessions: Iterable[Session], limit: float = 5) -> None:
    """Ask all sessions to end at once; kill what still runs after ``limit`` seconds.

    The limit is short: Airflow answers SIGTERM with an exception, which running code may swallow, and its triggerer
    waits ten seconds for triggers that nobody needs any more.
    """
    stopping = list(sessions)
    for session in stopping:
        session.signal(signal.SIGTERM)
    deadline = time.monotonic() + limit
    while any(not session.ended for session in stopping) and time.monotonic() < deadline:
        time.sleep(0.1)
    for session in stopping:
        session.signal(signal.SIGKILL)
        session.wait()


def stop_leftovers(folder: Path) -> None:
    """Kill the sessions named by the pid files in ``folder``, whose starter was killed before it could stop them."""
    for pid_file in sorted(folder.glob("*.pid")):
        pid, _, born = pid_file.read_text(encoding="ascii").strip().partition(" ")
        if pid.isdigit() and born and _born(int(pid)) in {born, None}:
            _kill_members(int(pid))
        pid_file.unlink(missing_ok=True)


def members(session_id: int) -> list[int]:
    """Return the process ids of a session, its leader's first, without those that have ended."""
    import psutil

    found = [pid for pid in psutil.pids() if _runs_in(pid, session_id)]
    return sorted(found, key=lambda pid: pid != session_id)


def _kill_members(session_id: int) -> None:
    """Kill a session until none of it runs, including what was just being started."""
    deadline = time.monotonic() + 5
    while (running := members(session_id)) and time.monotonic() < deadline:
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _runs_in(pid: int, session_id: int) -> bool:
    import psutil

    try:
        return os.getsid(pid) == session_id and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
        return False


def _born(pid: int) -> str | None:
    """Return when a process started, to tell it from a later one with the same id; None if it does not exist."""
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None
