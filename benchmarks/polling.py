"""What polls cost a triggerer: so many triggers that ask every second, beside as many of Airflow's HttpSensor.

    python benchmarks/polling.py [--polls 100 1000] [--seconds 10] [--interval 1]
    python benchmarks/polling.py --polls 5000 --interval 10 --seconds 300    # five minutes of each kind

The server is a process of its own. Counted is the CPU time of this process for a round of one poll, once all triggers
have begun; the memory of a trigger; and how late the event loop comes to what is due: 99 of 100 times, no later than
the lag. Airflow's trigger reads the status of an answer only. Ours judges a criterion
over the answer's content, and evaluates an output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SERVER = """
import asyncio, sys

async def serve():
    asked = 0
    async def answer(reader, writer):
        nonlocal asked
        try:
            while head := await reader.readuntil(b"\\r\\n\\r\\n"):
                path = head.split(b" ", 2)[1]
                asked += path != b"/count"
                body = b"%d" % asked if path == b"/count" else b'{"status": "pending", "percent": 12, "id": "a"}'
                status = b"404 Not Found" if path == b"/missing" else b"200 OK"
                writer.write(b"HTTP/1.1 %s\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n%s"
                             % (status, len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
"""


def poll(folder: Path, url: str, interval: float) -> str:
    """Return the plan of a poll as JSON, as a trigger gets it."""
    from arazzo.engine import load_plan

    info = {"title": "jobs", "version": "1"}
    get = {"operationId": "job", "responses": {"200": {"description": "ok"}}}
    api = {"openapi": "3.1.0", "info": info, "servers": [{"url": url}], "paths": {"/job": {"get": get}}}
    pending = {"context": "$response.body", "type": "jsonpath", "condition": "$[?@.status == 'pending']"}
    step = {
        "stepId": "wait",
        "operationId": "job",
        "successCriteria": [{"condition": "$statusCode == 200"}],
        "onSuccess": [{"name": "again", "type": "goto", "stepId": "wait", "criteria": [pending]}],
        "outputs": {"percent": "$response.body#/percent"},
        "x-airflow": {"poke_interval": interval, "timeout": 86_400, "unmatched": "next"},
    }
    source = {"name": "jobs", "url": "jobs.json", "type": "openapi"}
    workflow = {"workflowId": "poll", "steps": [step]}
    document = {"arazzo": "1.0.1", "info": info, "sourceDescriptions": [source], "workflows": [workflow]}
    (folder / "jobs.json").write_text(json.dumps(api))
    (folder / "poll.arazzo.json").write_text(json.dumps(document))
    return load_plan(folder / "poll.arazzo.json").model_dump_json(exclude_defaults=True)


def ours(text: str) -> Any:
    """Return a trigger that goes on with a poll."""
    from airflow_arazzo.protocol.envelope import Carried, pack
    from airflow_arazzo.protocol.stored_forms import FORM
    from airflow_arazzo.triggers.arazzo import ArazzoTrigger
    from arazzo.engine import start
    from arazzo.flow import Plan

    plan = Plan.model_validate_json(text)
    return ArazzoTrigger(text, pack(Carried(start(plan, {}))), {"jobs": "jobs"}, sends=True, version=FORM)


def airflows(interval: float) -> Any:
    """Return Airflow's trigger, which goes on as long as there is nothing."""
    from airflow.providers.http.triggers.http import HttpSensorTrigger

    return HttpSensorTrigger("missing", http_conn_id="jobs", poke_interval=interval)


async def rounds(triggers: list[Any], interval: float, seconds: float, count: Any) -> dict[str, float]:
    """Return the CPU time of a round of one poll, how many rounds were counted, and how late the loop was."""

    async def go_on(trigger: Any, delay: float) -> None:
        await asyncio.sleep(delay)
        async for _ in trigger.run():
            raise SystemExit("a trigger has fired")

    delays = (interval * number / len(triggers) for number in range(len(triggers)))
    tasks = [asyncio.create_task(go_on(*pair)) for pair in zip(triggers, delays, strict=True)]
    await asyncio.sleep(2 * interval)
    before, begun, end, late = count(), time.process_time(), time.monotonic() + seconds, []
    while (due := time.monotonic() + 0.02) < end:
        await asyncio.sleep(0.02)
        late.append(time.monotonic() - due)
    spent, after = time.process_time() - begun, count()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    lag = sorted(late)[len(late) * 99 // 100]
    return {"ms": spent * 1000 / max(1, after - before), "rounds": after - before, "lag": lag * 1000}


def measure(kind: str, polls: int, interval: float, seconds: float) -> dict[str, float]:
    """Return what so many triggers of one kind cost in this process."""
    import http.client

    url = os.environ["AIRFLOW_CONN_JOBS"]
    host = url.removeprefix("http://")

    def count() -> int:
        connection = http.client.HTTPConnection(host)
        connection.request("GET", "/count")
        found = int(connection.getresponse().read())
        connection.close()
        return found

    with tempfile.TemporaryDirectory() as folder:
        text = poll(Path(folder), url, interval)
    triggers = [ours(text) if kind == "ours" else airflows(interval) for _ in range(polls)]
    asyncio.run(rounds(triggers[:1], 0.1, 0.5, count))  # what the first imports
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = asyncio.run(rounds(triggers, interval, seconds, count))
    return {**found, "kB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / polls}


def measured(kind: str, polls: int, chosen: argparse.Namespace) -> dict[str, float]:
    """Return what :func:`measure` says in a process of its own."""
    own = ("--kind", kind, "--polls", str(polls), "--seconds", str(chosen.seconds), "--interval", str(chosen.interval))
    command, longest = [sys.executable, __file__, *own], 300 + chosen.seconds
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=longest)
    if found.returncode:
        raise SystemExit(found.stderr)
    result: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polls", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--kind", choices=["ours", "airflow's"], help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.kind:
        print(json.dumps(measure(chosen.kind, chosen.polls[0], chosen.interval, chosen.seconds)))
        return
    print("| polls | trigger | rounds | a round, ms | ratio | memory of one, kB | lag, ms |\n" + 7 * "|---" + "|")
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW_CONN_JOBS": url}
        try:
            for polls in chosen.polls:
                base = 0.0
                for kind in ("airflow's", "ours"):
                    found = measured(kind, polls, chosen)
                    base = base or found["ms"]
                    row = f"{found['rounds']:.0f} | {found['ms']:.2f} | {found['ms'] / base:.2f} | {found['kB']:.0f}"
                    name = "HttpSensor's" if kind == "airflow's" else "ArazzoTrigger"
                    print(f"| {polls} | {name} | {row} | {found['lag']:.0f} |", flush=True)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
