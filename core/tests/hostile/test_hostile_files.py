"""Files that are bombs: refused in bounded time and memory, with a place."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from confinement import confined
from suite import THOROUGH

pytestmark = pytest.mark.attack("documents", "bombs, endless texts, references to pipes and URLs")
VALIDATE = """
from arazzo.validation import validate
for problem in validate("w.arazzo.yaml")[:5]:
    print(problem)
"""
HEAD = (
    "arazzo: 1.0.1\ninfo: {title: t, version: 1.0.0}\nsourceDescriptions: [{name: api, url: api.yaml, type: openapi}]\n"
)
API = """\
openapi: 3.1.0
info: {title: a, version: '1'}
servers: [{url: https://api.example.test}]
paths:
  /things/{id}:
    get:
      operationId: getThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
"""
STEP = "{stepId: %s, operationId: getThing, parameters: [{name: id, in: path, value: x}]}"


def problems(folder: Path, text: str, api: str = API) -> str:
    (folder / "w.arazzo.yaml").write_text(text)
    (folder / "api.yaml").write_text(api)
    return confined(VALIDATE, folder)


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
LONG_LAUGH = f"a: &a {'x' * 1_000_000}\nb: [{','.join(['*a'] * 5000)}]\n"
#: How many times as large the largest are where there is time.
TIMES = 5 if THOROUGH else 1
KEYS = "".join(f"k{number}: v\n" for number in range(140_000 * TIMES))


BOMBS = {
    "aliases": LAUGHS,
    "a long alias": LONG_LAUGH,
    "lists": "[" * 1_000_000,
    "maps": "{a: " * 100_000,
    "dashes": "- " * 100_000,
    "json": '{"a":' * 500_000,
    "size": "x" * 40_000_000,
    "a circle": "a: &a\n  b: *a\n",
    "keys": "? [" * 100_000,
    "anchors": "&a " * 100_000,
    "twice": KEYS * 2,
    "quote": "'" + "x" * 10_000_000,
    "nothing": "\n" * 4_000_000 * TIMES,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_bombs_are_one_located_problem(text: str, tmp_path: Path) -> None:
    (line,) = problems(tmp_path, text).splitlines()
    assert line.startswith("w.arazzo.yaml:")
    assert any(f"error[{rule}]" in line for rule in ("yaml-limits", "yaml-syntax", "duplicate-key"))


def test_json_is_no_deeper_than_yaml(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text('{"a":' * 100_000 + "1" + "}" * 100_000)
    code = 'from arazzo.source.text import load_source\nprint(attempt(lambda: load_source("w.json")))'
    assert "yaml-limits" in confined(code, tmp_path)


@pytest.mark.parametrize(
    ("inputs", "rule"),
    [
        ("{$ref: '#/components/inputs/a'}", "unknown-reference"),
        ("{properties: {a: {$ref: 'https://evil.example.test/schema.json'}}}", "unknown-reference"),
        ("{properties: {a: {$ref: 'http://169.254.169.254/latest/meta-data#/a'}}}", "unknown-reference"),
        ("{properties: {a: {$ref: 'ftp://evil.example.test/a'}}}", "unknown-reference"),
        ("{properties: {a: {$ref: 'http://['}}}", "unknown-reference"),
        ("{$dynamicRef: 'https://evil.example.test/schema.json'}", "unknown-reference"),
        ("{$recursiveRef: 'https://evil.example.test/schema.json'}", "invalid-schema"),
        (
            "{$schema: 'https://json-schema.org/draft/2019-09/schema', $recursiveRef: 'https://evil.example.test/x'}",
            "invalid-schema",
        ),
        (
            "{properties: {a: {$id: 'https://evil.example.test/x', $ref: 'schema.json', default: 1}}}",
            "unknown-reference",
        ),
    ],
)
def test_references_of_inputs_neither_hang_nor_fetch(inputs: str, rule: str, tmp_path: Path) -> None:
    components = (
        "components: {inputs: {a: {allOf: [{$ref: '#/components/inputs/b'}]}, b: {$ref: '#/components/inputs/a'}}}\n"
    )
    text = f"{HEAD}{components}workflows: [{{workflowId: w, inputs: {inputs}, steps: [{STEP % 'a'}]}}]\n"
    found = problems(tmp_path, text)
    assert f"error[{rule}]" in found
    code = """
from arazzo.engine import check_inputs, load_plan
print(attempt(lambda: check_inputs(load_plan("w.arazzo.yaml"), {"a": {"a": 1}})))
"""
    confined(code, tmp_path)


SELF = "{properties: {b: {$ref: '#/components/inputs/c'}}}"
SCHEMAS = {
    "of another draft": "{$schema: 'http://json-schema.org/draft-07/schema#', pattern: '^(a|a)*$'}",
    "of an unknown draft": "{$schema: 'https://evil.example.test/meta', type: string, default: x}",
    "with an address": "{$id: 'https://evil.example.test/x', items: {$ref: '#/components/inputs/c'}, default: []}",
    "data": "{enum: [{$ref: 'https://evil.example.test/x'}], default: {$ref: 'https://evil.example.test/x'}}",
    "names": "{properties: {$ref: {type: string}, $dynamicRef: {type: string}}, default: {}}",
    "a pattern": "{type: string, pattern: '^(a|a)*$'}",
    "names by a pattern": "{patternProperties: {'^(a|a)*$': {$id: 'https://evil.example.test/x'}}}",
    "many ways": "{$ref: '#/components/inputs/d'}",
}


def document_of(schema: str) -> str:
    """Return a document whose input ``a`` has that schema."""
    ways = "{properties: {k: {anyOf: [%s, %s]}}, maxProperties: 1}".replace("%s", "{$ref: '#/components/inputs/d'}")
    components = f"components: {{inputs: {{c: {SELF}, d: {ways}}}}}\n"
    inputs = f"{{type: object, properties: {{a: {schema}}}}}"
    return f"{HEAD}{components}workflows: [{{workflowId: w, inputs: {inputs}, steps: [{STEP % 'a'}]}}]\n"


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_schemas_of_inputs_are_checked_here_and_in_bounded_time(schema: str, tmp_path: Path) -> None:
    assert "error" not in problems(tmp_path, document_of(schema))
    code = """
from arazzo.engine import check_inputs, load_plan
plan = load_plan("w.arazzo.yaml")
deep = {"x": 1, "y": 2}
for _ in range(40):
    deep = {"k": deep}
for value in ("a" * 60 + "!", {"a" * 60 + "!": 1}, {"b": {"b": {}}}, {"$ref": 1}, deep):
    print(attempt(lambda: check_inputs(plan, {"a": value})))
"""
    assert "Unresolvable" not in confined(code, tmp_path)


@pytest.mark.skipif(find_spec("airflow") is None, reason="Airflow is not installed")
def test_airflow_which_knows_no_bounds_checks_them_in_bounded_time(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(API)
    for number, schema in enumerate(SCHEMAS.values()):
        (tmp_path / f"w{number}.arazzo.yaml").write_text(document_of(schema))
    code = f"""
from arazzo.engine import load_plan
from airflow_arazzo.factory.params import workflow_params
for number in range({len(SCHEMAS)}):
    param = workflow_params(load_plan(f"w{{number}}.arazzo.yaml"))["a"]
    for value in ("a" * 60 + "!", {{"a" * 60 + "!": 1}}, {{"b": {{"b": {{}}}}}}, {{"$ref": 1}}):
        try:
            param.resolve(value)
        except Exception as error:
            print(type(error).__name__)
"""
    assert "Unresolvable" not in confined(code, tmp_path)


def test_references_of_api_descriptions_neither_hang_nor_fetch(tmp_path: Path) -> None:
    circle = (
        "components: {parameters: {a: {$ref: '#/components/parameters/b'}, b: {$ref: '#/components/parameters/a'}}}\n"
    )
    remote = "{$ref: 'https://evil.example.test/p.json'}, {$ref: '#/components/parameters/a'}, {$ref: 'http://['}"
    api = API.replace("parameters: [", f"parameters: [{remote}, ") + circle
    found = problems(tmp_path, f"{HEAD}workflows: [{{workflowId: w, steps: [{STEP % 'a'}]}}]\n", api)
    assert found.count("warning[unresolved-reference]") == 3


@pytest.mark.parametrize(
    "url", ["https://evil.example.test/api.yaml", "http://[", "file:///dev/zero", "/dev/zero", ".", "pipe"]
)
def test_sources_are_files_here_or_problems(url: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = HEAD.replace("api.yaml", json.dumps(url)) + f"workflows: [{{workflowId: w, steps: [{STEP % 'a'}]}}]\n"
    assert "error[" in problems(tmp_path, text)


def test_references_to_pipes_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    inputs = "{properties: {a: {$ref: 'pipe#/a'}}}"
    text = f"{HEAD}workflows: [{{workflowId: w, inputs: {inputs}, steps: [{STEP % 'a'}]}}]\n"
    assert "a device or a pipe, not a file" in problems(tmp_path, text)
    api = API.replace("parameters: [", "parameters: [{$ref: 'pipe#/a'}, ")
    text = f"{HEAD}workflows: [{{workflowId: w, steps: [{STEP % 'a'}]}}]\n"
    assert "warning[unresolved-reference]" in problems(tmp_path, text, api)


def test_json_with_white_space_behind_it(tmp_path: Path) -> None:
    assert "error[missing-field]" in problems(tmp_path, '{"arazzo":"1.0.1","info":{}}' + " " * 2_000_000)


@pytest.mark.parametrize("quote", ["'", '"', "|"])
def test_ten_thousand_problems_in_one_text(quote: str, tmp_path: Path) -> None:
    payload = " ".join(["{$steps.b.outputs.c}"] * 10_000)
    written = f"|\n            {payload}\n" if quote == "|" else f"{quote}{payload}{quote}\n"
    steps = f"""
    - stepId: a
      operationId: getThing
      parameters: [{{name: id, in: path, value: x}}]
      requestBody:
        payload: {written}"""
    (tmp_path / "w.arazzo.yaml").write_text(f"{HEAD}workflows:\n  - workflowId: w\n    steps:{steps}")
    (tmp_path / "api.yaml").write_text(API)
    code = """
from arazzo.validation import validate
found = [problem for problem in validate("w.arazzo.yaml") if problem.rule == "unknown-step"]
print(len(found), found[-1].place.column - found[0].place.column)
"""
    assert confined(code, tmp_path).split() == ["10000", str(9_999 * 21)]


def test_a_text_of_nothing_but_beginnings_of_expressions(tmp_path: Path) -> None:
    step = STEP % "a" + ", requestBody: {payload: '%s'}}" % ("$response.body#/" * 100_000)
    text = f"{HEAD}workflows: [{{workflowId: w, steps: [{step.replace('}, request', ', request')}]}}]\n"
    assert "at most 4096 characters long (expression_characters)" in problems(tmp_path, text)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("{stepId: s%05d, operationId: getTing%05d}", "unknown-operation"),
        ("{stepId: s%05d, operationPath: '{$sourceDescriptions.api.url}#/paths/~1t%05d/get'}", "unknown-operation"),
        (
            "{stepId: s%05d, operationId: getThing, parameters: [{name: id, in: path, value: $steps.t%05d.outputs.o}]}",
            "unknown-step",
        ),
    ],
)
def test_a_thousand_wrong_names_among_a_thousand_right_ones(wrong: str, rule: str, tmp_path: Path) -> None:
    paths = "".join(f"  /t{n:05}/x: {{get: {{operationId: getThing{n:05}, responses: {{}}}}}}\n" for n in range(1500))
    steps = ",\n".join(wrong % (n, n) for n in range(1500))
    code = f"""
from arazzo.validation import validate
found = [problem for problem in validate("w.arazzo.yaml") if problem.rule == {rule!r}]
print(len(found), *(found[index].hint for index in (0, -1)))
"""
    (tmp_path / "api.yaml").write_text(API + paths)
    (tmp_path / "w.arazzo.yaml").write_text(f"{HEAD}workflows: [{{workflowId: w, steps: [{steps}]}}]\n")
    number, first = confined(code, tmp_path).split(" ", 1)
    assert number == "1500"
    assert first.startswith(("did you mean", "the description has"))
    assert first.strip().endswith("None")  # there are no hints for all of them


def test_schemas_whose_patterns_explode_are_given_up(tmp_path: Path) -> None:
    schema = "{type: object, properties: {a: {type: string, pattern: '^(a|a)*$'}}, additionalProperties: false, "
    schema += "patternProperties: {'^(b|b)*$': {type: string}}}"
    problems(tmp_path, f"{HEAD}workflows: [{{workflowId: w, inputs: {schema}, steps: [{STEP % 'a'}]}}]\n")
    code = """
from arazzo.engine import check_inputs, load_plan
plan = load_plan("w.arazzo.yaml")
print(attempt(lambda: check_inputs(plan, {"a": "a" * 60 + "!"})))
print(attempt(lambda: check_inputs(plan, {"b" * 60 + "!": "x"})))
print(attempt(lambda: check_inputs(plan, {"a": "aaa", "bbb": "x"})))
"""
    first, second, third = confined(code, tmp_path).splitlines()
    assert first.startswith("InputError: inputs cannot be checked: gave up: a pattern")
    assert second.startswith("InputError: inputs cannot be checked: gave up: a pattern")
    assert third == "{'a': 'aaa', 'bbb': 'x'}"


def test_workflows_that_call_each_other_without_end_are_refused(tmp_path: Path) -> None:
    pair = "[{stepId: a, workflowId: w%d}, {stepId: b, workflowId: w%d}]"
    doubling = "".join(f"- {{workflowId: w{n}, steps: {pair % (n + 1, n + 1)}}}\n" for n in range(60))
    found = problems(tmp_path, f"{HEAD}workflows:\n{doubling}- {{workflowId: w60, steps: [{STEP % 'a'}]}}\n")
    assert "error[too-many-calls]" in found
    circle = "".join(f"- {{workflowId: w{n}, steps: {pair % ((n + 1) % 500, (n + 2) % 500)}}}\n" for n in range(500))
    assert "error[recursive-workflow]" in problems(tmp_path, f"{HEAD}workflows:\n{circle}")


def test_a_thousand_workflows(tmp_path: Path) -> None:
    workflows = "".join(f"- {{workflowId: w{n}, steps: [{STEP % 'a'}, {STEP % 'b'}]}}\n" for n in range(1000))
    assert problems(tmp_path, f"{HEAD}workflows:\n{workflows}") == ""


def test_many_templates_conditions_and_actions(tmp_path: Path) -> None:
    payload = "{$inputs.a}" * 4_000 * TIMES
    conditions = ",".join(f"{{condition: $statusCode != {n}}}" for n in range(200 * TIMES))
    actions = ",".join(
        f"{{name: n{n}, type: end, criteria: [{{condition: $statusCode == {n}}}]}}" for n in range(100 * TIMES)
    )
    step = "{stepId: a, operationId: getThing, parameters: [{name: id, in: path, value: x}], "
    step += "requestBody: {payload: '%s'}, successCriteria: [%s], onSuccess: [%s]}"
    inputs = "{type: object, properties: {a: {type: string}}}"
    text = f"{HEAD}workflows: [{{workflowId: w, inputs: {inputs}, steps: [{step % (payload, conditions, actions)}]}}]\n"
    assert "error" not in problems(tmp_path, text)
