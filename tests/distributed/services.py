"""A Postgres and a Redis of one's own, from the system's packages: started on free ports of 127.0.0.1, and removed."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from airflow_arazzo.testing.local_airflow import free_port
from airflow_arazzo.testing.sessions import start_session, stop_sessions

PACKAGES = {"initdb": "postgresql", "pg_ctl": "postgresql", "psql": "postgresql", "redis-server": "redis-server"}


class MissingProgramError(RuntimeError):
    """A program of the system is not installed; the message names Debian's package."""


def program(name: str) -> str:
    """Return where a program is: on PATH, or where Debian hides those of Postgres, the newest version first."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: -int(path.parts[-3]))
    found = shutil.which(name) or next(iter(map(str, places)), None)
    if found is None:
        package = PACKAGES[name]
        raise MissingProgramError(
            f"{name} is not installed: on Debian and Ubuntu, apt-get install --no-install-recommends {package}"
        )
    return found


def as_postgres() -> list[str]:
    """Return what stands before a command of Postgres: it refuses to be root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


@contextmanager
def postgres(database: str) -> Iterator[str]:
    """Run Postgres as long as the context lasts, and give ``user:password@host:port/database``."""
    folder = Path(tempfile.mkdtemp(prefix="arazzo-postgres-"))
    data, port, password = folder / "data", free_port(), secrets.token_hex(16)
    (folder / "password").write_text(password)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300"
    control = [*as_postgres(), program("pg_ctl"), "-D", str(data), "-w", "-s"]

    def call(*command: str, **environment: str) -> None:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"

    call(
        *(*as_postgres(), program("initdb"), "-D", str(data), "-U", "airflow", "-A", "scram-sha-256"),
        *("--pwfile", str(folder / "password"), "-E", "UTF8", "--no-sync"),
    )
    try:
        call(*control, "-o", settings, "-l", str(folder / "log"), "start")
        address = ("-h", "127.0.0.1", "-p", str(port), "-U", "airflow")
        call(program("psql"), *address, "-c", f"create database {database}", "postgres", PGPASSWORD=password)
        yield f"airflow:{password}@127.0.0.1:{port}/{database}"
    finally:
        call(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Run Redis as long as the context lasts, keeping nothing, and give its URL.

    :param folder: for its settings, its log and its pid file.
    """
    port, password = free_port(), secrets.token_hex(16)
    settings = folder / "redis.conf"
    settings.touch(mode=0o600)
    settings.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir {folder}\n')
    command = [program("redis-server"), str(settings)]
    session = start_session("redis", command, env=os.environ, folder=folder / "run", log=folder / "redis.log")
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    try:
        _wait_for_redis(url)
        yield url
    finally:
        stop_sessions([session])


def _wait_for_redis(url: str, limit: float = 20) -> None:
    deadline = time.monotonic() + limit
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
