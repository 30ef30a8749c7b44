"""An Airflow for a test or the demo: four processes in a private home, started, killed and stopped.

Airflow is only started as a program; nothing of it is imported. Each component leads its own session, and everything it
starts stays there, so that stopping the session leaves no orphan: Airflow's workers put each task into its own process
group, and a scheduler that is killed leaves its workers behind.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from airflow_arazzo.testing.airflow_rest import AirflowRest
from airflow_arazzo.testing.sessions import Session, start_session, stop_sessions

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")

# The names of the components in the monitor's answer.
HEALTH = {
    "metadatabase": "api-server",
    "scheduler": "scheduler",
    "dag_processor": "dag-processor",
    "triggerer": "triggerer",
}

# The log servers listen on every interface; here the API server reads the same files instead.
COMMANDS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "worker": ("celery", "worker", "--skip-serve-logs"),
}


_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


class StartError(RuntimeError):
    """Airflow did not come up; the message says what is missing and shows the end of its log."""


class Pulses:
    """Which components stand still: those whose heartbeats do not change, by a clock of ours.

    :param patience: in seconds.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._seen: dict[str, tuple[str, float]] = {}

    def forget(self, kind: str) -> None:
        """Begin anew with a kind of component, because one has been started."""
        self._seen.pop(kind, None)

    def still(self, heartbeats: Mapping[str, str], now: float) -> frozenset[str]:
        """Return the kinds of components that stand still.

        :param heartbeats: what Airflow's monitor says; without an answer only the API server's silence counts.
        :param now: seconds.
        """
        beats = {HEALTH[key]: beat for key, beat in heartbeats.items() if beat and key in HEALTH}
        beats["api-server"] = str(now) if heartbeats else ""
        self._seen = {
            kind: self._seen[kind] if kind in self._seen and self._seen[kind][0] == beat else (beat, now)
            for kind, beat in beats.items()
        }
        return frozenset(kind for kind, (_, since) in self._seen.items() if now - since > self.patience)


