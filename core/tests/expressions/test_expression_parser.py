"""The grammar: what each dialect reads, what it refuses, and where it says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.nodes import (
    ComponentReference,
    Fixed,
    Input,
    Message,
    Output,
    SourceReference,
    StepOutput,
    WorkflowValue,
)
from arazzo.expressions.parser import parse_expression
from arazzo.expressions.spelling import foreign_root, misspelled_root

GRAMMAR = {
    "$url": Fixed("url"),
    "$method": Fixed("method"),
    "$statusCode": Fixed("statusCode"),
    "$self": Fixed("self"),
    "$request.header.accept": Message("request", "header", "accept"),
    "$response.header.X-Rate.Limit!": Message("response", "header", "X-Rate.Limit!"),
    "$request.query.q": Message("request", "query", "q"),
    "$request.query.a b/c#d": Message("request", "query", "a b/c#d"),
    "$request.query.": Message("request", "query", ""),
    '$request.query.say \\"hi\\" \\u00e9': Message("request", "query", 'say "hi" é'),
    "$request.path.id": Message("request", "path", "id"),
    "$request.body": Message("request", "body"),
    "$request.body#/user/uuid": Message("request", "body", pointer="/user/uuid"),
    "$response.body#": Message("response", "body", pointer=""),
    "$response.body#/": Message("response", "body", pointer="/"),
    "$response.body#/a~1b/m~0n/ü": Message("response", "body", pointer="/a~1b/m~0n/ü"),
    "$response.payload#/a": Message("response", "payload", pointer="/a"),
    "$message.header.Server": Message("message", "header", "Server"),
    "$message.payload#/status": Message("message", "payload", pointer="/status"),
    "$inputs.x-api-key": Input("x-api-key"),
    "$inputs.customer#/name": Input("customer", "/name"),
    "$outputs.bar": Output("bar"),
    "$steps.someStepId.outputs.pets": StepOutput("someStepId", "pets"),
    "$steps.someStepId.outputs.pets#/0/id": StepOutput("someStepId", "pets", "/0/id"),
    "$workflows.foo.inputs.username": WorkflowValue("foo", "inputs", "username"),
    "$workflows.foo.outputs.mappedResponse#/name": WorkflowValue("foo", "outputs", "mappedResponse", "/name"),
    "$sourceDescriptions.petstore.getPetById": SourceReference("petstore", "getPetById"),
    "$sourceDescriptions.petstore.pets/get it.all": SourceReference("petstore", "pets/get it.all"),
    "$components.parameters.foo": ComponentReference("parameters", "foo"),
    "$components.successActions.bar.b": ComponentReference("successActions", "bar.b"),
    "$components.failureActions.baz": ComponentReference("failureActions", "baz"),
}

LOOSE = {
    "$inputs.a.b[0]": Input("a.b[0]", loose=True),
    "$inputs.filter[name]": Input("filter[name]", loose=True),
    "$inputs.$.xgafv": Input("$.xgafv", loose=True),
    "$steps.x.outputs.a.b[0]": StepOutput("x", "a.b[0]", loose=True),
    "$steps.x.outputs.Employee object (full details)": StepOutput("x", "Employee object (full details)", loose=True),
    "$steps.get.it now.outputs.a": StepOutput("get.it now", "a"),
    "$response.body.a.b": Message("response", "body", trail=".a.b", loose=True),
    "$response.body[0].x": Message("response", "body", trail="[0].x", loose=True),
    "$response.body['a b'][\"c\"]": Message("response", "body", trail="['a b'][\"c\"]", loose=True),
    "$response.body#/a%20b": Message("response", "body", pointer="/a%20b", loose=True),
    "$sourceDescriptions.pets#/paths/~1pets": SourceReference("pets", "#/paths/~1pets"),
    "$components.inputs.page": ComponentReference("inputs", "page"),
}


@pytest.mark.parametrize("text", GRAMMAR)
def test_both_dialects_read_the_grammar(text):
    assert parse_expression(text, "strict") == GRAMMAR[text]
    assert parse_expression(text, "lenient") == GRAMMAR[text]
    assert parse_expression(text, "strict").text == text


@pytest.mark.parametrize("text", LOOSE)
def test_lenient_reads_more(text):
    assert parse_expression(text, "lenient") == LOOSE[text]
    if text not in ("$response.body#/a%20b",):
        with pytest.raises(ExpressionSyntaxError):
            parse_expression(text, "strict")


def test_dots_in_a_name_are_a_name_in_strict_and_may_be_navigation_in_lenient():
    assert parse_expression("$inputs.a.b", "strict") == Input("a.b")
    assert parse_expression("$inputs.a.b", "lenient") == Input("a.b", loose=True)


@pytest.mark.parametrize(
    ("text", "offset", "hint"),
    [
        ("", 0, None),
        ("inputs.a", 0, None),
        ("$", 0, None),
        ("$pageSize", 0, None),
        ("$input.x", 0, "did you mean '$inputs.x'?"),
        ("$step.a.outputs.b", 0, "did you mean '$steps.a.outputs.b'?"),
        ("$statuscode", 0, "did you mean '$statusCode'?"),
        ("$status_code", 0, "did you mean '$statusCode'?"),
        ("$url.host", 4, None),
        ("$steps", 6, None),
        ("$inputs", 7, None),
        ("$outputs", 8, None),
        ("$inputs.", 8, None),
        ("$inputs.a#b", 10, "write '#/b'"),
        ("$inputs.a#/b~2", 12, "'~' is written '~0'"),
        ("$steps.a.outputs.", 17, None),
        ("$steps.a.output.b", 8, "did you mean '$steps.a.outputs.b'?"),
        ("$steps.a.outputs", 8, "name one: '$steps.a.outputs.name'"),
        ("$workflows.w.inputs", 12, "name one: '$workflows.w.inputs.name'"),
        ("$workflows.a.input.b", 12, "did you mean '$workflows.a.inputs.b'?"),
        ("$response.heder.Location", 10, "did you mean '$response.header.Location'?"),
        ("$response.status", 10, "did you mean '$statusCode'?"),
        ("$response.header.", 17, None),
        ("$response.header.a b", 18, None),
        ("$response.body/a", 14, "write '$response.body#/a'"),
        ("$response.body..a", 14, None),
        ("$sourceDescriptions.a", 21, None),
        ("$sourceDescriptions..a", 20, None),
        ("$components.parameter.a", 12, "did you mean '$components.parameters.a'?"),
        ("$components.parameters", 22, None),
        ("$inputs." + "a" * 5000, 0, None),
    ],
)
def test_errors_say_where_and_what_else(text, offset, hint):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(text, "lenient")
    assert (caught.value.offset, caught.value.hint) == (offset, hint)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("$response.body.a[0]", "write '$response.body#/a/0'"),
        ("$steps.x.outputs.a.b[0]", "write '$steps.x.outputs.a#/b/0'"),
        ("$response.headers.Location", "did you mean '$response.header.Location'?"),
        ("$inputs.first $inputs.last", "put expressions that are embedded in text in braces"),
    ],
)
def test_strict_shows_the_portable_spelling(text, hint):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(text, "strict")
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("$input.name", "$inputs.name"),
        ("Bearer $Inputs.token", "$inputs.token"),
        ("{$stepss.a.outputs.b}", "$steps.a.outputs.b"),
        ("$sourceDescription.pets.url", "$sourceDescriptions.pets.url"),
        ("$statuscode", "$statusCode"),
        ("$pageSize", None),
        ("$type", None),
        ("$filter.name", None),
        ("$inputs.name", None),
        ("$inputs.name and $output.x.", "$outputs.x"),
        ("costs $5.00", None),
        ("$.items[0]", None),
    ],
)
def test_misspelled_roots(text, meant):
    assert misspelled_root(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("$.steps.a.outputs.b", "$steps.a.outputs.b"),
        ("Bearer ${inputs.token}", "$inputs.token"),
        ("${ workflows.a.outputs.b[0] }", "$workflows.a.outputs.b[0]"),
        ("$.items[0].inputs.x", None),
        ("$.message.id", None),
        ("$steps.a.outputs.b", None),
        ("${HOME}", None),
    ],
)
def test_expressions_as_other_tools_write_them(text, meant):
    assert foreign_root(text) == meant


IDENTIFIER = st.from_regex(r"[A-Za-z0-9._-]+", fullmatch=True)
ID = st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True)
TOKENS = st.lists(st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=4), max_size=3)
POINTER = st.none() | TOKENS.map(lambda names: "".join("/" + n.replace("~", "~0").replace("/", "~1") for n in names))
CHARS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=12)
SIDE = st.sampled_from(["request", "response", "message"])
STRICT_NODES = st.one_of(
    st.builds(Fixed, st.sampled_from(["url", "method", "statusCode", "self"])),
    st.builds(Message, SIDE, st.just("header"), st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", fullmatch=True)),
    st.builds(Message, SIDE, st.sampled_from(["query", "path"]), CHARS),
    st.builds(Message, SIDE, st.sampled_from(["body", "payload"]), pointer=POINTER),
    st.builds(Input, IDENTIFIER, POINTER),
    st.builds(Output, IDENTIFIER, POINTER),
    st.builds(StepOutput, ID, IDENTIFIER, POINTER),
    st.builds(WorkflowValue, ID, st.sampled_from(["inputs", "outputs"]), IDENTIFIER, POINTER),
    st.builds(SourceReference, ID, CHARS.filter(lambda text: text and not text.startswith("#"))),
    st.builds(ComponentReference, st.sampled_from(["parameters", "successActions", "failureActions"]), IDENTIFIER),
)


@given(STRICT_NODES)
def test_printing_and_parsing_is_identity_in_strict(node):
    assert parse_expression(str(node), "strict") == node


@given(STRICT_NODES)
def test_what_strict_reads_lenient_reads_and_prints_alike(node):
    lenient = parse_expression(str(node), "lenient")
    assert str(lenient) == str(node)
    assert parse_expression(str(lenient), "lenient") == lenient


FRAGMENTS = st.sampled_from(
    [
        "$",
        "{",
        "}",
        ".",
        "#",
        "/",
        "~",
        "[",
        "]",
        "'",
        '"',
        "0",
        "a",
        "é",
        "\\",
        "$inputs.",
        "$steps.",
        "outputs",
        ".outputs.",
        "$response.",
        "body",
        "header.",
        "$url",
        "$sourceDescriptions.",
        "$components.parameters.",
        "$workflows.",
        "query.",
        "\\u00",
    ]
)


@given(
    st.one_of(st.text(max_size=30), st.lists(FRAGMENTS, max_size=10).map("".join)),
    st.sampled_from(["lenient", "strict"]),
)
def test_any_text_is_an_expression_or_a_located_error(text, dialect):
    problem = node = None
    try:
        node = parse_expression(text, dialect)
    except ExpressionSyntaxError as error:
        problem = error
    if problem is not None:
        assert 0 <= problem.offset <= len(text)
        assert problem.text == text
    else:
        assert node.text == text
        assert parse_expression(str(node), dialect) == node
