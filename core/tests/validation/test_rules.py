"""Every rule has a section in docs/rules.md, and the example there triggers it."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from arazzo.engine.document_problems import find_all_problems, find_problems
from arazzo.errors import Problem, Severity
from arazzo.flow import Options
from arazzo.validation import RULES
from arazzo.validation.rules import PORTABILITY

DOCS = Path(__file__).parents[3] / "docs" / "rules.md"
SECTION = re.compile(
    r"^### (?P<rule>[a-z-]+)\n\n\*(?P<kind>[a-z, ]+)\* · .+?\n```(?P<form>\w+)\n(?P<example>.*?)\n```\n\nFix: ",
    re.MULTILINE | re.DOTALL,
)

API = """\
openapi: 3.1.0
info: {title: Things, version: 1.0.0}
servers: [{url: https://api.example.com}]
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
paths:
  /things:
    get:
      operationId: listThings
      parameters:
      - {name: limit, in: query, schema: {type: integer}}
      - {name: X-Trace, in: header, schema: {type: string}}
      responses: {'200': {description: ok}}
    post:
      operationId: createThing
      security: [{bearer: []}]
      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
      responses: {'201': {description: ok}}
    patch:
      operationId: changeThing
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: ok}}
  /things/{id}:
    get:
      operationId: getThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
  /unchecked:
    get: {operationId: uncheckedThing, responses: {}}
  /broken:
    get:
      operationId: broken
      parameters: [{$ref: '#/components/parameters/nothing'}]
      responses: {'200': {description: ok}}
