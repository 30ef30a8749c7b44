"""How time grows with a document: load, validate, compile, run; criteria per second; a folder of DAGs.

    python benchmarks/scale.py [--steps 10 100 1000 10000] [--documents 1 10 100]

CPU time of this process, the least of several rounds for what is quick. The last column is what to look at: the time
per step against that of the smallest document of the same run. What grows faster than the document shows there.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from generating import write

from arazzo import criteria
from arazzo.document.loading import load_document
from arazzo.document.models import Criterion
from arazzo.engine import run_local
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.flow import Plan, compile_document
from arazzo.openapi.sources import Sources
from arazzo.validation import validate

#: What is quicker than this is repeated, and the least time counts.
QUICK = 0.2
REPEATED = 5
ITEMS = [{"id": number, "name": f"item {number}", "status": "ok", "tags": ["a", "b"]} for number in range(20)]
CONTENT = {"status": "done", "count": 20, "items": ITEMS, "nested": {"list": ITEMS}}
XML = "<items>" + "".join(f'<item id="{item["id"]}">{item["name"]}</item>' for item in ITEMS) + "</items>"
BODY = "$response.body"
CONDITIONS = {
    "simple": (None, None, "$statusCode == 200 && $response.body#/status == 'done'"),
    "regex": ("regex", "$response.body#/status", "^(done|failed)$"),
    "jsonpath": ("jsonpath", BODY, "$.items[?@.id > 10 && @.status == 'ok']"),
    "jsonpath, boolean dialect": ("jsonpath", BODY, "$.status == 'done' || $.items.length == 0"),
    "xpath": ("xpath", BODY, "count(/items/item[@id > 10]) = 9"),
}


def least(action: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU time of an action and what it returned."""
    best, result = float("inf"), None
    for _ in range(REPEATED):
        gc.collect()
        begun = time.process_time()
        result = action()
        best = min(best, time.process_time() - begun)
        if best > QUICK:
            break
    return best, result


def table(columns: list[str], rows: Iterator[list[Any]]) -> None:
    """Print a table of Markdown, row by row."""
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(f'{cell:.4g}' if isinstance(cell, float) else str(cell) for cell in row)} |", flush=True)


def answer(_: Request) -> Response:
    return Response(200, (("Content-Type", "application/json"),), b'{"id": "a", "status": "done"}')


def phases(path: Path) -> Iterator[tuple[str, float]]:
    """Yield what a document goes through, and how long that takes."""
    seconds, loaded = least(lambda: load_document(path))
    yield "load", seconds
    seconds, _ = least(lambda: validate(load := load_document(path), sources=Sources(load)))
    yield "load and validate", seconds
    seconds, plan = least(lambda: compile_document(loaded, sources=Sources(loaded)))
    yield "compile", seconds
    seconds, text = least(plan.model_dump_json)
    yield "plan to JSON", seconds
    seconds, _ = least(lambda: Plan.model_validate_json(text))
    yield "plan from JSON", seconds
    seconds, run = least(lambda: run_local(plan, {"id": "a"}, send=answer))
    assert run.status == "success", run.message
    yield "run, answers at once", seconds


def documents(folder: Path, sizes: list[int]) -> Iterator[list[Any]]:
    """Yield a row per phase: seconds for each size, and time per step of the largest against the smallest."""
    measured = [dict(phases(write(folder, size))) for size in sizes]
    for phase in measured[0]:
        seconds = [times[phase] for times in measured]
        per_step = [each / size for each, size in zip(seconds, sizes, strict=True)]
        yield [phase, *seconds, f"{per_step[-1] * 1e6:.0f}", f"{per_step[-1] / per_step[0]:.2f}"]


def verdicts() -> Iterator[list[Any]]:
    """Yield a row per type of criterion; the ratio is to a simple one."""
    request = Request("GET", "https://api.invalid/items")
    first = 0.0
    for name, (kind, place, condition) in CONDITIONS.items():
        criterion = Criterion(context=place, condition=condition, type=kind)
        content = XML if kind == "xpath" else CONTENT
        response = Response(200, body=(XML if kind == "xpath" else json.dumps(CONTENT)).encode())
        context = Context(exchange=Exchange(request, response, content=content))
        assert criteria.evaluate(criterion, context, "lenient").passed, condition

        def many(criterion: Criterion = criterion, context: Context = context) -> None:
            for _ in range(100):
                criteria.evaluate(criterion, context, "lenient")

        seconds = least(many)[0] / 100
        first = first or seconds
        shown = condition.replace("|", "\\|")
        yield [name, f"`{shown}`", f"{1 / seconds:,.0f}", f"{seconds / first:.1f}"]


