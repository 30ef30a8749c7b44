"""Playing a case: what it holds decides what is asked of the public API, and what must come out.

A case about a document or a run holds parts of one; what is left out is a workflow ``main`` of one step that lists
things. ``steps`` as a map gives ids, and each step without a call lists things.

    document    fields of the document         sources     names of the files in ``sources/`` (default: [things])
    workflow    fields of workflow ``main``    workflows   more workflows
    step        fields of the one step         steps       steps, as a list or by id
    components  the Components Object          remove      JSON pointers of what is taken out
    text        the whole file instead

and one of

    problems    rule ids that ``validate`` finds, all of them; ``strict``: those that the strict dialect has as errors
    script      requests, answers and waits (casebook.Script), with ``inputs``, ``status`` and ``outputs``
    edges       the ways of the flow graph, ``a -> b (action)``

Or it holds an ``expression``, a ``value_of`` or a ``criterion`` with what it is evaluated against in ``given``, and
``value``, ``absent: true``, ``error`` or, for a criterion, ``holds``. Both dialects are asked, and must agree where
``strict`` does not say otherwise.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from casebook import BASE, Script

from arazzo import criteria
from arazzo.absent import ABSENT, Unreadable
from arazzo.document.loading import LoadedDocument, parse_document
from arazzo.document.models import Criterion
from arazzo.engine import Run, run_local
from arazzo.errors import ArazzoError, DocumentError, InputError, RequestError, Severity
from arazzo.exchange import Exchange, Request, Response, header
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate, evaluate_value
from arazzo.expressions.parser import parse_expression
from arazzo.flow import Options, Plan, compile_document
from arazzo.openapi.responses import decode_content, parsed_content
from arazzo.openapi.sources import Sources
from arazzo.source.text import parse_source
from arazzo.validation import validate

FOLDER = Path(__file__).parent
FULL = {"1.0": "1.0.1", "1.1": "1.1.0"}
SOURCES = {
    "things": {"name": "things", "url": "sources/things.openapi.json", "type": "openapi"},
    "store": {"name": "store", "url": "sources/store.openapi.json", "type": "openapi"},
    "events": {"name": "events", "url": "sources/events.asyncapi.yaml", "type": "asyncapi"},
    "other": {"name": "other", "url": "sources/other.arazzo.yaml", "type": "arazzo"},
}
_CALLS = ("operationId", "operationPath", "channelPath", "workflowId")


def play(data: dict[str, Any], version: str, dialect: str) -> None:
    """Play a case in one version of the specification and one dialect.

    :raises AssertionError: if something else comes out than the case says.
    """
    if dialect == "strict" and "strict" in data:
        data = {key: value for key, value in data.items() if key not in ("value", "absent", "error", "holds")}
        data |= data["strict"] if isinstance(data["strict"], dict) else {}
    match data:
        case {"expression": text}:
            _play_value(lambda context: evaluate(parse_expression(text, dialect), context), data, version)
        case {"value_of": value}:
            _play_value(lambda context: evaluate_value(value, context, dialect), data, version)
        case {"criterion": fields}:
            _play_criterion(fields, data, dialect)
        case {"problems": rules}:
            _play_problems(data, rules, version, dialect)
        case {"edges": edges}:
            assert _edges(plan_of(data, version, dialect)) == edges
        case _:
            _play_run(data, version, dialect)


# documents


def document_of(data: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the document that a case is about."""
    workflow = {"workflowId": "main", "steps": _steps(data), **data.get("workflow", {})}
    document = {
        "arazzo": FULL[version],
        "info": {"title": "a case", "version": "1"},
        "sourceDescriptions": [SOURCES[name] for name in data.get("sources", ["things"])],
        "workflows": [workflow, *data.get("workflows", ())],
        **({"components": data["components"]} if "components" in data else {}),
        **data.get("document", {}),
    }
    document = json.loads(json.dumps(document))
    for pointer in data.get("remove", ()):
        *way, last = pointer.split("/")[1:]
        owner = document
        for token in way:
            owner = owner[int(token)] if isinstance(owner, list) else owner[token]
        del owner[int(last) if isinstance(owner, list) else last]
    return document


