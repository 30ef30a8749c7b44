"""Strings that are or embed expressions: the traps of real documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.nodes import Input
from arazzo.expressions.portability import find_loose
from arazzo.expressions.templates import find_expressions, is_selector, parse_template, scan_expression


def spelled(text, dialect="lenient"):
    """The parts of a template; expressions in angle brackets."""
    parts = parse_template(text, dialect).parts
    return [part if isinstance(part, str) else f"<{part}>" for part in parts]


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
@pytest.mark.parametrize(
    "text",
    [
        *("", "plain", "$", "$$", "$pageSize", "$type", "costs $5", "{a}", "{}", "{$}", "{$", "$urls", "$self_link"),
        *("$methods", "{$pageSize}", "${inputs.x}", "$datetime.iso8601", "$.items[0].id", "^[0-9]{4}$", "$include"),
        *('{"a": {"b": 1}}', "query($id: ID!) { f(id: $id) { url } }", "$[?count(@.pets) > 0]"),
    ],
)
def test_what_stays_literal(text, dialect):
    template = parse_template(text, dialect)
    assert "".join(template.parts) == text
    assert template.sole is None


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{$inputs.a}", ["<$inputs.a>"]),
        (
            "https://{$inputs.host}/{$steps.a.outputs.id}/x",
            ["https://", "<$inputs.host>", "/", "<$steps.a.outputs.id>", "/x"],
        ),
        ('{"threshold": {$inputs.threshold}}', ['{"threshold": ', "<$inputs.threshold>", "}"]),
        ('{"a": "{$response.body#/a b}"}', ['{"a": "', "<$response.body#/a b>", '"}']),
        ("{{$inputs.x}}", ["{", "<$inputs.x>", "}"]),
        ("${$inputs.x}", ["$", "<$inputs.x>"]),
        ("{$sourceDescriptions.p.url}#/paths/~1x", ["<$sourceDescriptions.p.url>", "#/paths/~1x"]),
    ],
)
def test_braces_embed_in_both_dialects(text, expected, dialect):
    template = parse_template(text, dialect)
    assert spelled(text, dialect) == expected
    assert template.sole is None
    assert not template.unbraced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bearer $inputs.token", ["Bearer ", "<$inputs.token>"]),
        ("refs/heads/$inputs.branch", ["refs/heads/", "<$inputs.branch>"]),
        ("$inputs.first $inputs.last", ["<$inputs.first>", " ", "<$inputs.last>"]),
        ("$inputs.owner/$inputs.repo", ["<$inputs.owner>", "/", "<$inputs.repo>"]),
        ("$inputs.a_$inputs.b-$inputs.c", ["<$inputs.a>", "_", "<$inputs.b>", "-", "<$inputs.c>"]),
        ("$inputs.host/path", ["<$inputs.host>", "/path"]),
        ("{$inputs.field} = '$inputs.value'", ["<$inputs.field>", " = '", "<$inputs.value>", "'"]),
        ('{"status": $steps.a.outputs.s\n}', ['{"status": ', "<$steps.a.outputs.s>", "\n}"]),
        ("$inputs.name.", ["<$inputs.name>", "."]),
        ("$inputs.name,", ["<$inputs.name>", ","]),
        ("Hi $inputs.name. Bye", ["Hi ", "<$inputs.name>", ". Bye"]),
        ("at $response.body#/a/b.", ["at ", "<$response.body#/a/b>", "."]),
        ("$$inputs.total", ["$", "<$inputs.total>"]),
        ("see $url/x and $self", ["see ", "<$url>", "/x and ", "<$self>"]),
        ("&scope=$inputs.scope}", ["&scope=", "<$inputs.scope>", "}"]),
        (
            "$.data[?(@.id == '$inputs.model')].length == 0",
            ["$.data[?(@.id == '", "<$inputs.model>", "')].length == 0"],
        ),
        ("x $steps.a.outputs.b.c[0]['d e'] y", ["x ", "<$steps.a.outputs.b.c[0]['d e']>", " y"]),
        ("a $request.header.X-Id b", ["a ", "<$request.header.X-Id>", " b"]),
        ("$response.body#/a, $response.body#/b", ["<$response.body#/a>", ", ", "<$response.body#/b>"]),
        ("$sourceDescriptions.p.url#/paths/~1x", ["<$sourceDescriptions.p.url>", "#/paths/~1x"]),
    ],
)
def test_lenient_embeds_without_braces(text, expected):
    template = parse_template(text)
    assert spelled(text) == expected
    assert template.sole is None
    places = [template.offsets[index] for index in sorted(template.unbraced)]
    assert all(text[place] == "$" for place in places)
    assert places or "{$" in text


@pytest.mark.parametrize("text", ["Bearer $inputs.token", "refs/heads/$inputs.branch", " $inputs.a", "$url/x"])
def test_strict_leaves_unbraced_expressions_literal(text):
    assert spelled(text, "strict") == [text]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "$inputs.a",
            "$inputs.a.b",
            "$response.body",
            "$response.body.a[0]",
            "$inputs.filter[name]",
            "$inputs.artistId[]",
        ),
        *("$steps.x.outputs.Policy object", "$steps.x.outputs.PredictResponse (payload)", "$inputs.a\n"),
        *("$response.body#/first name", "$request.query.filter[name]", "$steps.x.outputs.items[0].id"),
    ],
)
def test_whole_strings_that_are_one_expression(text):
    template = parse_template(text)
    assert template.sole is not None
    assert template.sole.text == text.strip()


def test_an_output_may_be_named_without_the_word_outputs_in_lenient():
    assert parse_template("$steps.W.status").sole == parse_template("$steps.W.outputs.status").sole
    (loose,) = find_loose("say {$steps.W.status} now")
    assert loose.portable == "{$steps.W.outputs.status}"
    with pytest.raises(ExpressionSyntaxError):
        parse_template("$steps.W.status", "strict")


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("$steps.W.output.status", 8),
        ("say {$steps.W.output.status} now", 13),
        ("{$response.heads.X}", 11),
        ("$inputs.", 8),
        ("$response.body/a", 14),
        ("$inputs.a#b", 10),
    ],
)
def test_malformed_expressions_are_errors_not_text(text, offset, dialect):
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_template(text, dialect)
    assert caught.value.offset == offset
    assert caught.value.text == text


@pytest.mark.parametrize(
    "text", ["$inputs.a\u200b", "{$inputs.a\ufeff}", "$response.body#/a\u200b", "$response.body#/a\u2060/b"]
)
def test_a_character_that_nobody_sees_is_an_error_in_an_expression(text):
    with pytest.raises(ExpressionSyntaxError, match="nobody sees"):
        parse_template(text)


def test_a_blank_that_does_not_break_ends_an_expression_without_braces_only():
    assert spelled("Bearer\u00a0$response.body#/token\u00a0x") == ["Bearer\u00a0", "<$response.body#/token>", "\u00a0x"]
    assert spelled("{$response.body#/Prix\u00a0HT}") == ["<$response.body#/Prix\u00a0HT>"]


@pytest.mark.parametrize("text", ["$input.x", "{$input.x}"])
def test_a_misspelled_root_is_an_error_in_strict_and_text_in_lenient(text):
    assert spelled(text) == [text]
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_template(text, "strict")
    assert caught.value.hint == "$inputs.x"


def test_expressions_are_found_in_document_order():
    value = {
        "a/b": "$inputs.a",
        "list": [1, "Bearer $inputs.b and {$inputs.c}", None],
        "selected": {"context": "$response.body", "selector": "$.x[?@.id == '{$inputs.d}']", "type": "jsonpath"},
    }
    assert [(pointer, str(expression)) for pointer, expression in find_expressions(value)] == [
        ("/a~1b", "$inputs.a"),
        ("/list/1", "$inputs.b"),
        ("/list/1", "$inputs.c"),
        ("/selected/context", "$response.body"),
        ("/selected/selector", "$inputs.d"),
    ]
    assert len(list(find_expressions(value, "strict"))) == 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"context": "$response.body", "selector": "$.a", "type": "jsonpath"}, True),
        (
            {"context": "$response.body", "selector": "/a", "type": {"type": "xpath", "version": "xpath-10"}, "x-n": 1},
            True,
        ),
        ({"context": "$response.body", "selector": "$.a"}, False),
        ({"context": "$response.body", "selector": "$.a", "type": "house"}, False),
        ({"context": "room", "selector": "$.a", "type": "jsonpath"}, False),
        ({"context": "$response.body", "selector": "$.a", "type": "jsonpath", "more": 1}, False),
        ({"context": "$response.body", "selector": "$.a", "type": ["string", "null"]}, False),
        ({"context": "$response.body", "selector": "$.a", "type": {}}, False),
        ("$response.body", False),
    ],
)
def test_selector_objects(value, expected):
    assert is_selector(value) is expected


def test_scanning_stops_where_a_condition_goes_on():
    text = "$inputs.a.b == $response.body#/x && $statusCode>200"
    assert scan_expression(text) == (Input("a.b", loose=True), 11)
    assert [str(scan_expression(text, text.index(start))[0]) for start in ("$resp", "$stat")] == [
        "$response.body#/x",
        "$statusCode",
    ]
    assert scan_expression(text, 1) is None


FRAGMENTS = st.sampled_from(
    [
        "$",
        "{",
        "}",
        ".",
        "#/",
        "[0]",
        "'",
        '"',
        " ",
        "a",
        "\n",
        "$inputs.a",
        "{$inputs.b}",
        "$steps.",
        "x.outputs.y",
        "$url",
    ]
)


@given(
    st.one_of(st.text(max_size=40), st.lists(FRAGMENTS, max_size=12).map("".join)),
    st.sampled_from(["lenient", "strict"]),
)
def test_the_parts_make_up_the_text(text, dialect):
    try:
        template = parse_template(text, dialect)
    except ExpressionSyntaxError:
        assert "$" in text
        return
    position = 0
    for part, offset in zip(template.parts, template.offsets, strict=True):
        written = part if isinstance(part, str) else part.text
        assert text.startswith(written, offset)
        assert text[position:offset].strip() in ("", "{", "}", "}{")
        position = offset + len(written)
    assert text[position:].strip() in ("", "}")
    assert [str(part) for _, part in find_expressions(text, dialect)] == [str(part) for part in template.expressions]
