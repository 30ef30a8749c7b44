"""How long the event loop of a triggerer is held: 200 polls with small answers beside one with an answer of 11 MB.

``python benchmarks/loop_lag.py`` prints how long the process worked at most between two looks of the loop at what is
due: with large answers left to a worker, as a triggerer does, judged in a thread and on the loop; in CPU time, so that
a busy machine tells the same. And how late the small polls were for their rounds: by the clock on the wall, so on a
quiet machine only. ``--items 4500`` is the largest answer that a triggerer judges itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from math import inf
from pathlib import Path
from typing import Any

from arazzo.engine import drive_async, drivers, load_plan, start
from arazzo.exchange import Request, Response
from arazzo.flow import Plan

POLLS, ROUNDS, INTERVAL = 200, 3, 5.0
ITEMS = 60_000
JSON = (("Content-Type", "application/json"),)


def poll(folder: Path) -> Plan:
    """Return the plan of a poll whose condition looks into the whole answer."""
    responses = {"200": {"description": "ok"}}
    paths = {"/jobs": {"get": {"operationId": "jobs", "responses": responses}}}
    info = {"title": "jobs", "version": "1"}
    api = {"openapi": "3.1.0", "info": info, "servers": [{"url": "https://jobs.invalid"}], "paths": paths}
    (folder / "jobs.json").write_text(json.dumps(api))
    done = {
        "condition": "$.items[?(@.status == 'pending')].length == 0",
        "type": "jsonpath",
        "context": "$response.body",
    }
    step = {
        "stepId": "wait",
        "operationId": "jobs",
        "successCriteria": [{"condition": "$statusCode == 200"}],
        "onSuccess": [
            {"name": "done", "type": "end", "criteria": [done]},
            {"name": "again", "type": "goto", "stepId": "wait"},
        ],
        "outputs": {"token": "$response.body#/token"},
    }
    source = {"name": "jobs", "url": "jobs.json", "type": "openapi"}
    document: dict[str, Any] = {"arazzo": "1.0.1", "info": info, "sourceDescriptions": [source]}
    document["workflows"] = [{"workflowId": "poll", "steps": [step]}]
    (folder / "poll.arazzo.json").write_text(json.dumps(document))
    return load_plan(folder / "poll.arazzo.json")


def body(items: int) -> bytes:
    item = {"status": "pending", "name": "x" * 100, "labels": ["a", "b"], "size": 123456, "at": "2026-11-30T00:00:00Z"}
    return json.dumps({"token": "secret-token-1", "items": [{**item, "id": n} for n in range(items)]}).encode()


async def go_round(plan: Plan, answer: bytes, delay: float, late: list[float], most: float = inf) -> None:
    """Poll a few rounds; note how late each was."""
    await asyncio.sleep(delay)
    rounds = 0

    async def send(_: Request) -> Response:
        nonlocal rounds
        rounds += 1
        return Response(200, JSON, answer if rounds < ROUNDS else b'{"items": []}')

    async def wait(_: object, seconds: float) -> None:
        due = time.monotonic() + INTERVAL
        await asyncio.sleep(INTERVAL)
        late.append(time.monotonic() - due)

    clock = iter(range(0, 10**9, 60)).__next__  # a minute each, so that no wait is left to be waited for
    await drive_async(plan, start(plan, {}), send=send, wait=wait, clock=clock, most=most)


async def watch(held: list[float]) -> None:
    """Note what the process worked until the loop came back to who slept for a moment."""
    while True:
        began = time.process_time()
        await asyncio.sleep(0.005)
        held.append(time.process_time() - began)


async def measure(plan: Plan, large: bytes, most: float) -> tuple[float, list[float]]:
    """Return for how long the loop was held at most, in seconds of CPU time, and how late the small polls were."""
    await go_round(plan, body(1), 0.0, [])
    late: list[float] = []
    held: list[float] = []
    watchdog = asyncio.create_task(watch(held))
    small = (go_round(plan, body(1), number * INTERVAL / POLLS, late) for number in range(POLLS))
    await asyncio.gather(go_round(plan, large, 0.1, [], most), *small)
    watchdog.cancel()
    return max(held), sorted(late)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--items", type=int, default=ITEMS)
    items = arguments.parse_args().items
    with tempfile.TemporaryDirectory() as folder:
        plan = poll(Path(folder))
    large = body(items)
    print(f"{POLLS} polls every {INTERVAL} s beside one with {len(large) / 1e6:.1f} MB")
    worker, thread, loop = "left to a worker", "judged in a thread", "judged on the loop"
    ways = (worker, drivers.LARGE, drivers.TOO_LARGE), (thread, drivers.LARGE, inf), (loop, sys.maxsize, inf)
    for name, limit, most in ways:
        drivers.LARGE = limit
        held, late = asyncio.run(measure(plan, large, most))
        shown = f"{late[len(late) // 2] * 1000:.0f} ms, of a hundred 99 by {late[len(late) * 99 // 100] * 1000:.0f} ms"
        print(f"{name}: the loop was held for {held * 1000:.0f} ms at most; polls were late by {shown} at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
