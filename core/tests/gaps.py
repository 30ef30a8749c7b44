"""Hypothesis strategies for documents that use what may not be there, and for answers with gaps.

A first step asks for values, by itself or in a workflow that it calls; the steps after it send them on, in every place
that a request has. An answer may lack a member, have null there, be unreadable, or not come at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from casebook import CASES
from hypothesis import strategies as st
from workflows import SELDOM, Api

from arazzo.document.loading import LoadedDocument, parse_document
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response
from arazzo.source.text import parse_source

#: What an answer or an input may have; none of it spells ``null``.
PRESENT = st.sampled_from(["x", "y z", "", "<&\"'", "5", 5, 0, 1.5, True, False, [], {}, ["p"], {"n": 1}])
_UNREADABLE = st.sampled_from([b"{", b'{"word": "x",}', b"<html><p>Log in</p>", b"NaN", b"\xff", b"1 2"])
_STATUSES = st.sampled_from([*[200] * 12, 404, 503, 0])
_OUTPUTS = {
    "word": "$response.body#/word",
    "inner": "$response.body#/deep/n",
    "loose": "$response.body.word",
    "header": "$response.header.X-Word",
    "chosen": {"context": "$response.body", "selector": "$.deep.n", "type": "jsonpath"},
}
_WHOLE = {"all": "$response.body"}
_WRITTEN = ["%s", "%s", "{%s}", "see {%s}", "see %s", "{%s}-{$inputs.given}"]
_PLACES = [("must", "query"), ("may", "query"), ("X-Must", "header"), ("X-May", "header"), ("may", "cookie")]
_TEXTS = {
    "json": '{"may": {%s}, "must": "{%s}", "list": [{%s}], "text": "for {%s}"}',
    "form": "may={%s}&must={%s}",
    "xml": "<thing><may>{%s}</may><must>{%s}</must></thing>",
}


@dataclass(frozen=True)
class Answer:
    """What comes back: no response where the status is 0."""

    status: int
    body: bytes
    header: str | None = None


def _values(nulls: bool) -> st.SearchStrategy[Any]:
    return st.one_of(PRESENT, st.none()) if nulls else PRESENT


@st.composite
def answers(draw, nulls: bool):
    """Draw answers in order; the last repeats.

    :param nulls: whether a member may be null.
    """
    value = _values(nulls)
    members = st.fixed_dictionaries(
        {}, optional={"word": value, "deep": st.fixed_dictionaries({}, optional={"n": value})}
    )
    bodies = st.one_of(members, members, members).map(lambda found: json.dumps(found).encode())
    bodies = st.one_of(bodies, bodies, bodies, bodies, _UNREADABLE, st.just(b""))
    headers = st.sampled_from([None, "x", ""])
    return draw(st.lists(st.builds(Answer, _STATUSES, bodies, headers), min_size=1, max_size=5))


def inputs(nulls: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Return inputs, of which one may not be given."""
    return st.fixed_dictionaries({"given": st.sampled_from(["g", 7])}, optional={"maybe": _values(nulls)})


@st.composite
def _expression(draw, whole: bool):
    step = draw(st.sampled_from(["a"] * 6 + ["b", "late"]))
    name = draw(st.sampled_from([*_OUTPUTS, *(_WHOLE if whole else ())]))
    return draw(st.sampled_from([f"$steps.{step}.outputs.{name}"] * 8 + ["$inputs.maybe", "$inputs.given"]))


@st.composite
def _value(draw, whole: bool):
    """Draw a value of which a part may be nothing, in one of the ways that it can be written."""
    written = draw(st.sampled_from(_WRITTEN)) % draw(_expression(whole))
    shape = draw(st.sampled_from(["plain"] * 5 + ["member", "element", "chosen"]))
    match shape:
        case "member":
            return {"x": written, "y": "lit"}
        case "element":
            return ["lit", written]
        case "chosen":
            return {"context": "$steps.a.outputs.word", "selector": "$.n", "type": "jsonpath"}
    return written


