"""How time grows with what is beside the document: description, answer, secrets known, nesting, mapped items.

    python benchmarks/growth.py [--largest 1000] [--answers 1 8 64]

CPU time of this process, the least of several rounds. In each table one thing grows by ten; the last column says what
one of them takes at the largest against the smallest: 1 is linear, less is better. The last table has answers of so
many megabytes, each read in a process of its own, with the memory that this takes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from generating import document, write
from scale import least, table

from arazzo.engine.plan_cache import PlanCache
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate
from arazzo.expressions.parser import parse_expression
from arazzo.flow import Options
from arazzo.openapi.responses import with_content
from arazzo.secrecy.concealing import conceal

JSON = (("Content-Type", "application/json"),)
REQUEST = Request("GET", "https://api.invalid/items")


class Unshared(yaml.CSafeDumper):
    """Writes what occurs twice twice, and not as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Shelf(dict[str, bytes]):
    """A store of plans in memory."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def write(self, name: str, entry: bytes) -> None:
        self[name] = entry


def descriptions(size: int, folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what a document of three steps takes with an API description of so many operations."""
    path = write(folder, 3)
    api = json.loads((folder / "things.openapi.json").read_text())
    operation = api["paths"]["/things/{id}"]["get"]
    for number in range(size):
        api["paths"][f"/more/{number}/{{id}}"] = {"get": {**operation, "operationId": f"more{number}"}}
    (folder / "things.yaml").write_text(yaml.dump(api, Dumper=yaml.CSafeDumper))
    named = document(3)
    named["sourceDescriptions"][0]["url"] = "things.yaml"
    path.write_text(yaml.dump(named, Dumper=yaml.CSafeDumper))
    shelf = Shelf()
    yield "first sight", lambda: PlanCache().load(path, None, Options())
    PlanCache(shelf).load(path, None, Options())
    yield "seen before", lambda: PlanCache(shelf).load(path, None, Options())


def kilobytes(size: int, folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what a document of three steps takes with an API description of so many kilobytes."""
    path = write(folder, 3)
    api = json.loads((folder / "things.openapi.json").read_text())
    operation = api["paths"]["/things/{id}"]["get"]
    members = {f"member{each}": {"type": "string", "description": "what it is for " * 3} for each in range(16)}
    schema = {"application/json": {"schema": {"type": "object", "properties": members}}}
    filled = {**operation, "responses": {"200": {"description": "ok", "content": schema}}}
    forms = {"YAML": partial(yaml.dump, Dumper=Unshared), "JSON": partial(json.dumps, indent=2)}
    for form, dump in forms.items():
        numbers = range(max(1, size * 1000 // len(dump({"/more/1/{id}": {"get": filled}}))))
        more = {f"/more/{number}/{{id}}": {"get": {**filled, "operationId": f"more{number}"}} for number in numbers}
        (folder / f"things.{form}").write_text(dump({**api, "paths": {**api["paths"], **more}}))
        named = document(3)
        named["sourceDescriptions"][0]["url"] = f"things.{form}"
        own = folder / f"{path.name}.{form}.arazzo.yaml"
        own.write_text(yaml.dump(named, Dumper=yaml.CSafeDumper))
        yield f"first sight, {form}", lambda own=own: PlanCache().load(own, None, Options())
        shelf = Shelf()
        PlanCache(shelf).load(own, None, Options())
        yield f"seen before, {form}", lambda own=own, shelf=shelf: PlanCache(shelf).load(own, None, Options())


def mapped(size: int, folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what a DAG takes in which a workflow runs for each of so many items."""
    os.environ.setdefault("AIRFLOW_HOME", str(folder / "airflow"))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    from airflow.sdk import DAG
    from airflow.serialization import serialized_objects

    from airflow_arazzo.operators.workflow import ArazzoWorkflowOperator

    serialization: Any = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)
    path = write(folder, 3)
    items = [{"id": f"item{number}"} for number in range(size)]

    def dag() -> DAG:
        with DAG("mapped") as made:
            ArazzoWorkflowOperator.partial(task_id="each", document=str(path)).expand(inputs=items)
        return made

    yield "the DAG file", dag
    yield "stored in the database", lambda: serialization.to_dict(dag())


def answers(size: int, _: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what looking into an answer of so many items takes."""
    body = json.dumps({"items": [{"id": number, "name": "x" * 60} for number in range(size)], "last": 1}).encode()
    exchange = Exchange(REQUEST, Response(200, JSON, body))
    expression = parse_expression("$response.body#/last")
    yield "one member of the answer", lambda: evaluate(expression, Context(exchange=with_content(exchange, None)))


def secrets(size: int, _: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what hiding so many secrets in a text takes."""
    known = [f"secret-{number:06}" for number in range(size)]
    yield "a text of 100 words", lambda: conceal("of these words one is secret-000001 " * 14, known)


def nesting(size: int, _: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what reading an answer of so many levels takes."""
    depth = min(size, 900)
    exchange = Exchange(REQUEST, Response(200, JSON, b'{"a":' * depth + b"1" + b"}" * depth))
    expression = parse_expression("$response.body#" + "/a" * depth)
    yield "its innermost value", lambda: evaluate(expression, Context(exchange=with_content(exchange, None)))


GROWING = {
    "operations": descriptions,
    "kB of description": kilobytes,
    "items": answers,
    "secrets": secrets,
    "levels": nesting,
    "mapped items": mapped,
}


def memory(megabytes: int) -> list[Any]:
    """Return what reading an answer of so many megabytes takes, for one output: seconds, and megabytes at its peak."""
    item = {"id": 1, "name": "x" * 60, "status": "done", "size": 12.5, "tags": ["a", "b"], "owner": {"id": 7}}
    text = json.dumps(item)
    body = f'{{"items": [{", ".join([text] * (megabytes * 2**20 // (len(text) + 2)))}], "last": 1}}'.encode()
    exchange = Exchange(REQUEST, Response(200, JSON, body))
    expression = parse_expression("$response.body#/last")
    before, held = time.process_time(), peak()
    assert evaluate(expression, Context(exchange=with_content(exchange, None))) == 1
    more = peak() - held
    return [megabytes, time.process_time() - before, f"{more:.0f}", f"{more / megabytes:.1f}"]


def peak() -> float:
    """Return the most memory that this process has had, in megabytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def rows(name: str, sizes: list[int], folder: Path) -> Iterator[list[Any]]:
    """Yield a row for each thing that is measured."""
    measured: dict[str, list[float]] = {}
    for size in sizes:
        for label, action in GROWING[name](size, folder):
            measured.setdefault(label, []).append(least(action)[0])
    for label, seconds in measured.items():
        growth = seconds[-1] / sizes[-1] / (seconds[0] / sizes[0])
        yield [label, *seconds, f"{growth:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=1000)
    parser.add_argument("--answers", type=int, nargs="*", default=[1, 8, 64])
    given = parser.parse_args()
    sizes = [size for size in (10, 100, 1000, 10_000) if size <= given.largest]
    for name in GROWING:
        chosen = [min(size, 900) for size in sizes] if name == "levels" else sizes
        with tempfile.TemporaryDirectory() as folder:
            heads = [f"{size:,} {name}, s" for size in chosen]
            table(["what", *heads, "each, to the smallest's"], rows(name, chosen, Path(folder)))
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        columns = ["answer, MB", "read, s", "memory beside it, MB", "to its size"]
        table(columns, pool.imap(memory, given.answers, chunksize=1))


if __name__ == "__main__":
    main()