def _steps(data: dict[str, Any]) -> list[dict[str, Any]]:
    steps = data.get("steps")
    if isinstance(steps, list):
        return steps
    if steps is None:
        steps = {"only": data.get("step", {})}
    return [
        {"stepId": name, **({} if any(call in step for call in _CALLS) else {"operationId": "listThings"}), **step}
        for name, step in ((name, step or {}) for name, step in steps.items())
    ]


def load(data: dict[str, Any], version: str, dialect: str) -> LoadedDocument:
    """Load the document of a case."""
    uri = str(FOLDER / data.get("name", "case.json"))
    text = data.get("text") or json.dumps(document_of(data, version))
    name = "case.yaml" if "text" in data and not text.startswith("{") else "case.json"
    return parse_document(parse_source(text, name, uri), dialect=dialect)


def plan_of(data: dict[str, Any], version: str, dialect: str) -> Plan:
    """Compile the document of a case; one with errors is not compiled."""
    loaded = load(data, version, dialect)
    sources = _sources(data, loaded)
    errors = [problem for problem in validate(loaded, dialect=dialect, sources=sources) if problem.is_error]
    assert not errors, "\n".join(problem.render() for problem in errors)
    return compile_document(loaded, data.get("run", "main"), Options(dialect=dialect), sources)


def _sources(data: dict[str, Any], loaded: LoadedDocument) -> Sources:
    overrides = {name: str(FOLDER / "sources" / file) for name, file in data.get("overrides", {}).items()}
    return Sources(loaded, overrides)


def _play_problems(data: dict[str, Any], rules: list[str], version: str, dialect: str) -> None:
    try:
        loaded = load(data, version, "lenient")
        found = validate(loaded, dialect="lenient", sources=_sources(data, loaded))
    except DocumentError as error:
        found = error.problems
    if dialect == "lenient":
        assert sorted({problem.rule for problem in found}) == sorted(rules), _shown(found)
        for word in data.get("mentions", ()):
            assert any(word in f"{problem.message} {problem.hint}" for problem in found), _shown(found)
        return
    expected = data.get("strict", sorted({problem.rule for problem in found if problem.severity is Severity.ERROR}))
    try:
        loaded = load(data, version, "strict")
        found = validate(loaded, dialect="strict", sources=_sources(data, loaded))
    except DocumentError as error:
        found = error.problems
    assert sorted({problem.rule for problem in found if problem.is_error}) == sorted(expected), _shown(found)


def _shown(problems: Any) -> str:
    return "\n".join(problem.render() for problem in problems) or "no problems"


# values


GIVEN: dict[str, Any] = {
    "inputs": {
        "name": "Ada",
        "count": 3,
        "flag": True,
        "none": None,
        "list": [1, 2],
        "map": {"a": {"b": 1}, "a/b": 2, "m~n": 3},
        "a.b": "dotted",
        "text": 'say "hi"',
    },
    "steps": {"first": {"id": 7, "items": [{"id": "x"}], "none": None, "a.b": "dotted"}},
    "outputs": {"total": 9},
    "workflows": {"foo": {"inputs": {"username": "ada"}, "outputs": {"mapped": {"name": "n"}, "bar": 1}}},
    "sources": {"things": {"url": "sources/things.openapi.json", "type": "openapi"}},
    "components": {"parameters": {"size": 20}},
    "self": "https://example.test/case.arazzo.yaml",
    "request": {
        "method": "POST",
        "url": "https://api.example.test/v1/things?tag=new",
        "headers": {"Accept": "application/json", "X-Trace": "t1"},
        "path": {"id": "a b"},
        "query": {"tag": "new", "filter[name]": "n"},
        "body": {"user": {"uuid": "u1"}},
    },
    "response": {
        "status": 200,
        "headers": {"Content-Type": "application/json", "X-Rate-Limit": "10"},
        "json": {"status": "Open", "items": [{"id": 1}, {"id": 2}], "none": None, "a/b": 1, "m~n": 2, "empty": ""},
    },
}
"""What expressions and criteria are evaluated against, as far as a case's ``given`` does not say otherwise."""


def context_of(given: dict[str, Any]) -> Context:
    """Return the context that a case gives."""
    given = {**GIVEN, **given}
    return Context(
        inputs=given["inputs"],
        steps=given["steps"],
        outputs=given["outputs"],
        workflows=given["workflows"],
        sources=given["sources"],
        components=given["components"],
        self_uri=given["self"],
        exchange=_exchange(given),
    )


