"""Judge the same criteria alone and on a busy machine, and fail if a verdict differs: ``make test-busy``.

Of every kind, in every version, with patterns within queries, and checks of inputs. Three ways: alone; at nice 19
beside four busy processes; and in a process whose other threads are busy, as in a triggerer. Some criteria take a
third of their limit of CPU time, which varies with what shares the caches; some run into it. The limits are small,
for the machine is busy.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time

from arazzo.criteria import evaluate
from arazzo.document.models import Criterion, ExpressionType
from arazzo.document.schema_checks import schema_errors
from arazzo.errors import GaveUpError
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context

ITEMS = {"items": [{"state": "passed", "labels": {"team": "y"}, "id": number} for number in range(2_000)]}
SOME = {"items": ITEMS["items"][:500]}
XML = "<r>" + "".join(f"<a i='{number}'><b>{number}</b></a>" for number in range(200)) + "</r>"
SCHEMA = {"type": "object", "properties": {"x": {"type": "string", "pattern": "^(a|b)*$", "minLength": 1}}}
SLOW_SCHEMA = {"type": "object", "properties": {"x": {"type": "string", "pattern": "^(a|aa)+$"}}}
DRAFT = ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00")
XPATH_1, XPATH_2 = (ExpressionType(type="xpath", version=version) for version in ("xpath-10", "xpath-20"))
CRITERIA = [
    ("jsonpath", "$.items[?@.state == 'passed' && @.labels.team != 'x']", ITEMS),
    ("jsonpath", "$.items[?@.state == 'failed']", ITEMS),
    ("jsonpath", "$.items[?(@.state == 'failed')].length == 0", ITEMS),
    (DRAFT, "$.items[?(@.id > 1990)]", ITEMS),
    ("jsonpath", "$..*..*..*..nope", ITEMS),
    ("regex", "^(a|b|ab)*c$", "ab" * 12),
    ("regex", "^(a|aa)+$", "a" * 60 + "!"),
    ("xpath", "count(//a[b > 10]) > 150", XML),
    ("xpath", "count(for $i in 1 to 99999, $j in 1 to 99999 return 1) > 0", XML),
    ("jsonpath", "$.items[?match(@.state, '(p|a|s|e|d)*')]", ITEMS),
    ("jsonpath", "$[?search(@, '(a|aa)+!!')]", ["a" * 60 + "!"]),
    ("jsonpath", "$.items.length > 1999 && $.items[?(@.id > 1998)].length == 1", ITEMS),
    ("jsonpath", "!($..*..*..*..nope == 1)", SOME),
    (DRAFT, "$..*..*..*..nope", SOME),
    (XPATH_1, "count(//a[b > 10]) > 150", XML),
    (XPATH_2, "count(for $i in 1 to 99999, $j in 1 to 99999 return 1) > 0", XML),
    ("xpath", "matches(/r/a[1]/@i, '^(0|1|01)*$')", XML),
    ("xpath", f"matches('{'a' * 60}!', '^(a|aa)+$')", XML),
    ("simple", "$response.body#/items/0/state == 'passed'", ITEMS),
    ("simple", "$response.body#/items/1999/id >= 1999 && !($statusCode != 200)", ITEMS),
]


def verdicts() -> list[str]:
    """Return what each criterion comes to, and two checks of inputs."""
    found = []
    for kind, condition, content in CRITERIA:
        context = None if kind == "simple" else "$response.body"
        exchange = Exchange(Request("GET", "https://a.test"), Response(200), content=content)
        criterion = Criterion.model_construct(condition=condition, context=context, type=kind)
        try:
            found.append(evaluate(criterion, Context(exchange=exchange)).truth.value)
        except GaveUpError as error:
            found.append(str(error))
    for schema, text in ((SCHEMA, "ab" * 500), (SLOW_SCHEMA, "a" * 60 + "!")):
        try:
            found.append(str(len(schema_errors(schema, {"x": text}))))
        except GaveUpError as error:
            found.append(str(error))
    return found


def _spin() -> None:
    while True:
        hash("x" * 1000)


def _elsewhere(*before: str, threads: int = 0) -> list[str]:
    command = [*before, sys.executable, __file__, "--print", str(threads)]
    environment = {**os.environ, "ARAZZO_LIMIT_CONDITION_SECONDS": "0.4", "ARAZZO_LIMIT_PATTERN_SECONDS": "0.1"}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    found: list[str] = json.loads(output)
    return found


def main() -> None:
    """Print the verdicts of the three ways, and exit with 1 if they differ."""
    if "--print" in sys.argv:
        for _ in range(int(sys.argv[-1])):
            threading.Thread(target=_spin, daemon=True).start()
        sys.stdout.write(json.dumps(verdicts()))
        sys.stdout.flush()
        os._exit(0)  # the threads never end
    begun = time.monotonic()
    alone = _elsewhere()
    busy = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(4)]
    for process in busy:
        process.start()
    beside = _elsewhere("nice", "-n", "19")
    for process in busy:
        process.terminate()
    among = _elsewhere(threads=3)
    names = [condition for _, condition, _ in CRITERIA] + ["inputs", "inputs with a slow pattern"]
    for name, *found in zip(names, alone, beside, among, strict=True):
        sys.stdout.write(
            f"{'same' if len(set(found)) == 1 else 'DIFFERENT'}: {name}: {' | '.join(dict.fromkeys(found))}\n"
        )
    sys.stdout.write(f"{time.monotonic() - begun:.0f} s\n")
    sys.exit(0 if alone == beside == among else 1)


if __name__ == "__main__":
    main()
