"""A place to be hostile in: a process of its own, with little time and memory and without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: Far more than is needed, far less than what runs away.
CPU_SECONDS = 60
MEGABYTES = 1500

PRELUDE = f"""
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES} << 20, {MEGABYTES} << 20))

def blocked(*_, **__):
    print("NETWORK")
    sys.exit(9)

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = blocked
from arazzo.errors import ArazzoError, DocumentError

def attempt(action):
    try:
        return repr(action())[:300]
    except ArazzoError as error:
        return f"{{type(error).__name__}}: {{error}}"[:300]
"""


def confined(code: str, folder: Path) -> str:
    """Run code in a folder; return what it prints. A crash, a call of the network or too much of anything fails."""
    run = subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=10 * CPU_SECONDS,
        check=False,
    )
    assert run.returncode == 0, (run.returncode, run.stdout[-500:], run.stderr[-2000:])
    return run.stdout