def _exchange(given: dict[str, Any]) -> Exchange | None:
    if given["request"] is None:
        return None
    sent = given["request"]
    request = Request(
        sent["method"],
        sent["url"],
        tuple(sent.get("headers", {}).items()),
        path=sent.get("path", {}),
        query=sent.get("query", {}),
        content=sent.get("body", ABSENT),
    )
    if given["response"] is None:
        return Exchange(request, error="no answer")
    response = response_of(given["response"])
    content = decode_content(response)
    return Exchange(request, response, content=content, parsed=parsed_content(response, content))


def response_of(entry: dict[str, Any]) -> Response:
    """Return the answer that a case gives: ``json``, or ``content`` as text with its ``type``."""
    content = json.dumps(entry["json"]) if "json" in entry else entry.get("content", "")
    headers = {"Content-Type": entry.get("type", "application/json"), **entry.get("headers", {})}
    return Response(entry.get("status", 200), tuple(headers.items()), content.encode(), 0.001)


def _play_value(evaluated: Any, data: dict[str, Any], version: str) -> None:
    context = context_of(data.get("given", {}))
    if "error" in data:
        with pytest.raises(ArazzoError, match=re.escape(data["error"])):
            evaluated(context)
        return
    value = evaluated(context)
    if data.get("absent"):
        assert value is ABSENT
    elif data.get("unreadable"):
        assert isinstance(value, Unreadable)
    else:
        assert (type(value), value) == (type(data["value"]), data["value"])


def _play_criterion(fields: Any, data: dict[str, Any], dialect: str) -> None:
    fields = {"condition": fields} if isinstance(fields, str) else fields
    criterion = Criterion.model_validate(fields)
    found = criteria.check(criterion, dialect)
    errors = [finding.rule for finding in found if finding.severity is Severity.ERROR]
    if "error" in data:
        assert errors == [data["error"]], found
        return
    assert errors == [], found
    warnings = sorted({finding.rule for finding in found})
    assert warnings == data.get("warns", []) or dialect == "strict", found
    verdict = criteria.evaluate(criterion, context_of(data.get("given", {})), dialect)
    assert verdict.passed is data["holds"], verdict
    assert bool(verdict.error) == bool(data.get("reports")), verdict
    assert data.get("reports", "") in (verdict.error or "")


# runs


class Api(Script):
    """A script whose requests may say more, and whose answers are 200 where they say nothing."""

    def send(self, request: Request) -> Response:
        entry = self.left[0] if self.left else {}
        if "text_sent" in entry:
            boundary = (header(request.headers, "Content-Type") or "").partition("boundary=")[2]
            assert (request.body or b"").decode() == entry["text_sent"].replace("BOUNDARY", boundary)
        for name in entry.get("headers_not_sent", ()):
            assert header(request.headers, name) is None
        if "timeout" in entry:
            assert request.timeout == entry["timeout"]
        if "url" in entry:
            entry = {**entry, "request": f"{request.method} {request.url.removeprefix(BASE)}"}
            assert request.url == self.left[0]["url"]
            self.left[0] = entry
        if "error" not in entry and self.left:
            self.left[0] = {"status": 200, **entry}
            super().send(request)
            return response_of(entry)
        return super().send(request)


def _play_run(data: dict[str, Any], version: str, dialect: str) -> None:
    if dialect == "strict" and data.get("only") == "lenient":
        return
    plan = plan_of(data, version, dialect)
    api = Api(data["script"])
    status = data.get("status", "success")
    notes: list[str] = []
    try:
        run = run_local(
            plan,
            data.get("inputs", {}),
            send=api.send,
            sleep=api.sleep,
            clock=api.clock,
            note=lambda note: notes.append(note.text),
        )
    except (InputError, RequestError) as error:
        run = Run("refused", {}, str(error))  # type: ignore[arg-type]
    assert run.status == status, run.message
    if "outputs" in data:
        assert run.outputs == data["outputs"]
    if "message" in data:
        assert data["message"] in run.message
    if "note" in data:
        assert any(data["note"] in note for note in notes), notes
    api.finished()


def _edges(plan: Plan) -> list[str]:
    return [
        f"{edge.source} -> {edge.target or 'END'}" + (f" ({edge.action})" if edge.action else "") for edge in plan.edges
    ]
