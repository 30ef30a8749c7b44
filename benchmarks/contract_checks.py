"""What it costs to hold an answer against its schema, beside a run that does not.

    python benchmarks/contract_checks.py [--items 1 100 1000] [--rounds 20]

An answer is a list of objects of eight members; each is judged by one criterion and read by one output. Counted is the
CPU time of this process, the least of all rounds. ``plain`` is a schema of types, formats and bounds; ``patterns`` has
a pattern in each object, for which the library of JSON Schema is needed; ``wrong`` is the plain one, and a member of
each object is wrong.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from arazzo.document.settings import Settings
from arazzo.engine import load_plan, run_local
from arazzo.exchange import Response
from arazzo.flow import Options, Plan

MEMBERS: dict[str, Any] = {
    "id": {"type": "integer", "minimum": 1},
    "name": {"type": "string", "maxLength": 40},
    "state": {"type": "string", "enum": ["new", "paid"]},
    "at": {"type": "string", "format": "date-time"},
    "price": {"type": "number"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "owner": {"$ref": "#/components/schemas/Owner"},
    "note": {"type": "string", "nullable": True},
}
ITEM = {
    "id": 7,
    "name": "tea",
    "state": "paid",
    "at": "2026-01-15T09:30:00Z",
    "price": 1.5,
    "tags": ["a", "b"],
    "owner": {"id": 1},
    "note": None,
}
CODE = {"type": "string", "pattern": "^[a-z]+$"}
KINDS = {"plain": (MEMBERS, ITEM), "patterns": ({**MEMBERS, "name": CODE}, ITEM), "wrong": (MEMBERS, {**ITEM, "id": 0})}


def plan(folder: Path, members: dict[str, Any], level: str) -> Plan:
    """Return the plan of a workflow that gets a list, held against its schema at a level."""
    schemas = {
        "Item": {"type": "object", "required": list(members), "properties": members},
        "Owner": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
    }
    listed = {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}
    answer = {"description": "", "content": {"application/json": {"schema": listed}}}
    get = {"operationId": "list", "responses": {"200": answer}}
    api = {"openapi": "3.0.3", "info": {}, "servers": [{"url": "https://api.example"}], "paths": {"/a": {"get": get}}}
    (folder / "api.json").write_text(json.dumps({**api, "components": {"schemas": schemas}}))
    criterion = {"condition": "$statusCode == 200"}
    step = {
        "stepId": "list",
        "operationId": "list",
        "successCriteria": [criterion],
        "outputs": {"all": "$response.body"},
    }
    sources = [{"name": "api", "url": "api.json", "type": "openapi"}]
    workflows = [{"workflowId": "w", "steps": [step]}]
    info = {"title": "t", "version": "1"}
    document = {"arazzo": "1.0.1", "info": info, "sourceDescriptions": sources, "workflows": workflows}
    (folder / "w.arazzo.json").write_text(json.dumps(document))
    return load_plan(folder / "w.arazzo.json", "w", Options(settings=Settings(contract=level)))


def least(plan: Plan, answer: Response, rounds: int) -> float:
    """Return the CPU seconds of a run, the least of several."""
    spent = []
    for _ in range(rounds + 1):  # the first one imports
        began = time.process_time()
        run_local(plan, {}, send=lambda _: answer)
        spent.append(time.process_time() - began)
    return min(spent[1:])


def main() -> None:
    """Print a row for each kind of schema and size of an answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    print("| schema | items | bytes | off, ms | warn, ms | ratio |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, (members, item) in KINDS.items():
            for items in given.items:
                body = json.dumps([item] * items).encode()
                answer = Response(200, (("Content-Type", "application/json"),), body)
                off, warn = (least(plan(Path(folder), members, each), answer, given.rounds) for each in ("off", "warn"))
                print(f"| {name} | {items} | {len(body)} | {off * 1e3:.2f} | {warn * 1e3:.2f} | {warn / off:.1f} |")


if __name__ == "__main__":
    main()
