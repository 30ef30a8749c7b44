"""Where values stand, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from arazzo.errors import DocumentError, Severity
from arazzo.source.text import load_source, parse_source

TEXT = """\
# a comment
info:
  title: "Say \\"hi\\" now"
  note: 'it''s here'
  "a/b~c": plain text
steps:
- condition: |
    first line
      second line
  ref: &anchor anchored
- again: *anchor
  folded: >-
    some
    text
"""


@pytest.fixture
def source():
    return parse_source(TEXT, "doc.yaml", "/base/doc.yaml")


@pytest.mark.parametrize(
    ("pointer", "arguments", "line", "column", "width"),
    [
        ("", {}, 2, 1, 1),
        ("/info", {"key": True}, 2, 1, 4),
        ("/info/title", {}, 3, 10, 16),
        ("/info/title", {"offset": 9}, 3, 22, 4),
        ("/info/note", {"offset": 5}, 4, 16, 5),
        ("/info/note", {"offset": 3, "width": 1}, 4, 14, 1),
        ("/info/a~1b~0c", {}, 5, 12, 10),
        ("/info/a~1b~0c", {"key": True}, 5, 3, 7),
        ("/steps/0/condition", {}, 7, 14, 1),
        ("/steps/0/condition", {"offset": 6, "width": 4}, 8, 11, 4),
        ("/steps/0/condition", {"offset": 13, "width": 6}, 9, 7, 6),
        ("/steps/0/ref", {"offset": 2, "width": 3}, 10, 18, 3),
        ("/steps/1/again", {}, 10, 8, 16),
        ("/steps/1/folded", {"offset": 3}, 12, 11, 1),
        ("/steps/7/nothing", {}, 7, 1, 1),
        ("/info/nothing", {"key": True}, 3, 3, 1),
    ],
)
def test_place(source, pointer: str, arguments: dict, line: int, column: int, width: int) -> None:
    place = source.place(pointer, **arguments)
    assert (place.line, place.column, place.width, place.pointer) == (line, column, width, pointer)
    assert place.excerpt == TEXT.splitlines()[line - 1]


MERGED = """\
a: &a {x: 1, y: [1, 2]}
b: &b {<<: *a, z: 3}
c: {<<: [*b, *a], x: 9}
d: {<<: *a, '<<': 5}
both: &both [*a, *b]
e: {<<: *both}
? &name f
: {*name : 1}
"""


@pytest.mark.parametrize(
    ("pointer", "line", "column"),
    [
        ("/b/x", 1, 11),
        ("/b/y/1", 1, 21),
        ("/b/z", 2, 19),
        ("/c/x", 3, 22),
        ("/c/z", 2, 19),
        ("/d/<<", 4, 19),
        ("/e/z", 2, 19),
        ("/both/0/y", 1, 17),
        ("/f/f", 8, 12),
    ],
)
def test_what_is_merged_stands_where_it_is_written(pointer: str, line: int, column: int) -> None:
    place = parse_source(MERGED, "doc.yaml").place(pointer)
    assert (place.line, place.column) == (line, column)


def test_columns_count_characters_and_lines_end_three_ways() -> None:
    source = parse_source('{"ä😀": 1,\r\n"b":\r 2}', "d.json")
    assert source.place("/ä😀").column == 8
    assert (source.place("/b").line, source.place("/b").column) == (3, 2)


def test_an_excerpt_carries_nothing_that_moves_a_cursor() -> None:
    place = parse_source('{"a": "\x7f\x9b1m", "b": 1}', "d.json").place("/b")
    assert place.excerpt.isprintable()
    assert place.excerpt[place.column - 1] == "1"


def test_a_very_long_line_is_not_shown_as_a_whole() -> None:
    source = parse_source('{"a": 1, "b": "' + "x" * 5000 + '", "c": 2}', "d.json")
    assert len(source.place("/a").excerpt) < 300
    assert source.place("/c").excerpt == ""


def test_a_problem_reads_like_a_compilers(source) -> None:
    found = source.problem("some-rule", Severity.WARNING, "/info/note", "it is odd", "be even")
    assert found.render().splitlines() == [
        "doc.yaml:4:9: warning[some-rule]: it is odd",
        "  at info.note",
        "4 |   note: 'it''s here'",
        "  |         ^^^^^^^^^^^^ be even",
    ]


def test_the_digest_is_that_of_the_text(source) -> None:
    assert len(source.digest) == 64
    assert parse_source("abc", "d").digest.startswith("ba7816bf")


@pytest.mark.parametrize(
    ("content", "words", "line", "column"),
    [
        (b"a: 1\nb: caf\xe9\n", "not UTF-8: byte 0xe9", 2, 7),
        ("a: 1".encode("utf-16"), "UTF-16", 0, 0),
    ],
)
def test_files_that_are_not_utf8(tmp_path: Path, content: bytes, words: str, line: int, column: int) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=words) as caught:
        load_source(path)
    place = caught.value.problems[0].place
    assert (place.line, place.column) == (line, column)


def test_files_that_are_none(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "folder"), (tmp_path / "x.yaml", "no such file"), ("a\0b", "cannot be read")):
        with pytest.raises(DocumentError, match=words) as caught:
            load_source(path)
        assert caught.value.problems[0].rule == "unreadable-file"


def test_a_loaded_file_keeps_the_name_given_and_knows_where_it_is(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "d.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path)
    source = load_source("d.yaml")
    assert (source.name, source.uri) == ("d.yaml", str(tmp_path / "d.yaml"))
    assert load_source("d.yaml", name="shown").name == "shown"


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("d.yaml", 'a: [b, "c\\0"]', 8),
        ("d.yaml", 'a: {"c\\x00": 1}', 5),
        ("d.yaml", 'a: "c\\\\0"', None),
        ("d.json", '{"a": "\\\\u0000", "b": [1, "x\\u0000"]}', 27),
        ("d.json", '{"a\\u0000": 1}', 2),
        ("d.json", '{"a": "\\\\u0000"}', None),
        ("d.yaml", "a: [b, .nan]", 8),
        ("d.yaml", "a: {b: -.Inf}", 8),
        ("d.yaml", "a: {b: '.nan', c: nan, d: .5, e: !!str .inf}", None),
    ],
)
def test_what_no_document_may_hold_is_found(name: str, text: str, column: int | None) -> None:
    found = [(problem.rule, problem.place.column) for problem in parse_source(text, name).unfit_problems()]
    assert found == ([("invalid-value", column)] if column else [])