class LocalAirflow:
    """Airflow's components, bound to 127.0.0.1: by default the four that the LocalExecutor on SQLite needs.

    :param home: an empty or missing folder for the database, the logs and the pid files.
    :param dags_folder: the folder of DAG files.
    :param env: more environment variables, such as connections (``AIRFLOW_CONN_...``); they win. To use another
        executor and database, set them here; a broker and a database server must already be running.
    :param port: the port of the API and the UI; by default a free one.
    :param restart: whether to restart a component that ends by itself after it was healthy, or stands still, as a
        service manager does. On SQLite a scheduler may end if others hold the database for too long ("database is
        locked").
    :param patience: after how many seconds without a heartbeat a component stands still.
    :ivar restarted: the components that were restarted, in order.
    :ivar reasons: for each of them, a sentence that says why.
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        env: Mapping[str, str] | None = None,
        *,
        port: int | None = None,
        restart: bool = False,
        patience: float = 60,
    ) -> None:
        self.home = home.absolute()
        self.dags_folder = dags_folder.absolute()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**_environment(self.home, self.dags_folder, self.port), **(env or {})}
        self.rest = AirflowRest(self.url, self.troubles)
        self.sessions: dict[str, Session] = {}
        self.restarted: list[str] = []
        self.reasons: list[str] = []
        self._ends: list[str] = []
        self._restart = restart
        self._pulses = Pulses(patience)
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        self._changing = threading.Lock()

    def __enter__(self) -> LocalAirflow:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def migrate(self) -> None:
        """Create the database.

        :raises StartError: with the end of what the command printed.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.log_path("db-migrate")
        with log.open("wb") as output:
            done = subprocess.run(
                [*_airflow(), "db", "migrate"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise StartError(f"`airflow db migrate` ended with code {done.returncode}:\n{_tail(log)}")

    def start(self, *components: str) -> None:
        """Start components, the LocalExecutor's four by default, without waiting for them.

        :param components: ``scheduler`` for example; a number allows several of a kind: ``triggerer-1``, ``worker-2``.
        """
        for name in components or COMPONENTS:
            self.sessions[name] = self._started(name)

    def _started(self, name: str) -> Session:
        environment, kind = self.environment, _kind(name)
        self._pulses.forget(kind)
        if kind != "api-server" and environment[_DATABASE].startswith("sqlite:"):
            # They can wait. The API server cannot: the lock may be held by a request that it does not get on with.
            environment = {**environment, _DATABASE: f"{environment[_DATABASE]}?timeout=30"}
        return start_session(name, _command(name), env=environment, folder=self.home / "run", log=self.log_path(name))

    def wait_healthy(self, limit: float = 120) -> None:
        """Return when every kind of started component says that it is healthy; workers are not asked.

        :param limit: seconds.
        :raises StartError: if one has ended, or time is up.
        """
        deadline = time.monotonic() + limit
        while True:
            health = self.rest.health()
            kinds = {key: [name for name in self.sessions if _kind(name) == kind] for key, kind in HEALTH.items()}
            waiting = [name for key, names in kinds.items() if health.get(key) != "healthy" for name in names]
            if not waiting:
                self._keep_running()
                return
            ended = [name for name, session in self.sessions.items() if session.ended]
            if ended or time.monotonic() > deadline:
                raise StartError(self._missing(ended, waiting, limit))
            time.sleep(0.2)

    def wait_for_dags(self, *dag_ids: str, limit: float = 60) -> None:
        """Return when the DAG processor has found these DAGs.

        :raises StartError: if time is up, with the import errors of the DAG files.
        """
        deadline = time.monotonic() + limit
        while missing := set(dag_ids) - (found := self.rest.dag_ids()):
            errors = self.rest.import_errors()
            if (errors and not found) or time.monotonic() > deadline:
                names = ", ".join(sorted(missing))
                raise StartError("\n".join([f"The DAG processor found no DAG {names}.", *errors]))
            time.sleep(0.3)

    def kill(self, component: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to a component and everything it started; after SIGKILL it can be started again."""
        with self._changing:
            self.sessions[component].signal(number)
            if number == signal.SIGKILL:
                self.sessions.pop(component).wait()

    def stop(self, limit: float = 5) -> None:
        """Stop everything that was started; kill what still runs after ``limit`` seconds."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join()
        self.rest.close()
        # The API server stops last: a scheduler or a triggerer that cannot sign off waits for it to come back.
        others = [session for name, session in self.sessions.items() if name != "api-server"]
        stop_sessions(others, limit)
        stop_sessions(self.sessions.values(), limit)
        self.sessions.clear()

    def _keep_running(self) -> None:
        """Start the thread that restarts components, unless it already runs or nobody wants it."""
        if self._restart and self._watch is None:
            self._watch = threading.Thread(target=self._watch_sessions, name="restarting", daemon=True)
            self._watch.start()

    def _watch_sessions(self) -> None:
        while not self._stopping.wait(0.5):
            still = self._pulses.still(self.rest.heartbeats(), time.monotonic())
            with self._changing:
                for name, session in list(self.sessions.items()):
                    if session.ended:
                        self._start_again(name, f"{name} ended with code {session.exit_code}.")
                    elif _kind(name) in still:
                        # Python writes into the log where it stands, also if somebody has stopped the process
                        session.signal(signal.SIGABRT)
                        session.signal(signal.SIGCONT)
                        with contextlib.suppress(subprocess.TimeoutExpired):
                            session.process.wait(5)
                        self._start_again(name, f"{name} stood still: no heartbeat for {self._pulses.patience:g} s.")

    def _start_again(self, name: str, reason: str) -> None:
        self.sessions[name].signal(signal.SIGKILL)  # with the programs that it left behind
        self.sessions[name].wait()
        self._ends.append(f"{reason}\n{self._log_end(name)}\nIt was started again.")
        self.reasons.append(f"{reason} It was started again; see {self.log_path(name)}.")
        self.restarted.append(name)
        self.sessions[name] = self._started(name)

    def troubles(self) -> str:
        """Return which components have ended by themselves, with the ends of their logs, and which Airflow calls sick.

        Empty for none.
        """
        ended = [name for name, session in self.sessions.items() if session.ended]
        health = self.rest.health() if self.sessions else {}
        sick = [HEALTH[key] for key, status in health.items() if status != "healthy" and key in HEALTH]
        said = [f"{name} is not healthy, says Airflow; see {self.log_path(name)}." for name in sick]
        return "\n".join([*self._ends, *map(self._end, ended), *said])

    def _end(self, name: str) -> str:
        return f"{name} ended with code {self.sessions[name].exit_code}.\n{self._log_end(name)}"

    def _log_end(self, name: str) -> str:
        return f"The end of {self.log_path(name)}:\n{_tail(self.log_path(name))}"

    def log_path(self, name: str) -> Path:
        """Return the file with the output of a component."""
        return self.home / f"{name}.log"

    def _missing(self, ended: list[str], waiting: list[str], limit: float) -> str:
        if ended:
            return "\n".join(map(self._end, ended))
        return "\n".join([f"Not healthy after {limit:.0f} s: {', '.join(waiting)}.", *map(self._log_end, waiting)])


def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _airflow() -> list[str]:
    """Return the command ``airflow`` of this environment."""
    beside = Path(sys.executable).parent / "airflow"
    found = str(beside) if beside.exists() else shutil.which("airflow")
    if found is None:
        raise StartError("The command `airflow` is not installed beside this Python.")
    return [found]


def _kind(name: str) -> str:
    """Return the kind of a component: its name without a number."""
    return re.sub(r"-\d+$", "", name)


def _command(name: str) -> list[str]:
    """Return the command line of a component."""
    kind = _kind(name)
    # Celery tells workers on one host apart by their names.
    own = ("--celery-hostname", f"{name}@127.0.0.1") if kind == "worker" else ()
    return [*_airflow(), *COMMANDS.get(kind, (kind,)), *own]


def _environment(home: Path, dags_folder: Path, port: int) -> dict[str, str]:
    """Return the environment of every component: the caller's, without its own Airflow settings, and ours."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        # Without byte code every process would need seconds longer to import Airflow.
        if not name.startswith(("AIRFLOW_", "AIRFLOW__")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)])
    url = f"http://127.0.0.1:{port}"
    return {
        **inherited,
        "PATH": path,
        "NO_PROXY": "*",
        "no_proxy": "*",
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        _DATABASE: f"sqlite:///{home}/airflow.db",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        # A worker's slot stays busy until the first heartbeat after its task has ended.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "15",
        # On a busy machine the API server takes longer than 5 s, and the task that starts would have failed.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        # After this many seconds a killed triggerer is noticed, and another takes over its polls.
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _tail(log: Path, lines: int = 20) -> str:
    """Return the last lines of a log, indented."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else "(no log)"
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])