"""
STEP: dict[str, Any] = {"stepId": "a", "operationId": "listThings"}
NEXT: dict[str, Any] = {"stepId": "b", "operationId": "listThings", "outputs": {"count": "$response.body#/count"}}
WORKFLOW: dict[str, Any] = {
    "workflowId": "w",
    "inputs": {"type": "object", "required": ["limit"], "properties": {"limit": {"type": "integer"}}},
    "steps": [STEP, NEXT],
}
DOCUMENT: dict[str, Any] = {
    "arazzo": "1.1.0",
    "info": {"title": "T", "version": "1.0.0"},
    "sourceDescriptions": [{"name": "api", "url": "api.yaml", "type": "openapi"}],
    "workflows": [WORKFLOW],
    "components": {"failureActions": {"again": {"name": "again", "type": "retry"}}},
}


def sections() -> dict[str, re.Match[str]]:
    return {match["rule"]: match for match in SECTION.finditer(DOCS.read_text())}


def whole(example: str) -> str:
    """Put a piece of a step, of a workflow or of a document where it belongs."""
    piece = yaml.load(example, Loader=yaml.BaseLoader)
    lines = example.splitlines()
    if piece.keys() & DOCUMENT.keys() or "$self" in piece:
        rest = {key: value for key, value in DOCUMENT.items() if key not in piece}
        return example + "\n" + yaml.safe_dump(rest, sort_keys=False)
    if piece.keys() & {"steps", "inputs"}:
        rest = {key: value for key, value in WORKFLOW.items() if key not in piece}
        head, inner = {**DOCUMENT, "workflows": []}, [example, yaml.safe_dump(rest, sort_keys=False)]
        del head["workflows"]
        body = "\n".join(inner).splitlines()
        return yaml.safe_dump(head) + "workflows:\n-\n" + "".join(f"  {line}\n" for line in body)
    calls = {"operationId", "channelPath", "workflowId"} & piece.keys()
    own = {key: value for key, value in STEP.items() if key not in piece and not (calls and key == "operationId")}
    head = {key: value for key, value in DOCUMENT.items() if key != "workflows"}
    rest = yaml.safe_dump({"workflowId": "w", "inputs": WORKFLOW["inputs"]}, sort_keys=False).splitlines()
    step = [*yaml.safe_dump(own).splitlines(), *lines]
    text = yaml.safe_dump(head) + "workflows:\n-\n" + "".join(f"  {line}\n" for line in rest) + "  steps:\n  -\n"
    text += "".join(f"    {line}\n" for line in step)
    return text + "  - " + json.dumps(NEXT) + "\n"


def problems_of(example: str, form: str, folder: Path, dialect: str = "lenient") -> tuple[Problem, ...]:
    (folder / "api.yaml").write_text(API)
    (folder / "notes.yaml").write_text("notes: none\n")
    path = folder / ("doc.json" if form == "json" else "doc.yaml")
    if form == "console":
        return find_problems(folder / "no-such-file.arazzo.yaml", Options(dialect=dialect))
    path.write_text(example if form == "json" or example.startswith("# whole file") else whole(example))
    found = find_problems(path, Options(dialect=dialect))
    if not example.startswith("# whole file, and another one"):
        return found
    twin = folder / "twin.yaml"
    twin.write_text(example)
    return (*found, *find_all_problems([path, twin], Options(dialect=dialect))[twin])


def test_every_rule_has_a_section_and_every_section_a_rule() -> None:
    assert list(sections()) == list(RULES)
    assert len(re.findall(r"^### ", DOCS.read_text(), re.MULTILINE)) == len(RULES)


def test_sections_say_how_much_a_rule_weighs() -> None:
    for rule, section in sections().items():
        assert section["kind"] == RULES[rule].severity.value + (", lenient" if RULES[rule].lenient else "")


@pytest.mark.parametrize("rule", RULES)
def test_the_example_triggers_its_rule(rule: str, tmp_path: Path) -> None:
    section = sections()[rule]
    found = [p for p in problems_of(section["example"], section["form"], tmp_path) if p.rule == rule]
    assert found
    assert {problem.severity for problem in found} == {RULES[rule].severity}
    assert rule == "unreadable-file" or all(problem.place.line for problem in found)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.values() if rule.lenient])
def test_strict_makes_errors_of_lenient_readings(rule: str, tmp_path: Path) -> None:
    section = sections()[rule]
    found = [p for p in problems_of(section["example"], section["form"], tmp_path, "strict") if p.rule == rule]
    assert {problem.severity for problem in found} == {Severity.ERROR}


def test_the_document_that_the_examples_are_put_into_is_without_problems(tmp_path: Path) -> None:
    assert problems_of("parameters:\n- {name: limit, in: query, value: $inputs.limit}", "yaml", tmp_path) == ()


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        ("requestBody: {payload: {a: {b: [{$inputs.limit}]}}}", True),
        ("parameters: [{name: limit, in: query, value: {$inputs.limit}}]", True),
        ("requestBody: {payload: {$steps.b.outputs.count, $inputs.limit}}", True),
        ("outputs: {x: {$response.body#/a}}", True),
        ("requestBody: {payload: {a: null, $ref: null, $type: null}}", False),
        ("requestBody: {payload: {$inputs.limit: 3}}", False),
    ],
)
@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_maps_that_were_expressions_are_errors(piece: str, found: bool, dialect: str, tmp_path: Path) -> None:
    problems = problems_of(piece, "yaml", tmp_path, dialect)
    rules = ("unquoted-expression", "constant-output" if dialect == "strict" else "")
    assert any(p.rule in rules and p.is_error for p in problems) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *((text, True) for text in ("$faker.number.int", "$file(a.png)", "$env.TOKEN", "Bearer {$env.TOKEN}")),
        *((text, True) for text in ("$datetime", "{$datetime.iso8601}", "{{$guid}}", "$randomInt", "$secrets.x")),
        *((text, False) for text in ("$pageSize", "$type", "costs $5", "$.items", "$1.50", "US$foo.bar", "${x}")),
        *((text, False) for text in ("$inputs.limit", "{$inputs.limit}", "query($id: ID!) { a }", "$ne")),
    ],
)
def test_what_other_tools_fill_in_is_sent_as_text_with_a_warning(text: str, found: bool, tmp_path: Path) -> None:
    piece = yaml.safe_dump({"parameters": [{"name": "limit", "in": "query", "value": text}]})
    problems = problems_of(piece, "yaml", tmp_path)
    assert [p.rule for p in problems] == ["foreign-expression"] * found


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("hello", ["constant-output"]),
        ("steps.a.outputs.b", ["constant-output"]),
        ("{{ steps.a.b }}", ["constant-output"]),
        ("$.steps.a.outputs.b", ["misspelled-expression"]),
        ("${steps.a.outputs.b}", ["misspelled-expression"]),
        ("$env.TOKEN", ["foreign-expression"]),
        ("$statusCode", []),
        ("status {$statusCode}", []),
        ("Status: $statusCode", []),
    ],
)
def test_an_output_without_an_expression_is_a_constant(text: str, rules: list[str], tmp_path: Path) -> None:
    problems = problems_of(yaml.safe_dump({"outputs": {"x": text}}), "yaml", tmp_path)
    assert [p.rule for p in problems if p.rule not in PORTABILITY] == rules


@pytest.mark.parametrize(
    ("parameters", "expression", "hint"),
    [
        ([{"name": "limit", "in": "query", "value": 1}], "$request.path.limit", "it is a query parameter"),
        ([{"name": "limit", "in": "query", "value": 1}], "$request.query.limi", "did you mean 'limit'?"),
        ([], "$request.query.limit", ""),
        ([{"name": "limit", "in": "query", "value": 1}], "$request.query.limit", None),
        ([{"name": "limit", "in": "querystring", "value": "limit=1"}], "$request.query.limit", None),
        ([], "$request.header.limit", None),
    ],
)
def test_a_value_of_the_request_that_no_parameter_gives_is_warned_of(
    parameters: list[Any], expression: str, hint: str | None, tmp_path: Path
) -> None:
    piece = yaml.safe_dump({"parameters": parameters, "outputs": {"x": expression}})
    found = [p for p in problems_of(piece, "yaml", tmp_path) if "always absent" in p.message]
    assert [(p.rule, p.hint or "") for p in found] == ([] if hint is None else [("undeclared-parameter", hint)])


@pytest.mark.parametrize(
    ("target", "more", "readable"),
    [
        *(("/role", "", True), ("", "", True), ("$.a[?@.b == 1]", "", True), ("role", "", False), ("/a~2", "", False)),
        *(("$.a[", "", False), ("$.a[?@.b == {$inputs.limit}]", "", False), ("//a[", ", type: xpath", False)),
        *(("/a", ", type: jsonpath", False), ("//a[1]", ", type: xpath", True)),
    ],
)
def test_targets_of_replacements_are_read_with_the_document(
    target: str, more: str, readable: bool, tmp_path: Path
) -> None:
    kind = more.replace(", type", ", targetSelectorType")
    body = (
        f"{{contentType: application/json, payload: {{a: 1}}, replacements: [{{target: '{target}'{kind}, value: 2}}]}}"
    )
    rules = [p.rule for p in problems_of(f"requestBody: {body}", "yaml", tmp_path) if p.is_error]
    assert rules == [] if readable else rules == ["unreadable-selector"]


def test_a_path_parameter_of_the_workflow_may_be_overridden_and_needs_no_place_in_called_workflows(
    tmp_path: Path,
) -> None:
    fits = """
    parameters: [{name: id, in: path, value: "7"}]
    steps:
    - {stepId: a, operationId: getThing}
    - {stepId: b, workflowId: w}
    """
    rules = [p.rule for p in problems_of(textwrap.dedent(fits), "yaml", tmp_path)]
    assert "homeless-parameter" not in rules
