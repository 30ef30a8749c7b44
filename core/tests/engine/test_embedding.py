"""Values embedded in text of a content type are escaped for where they stand; strict refuses what would change it."""

import json
from xml.etree import ElementTree

import pytest

from arazzo.engine import load_plan, run_local
from arazzo.exchange import Response
from arazzo.flow import Options

API = """
openapi: 3.1.0
info: {title: A, version: "1"}
servers: [{url: "http://h.test"}]
paths: {/t: {post: {operationId: it, responses: {"200": {description: ok}}}}}
"""


@pytest.fixture
def sent(tmp_path):
    def send(content_type, payload, value, *, dialect="lenient", version="1.0.1", replacements=()):
        (tmp_path / "a.yaml").write_text(API)
        body = {"contentType": content_type, "payload": payload, "replacements": list(replacements)}
        step = {"stepId": "a", "operationId": "it", "requestBody": {k: v for k, v in body.items() if v}}
        document = {
            "arazzo": version,
            "info": {"title": "T", "version": "1"},
            "sourceDescriptions": [{"name": "a", "url": "a.yaml", "type": "openapi"}],
            "workflows": [{"workflowId": "w", "inputs": {"properties": {"v": {}}, "required": ["v"]}, "steps": [step]}],
        }
        (tmp_path / "w.arazzo.json").write_text(json.dumps(document))
        requests = []

        def answer(request):
            requests.append(request)
            return Response(200)

        run = run_local(load_plan(tmp_path / "w.arazzo.json", "w", Options(dialect=dialect)), {"v": value}, send=answer)
        return requests[0].body.decode() if requests else run.message

    return send


VALUES = ["plain", "a<b>&c", "x</t><admin>1</admin><t>", 'say "hi"', "it's", "]]>"]


@pytest.mark.parametrize("value", VALUES)
def test_xml_says_the_value_in_an_element_and_in_an_attribute(sent, value):
    root = ElementTree.fromstring(sent("application/xml", '<r a="{$inputs.v}"><t>{$inputs.v}</t></r>', value))
    assert (root.attrib["a"], [each.text for each in root]) == (value, [value])


@pytest.mark.parametrize("value", [*VALUES, "a b", "1&admin=true", "50%", "a+b=c"])
def test_a_form_says_the_value(sent, value):
    from urllib.parse import parse_qsl

    body = sent("application/x-www-form-urlencoded", "first=1&second={$inputs.v}", value)
    assert parse_qsl(body) == [("first", "1"), ("second", value)]


@pytest.mark.parametrize(
    ("content_type", "payload", "good", "bad"),
    [
        ("application/xml", "<t>{$inputs.v}</t>", "a > b", "a<b"),
        ("application/x-www-form-urlencoded", "a={$inputs.v}", "a b", "1&b=2"),
        ("application/json", '{"a": {$inputs.v}}', "5", '1, "b": 2'),
    ],
)
def test_strict_puts_in_what_changes_nothing_and_refuses_the_rest(sent, content_type, payload, good, bad):
    assert sent(content_type, payload, good, dialect="strict") == payload.replace("{$inputs.v}", good)
    assert "nothing was sent" in sent(content_type, payload, bad, dialect="strict")


def test_a_form_that_is_text_takes_replacements(sent):
    body = sent(
        "application/x-www-form-urlencoded",
        "a=1&b=x%20y&c=1&c=2",
        "new & old",
        replacements=[{"target": "/a", "value": "$inputs.v"}],
    )
    assert body == "a=new+%26+old&b=x+y&c=1&c=2"


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_a_selector_is_an_object_before_1_1(sent, dialect):
    payload = {"n": {"context": "$inputs.v", "selector": "$.a", "type": "jsonpath"}}
    old = sent("application/json", payload, {"a": 1}, dialect=dialect, version="1.0.1")
    assert json.loads(old) == {"n": {"context": {"a": 1}, "selector": "$.a", "type": "jsonpath"}}
    payload["n"]["type"] = {"type": "jsonpath", "version": "rfc9535"}
    new = sent("application/json", payload, {"a": 1}, dialect=dialect, version="1.1.0")
    assert json.loads(new) == {"n": 1}
