"""Two hundred polls in a triggerer beside others, whose answers are large or mean harm: they keep their rounds.

Airflow's own watchdog says when the triggerer's event loop was held for more than 100 ms (it sleeps for 100 ms, and
speaks after 200). POLLS says how many there are.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

import pytest
from played_api import PlayedApi

from airflow_arazzo.testing.local_airflow import LocalAirflow
from arazzo.exchange import Request, Response

pytestmark = [pytest.mark.scheduler, pytest.mark.slow]

POLLS = int(os.environ.get("POLLS", "200"))
INTERVAL = 10
MIB = 1024 * 1024
API = """
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "http://things.invalid"}]
paths:
  /things/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    get: {operationId: look, responses: {"200": {description: ok}}}
"""
WORKFLOW = """
- workflowId: {kind}
  inputs: {{type: object, properties: {{name: {{type: string}}}}, required: [name]}}
  x-airflow: {{poke_interval: {interval}, max_rounds: {rounds}, tolerate: 0}}
  steps:
  - stepId: watch
    operationId: look
    parameters: [{{name: name, in: path, value: $inputs.name}}]
    successCriteria: [{{condition: $statusCode == 200}}]
    onSuccess:
    - {{name: done, type: end, criteria: [{condition}]}}
    - {{name: again, type: goto, stepId: watch}}
"""
CONDITIONS = {
    "pointer": {"condition": "$response.body#/status == 'done'"},
    "jsonpath": {"context": "$response.body", "type": "jsonpath", "condition": "$..[?(@.status == 'done')]"},
    "counting": {"context": "$response.body", "type": "jsonpath", "condition": "$..[?count($..*) == 2]"},
    "regex": {"context": "$response.body#/status", "type": "regex", "condition": "^(d|dd)+one$"},
    "xpath": {"context": "$response.body", "type": "xpath", "condition": "//*[count(//*) = 1]"},
}
DAGS = """
from airflow.sdk import DAG
from airflow_arazzo import ArazzoWorkflowOperator

document = __file__.replace("dags.py", "w.arazzo.yaml")
with DAG("calm", max_active_tasks=1000):
    ArazzoWorkflowOperator.partial(task_id="watch", document=document, workflow_id="calm").expand(inputs={calm!r})
for dag_id, tasks in {tasks!r}.items():
    with DAG(dag_id, max_active_tasks=1000):
        for name, kind in tasks.items():
            ArazzoWorkflowOperator(task_id=name, document=document, workflow_id=kind, inputs={{"name": name}})
