"""Values that would be more than values in a request, a log or a state."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from arazzo.absent import ABSENT, Unreadable
from arazzo.document.loading import parse_document
from arazzo.engine import State, advance, start
from arazzo.engine.state import Send
from arazzo.errors import GaveUpError, RequestError
from arazzo.exchange import Exchange, Response
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import evaluate_value
from arazzo.flow import compile_document
from arazzo.json_values import write_json
from arazzo.openapi.bodies import Body
from arazzo.openapi.request_building import Argument, build_request
from arazzo.openapi.responses import decode_content
from arazzo.openapi.sources import Sources, load_description
from arazzo.source.text import parse_source

pytestmark = pytest.mark.attack("requests, logs and states", "values that would be more than values there")
API = """\
openapi: 3.1.0
info: {title: a, version: '1'}
servers: [{url: https://api.example.test/v1}]
paths:
  /things/{id}:
    post:
      operationId: sendThing
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: X-A, in: header, schema: {type: string}}
        - {name: q, in: query, schema: {type: string}}
        - {name: c, in: cookie, schema: {type: string}}
      requestBody: {content: {application/json: {}, multipart/form-data: {}}}
      responses: {'200': {description: ok}}
"""
INJECTED = ("a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\x00b", "a\r\n\r\nGET /admin HTTP/1.1")


def request(body: Body | None = None, **values: Any) -> Any:
    description = load_description(parse_source(API, "api.yaml", "/nowhere/api.yaml"), "api")
    operation = description.operation(description.endpoints()[0])
    places = {"id": "path", "X-A": "header", "q": "query", "c": "cookie"}
    arguments = [
        Argument(name=name, location=places[name], value=value) for name, value in {"id": "x", **values}.items()
    ]
    return build_request(operation, arguments, body)


@pytest.mark.parametrize("value", INJECTED)
def test_no_value_makes_a_second_header(value: str) -> None:
    with pytest.raises(RequestError):
        request(**{"X-A": value})
    with pytest.raises(RequestError):
        request(Body(content_type=f"application/json; a={value}", payload={}))
    for place in ("q", "c", "id"):
        sent = request(**{place: value})
        assert not any(mark in sent.url + "".join(sum(sent.headers, ())) for mark in "\r\n\x00")


@pytest.mark.parametrize("value", INJECTED)
def test_no_value_makes_a_second_part(value: str) -> None:
    with pytest.raises(RequestError):
        request(Body(content_type="multipart/form-data", payload={"file": f"data:text/plain;name={value},abc"}))
    named = Body(content_type="multipart/form-data", payload={value: "x"})
    if "\0" in value:
        with pytest.raises(RequestError, match="the name of a part holds a control character"):
            request(named)
        return
    sent = request(named)
    assert sent.body is not None
    head = [line for line in sent.body.split(b"\r\n") if line.lower().startswith((b"content-", b"x-evil"))]
    assert not any(line.lower().startswith(b"x-evil") for line in head)


@pytest.mark.parametrize(
    "value", ["..", ".", "../admin", "a/../../admin", "%2e%2e", "..%2fadmin", "//evil.test", "?a#b"]
)
def test_no_path_value_leads_elsewhere(value: str) -> None:
    try:
        url = request(id=value).url
    except RequestError:
        return
    assert url.startswith("https://api.example.test/v1/things/")
    path = url.removeprefix("https://api.example.test/v1/things/")
    assert "/" not in path
    assert "?" not in path
    assert path not in (".", "..")


@pytest.mark.parametrize(
    "body",
    [b"9" * 5000, b"-" + b"9" * 5000, b"1e999", b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b'"\\ud800"', b"[1e400]"],
)
def test_what_no_json_value_is_is_unreadable_or_text_or_beyond_a_limit(body: bytes) -> None:
    for content_type in ("application/json", "text/plain", "application/x-ndjson", ""):
        value = decode_content(Response(200, (("Content-Type", content_type),), body))
        if value is not ABSENT and not isinstance(value, Unreadable):
            with suppress(GaveUpError):
                write_json(value).encode()


def test_deep_values_are_left_alone_or_refused() -> None:
    deep: Any = "x"
    for _ in range(180):
        deep = [deep]
    assert evaluate_value(deep, Context()) == deep


@pytest.mark.parametrize(
    "after",
    [
        *("9" * 400, "-5", "Mon, 99 Jan 99999 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"),
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ],
)
def test_no_retry_after_breaks_the_state(after: str, tmp_path: Path) -> None:
    text = """
arazzo: 1.0.1
info: {title: t, version: 1.0.0}
sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]
workflows:
- workflowId: w
  steps:
  - stepId: a
    operationId: sendThing
    parameters: [{name: id, in: path, value: x}]
    onFailure: [{name: again, type: retry, retryLimit: 3}]
"""
    loaded = parse_document(parse_source(text, "w.yaml", "/nowhere/w.yaml"))
    (tmp_path / "api.yaml").write_text(API)
    plan = compile_document(loaded, sources=Sources(loaded, {"api": tmp_path / "api.yaml"}))
    state, command = advance(plan, start(plan, {}), now=0.0)
    assert isinstance(command, Send)
    exchange = Exchange(command.request, Response(503, (("Retry-After", after),)))
    state, _ = advance(plan, state, exchange, now=0.0)
    assert State.from_json(state.to_json()) == state
    assert (state.resume_at or 0.0) <= 1e9