@st.composite
def _body(draw, kind: str, whole: bool):
    expression = _expression(whole)
    way = draw(st.sampled_from(["members", "members", "text", "replaced", "one"]))
    if way == "text" and kind in _TEXTS:
        text = _TEXTS[kind]
        return {"payload": text % tuple(draw(expression) for _ in range(text.count("%s")))}
    if way == "one" and whole:
        return {"payload": draw(expression)}
    if way == "replaced" and kind == "json":
        replaced = [{"target": f"/{name}", "value": draw(_value(whole))} for name in ("must", "may")]
        return {"payload": {"must": "old", "may": "old"}, "replacements": replaced}
    return {"payload": {"must": draw(_value(whole)), "may": draw(_value(whole)), "lit": "x"}}


@st.composite
def _using(draw, step_id: str, then: str, whole: bool):
    """Draw a step with what may be nothing in one or two places, since one that is required ends the step."""
    kind = draw(st.sampled_from(["json", "json", "form", "parts", "xml"]))
    risky = draw(
        st.sets(st.sampled_from(["path", "body", "body", "body", *map("".join, _PLACES)]), min_size=1, max_size=2)
    )
    certain = st.sampled_from(["lit", "$inputs.given"])
    path = draw(_expression(whole) if "path" in risky else certain)
    places = [
        {"name": name, "in": place, "value": draw(_value(whole) if name + place in risky else certain)}
        for name, place in _PLACES
    ]
    return {
        "stepId": step_id,
        "operationId": kind,
        "parameters": [{"name": "id", "in": "path", "value": path}, *places],
        "requestBody": draw(_body(kind, whole)) if "body" in risky else {"payload": {"must": "lit"}},
        "outputs": _OUTPUTS | _WHOLE,
        "onFailure": [{"name": "on", "type": "goto", "stepId": then}] if draw(st.booleans()) else [],
    }


@st.composite
def documents(draw, whole: bool):
    """Draw a document with a workflow ``main``, as JSON.

    :param whole: whether a whole answer may be sent on, with what is null in it.
    """
    asking = {
        "stepId": "a",
        "operationId": "give",
        "parameters": [{"name": "id", "in": "path", "value": "one"}],
        "outputs": _OUTPUTS | _WHOLE,
    }
    calling = {
        "stepId": "a",
        "workflowId": "second",
        "outputs": {name: f"$outputs.{name}" for name in (*_OUTPUTS, "all")},
    }
    first = draw(st.sampled_from([asking, asking, calling]))
    on = {"onFailure": [{"name": "on", "type": "goto", "stepId": "b"}]}
    steps = [first | on, draw(_using("b", "c", whole)), draw(_using("c", "late", whole)), asking | {"stepId": "late"}]
    if draw(SELDOM):
        again = {"name": "again", "type": "goto", "stepId": "b", "criteria": [{"condition": "$statusCode == 200"}]}
        steps[-1] |= {"onSuccess": [again]}
    second = {
        "workflowId": "second",
        "steps": [asking],
        "outputs": {name: f"$steps.a.outputs.{name}" for name in asking["outputs"]},
    }
    declared = {"type": "object", "properties": {"given": {}, "maybe": {}}}
    main = {"workflowId": "main", "inputs": declared, "steps": steps, "outputs": {"word": "$steps.c.outputs.word"}}
    return json.dumps(
        {
            "arazzo": "1.1.0",
            "info": {"title": "drawn", "version": "1"},
            "sourceDescriptions": [{"name": "things", "url": "requires.openapi.yaml", "type": "openapi"}],
            "x-airflow": {"max_rounds": 3, "poke_interval": 7, "unmatched": "next"},
            "workflows": [main, second],
        }
    )


def load(text: str) -> LoadedDocument:
    """Load a drawn document; its API description is the one that requires something everywhere."""
    return parse_document(parse_source(text, "drawn.json", str(CASES / "drawn.json")))


@dataclass
class GapsApi(Api):
    """Gives answers with gaps in order, and keeps the requests."""

    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        answer = self.answers[min(self.sent, len(self.answers) - 1)]
        self.sent += 1
        self.requests.append(request)
        self.trace.append((request.method, request.url, request.headers, request.body))
        assert len(self.trace) < 200, "a run without an end"
        if answer.status == 0:
            raise TransportError("connect", "connection refused")
        more = () if answer.header is None else (("X-Word", answer.header),)
        return Response(answer.status, (("Content-Type", "application/json"), *more), answer.body)
