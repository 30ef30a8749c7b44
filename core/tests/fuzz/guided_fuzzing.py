"""Feed one of the targets for a while, guided by coverage: ``guided_fuzzing.py TARGET SECONDS``; see ``make fuzz``.

Needs atheris, which has wheels for Linux on x86_64 only. What escapes is printed with its traceback, and the input is
kept as ``.fuzz/TARGET-crash-...``; ``guided_fuzzing.py TARGET FILE`` feeds that file again, without atheris too.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml
from fuzz_mutations import mutated

try:
    import atheris

    instrumented = atheris.instrument_imports(include=["arazzo"])
except ModuleNotFoundError:
    atheris, instrumented = None, contextlib.nullcontext()

# Whatever is imported later is not instrumented.
with instrumented, contextlib.redirect_stderr(io.StringIO()):
    import fuzz_targets as targets

    import arazzo

    for module in pkgutil.walk_packages(arazzo.__path__, "arazzo."):
        importlib.import_module(module.name)

ROOT = Path(__file__).parents[3]
KEPT = ROOT / ".fuzz"
DOCUMENTS = sorted([*targets.SEEDS.glob("*.arazzo.yaml"), *targets.CASES.glob("*/workflow.arazzo.yaml")])
APIS = sorted([*targets.SEEDS.glob("*.openapi.yaml"), *targets.CASES.glob("*.openapi.yaml")])
WHOLE = [(path, yaml.load(path.read_text(), yaml.CSafeLoader)) for path in (*DOCUMENTS, *APIS)]
WORDS = """
$inputs. $steps. .outputs. $response.body#/ $response.header. $statusCode {$url} $[?(@. $.. && || == != <= !
matches( count( //a[@i='1'] [position()=1] for|$x|in //text() map{'a':1}?a .length .size null true 'a' (a+)+$ \\d
arazzo:|1.0.1 workflows: -|stepId:| operationId:| onSuccess: type:|goto <<:|* !!str || $ref:|'#/a' x-airflow:
application/json text/xml;charset=utf-16 multipart/form-data;boundary=a charset= application/x-www-form-urlencoded
<!DOCTYPE|a <?xml|version="1.0"?> <![CDATA[ &#x0; 1e999 \\ud800
"""
#: What the targets of a line of text start from, besides the strings of the documents.
LINES = (
    *(
        "$response.body#/a/b/0",
        "{$inputs.a} and $steps.s.outputs.out",
        "$statusCode == 200 && $response.body.length > 0",
    ),
    *(
        "$.items[?(@.id == '$inputs.a')].length == 0",
        "$[?@.a.b[1] > 2]",
        "$..d",
        "$.items[1:3,-1]",
        "^2\\d\\d$",
        "/a/b/5",
    ),
    *("count(/r/a) = 2", "/r/a[@i='3']/text()", "$response.header.Content-Type == 'application/json'", "$.text == 'a'"),
)
RESPONSES = (
    *('application/json\n{"a": [1, 2.5e3, null, "\\u00e9"]}', "text/xml; charset=utf-8\n<r a='1'><b/>t</r>"),
    *("application/x-www-form-urlencoded\na=1&b=%C3%A9", "text/csv\na,b\n1,2", "application/x-ndjson\n{}\n{}"),
    *("multipart/form-data; boundary=b\n--b\r\n\r\nx\r\n--b--", "application/problem+json;charset=latin-1\n{}"),
)


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def response(data: bytes) -> None:
    head, _, body = data.partition(b"\n")
    targets.read_response(body, text(head) if head else None, text(head[:30]))


def document(data: bytes) -> None:
    source = targets.read_source(text(data), "fuzz.arazzo.yaml")
    if source is not None:
        targets.read_document(source)


def description(data: bytes) -> None:
    source = targets.read_source(text(data), "fuzz.openapi.yaml")
    if source is not None:
        targets.read_description(source.data)


def mutation(data: bytes) -> None:
    random = Random(data)
    path, whole = random.choice(WHOLE)
    changed = mutated(whole, random, random.randint(1, 5))
    if path in APIS:
        targets.read_description(changed)
        return
    source = targets.read_source(yaml.safe_dump(changed, allow_unicode=True), "mutated.arazzo.yaml")
    if source is not None:
        targets.read_document(source, path)


TARGETS: dict[str, Callable[[bytes], object]] = {
    "source": lambda data: targets.read_source(text(data)),
    "expression": lambda data: targets.read_expression(text(data)),
    "condition": lambda data: targets.read_condition(text(data)),
    "selector": lambda data: targets.read_selector(text(data)),
    "replacement": lambda data: targets.replace(text(data)),
    "response": response,
    "document": document,
    "description": description,
    "mutation": mutation,
}


def strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from strings(item)
        case dict():
            for item in value.values():
                yield from strings(item)


def seeds(name: str) -> list[str]:
    """Return what a target starts from."""
    match name:
        case "source" | "document" | "description":
            return [path.read_text() for path in (APIS if name == "description" else DOCUMENTS)]
        case "response":
            return list(RESPONSES)
        case "mutation":
            return [str(number) for number in range(50)]
        case _:
            return sorted({*LINES, *(line for _, whole in WHOLE for line in strings(whole) if len(line) < 200)})


def quoted(word: str) -> str:
    """Return a word as a line of libFuzzer's dictionaries."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.replace("|", " ").encode()) + '"'


def fuzz(name: str, seconds: int) -> None:
    """Run one target; libFuzzer ends the process."""
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(seeds(name)):
            (corpus / str(number)).write_text(seed)
        words = Path(folder, "words")
        words.write_text("\n".join(map(quoted, WORDS.split())))
        options = [
            f"-max_total_time={seconds}",
            f"-dict={words}",
            f"-max_len={20000 if name in ('source', 'document', 'description') else 200}",
            f"-artifact_prefix={KEPT / name}-",
            "-timeout=60",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
        atheris.Fuzz()


def main(name: str, what: str) -> None:
    """Feed a target a file, or whatever comes to mind for some seconds."""
    if not what.isdigit():
        TARGETS[name](Path(what).read_bytes())
    elif atheris is None:
        sys.exit("Fuzzing needs atheris, which has wheels for Linux on x86_64 only.")
    else:
        fuzz(name, int(what))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: guided_fuzzing.py {{{'|'.join(TARGETS)}}} SECONDS|FILE")
    main(*sys.argv[1:])
