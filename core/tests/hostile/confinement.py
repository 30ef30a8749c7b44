"""A place to be hostile in: a process of its own, with little time and memory and without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from suite import THOROUGH

#: Far more than is needed, far less than what runs away.
CPU_SECONDS = 60
MEGABYTES = 1500
#: What is given up is given up sooner than by default: the limits hold whatever they are.
SOONER = {"ARAZZO_LIMIT_CONDITION_SECONDS": "0.5", "ARAZZO_LIMIT_PATTERN_SECONDS": "0.2"}

#: Imports once what is played with; each code runs in a fork, which nothing of another has touched.
SERVER = f"""
import json, os, resource, signal, socket, sys, time
import arazzo.engine, arazzo.validation, arazzo.expressions.goessner, arazzo.expressions.xpath_parsers
from arazzo.errors import ArazzoError, DocumentError

def blocked(*_, **__):
    print("NETWORK")
    sys.exit(9)

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = blocked

def attempt(action):
    try:
        return repr(action())[:300]
    except ArazzoError as error:
        return f"{{type(error).__name__}}: {{error}}"[:300]

for line in sys.stdin:
    job = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1), os.dup2(output, 2)
    os.chdir(job["folder"])
    resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
    resource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES} << 20, {MEGABYTES} << 20))
    signal.alarm({10 * CPU_SECONDS})
    exec(compile(job["code"], "code", "exec"))
    sys.exit()
"""


@cache
def server() -> subprocess.Popen[str]:
    environment = {**os.environ, **({} if THOROUGH else SOONER)}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", SERVER], stdin=pipe, stdout=pipe, text=True, env=environment)


def confined(code: str, folder: Path) -> str:
    """Run code in a folder; return what it prints. A crash, a call of the network or too much of anything fails."""
    output = folder.with_name(f"{folder.name}.output")
    pipes = server()
    assert pipes.stdin is not None
    assert pipes.stdout is not None
    print(json.dumps({"code": code, "folder": str(folder), "output": str(output)}), file=pipes.stdin, flush=True)
    ended = pipes.stdout.readline().strip()
    printed = output.read_text("utf-8", errors="replace") if output.exists() else ""
    assert ended == "0", (ended, printed[-2500:])
    return printed
