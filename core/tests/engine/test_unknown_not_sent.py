"""Whatever is missing, null or unreadable: no request spells it, and none leaves out what the API requires."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import gaps
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from suite import drawn

from arazzo.engine import run_local
from arazzo.errors import InputError
from arazzo.exchange import Request, header
from arazzo.flow import compile_document

NOTHING = re.compile("null|None|ABSENT|undefined|Unreadable")
#: A null that is a value in JSON, which a form or a part may hold.
JSON_NULL = r"(?<=[:\[,])null(?=[,}\]])"
some = drawn(80)


def sent(text: str, inputs: dict[str, Any], answers: list[gaps.Answer]) -> list[Request]:
    plan = compile_document(gaps.load(text), "main")
    api = gaps.GapsApi(answers)
    try:
        run_local(plan, inputs, send=api.send, sleep=api.sleep, clock=api.clock)
    except InputError:
        assert not api.requests
    for request in api.requests:
        event(f"{request.method} {request.template}")
    return api.requests


@some
@given(gaps.documents(whole=True), gaps.inputs(nulls=False), gaps.answers(nulls=False))
def test_what_nobody_spelled_no_request_has(text, inputs, answers):
    for request in sent(text, inputs, answers):
        assert list(texts_of_nothing(request)) == []
        assert not list(nulls_in(request))


@some
@given(gaps.documents(whole=False), gaps.inputs(nulls=True), gaps.answers(nulls=True))
def test_a_null_is_sent_as_a_value_of_json_only(text, inputs, answers):
    for request in sent(text, inputs, answers):
        assert list(texts_of_nothing(request, apart_from=JSON_NULL)) == []


@some
@given(st.booleans().flatmap(lambda nulls: st.tuples(gaps.documents(True), gaps.inputs(nulls), gaps.answers(nulls))))
def test_no_request_leaves_out_what_is_required(drawn_case):
    text, inputs, answers = drawn_case
    wholly = {step["stepId"] for step in json.loads(text)["workflows"][0]["steps"] if is_one_expression(step)}
    for request in sent(text, inputs, answers):
        if request.method != "GET":
            assert list(left_out(request, members=request.step not in wholly)) == []


def is_one_expression(step: dict[str, Any]) -> bool:
    payload = step.get("requestBody", {}).get("payload")
    return isinstance(payload, str) and payload.startswith("$")


def texts_of_nothing(request: Request, *, apart_from: str = "(?!)"):
    """Yield the texts of a request in which a kind of nothing is spelled.

    :param apart_from: a pattern of what may stand there.
    """
    parts = [unquote_plus(request.url), *(value for _, value in request.headers)]
    if is_json(request):
        parts += strings(json.loads(request.body or b'""'))
    else:
        parts.append(unquote_plus((request.body or b"").decode("utf-8", "replace")))
    return (part for part in parts if NOTHING.search(re.sub(apart_from, "", part)))


def nulls_in(request: Request):
    if is_json(request) and request.body:
        return (found for found in leaves(json.loads(request.body)) if found is None)
    return iter(())


def is_json(request: Request) -> bool:
    return header(request.headers, "Content-Type") == "application/json"


def strings(value: Any) -> list[str]:
    names = [name for name, _ in members(value)]
    return [*names, *(found for found in leaves(value) if isinstance(found, str))]


def members(value: Any):
    match value:
        case dict():
            for name, item in value.items():
                yield name, item
                yield from members(item)
        case list():
            for item in value:
                yield from members(item)


def leaves(value: Any):
    match value:
        case dict():
            for item in value.values():
                yield from leaves(item)
        case list():
            for item in value:
                yield from leaves(item)
        case _:
            yield value


def left_out(request: Request, *, members: bool):
    """Yield what the API requires and a request does not have.

    :param members: whether the members of the body count, which they do not where one expression gives it.
    """
    query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
    if "must" not in query:
        yield "query"
    if header(request.headers, "X-Must") is None:
        yield "header"
    if request.body is None:
        yield "body"
    elif members and not has_member(request):
        yield "member"


def has_member(request: Request) -> bool:
    body = request.body.decode()
    match request.template.split("/")[1]:
        case "things":
            return json.loads(body).get("must") is not None
        case "form":
            return "must" in parse_qs(body, keep_blank_values=True)
        case "parts":
            return 'name="must"' in body
    return "<must" in body


@pytest.mark.parametrize(
    ("body", "found"), [(b'{"a": ["for null"]}', True), (b'{"None": 1}', True), (b'{"a": null}', False), (b"", False)]
)
def test_what_the_properties_look_for(body, found):
    request = Request("POST", "https://a.test/?q=1", (("Content-Type", "application/json"),), body)
    assert bool(list(texts_of_nothing(request))) is found
    assert list(texts_of_nothing(Request("GET", "https://a.test/?q=name%3Anull")))
