"""YAML 1.2 core schema, located problems, limits."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from suite import drawn

from arazzo.errors import DocumentError, Problem
from arazzo.exact_numbers import ExactNumber
from arazzo.source.text import parse_source


def problem(text: str, name: str = "doc.yaml") -> Problem:
    with pytest.raises(DocumentError) as caught:
        parse_source(text, name)
    (only,) = caught.value.problems
    return only


def refusal(text: str, name: str) -> DocumentError | None:
    try:
        parse_source(text, name)
    except DocumentError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("no", "no"), ("yes", "yes"), ("y", "y"), ("012", 12), ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"), ("12:30:00", "12:30:00"), (".inf", ".inf"), (".nan", ".nan"), ("0b11", "0b11"),
        ("1.0.1", "1.0.1"), ("1e999", ExactNumber("1e999")), ("'1'", "1"), ('"true"', "true"), ("!!str 12", "12"),
        ("true", True), ("False", False), ("TRUE", True), ("null", None), ("~", None), ("a:", {"a": None}),
        ("0o14", 12), ("0x1F", 31), ("+7", 7), ("-0", 0), ("12345678901234567890", 12345678901234567890),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", ExactNumber("1e3")), ("-1.5E-2", ExactNumber("-1.5E-2")),
        ("!!float 3", 3.0),
        ("<<: {a: 1}", {"<<": {"a": 1}}), ("=: 1", {"=": 1}),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema_as_far_as_json_goes(text: str, value: object) -> None:
    read = parse_source(text, "doc.yaml").data
    assert (type(read), read) == (type(value), value)


def test_keys_are_text_as_written() -> None:
    text = "200: a\n012: b\ntrue: c\nnull: d\n1.50: e\n? x\n: f\n"
    assert parse_source(text, "d.yaml").data == {
        "200": "a",
        "012": "b",
        "true": "c",
        "null": "d",
        "1.50": "e",
        "x": "f",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<<: *a", {"x": 1, "y": [2]}),
        ("<<: *a\n  y: 3", {"x": 1, "y": 3}),
        ("y: 3\n  <<: *a", {"y": 3, "x": 1}),
        ("<<: [*b, *a]", {"x": 5, "z": 6, "y": [2]}),
        ("<<: *a\n  <<: *b", {"x": 1, "y": [2], "z": 6}),
        ("<<: *l", {"x": 1, "y": [2], "z": 6}),
        ("'<<': *a", {"<<": {"x": 1, "y": [2]}}),
        ("<<: {x: 1}", {"<<": {"x": 1}}),
        ("<<: [*a, {q: 1}]", {"<<": [{"x": 1, "y": [2]}, {"q": 1}]}),
        ("<<: *s", {"<<": "text"}),
        ("<<: []", {"<<": []}),
    ],
)
def test_merge_keys_take_over_what_an_alias_names(text: str, value: object) -> None:
    anchors = "a: &a {x: 1, y: [2]}\nb: &b {x: 5, z: 6}\ns: &s text\nl: &l [*a, *b]\n"
    source = parse_source(f"{anchors}it:\n  {text}\n", "d.yaml")
    assert source.data["it"] == value
    assert bool(source.merges) is ("<<" not in source.data["it"])
    for name in source.data["it"]:
        assert source.place(f"/it/{name}").line >= 1
    if "x" in value:
        assert source.place("/it/x").line == (2 if value["x"] == 5 else 1)


def test_a_key_beside_a_merge_key_is_still_given_once() -> None:
    refused = refusal("a: &a {x: 1}\nb: {<<: *a, x: 2, x: 3}\n", "d.yaml")
    assert refused is not None
    assert refused.problems[0].rule == "duplicate-key"


def test_a_key_is_the_text_that_is_written() -> None:
    keys = ["12e45678", "13e45678", "1.50", "0777", "0x1F", "1e2", "True", "~", ".inf", "2026-11-30", "1:2"]
    data = parse_source("".join(f"{key}: 1\n" for key in keys), "d.yaml").data
    assert list(data) == keys
    assert parse_source("a: &a 1e2\nb: {*a : 1}\n&b 0x10: *b\n", "d.yaml").data == {
        "a": 100,
        "b": {"1e2": 1},
        "0x10": 16,
    }


def test_a_number_beyond_the_limits_is_text_in_quotes() -> None:
    assert problem("commit: 12e45678\n").hint == "text stands in quotes"
    assert parse_source("commit: '12e45678'\n", "d.yaml").data == {"commit": "12e45678"}


def test_aliases_share_what_they_name() -> None:
    data = parse_source("a: &x {b: [1]}\nc: *x\nd: &k key\n*k : 1\n", "d.yaml").data
    assert data == {"a": {"b": [1]}, "c": {"b": [1]}, "d": "key", "key": 1}


@pytest.mark.parametrize(
    ("text", "rule", "line", "column", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, "'a' is given twice"),
        ("200: 1\n'200': 2\n", "duplicate-key", 2, 1, "'200'"),
        ("a:\n\tb: 1\n", "yaml-syntax", 2, 1, "a tab"),
        ("a: b: c\n", "yaml-syntax", 1, 5, "colon"),
        ("a: @x\n", "yaml-syntax", 1, 4, "cannot start with '@'"),
        ('a: "x\nb: 1\n', "yaml-syntax", 1, 4, "not closed"),
        ("a: [1, 2\nb: 3\n", "yaml-syntax", 2, 2, "bracket"),
        ("- a\nb: 1\n", "yaml-syntax", 2, 1, "list"),
        ("", "yaml-syntax", 1, 1, "empty"),
        ("# only a comment\n", "yaml-syntax", 1, 1, "empty"),
        ("a: 1\n---\nb: 2\n", "yaml-syntax", 2, 1, "second document"),
        ("a: *x\n", "yaml-syntax", 1, 4, "anchor"),
        ("a: &x [*x]\n", "yaml-syntax", 1, 8, "inside of what it names"),
        ("a: !!binary eA==\n", "yaml-syntax", 1, 4, "!!binary"),
        ("a: !!set {b}\n", "yaml-syntax", 1, 4, "!!set"),
        ("a: !!python/object:os.system x\n", "yaml-syntax", 1, 4, "python"),
        ("? [a]\n: 1\n", "yaml-syntax", 1, 5, "key must be text"),
        ("é: ü\nß: \x00", "yaml-syntax", 2, 4, "character"),
        ("a: \ud800", "unreadable-file", 1, 4, "surrogate"),
        ('a: "\\ud800"', "yaml-syntax", 1, 7, ""),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_at_its_place(
    text: str, rule: str, line: int, column: int, words: str
) -> None:
    found = problem(text)
    assert (found.rule, found.place.line, found.place.column) == (rule, line, column)
    assert words in found.message


def test_a_byte_order_mark_is_no_character_of_the_first_line() -> None:
    source = parse_source("\ufeffa: 1", "d.yaml")
    assert (source.data, source.place("/a", key=True).column) == ({"a": 1}, 1)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "a: &a [*a]\n" * 5])
def test_hostile_nesting_is_refused(text: str) -> None:
    assert problem(text).rule in ("yaml-limits", "yaml-syntax")


def test_an_alias_bomb_is_refused_before_it_explodes() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 10):
        text += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    assert problem(text).rule == "yaml-limits"


def test_an_alias_bomb_of_one_long_text_is_refused() -> None:
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]"
    assert problem(text).rule == "yaml-limits"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@drawn(40)
@given(json_values)
def test_what_yaml_can_write_is_read_back(value: object) -> None:
    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
    Dumper.add_representer(float, lambda dumper, x: dumper.represent_scalar("tag:yaml.org,2002:float", repr(x)))
    Dumper.ignore_aliases = lambda self, data: True
    assert parse_source(yaml.dump(value, Dumper=Dumper, allow_unicode=False), "d.yaml").data == value


@drawn(50)
@given(st.text(alphabet=st.sampled_from("ab:-[]{},&*!|>'\"%@#? \n\t~01.\\é\x85\u2028\ud800"), max_size=40))
def test_no_text_does_worse_than_a_located_problem(text: str) -> None:
    for name in ("d.yaml", "d.json", "d"):
        refused = refusal(text, name)
        assert refused is None or refused.problems[0].place.line >= 1
        str(refused).encode()