"""
JSON = (("Content-Type", "application/json"),)
PENDING = Response(200, JSON, b'{"status": "pending"}')
WATCHDOG = re.compile(r"async thread was blocked for ([\d.]+) seconds")


def dense(piece: str, size: int) -> bytes:
    """Return an array of that many bytes."""
    return f"[{','.join([piece] * (size // (len(piece) + 1)))}]".encode()


def dict_of(members: Iterable[str]) -> str:
    return f"{{{','.join(members)}}}"


ITEM = json.dumps({"status": "pending", "name": "x" * 100, "labels": ["a", "b"], "size": 123456})
LARGE = {
    "eleven-megabytes": (ITEM, 11_500_000),
    "over-a-mebibyte": (ITEM, MIB + 10_000),
    "under-a-mebibyte": (ITEM, MIB - 10_000),
    "lists": ("[]", MIB - 10),
    "objects": ('{"a":1}', MIB - 10),
    "integers": ("1", MIB - 10),
}


def raw(start: bytes, piece: bytes = b"", pause: float = 0.01) -> Callable[[BinaryIO], None]:
    """Return what writes bytes, then a piece again and again until nobody listens."""

    def write(file: BinaryIO) -> None:
        file.write(start)
        while piece:
            file.write(piece)
            file.flush()
            time.sleep(pause)

    return write


def answered(body: bytes | str, content_type: str = "application/json", status: int = 200, **headers: str) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, (("Content-Type", content_type), *named), body.encode() if isinstance(body, str) else body)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghij")
)
ROUNDS = "limit of 4 rounds reached"
#: By name the kind of its condition, what the API answers from the second request on, and what the task says.
BOMBS: dict[str, tuple[str, Callable[[], Any], str]] = {
    "deep": ("jsonpath", lambda: answered("[" * 100_000), "unreadable: the body is not JSON"),
    "deep-and-whole": ("jsonpath", lambda: answered("[" * 5000 + "]" * 5000), "gave up: .*json_depth"),
    "exponent": ("pointer", lambda: answered('{"status": 1e999999}'), ROUNDS),
    "digits": ("pointer", lambda: answered('{"status": %s}' % ("9" * 5000)), ROUNDS),
    "yaml": ("pointer", lambda: answered(LAUGHS, "application/yaml"), "unreadable"),
    "gzip": ("pointer", lambda: answered(gzip.compress(bytes(200 * MIB)), Content_Encoding="gzip"), r"\(max_bytes\)"),
    "brotli": ("pointer", lambda: answered(b"\x0b\x02\x80abc\x03", Content_Encoding="br"), "unreadable"),
    "zstd": ("pointer", lambda: answered(b"\x28\xb5\x2f\xfd\x00", Content_Encoding="zstd"), "unreadable"),
    "endless-chunks": ("pointer", lambda: raw(CHUNKED, b"1\r\n1\r\n"), "no complete answer"),
    "endless-head": ("pointer", lambda: raw(OK, b"X: y\r\n" * 1000, 0), r"\(head_lines\)"),
    "slow-head": ("pointer", lambda: raw(OK + b"X: ", b"x"), "no complete answer"),
    "cookies": ("pointer", lambda: raw(OK + b"Set-Cookie: a=b\r\n" * 900 + b"\r\n{}"), "not readable as HTTP"),
    "pattern": ("regex", lambda: answered(json.dumps({"status": "d" * 60})), r"gave up: .*\(pattern_seconds\)"),
    "query": ("counting", lambda: answered(json.dumps([[0] * 100] * 100)), r"gave up: .*\(condition_seconds\)"),
    "path": ("xpath", lambda: answered(f"<a>{'<b/>' * 5000}</a>", "application/xml"), r"gave up: .*\(\w+\)"),
    "retry-after": ("pointer", lambda: answered("", status=503, Retry_After="9" * 400), "answered 503"),
    "ratelimit": ("pointer", lambda: answered("{}", RateLimit='"d";r=0;t=999999999999'), ROUNDS),
    "redirects": ("pointer", lambda: answered("", status=302, Location="redirects"), "more than 10 redirects"),
    "keys": ("pointer", lambda: answered(dict_of(f'"k{n}":{n}' for n in range(1_000_000))), ROUNDS),
    "same-keys": ("pointer", lambda: answered(dict_of(['"status":1'] * 90_000)), ROUNDS),
    "string": ("pointer", lambda: answered(json.dumps({"status": "x" * 10 * MIB})), ROUNDS),
    "bytes": ("pointer", lambda: answered(b'{"status": "\xff\xfe"}'), "unreadable"),
    "nul": ("pointer", lambda: answered(b'{"status": "\x00"}\x00'), "unreadable"),
}


@dataclass
class Things:
    """The API: each poll is pending at first, in a worker; then it gets what its name says."""

    answers: dict[str, Any]
    asked: dict[str, list[float]] = field(default_factory=dict)

    def play(self, request: Request) -> Any:
        name = request.url.rsplit("/", 1)[1]
        times = self.asked.setdefault(name, [])
        times.append(time.monotonic())
        if name in LARGE:  # the worker that goes on with it gets a small one, so that the triggerer asks again
            return PENDING if len(times) % 2 else self.answers[name]
        if len(times) == 1:
            return answered("<a><b/></a>", "application/xml") if name == "path" else PENDING
        return self.answers.get(name, PENDING)

    def rounds(self, names: Any) -> dict[str, int]:
        return {name: len(self.asked.get(name, ())) for name in names}


@dataclass
class World:
    airflow: LocalAirflow
    things: Things
    calm: list[str]

    def until(self, holds: Callable[[], Any], limit: float = 1200) -> None:
        end = time.monotonic() + limit
        while not holds():
            assert time.monotonic() < end, {name: len(times) for name, times in self.things.asked.items()}
            time.sleep(0.5)

    def window(self, others: Any = (), rounds: int = 2) -> tuple[float, float]:
        """Return for how long the loop was held at most, and the median of the intervals, while all go some rounds.

        None of the polls that are watched is left behind while the others go on.
        """
        before, began = self.things.rounds([*self.calm, *others]), time.monotonic()
        read = self.airflow.log_path("triggerer").stat().st_size
        self.until(lambda: all(now >= before[name] + rounds for name, now in self.things.rounds(before).items()))
        calm = self.things.rounds(self.calm)
        if not others:
            assert max(calm[name] - before[name] for name in calm) <= rounds + 2
        gaps = [b - a for name in calm for a, b in pairwise(self.things.asked[name]) if b > began]
        with self.airflow.log_path("triggerer").open(encoding="utf-8") as log:
            log.seek(read)
            held = max(map(float, WATCHDOG.findall(log.read())), default=0.0)
        print(f"held {held}, interval {median(gaps):.1f}, load {os.getloadavg()[0]:.0f}")  # noqa: T201 what it measured
        return held, median(gaps)

    def memory(self) -> int:
        """Return the bytes that the triggerer has used at most, of all its processes the largest."""
        session = self.airflow.sessions["triggerer"]
        peaks = [0]
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                if os.getsid(int(status.parent.name)) == session.process.pid:
                    peaks += [int(found[1]) for found in re.finditer(r"VmHWM:\s+(\d+) kB", status.read_text())]
            except OSError:
                continue
        return max(peaks) * 1024


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrate: Callable[[LocalAirflow], None]) -> Iterator[World]:
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    calm = [f"calm-{number}" for number in range(POLLS)]
    tasks = {"large": dict.fromkeys(LARGE, "large"), "loud": {name: kind for name, (kind, *_) in BOMBS.items()}}
    made = [("calm", "jsonpath", 10_000), ("large", "jsonpath", 10_000), *((kind, kind, 4) for kind in CONDITIONS)]
    workflows = [
        WORKFLOW.format(kind=kind, condition=json.dumps(CONDITIONS[by]), rounds=rounds, interval=INTERVAL)
        for kind, by, rounds in made
    ]
    head = (
        "arazzo: 1.0.1\ninfo: {title: t, version: '1'}\nsourceDescriptions: [{name: things, url: api.openapi.yaml}]\n"
    )
    (dags / "api.openapi.yaml").write_text(API)
    (dags / "w.arazzo.yaml").write_text(f"{head}workflows:{''.join(workflows)}")
    (dags / "dags.py").write_text(DAGS.format(calm=[{"name": name} for name in calm], tasks=tasks))
    large = {name: answered(dense(*made_of)) for name, made_of in LARGE.items()}
    things = Things({**large, **{name: make() for name, (_, make, _) in BOMBS.items()}})
    with PlayedApi(things.play, "http://things.example") as served:
        connection = {"conn_type": "arazzo", "host": served.url, "extra": {"timeout": 20}}
        environment = {"AIRFLOW_CONN_THINGS": json.dumps(connection)}
        with LocalAirflow(home / "home", dags, environment, restart=True) as airflow:
            migrate(airflow)
            airflow.start()
            airflow.wait_healthy(180)
            airflow.wait_for_dags("calm", *tasks, limit=180)
            airflow.rest.trigger("calm")
            world = World(airflow, things, calm)
            world.until(lambda: min(things.rounds(calm).values()) > 2)
            yield world


@pytest.mark.attack("the triggerer's event loop", "large and dense answers beside other polls, on a scheduler")
def test_large_answers_hold_up_no_others(world: World) -> None:
    """A busy machine holds up the loop as well, now and then; what answers do, they do in each window."""
    alone = [world.window() for _ in range(3)]
    world.airflow.rest.trigger("large")
    world.until(lambda: min(world.things.rounds(LARGE).values()) > 2)
    most, interval = (max(found) for found in zip(*alone, strict=True))
    windows: list[tuple[float, float]] = []
    while not windows or windows[-1][0] > most or windows[-1][1] > 1.2 * interval:
        windows.append(world.window(LARGE))
        assert len(windows) < 8, (alone, windows)


@pytest.fixture(scope="module")
def ended(world: World) -> dict[str, tuple[str | None, str]]:
    """Return the states of the tasks that were bombed, and what they say."""
    rest, calm = world.airflow.rest, world.things.rounds(world.calm)
    run_id = rest.trigger("loud")
    rest.wait("loud", run_id, limit=1200)
    assert min(now - calm[name] for name, now in world.things.rounds(calm).items()) >= 2
    records = {name: rest.xcom("loud", run_id, name, "arazzo") or {} for name in BOMBS}
    states = rest.task_states("loud", run_id)
    return {name: (states[name], str(records[name].get("message"))) for name in BOMBS}


@pytest.mark.attack("the triggerer's event loop", "bombs beside other polls, on a scheduler: {name}")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_sentence(world: World, ended: dict[str, tuple[str | None, str]], name: str) -> None:
    state, message = ended[name]
    assert state == "failed"
    assert re.search(BOMBS[name][2], message), message
    assert "\n" not in message


@pytest.mark.attack("the triggerer's event loop", "bombs beside other polls, on a scheduler: memory")
def test_the_triggerer_has_not_grown_without_bound(world: World, ended: object) -> None:
    print(f"{world.memory() / MIB:.0f} MiB")  # noqa: T201 what it measured
    assert 0 < world.memory() < 700 * MIB
    assert world.window()
    assert "triggerer" not in world.airflow.restarted
