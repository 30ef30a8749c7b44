"""Values: types kept, absent told from null, text made by the specification's rules."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arazzo.absent import ABSENT, Unreadable
from arazzo.errors import AbsentError, ArazzoError, EvaluationError, UnreadableError
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.expressions.evaluation import (
    embed,
    evaluate,
    evaluate_output,
    evaluate_value,
    to_json_text,
    to_literal,
    to_text,
)
from arazzo.expressions.parser import parse_context, parse_expression

BODY = {
    "id": 7,
    "none": None,
    "a": {"b": [{"x": 1}, {"x": 2}]},
    "a.b": "dotted",
    "m~n": {"/": "odd"},
    "with space": True,
    "a%20b": "literal",
    "é": "accent",
    "0": "zero",
}
REQUEST = Request(
    method="post",
    url="https://api.example/v1/pets/9?q=cat",
    headers=(("X-Trace", "t1"),),
    path={"id": 9},
    query={"q": "cat", "filter[name]": "n"},
    content={"user": {"uuid": "u"}},
)
CONTEXT = Context(
    inputs={
        "name": "Ann",
        "count": 3,
        "flag": True,
        "nothing": None,
        "price": 1.5,
        "user": {"first": "Ann", "tags": ["x", "y"]},
        "user.first": "declared",
        "filter[name]": "bracket",
        "list": [1, None, "z"],
        "quote": 'He said "it\'s"',
    },
    steps={"one": {"Policy object": {"k": 1}, "items": [{"id": "i0"}], "xml": "<a><b>1</b></a>", "Policy": "p"}},
    outputs={"done": "yes"},
    workflows={"wf": {"inputs": {"i": 1}, "outputs": {"o": {"deep": [5]}}}},
    sources={"pets": {"url": "https://x/openapi.yaml", "type": "openapi"}},
    components={"parameters": {"page": {"name": "page", "value": 1}}},
    self_uri="https://x/flow.yaml",
    exchange=Exchange(REQUEST, Response(201, (("Content-Type", "application/json"), ("X-A", "1"))), content=BODY),
)


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$url", "https://api.example/v1/pets/9?q=cat"),
        ("$method", "POST"),
        ("$statusCode", 201),
        ("$self", "https://x/flow.yaml"),
        ("$request.header.x-trace", "t1"),
        ("$response.header.CONTENT-TYPE", "application/json"),
        ("$response.header.missing", ABSENT),
        ("$request.query.q", "cat"),
        ("$request.query.Q", ABSENT),
        ("$request.query.filter[name]", "n"),
        ("$request.path.id", 9),
        ("$request.body#/user/uuid", "u"),
        ("$response.body", BODY),
        ("$response.body#", BODY),
        ("$response.body#/id", 7),
        ("$response.body#/none", None),
        ("$response.body#/none/deeper", ABSENT),
        ("$response.body#/id/deeper", ABSENT),
        ("$response.body#/a/b/1/x", 2),
        ("$response.body#/a/b/2", ABSENT),
        ("$response.body#/a/b/01", ABSENT),
        ("$response.body#/a/b/-1", ABSENT),
        ("$response.body#/a.b", "dotted"),
        ("$response.body#/m~0n/~1", "odd"),
        ("$response.body#/with space", True),
        ("$response.body#/a%20b", "literal"),
        ("$response.body#/0", "zero"),
        ("$message.payload#/id", 7),
        ("$inputs.name", "Ann"),
        ("$inputs.nothing", None),
        ("$inputs.missing", ABSENT),
        ("$inputs.user#/tags/1", "y"),
        ("$inputs.user.first", "declared"),
        ("$steps.one.outputs.items#/0/id", "i0"),
        ("$steps.never.outputs.x", ABSENT),
        ("$outputs.done", "yes"),
        ("$workflows.wf.inputs.i", 1),
        ("$workflows.wf.outputs.o#/deep/0", 5),
        ("$workflows.no.outputs.o", ABSENT),
        ("$sourceDescriptions.pets.url", "https://x/openapi.yaml"),
        ("$sourceDescriptions.no.url", ABSENT),
        ("$components.parameters.page", {"name": "page", "value": 1}),
        ("$components.successActions.x", ABSENT),
    ],
)
def test_expressions_keep_the_type(text, expected, dialect):
    value = evaluate(parse_expression(text, dialect), CONTEXT)
    assert value is expected or value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$response.body.id", 7),
        ("$response.body.a.b", "dotted"),
        ("$response.body.a['b'][1].x", 2),
        ("$response.body.a[b].0.x", 1),
        ("$response.body['with space']", True),
        ("$response.body.a.b.x", ABSENT),
        ("$response.body#/%C3%A9", "accent"),
        ("$inputs.user.tags[0]", "x"),
        ("$inputs.user.tags.1", "y"),
        ("$inputs.user.tags[9]", ABSENT),
        ("$inputs.filter[name]", "bracket"),
        ("$inputs.count.digits", ABSENT),
        ("$steps.one.outputs.items[0].id", "i0"),
        ("$steps.one.outputs.Policy object", {"k": 1}),
        ("$steps.one.outputs.Policy object.k", 1),
    ],
)
def test_lenient_navigates_with_the_longest_declared_name(text, expected):
    assert evaluate(parse_expression(text, "lenient"), CONTEXT) == expected


def test_strict_does_not_navigate():
    assert evaluate(parse_expression("$inputs.user.tags", "strict"), CONTEXT) is ABSENT
    assert evaluate(parse_expression("$response.body#/%C3%A9", "strict"), CONTEXT) is ABSENT


def test_all_inputs_are_a_context_and_no_value():
    assert evaluate(parse_context("$inputs"), CONTEXT) == dict(CONTEXT.inputs)
    for text in ("$inputs", "$outputs", "{$inputs}"):
        assert evaluate_value({"note": text}, CONTEXT) == {"note": text}


@pytest.mark.parametrize(
    "text",
    [
        "$url",
        "$method",
        "$statusCode",
        "$self",
        "$request.header.a",
        "$response.body",
        "$request.query.a",
        "$outputs.x",
    ],
)
def test_everything_is_absent_before_the_first_request(text):
    assert evaluate(parse_expression(text), Context()) is ABSENT


def test_a_failed_exchange_has_a_request_and_no_response():
    context = Context(exchange=Exchange(REQUEST, error="timeout"))
    texts = ("$method", "$statusCode", "$response.header.a", "$response.body")
    assert [evaluate(parse_expression(text), context) for text in texts] == ["POST", ABSENT, ABSENT, ABSENT]


def test_a_pointer_into_text_is_absent():
    context = Context(exchange=Exchange(REQUEST, Response(200), content="id: 7"))
    assert evaluate(parse_expression("$response.body#/id"), context) is ABSENT
    assert evaluate(parse_expression("$response.body"), context) == "id: 7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$inputs.count", 3),
        ("$inputs.list", [1, None, "z"]),
        ("{$inputs.count}", "3"),
        ("{$inputs.flag}/{$inputs.price}", "true/1.5"),
        ("v{$inputs.list}", 'v[1,null,"z"]'),
        ('{"xml": {$steps.one.outputs.xml}}', '{"xml": <a><b>1</b></a>}'),
        ("Bearer $inputs.name", "Bearer Ann"),
        ("$inputs.name $inputs.name", "Ann Ann"),
        ("$inputs.name.", "Ann."),
        ("$inputs.name is here", "Ann is here"),
        ("$inputs.missing object", ABSENT),
        ("$steps.one.outputs.Policy object", {"k": 1}),
        ("$inputs.list[*].id", ABSENT),
        ("costs $5, $pageSize", "costs $5, $pageSize"),
        ("$inputs.count\n", 3),
    ],
)
def test_strings(text, expected):
    assert evaluate_value(text, CONTEXT) == expected


@pytest.mark.parametrize(
    "text", ["Bearer {$inputs.missing}", "{$inputs.missing}", "Bearer $inputs.missing", "$inputs.missing/x"]
)
def test_absent_in_a_string_is_an_error_that_names_the_expression(text):
    with pytest.raises(EvaluationError, match=r"header 'A': \$inputs\.missing has no value"):
        evaluate_value(text, CONTEXT, where="header 'A'")


def test_an_unbraced_word_such_as_url_stays_text_where_there_is_no_url():
    assert (
        evaluate_value("mutation($url: String) { add(url: $url) }", Context())
        == "mutation($url: String) { add(url: $url) }"
    )
    with pytest.raises(EvaluationError):
        evaluate_value("at {$url}", Context())


def test_null_in_a_string_is_text_to_the_letter_only():
    assert evaluate_value("{$inputs.flag}/{$inputs.nothing}", CONTEXT, "strict") == "true/null"
    with pytest.raises(AbsentError, match=r"query 'q': \$inputs\.nothing is null"):
        evaluate_value("{$inputs.flag}/{$inputs.nothing}", CONTEXT, where="query 'q'")


def test_absent_members_are_left_out():
    value = {"a": "$inputs.missing", "b": ["$inputs.nothing"], "c": "$inputs.nothing", "d": {"e": "$inputs.no"}}
    before = json.dumps(value)
    assert evaluate_value(value, CONTEXT) == {"b": [None], "c": None, "d": {}}
    assert json.dumps(value) == before


def test_an_absent_element_is_an_error_and_null_to_the_letter():
    assert evaluate_value(["$inputs.missing"], CONTEXT, "strict") == [None]
    with pytest.raises(EvaluationError, match=r"request body: \$inputs\.missing has no value, and is an element"):
        evaluate_value({"a": ["x", "$inputs.missing"]}, CONTEXT, where="request body")


LOST = Unreadable("the body is not JSON", "output 'id' of step 'find'")


@pytest.mark.parametrize(
    "value",
    [
        "$steps.find.outputs.id",
        "$steps.find.outputs.id#/deep",
        "x {$steps.find.outputs.id}",
        {"a": ["$steps.find.outputs.id"]},
        {"context": "$steps.find.outputs.id", "selector": "$.a", "type": "jsonpath"},
        {"context": "$inputs.data", "selector": "$[?@ == {$steps.find.outputs.id}]", "type": "jsonpath"},
    ],
)
@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_what_is_unreadable_is_an_error_wherever_it_is_used(value, dialect):
    context = Context(steps={"find": {"id": LOST}}, inputs={"data": []})
    with pytest.raises(UnreadableError, match="output 'id' of step 'find' is unreadable: the body is not JSON"):
        evaluate_value(value, context, dialect)
    assert evaluate_output(value, context, dialect, origin="output 'x' of step 'y'") == LOST


def test_dots_and_brackets_lead_to_nothing_else_in_what_is_unreadable():
    assert evaluate(parse_expression("$steps.find.outputs.id.a[0]"), Context(steps={"find": {"id": LOST}})) == LOST


def test_a_declared_name_that_is_absent_is_not_looked_for_as_a_path():
    outputs = {"a.b": ABSENT, "a": {"b": 1}}
    assert evaluate(parse_expression("$steps.s.outputs.a.b"), Context(steps={"s": outputs})) is ABSENT


@pytest.mark.parametrize(
    ("headers", "name", "lenient", "warned"),
    [
        ((("Vary", "a"), ("vary", "b, c")), "Vary", "a, b, c", False),
        ((("Content-Digest", "a=:b:"), ("Content-Digest", "c=:d:")), "content-digest", "a=:b:, c=:d:", False),
        ((("X-Id", "1"), ("X-Id", "2")), "x-id", "1", True),
        ((("X-Id", "1"),), "x-id", "1", False),
        ((("Set-Cookie", "a=1"),), "set-cookie", ["a=1"], False),
        ((("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")), "set-cookie", ["a=1", "b=2"], False),
        ((), "Set-Cookie", ABSENT, False),
    ],
)
def test_several_headers_of_one_name(headers, name, lenient, warned):
    heard = []
    exchange = Exchange(Request("GET", "https://api.test/"), Response(200, headers))
    expression = parse_expression(f"$response.header.{name}")
    assert evaluate(expression, Context(exchange=exchange, warn=heard.append)) == lenient
    assert bool(heard) == warned
    first = headers[0][1] if headers else ABSENT
    assert evaluate(expression, Context(exchange=exchange, dialect="strict")) == first
    if name == "set-cookie":
        with pytest.raises(EvaluationError, match=r"Set-Cookie is a list|set-cookie is a list"):
            evaluate_value(f"x {{$response.header.{name}}}", Context(exchange=exchange))


@pytest.mark.parametrize(
    ("selector", "kind", "expected"),
    [
        ("$.a.b[0].x", "jsonpath", 1),
        ("$.a.b[?@.x == {$inputs.count}]", "jsonpath", ABSENT),
        ("$.a.b[?@.x == 2].x", {"type": "jsonpath", "version": "draft-goessner-dispatch-jsonpath-00"}, 2),
        ("/a/b/0/x", "jsonpointer", 1),
    ],
)
def test_selector_objects_apply(selector, kind, expected):
    value = {"context": "$response.body", "selector": selector, "type": kind}
    assert evaluate_value(value, CONTEXT) == expected
    nested = evaluate_value({"k": value}, CONTEXT)
    assert nested == ({} if expected is ABSENT else {"k": expected})


def test_selectors_take_values_as_literals_and_as_escaped_text():
    context = Context(inputs={"rows": [{"n": "a\"b'c", "v": 1}], "n": "a\"b'c"})
    for query in (
        "$[?@.n == {$inputs.n}].v",
        "$[?@.n == '{$inputs.n}'].v",
        '$[?@.n == "{$inputs.n}"].v',
        "$[?@.n == '$inputs.n'].v",
    ):
        assert evaluate_value({"context": "$inputs.rows", "selector": query, "type": "jsonpath"}, context) == 1


def test_xpath_over_text():
    value = {"context": "$steps.one.outputs.xml", "selector": "/a/b", "type": "xpath"}
    assert evaluate_value(value, CONTEXT) == "1"
    quoted = {
        "context": "$steps.one.outputs.xml",
        "selector": "/a/b[. = '1' or . = '{$inputs.quote}']",
        "type": "xpath",
    }
    assert evaluate_value(quoted, CONTEXT) == "1"


def test_an_unreadable_selector_does_not_show_the_value_put_into_it():
    context = Context(inputs={"secret": "][hunter2", "data": {}})
    value = {"context": "$inputs.data", "selector": "$.a{$inputs.secret}", "type": "xpath"}
    with pytest.raises(ArazzoError) as caught:
        evaluate_value({**value, "type": "jsonpath"}, context)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "$inputs.missing",
        "x {$inputs.missing}",
        "x {$inputs.nothing}",
        ["$inputs.missing"],
    ],
)
def test_outputs_that_have_no_value_are_absent(value):
    assert evaluate_output(value, CONTEXT, "lenient") is ABSENT


@pytest.mark.parametrize(
    "value",
    [
        "$steps.one",
        {"context": "$response.body", "selector": "$.a[", "type": "jsonpath"},
        {"context": "$response.body", "selector": "/a", "type": {"type": "xpath", "version": "9"}},
    ],
)
def test_outputs_that_nobody_can_read_are_no_values(value):
    found = evaluate_output(value, CONTEXT, "lenient", origin="output 'a' of step 's'")
    assert isinstance(found, Unreadable)
    assert found.is_miswritten
    assert str(found).startswith("output 'a' of step 's' is unreadable: nobody can read its expression: ")


def test_an_output_whose_selector_cannot_be_applied_is_unreadable():
    value = {"context": "$response.body", "selector": "/a", "type": "xpath"}
    found = evaluate_output(value, CONTEXT, origin="output 'a' of step 's'")
    assert isinstance(found, Unreadable)
    assert str(found).startswith("output 'a' of step 's' is unreadable: XPath needs XML text")


def test_outputs_keep_their_values():
    assert evaluate_output({"n": "$inputs.count", "f": False}, CONTEXT, "strict") == {"n": 3, "f": False}


def test_embedding_tells_the_converter_which_quote_is_open():
    seen = []

    def convert(value, quote):
        seen.append(quote)
        return to_literal(value, quote)

    text = """a {$inputs.name} '{$inputs.name}' "it's {$inputs.name}" '\\'{$inputs.name}'"""
    assert embed(text, CONTEXT, convert=convert) == """a "Ann" 'Ann' "it's Ann" '\\'Ann'"""
    assert seen == [None, "'", '"', "'"]
    assert embed("$inputs.count", CONTEXT) == "3"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_json_text_stays_json_whatever_is_put_into_its_strings(value):
    text = """{"it's": "{$inputs.v}", "n": {$inputs.n}}"""
    context = Context(inputs={"v": value, "n": 5})
    filled = json.loads(evaluate_value(text, context, "strict", convert=to_json_text))
    assert filled == {"it's": to_text(value), "n": 5}


@given(JSON)
def test_structures_are_embedded_as_json(value):
    text = evaluate_value("{$inputs.v}", Context(inputs={"v": value}), "strict")
    assert text == value if isinstance(value, str) else json.loads(text) == value
    assert json.loads(to_literal(value)) == value


@given(st.text())
def test_escaped_text_is_the_string_again(value):
    assert json.loads(f'"{to_literal(value, chr(34))}"') == value


@given(JSON.filter(lambda value: "$" not in to_text(value)))
def test_values_without_expressions_are_themselves(value):
    assert evaluate_value(value, Context()) == value


@given(st.text(alphabet="${}.#[]/'\" ainputsteoxl0", max_size=30))
def test_an_output_never_raises(text):
    evaluate_output(text, CONTEXT, "lenient")
    evaluate_output({"context": "$response.body", "selector": text, "type": "jsonpath"}, CONTEXT, "strict")
