"""What may be fed anything: each function takes hostile input, and lets through nothing but what it found wrong.

The properties of test_fuzzing.py and the harness guided_fuzzing.py feed the same functions. An ``ArazzoError`` is an
answer; a problem of a document has to have a place. Everything else that escapes is a defect.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from arazzo import criteria
from arazzo.absent import ABSENT, Unreadable
from arazzo.document.loading import parse_document
from arazzo.document.models import Criterion, ExpressionType
from arazzo.engine import State, advance, check_inputs, start, workflow_outputs
from arazzo.engine.state import Done, Send, Wait
from arazzo.errors import (
    ArazzoError,
    DocumentError,
    EvaluationError,
    ExpressionSyntaxError,
    GaveUpError,
    InputError,
    RequestError,
)
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate, evaluate_value
from arazzo.expressions.parser import parse_expression
from arazzo.expressions.portability import find_loose
from arazzo.expressions.selectors import select
from arazzo.expressions.templates import parse_template
from arazzo.flow import Options, Plan, compile_document, draw
from arazzo.json_values import write_json
from arazzo.openapi.bodies import Body
from arazzo.openapi.operation_lookup import UnresolvedOperation, find_operation
from arazzo.openapi.replacements import Replacement, apply_replacements
from arazzo.openapi.request_building import Argument, build_request
from arazzo.openapi.responses import decode_content
from arazzo.openapi.sources import Sources, load_description
from arazzo.source.text import Source, parse_source
from arazzo.validation import report, validate

CASES = Path(__file__).parent.parent / "cases"
SEEDS = Path(__file__).parent / "seeds"
#: How many requests a run of a mutated document may make: loops are not what is tested here.
MOST_EXCHANGES = 30

CONTENT: Any = {
    "a": {"b": [1, 2.5, None, True, "x", {"c": "d"}]},
    "items": [{"id": n, "name": "n" * n, "status": "ok"} for n in range(5)],
    "length": 3,
    "deep": [[[[{}]]]],
    "text": 'it\'s "quoted" \\ $inputs.a {$url}',
}
XML = '<r xmlns:p="urn:p"><a i="1">x</a><a i="2">3</a><p:b/></r>'
REQUEST = Request(
    "POST", "https://api.example.test/a?b=c", (("X-A", "1"),), b"{}", content={"q": [1]}, query={"b": "c"}
)
CONTEXT = Context(
    inputs={"a": 1, "b": {"c": [1, {"d": "e"}]}, "filter[name]": "x", "text": "a'b\"c\\"},
    steps={"s": {"out": "value", "list": [1, 2, 3], "none": None}},
    outputs={"o": 1},
    workflows={"w": {"inputs": {}, "outputs": {"o": 1}}},
    sources={"api": {"url": "https://api.example.test", "type": "openapi"}},
    components={"parameters": {"p": 1}},
    self_uri="https://api.example.test/doc",
    exchange=Exchange(REQUEST, Response(200, (("Content-Type", "application/json"),)), content=CONTENT),
)
XML_CONTEXT = Context(exchange=Exchange(REQUEST, Response(200), content=XML))
TYPES = (
    None,
    "simple",
    "regex",
    "jsonpath",
    "xpath",
    ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00"),
    ExpressionType(type="xpath", version="xpath-10"),
)


def read_source(text: str, name: str = "fuzz.yaml") -> Source | None:
    """Read text as YAML or JSON; what comes out is a JSON value, and every place in it can be found."""
    try:
        source = parse_source(text, name)
    except DocumentError as error:
        (problem,) = error.problems
        assert problem.place.line >= 1, problem
        assert problem.render()
        return None
    json.dumps(source.data, allow_nan=False)
    for pointer in ("", "/a", "/0/b", "/workflows/0/steps/0"):
        place = source.place(pointer, offset=3)
        assert 1 <= place.line <= text.count("\n") + text.count("\r") + 1
    return source


def read_expression(text: str) -> None:
    """Parse text as an expression and as a template, and evaluate what that gives."""
    for dialect in ("lenient", "strict"):
        try:
            evaluate(parse_expression(text, dialect), CONTEXT)
        except (ExpressionSyntaxError, EvaluationError) as error:
            _located(error, text)
        try:
            parse_template(text, dialect)
            evaluate_value({"k": [text]}, CONTEXT, dialect)
            list(find_loose(text, lambda _: ("a", "b")))
        except (ExpressionSyntaxError, EvaluationError) as error:
            _located(error, text)


def read_condition(text: str) -> None:
    """Check and evaluate text as a condition of every type, in both dialects."""
    for kind in TYPES:
        name = kind.type if isinstance(kind, ExpressionType) else kind
        criterion = Criterion(context="$response.body", condition=text, type=kind)
        for dialect in ("lenient", "strict"):
            for finding in criteria.check(criterion, dialect):
                assert 0 <= finding.offset <= len(text), finding
            verdict = criteria.evaluate(criterion, XML_CONTEXT if name == "xpath" else CONTEXT, dialect)
            assert verdict.error is None or not verdict.passed


def read_selector(text: str) -> None:
    """Apply text as a selector of every type."""
    versions = (("jsonpath", "rfc9535"), ("jsonpath", "draft-goessner-dispatch-jsonpath-00"), ("jsonpointer", None))
    for kind, version in (*versions, ("xpath", "xpath-31"), ("xpath", "xpath-20"), ("xpath", "xpath-10")):
        try:
            found = select(XML if kind == "xpath" else CONTENT, text, kind, version)
        except (ExpressionSyntaxError, EvaluationError):
            continue
        if found is not ABSENT:
            json.dumps(found, allow_nan=False)


def replace(target: str) -> None:
    """Set what text selects in a payload: as a pointer, a JSONPath, an XPath, and whatever it is taken for."""
    for kind in (None, "jsonpointer", "jsonpath", TYPES[5], "xpath", TYPES[6]):
        for payload, content_type in ((CONTENT, "application/json"), (XML, "text/xml")):
            try:
                found = apply_replacements(payload, [Replacement(target, {"new": [1]}, kind)], content_type)
            except RequestError:
                continue
            json.dumps(found, allow_nan=False)


def read_response(body: bytes, content_type: str | None, retry_after: str = "") -> None:
    """Decode a response; what comes of it is JSON that can be kept and sent."""
    headers = (("Content-Type", content_type),) if content_type is not None else ()
    value = decode_content(Response(200, (*headers, ("Retry-After", retry_after)), body))
    if value is not ABSENT and not isinstance(value, Unreadable):
        with suppress(GaveUpError):  # a number beyond all limits: nothing is sent then
            write_json(value).encode()


def read_description(data: Any) -> None:
    """Take a value for an API description: find its operations and build their requests."""
    try:
        description = load_description(Source("api.yaml", "/nowhere/api.yaml", "", data), "api")
        for endpoint in description.endpoints():
            try:
                operation = description.operation(endpoint)
                description.problems(operation)
                description.responses(operation)
                names = [(item.name, item.location) for item in operation.parameters]
                arguments = [Argument(name=name, location=place, value=["a", {"b": 1}]) for name, place in names]
                build_request(operation, arguments, Body(content_type=None, payload={"a": [1, {"b": None}]}))
            except (DocumentError, RequestError):
                continue
        find_operation("getThing", None, {"api": description})
    except (DocumentError, UnresolvedOperation):
        return


def read_document(source: Source, path: Path = CASES) -> None:
    """Take a source for a document: load, validate, compile, draw, print, read back and run each of its workflows.

    :param path: the document it was made of, which decides what API description stands for its sources.
    """
    try:
        loaded = parse_document(source)
    except DocumentError as error:
        _placed(error)
        return
    api = SEEDS / "everything.openapi.yaml" if path.parent == SEEDS else CASES / "api.openapi.yaml"
    sources = Sources(loaded, {item.name: api for item in loaded.document.source_descriptions})
    problems = validate(loaded, sources=sources)
    for form in ("text", "json", "sarif", "github"):
        report(problems, form)
    if any(problem.is_error for problem in problems):
        return
    for workflow in loaded.document.workflows:
        try:
            plan = compile_document(loaded, workflow.workflow_id, Options(), sources)
        except DocumentError as error:
            _placed(error)
            continue
        for form in ("mermaid", "dot", "text", "json"):
            draw(plan, form)
        assert Plan.model_validate_json(plan.model_dump_json()) == plan
        run_plan(plan)


def run_plan(plan: Plan) -> None:
    """Run a plan whose API answers everything with the same content."""
    try:
        inputs = check_inputs(plan, dict.fromkeys(_properties(plan.inputs), "x"))
        state = start(plan, inputs)
    except InputError:
        return
    exchange, now = None, 0.0
    for _ in range(MOST_EXCHANGES):
        state, command = advance(plan, state, exchange, now=now)
        assert State.from_json(state.to_json()).to_data() == state.to_data()
        exchange = None
        match command:
            case Send(request=request):
                body = json.dumps(CONTENT).encode()
                exchange = Exchange(request, Response(200, (("Content-Type", "application/json"),), body))
            case Wait(seconds=seconds):
                now += seconds
            case Done():
                break
    workflow_outputs(plan, inputs, state.outputs)


def _properties(schema: Any) -> list[str]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return list(properties) if isinstance(properties, dict) else []


def _located(error: ArazzoError, text: str) -> None:
    if isinstance(error, ExpressionSyntaxError):
        assert 0 <= error.offset <= len(error.text), (error.offset, error.text, text)


def _placed(error: DocumentError) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.place.line >= 1, problem
        assert problem.render()
