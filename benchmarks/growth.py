"""How time grows with what is beside the document: its description, an answer, the secrets known, nesting.

    python benchmarks/growth.py [--largest 1000]

CPU time of this process, the least of several rounds. In each table one thing grows by ten; the last column says what
one of them takes at the largest against the smallest: 1 is linear, less is better.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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


class Shelf(dict[str, bytes]):
    """A store of plans in memory."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def write(self, name: str, entry: bytes) -> None:
        self[name] = entry


def descriptions(size: int, folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield what a document of three steps takes with an API description of so many operations."""
    import yaml

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


GROWING = {"operations": descriptions, "items": answers, "secrets": secrets, "levels": nesting}


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
    largest = parser.parse_args().largest
    sizes = [size for size in (10, 100, 1000, 10_000) if size <= largest]
    for name in GROWING:
        chosen = [min(size, 900) for size in sizes] if name == "levels" else sizes
        with tempfile.TemporaryDirectory() as folder:
            heads = [f"{size:,} {name}, s" for size in chosen]
            table(["what", *heads, "each, to the smallest's"], rows(name, chosen, Path(folder)))


if __name__ == "__main__":
    main()
