"""What a failed exchange shows of itself: the URL as it was sent and what the API answered, and no secret."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from arazzo.cookies import Jar
from arazzo.engine import load_plan, run_local
from arazzo.engine.shown import full_exchange, shown_exchange
from arazzo.exchange import Exchange, Request, Response
from arazzo.limits import limits_set
from arazzo.secrecy.concealing import conceal

JSON = (("Content-Type", "application/json"),)
SECRET = "s3cret-81b2"
OPENAPI = """
openapi: 3.1.0
info: {title: Things, version: "1"}
servers: [{url: "http://things.example/v1"}]
paths:
  /things/{id}:
    get:
      operationId: getThing
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: q, in: query, schema: {type: string}}
        - {name: api_key, in: query, schema: {type: string}}
      responses: {"200": {description: ok}}
"""
DOCUMENT = """
arazzo: 1.0.1
info: {title: Things, version: "1"}
sourceDescriptions: [{name: things, url: things.openapi.yaml, type: openapi}]
workflows:
  - workflowId: get-thing
    inputs: {type: object, properties: {id: {type: string}, word: {type: string, format: password}}}
    steps:
      - stepId: get
        operationId: getThing
        parameters:
          - {name: id, in: path, value: $inputs.id}
          - {name: q, in: query, value: $inputs.word}
          - {name: api_key, in: query, value: k1}
        onSuccess: [{name: fine, type: goto, stepId: next, criteria: [{condition: $response.body#/state == 'fine'}]}]
      - {stepId: next, operationId: getThing, parameters: [{name: id, in: path, value: "8"}]}
"""


def as_it_is(text):
    return text


def hidden(text):
    return conceal(text, [SECRET])


def exchange(body, kind="application/json", url="http://things.example/v1/things/7?q=1"):
    content = json.loads(body) if kind == "application/json" else body
    response = Response(500, (("Content-Type", kind), ("Set-Cookie", "sid=abcdef")), body.encode("latin-1"))
    return Exchange(Request("GET", url, (("Authorization", "Bearer x"), ("X-Id", "7"))), response, content=content)


def never(name):
    return False


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        ('{"error": "no disk",\n "pin": "1234"}', "application/json", '{"error": "no disk", "pin": "***"}'),
        ("<h1>Bad\n Gateway</h1>", "text/html", "<h1>Bad Gateway</h1>"),
        ("a plain word", "application/octet-stream", "a plain word"),
        ("\0\1\2", "image/png", "3 bytes of image/png"),
        (f"it was {SECRET}!", "text/plain", "it was ***!"),
    ],
)
def test_the_answer_is_shown_where_it_is_text(body, kind, shown):
    text = shown_exchange(exchange(body, kind), hidden, lambda name: name == "pin")
    assert text == f"sent to http://things.example/v1/things/7?q=1; the answer: {shown}"


def test_as_much_of_it_as_is_allowed_and_no_part_of_a_secret():
    body = "x" * 995 + SECRET + "y" * 100
    shown = shown_exchange(exchange(body, "text/plain"), hidden, never).partition("the answer: ")[2]
    assert shown == "x" * 995 + "***yy..."
    with limits_set(shown_answer=3):
        assert shown_exchange(exchange(body, "text/plain"), hidden, never).endswith("the answer: xxx...")


def test_the_url_is_the_one_that_was_sent_without_secrets():
    url = f"http://me:pw@things.example/v1/{SECRET}?token=t1&q=a%20b&next=1#part"
    text = shown_exchange(exchange("{}", url=url), hidden, never)
    assert text == "sent to http://things.example/v1/***?token=***&q=a%20b&next=1; the answer: {}"


def test_in_full_there_are_headers_too():
    lines = full_exchange(exchange('{"a": 1}'), hidden, never).splitlines()
    assert lines == [
        "> GET http://things.example/v1/things/7?q=1",
        "> Authorization: ***",
        "> X-Id: 7",
        "< 500",
        "< Content-Type: application/json",
        "< Set-Cookie: ***",
        "",
        '{"a": 1}',
    ]


@pytest.mark.parametrize("own", [(), (("Cookie", "own=1"),)])
def test_the_cookies_of_the_run_that_were_sent_are_a_line_like_all_others(own):
    url = "http://things.example/"
    jar = Jar().after(url, (("Set-Cookie", "sid=abcdef"),))
    sent = replace(exchange("{}"), request=Request("GET", url, own, cookies=jar))
    assert full_exchange(sent, hidden, never).splitlines()[:3] == [f"> GET {url}", "> Cookie: ***", "< 500"]
    elsewhere = replace(sent, request=Request("GET", "http://other.example/", cookies=jar))
    assert "Cookie: ***" not in full_exchange(elsewhere, hidden, never).partition("<")[0]


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "things.openapi.yaml").write_text(OPENAPI)
    (tmp_path / "things.arazzo.yaml").write_text(DOCUMENT)
    return load_plan(tmp_path / "things.arazzo.yaml")


@pytest.mark.parametrize(("status", "body"), [(500, {"error": f"{SECRET} is wrong"}), (200, {"state": "odd"})])
def test_a_run_that_failed_says_where_it_was_sent_and_what_came_back(plan, status, body):
    answer = Response(status, JSON, json.dumps(body).encode())
    run = run_local(plan, {"id": "7", "word": SECRET}, send=lambda request: answer)
    shown = json.dumps(body).replace(SECRET, "***")
    assert run.message.endswith(f"; sent to http://things.example/v1/things/7?q=***&api_key=***; the answer: {shown}")
    assert SECRET not in run.message


def test_what_a_step_before_was_answered_is_not_shown(plan):
    answers = [Response(200, JSON, b'{"state": "fine"}'), Response(404)]
    run = run_local(plan, {"id": "7"}, send=lambda request: answers.pop(0))
    assert run.message.endswith("; sent to http://things.example/v1/things/8")
