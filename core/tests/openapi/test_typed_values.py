"""Types are kept, unless the schema of an operation asks for another."""

import pytest
from apidoc import SERVER, body, operation, parameter

from arazzo.exact_numbers import ExactNumber
from arazzo.openapi.bodies import Body
from arazzo.openapi.request_building import Argument, build_request
from arazzo.openapi.typed_values import converted


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "5", 5),
        ("integer", "-12345678901234567890", -12345678901234567890),
        ("integer", "5.0", "5.0"),
        ("integer", "05", "05"),
        ("integer", "five", "five"),
        ("number", "1.5", 1.5),
        ("number", "1e3", ExactNumber("1e3")),
        ("number", "NaN", "NaN"),
        ("boolean", "true", True),
        ("boolean", "True", "True"),
        ("array", "[1]", [1]),
        ("array", "a,b", "a,b"),
        ("array", "[1", "[1"),
        ("object", '{"a": "1"}', {"a": "1"}),
        ("object", "[1]", "[1]"),
        (["integer", "null"], "5", 5),
        (["integer", "string"], "5", "5"),
        (["integer", "null"], "null", "null"),
        ("string", "5", "5"),
        (None, "5", "5"),
    ],
)
def test_text_becomes_what_the_schema_asks_for(kind, text, value):
    schema = {"type": kind} if kind else {}
    found = converted(schema, text)
    assert (type(found), found) == (type(value), value)
    nested = {"properties": {"a": {"type": "array", "items": schema}}}
    assert converted(nested, {"a": [text], "b": text}) == {"a": [value], "b": text}


def test_what_stays_is_the_value_itself():
    value = {"a": ["x", {"b": 1}]}
    assert converted({"properties": {"a": {"items": {"type": "string"}}}}, value) is value


ANYTHING = body("application/json", {})
COUNTED = body("application/json", {"type": "object", "properties": {"n": {"type": "integer"}}})


@pytest.mark.parametrize("text", ["123", "true", "null", '{"admin": true}', "[1]", '"x"', "x"])
def test_text_that_an_expression_gave_is_a_string_whatever_is_written_in_it(text):
    import json

    for declared in (ANYTHING, body("application/json", {"type": "string"})):
        sent = build_request(operation(method="post", requestBody=declared), (), Body(None, text, is_value=True))
        assert json.loads(sent.body) == text


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        ({"n": "5", "m": "5"}, b'{"n":5,"m":"5"}'),
        ('{"n": "5"}', b'{"n":5}'),
        ('{ "n": 5 }', b'{ "n": 5 }'),
        ('{"n": "many"}', b'{"n": "many"}'),
    ],
)
def test_members_become_what_the_schema_asks_for_in_json_text_too(payload, sent):
    spec = operation(method="post", requestBody=COUNTED)
    assert build_request(spec, (), Body(None, payload, convert=True)).body == sent


def test_members_stay_as_they_are_where_nothing_is_converted():
    spec = operation(method="post", requestBody=COUNTED)
    assert build_request(spec, (), Body(None, {"n": "5"})).body == b'{"n":"5"}'


@pytest.mark.parametrize(
    ("value", "written"), [("cat", "%22cat%22"), ({"a": 1}, "%7B%22a%22%3A1%7D"), (5, "5"), ("5", "%225%22")]
)
def test_a_parameter_with_json_content_is_json_text(value, written):
    content = {"application/json": {"schema": {}}}
    spec = operation("/p", parameters=[{"name": "q", "in": "query", "content": content}])
    assert build_request(spec, [Argument("q", "query", value)]).url == f"{SERVER}/p?q={written}"


def test_a_parameter_with_other_content_is_text():
    content = {"text/plain": {"schema": {}}}
    spec = operation("/p", parameters=[{"name": "q", "in": "query", "content": content}, parameter("r", "query")])
    assert (
        build_request(spec, [Argument("q", "query", "cat"), Argument("r", "query", "5")]).url == f"{SERVER}/p?q=cat&r=5"
    )