def folders(parent: Path, counts: list[int]) -> Iterator[list[Any]]:
    """Yield a row per number of documents: DAGs of ten steps each, beside as many of HttpOperators, by hand."""
    os.environ.setdefault("AIRFLOW_HOME", str(parent / "airflow"))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    begun = time.process_time()
    from airflow.providers.http.operators.http import HttpOperator
    from airflow.sdk import DAG

    imported = time.process_time() - begun
    begun = time.process_time()
    from airflow_arazzo import load_dags
    from airflow_arazzo.operators.arazzo import ArazzoStepOperator  # noqa: F401 - what the first DAG would import

    added = time.process_time() - begun
    yield ["(import)", "", imported, "", "", added, f"{added / imported:.2f}", "", ""]
    factory = dag_factory(parent)

    def by_hand(count: int) -> None:
        for number in range(count):
            with DAG(f"plain-{number}"):
                before = HttpOperator(task_id="s0", endpoint="things", method="GET")
                for index in range(1, 13):
                    before = before >> HttpOperator(task_id=f"s{index}", endpoint="things", method="GET")

    def cached(folder: Path, cache: str) -> Mapping[str, DAG]:
        os.environ["AIRFLOW__ARAZZO__PLAN_CACHE"] = cache
        dags = load_dags(folder)
        assert len(dags) == len(list(folder.glob("*.arazzo.yaml")))
        return dags

    for count in counts:
        folder = parent / f"dags-{count}"
        folder.mkdir()
        for number in range(count):
            write(folder, 10, f"chain{number}")
        actions = {
            "by hand": lambda count=count: by_hand(count),
            **({"dag-factory": lambda count=count: factory(count)} if factory else {}),
            "first sight": lambda folder=folder: cached(folder, ""),
            "seen before": lambda folder=folder: cached(folder, str(parent / "plans")),
        }
        times = in_turns(actions)
        tasks = sum(len(dag.tasks) for dag in actions["seen before"]().values())
        compared = [times.get(name) for name in ("dag-factory", "first sight", "seen before")]
        ratios = [["", ""] if each is None else [each, f"{each / times['by hand']:.2f}"] for each in compared]
        yield [count, tasks, times["by hand"], *(cell for cells in ratios for cell in cells)]


def in_turns(actions: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the least CPU time of each of several actions, which take turns; the first turn does not count."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(REPEATED + 1):
        for name, action in actions.items():
            gc.collect()
            begun = time.process_time()
            action()
            times[name].append(time.process_time() - begun)
    return {name: min(taken[1:]) for name, taken in times.items()}


def dag_factory(parent: Path) -> Callable[[int], Any] | None:
    """Return what makes DAGs of thirteen HttpOperators by dag-factory; None if that is not installed."""
    if find_spec("dagfactory") is None:
        return None
    import logging

    import yaml
    from dagfactory import load_yaml_dags

    logging.disable(logging.INFO)  # it logs two lines for each file

    def make(count: int) -> Any:
        folder = parent / f"dag-factory-{count}"
        if not folder.exists():
            folder.mkdir()
            for number in range(count):
                tasks = [
                    {
                        "task_id": f"s{index}",
                        "operator": "airflow.providers.http.operators.http.HttpOperator",
                        "endpoint": "things",
                        "method": "GET",
                        "dependencies": [f"s{index - 1}"] if index else [],
                    }
                    for index in range(13)
                ]
                dag = {"default_args": {"start_date": "2024-01-01"}, "schedule": None, "tasks": tasks}
                (folder / f"dag{number}.yaml").write_text(yaml.safe_dump({f"dag{number}": dag}))
        made: dict[str, Any] = {}
        load_yaml_dags(globals_dict=made, dags_folder=str(folder))
        assert sum(name.startswith("dag") for name in made) == count, made
        return made

    return make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="*", default=[10, 100, 1000, 10_000])
    parser.add_argument("--documents", type=int, nargs="*", default=[1, 10, 100])
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()}")
    if find_spec("dagfactory") is None:
        print("dag-factory is not installed, so it is not compared (pip install dag-factory)")
    with tempfile.TemporaryDirectory() as folder:
        sizes = [f"{size:,} steps, s" for size in chosen.steps]
        table(["phase", *sizes, "per step, µs", "to the smallest's"], documents(Path(folder), chosen.steps))
        table(["criterion", "condition", "per second", "to simple"], verdicts())
        if chosen.documents:
            table(
                [
                    *("documents", "tasks", "by hand, s", "dag-factory, s", "ratio"),
                    *("first sight, s", "ratio", "seen before, s", "ratio"),
                ],
                folders(Path(folder), chosen.documents),
            )


if __name__ == "__main__":
    sys.exit(main())
