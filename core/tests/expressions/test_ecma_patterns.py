"""Patterns are those of ECMA-262: what its engines say of each text."""

from __future__ import annotations

import pytest

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.ecma_patterns import compile_ecma


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d+$", "123", True),
        (r"^\d+$", "123\n", False),
        (r"^\d+$", "\u0661\u0662", False),
        (r"^\w$", "\u00e9", False),
        (r"^\p{L}+$", "n\u00e9", True),
        (r"^\p{Script=Greek}$", "\u03b1", True),
        (r"(?<year>\d{4})-\k<year>", "2020-2020", True),
        (r"(?<year>\d{4})-\k<year>", "2020-2021", False),
        (r"(?<$y>a)\k<$y>", "aa", True),
        (r"^(a)?b\1$", "b", True),
        (r"^\s$", "\ufeff", True),
        (r"^\S$", "\x1c", True),
        (r"^[\S]$", "\ufeff", False),
        (r"^[\D]$", "a", True),
        (r"[^\d]", "5", False),
        (r"^.$", "\r", False),
        (r"^.$", "\u2028", False),
        (r"^[]$", "", False),
        (r"^[^]$", "\n", True),
        (r"^[a-c-e]$", "d", False),
        (r"^[a-c-e]$", "-", True),
        (r"^[\w-]+$", "a-b", True),
        (r"^[+--]$", ",", True),
        (r"^[a&&b]$", "&", True),
        (r"[[:alpha:]]", "a]", True),
        (r"a{", "a{", True),
        (r"^a{,3}$", "a{,3}", True),
        (r"(?:foo){e<=1}", "fo", False),
        (r"^a]$", "a]", True),
        (r"^\u{1F600}$", "\U0001f600", True),
        (r"^\ud83d\ude00$", "\U0001f600", True),
        (r"^\x41\u0042\cJ\0$", "AB\n\0", True),
        (r"^[\b]$", "\b", True),
        (r"\bfoo\b", "\u00e9foo", True),
        (r"^\/v1\-x$", "/v1-x", True),
        (r"^(?!x)(?<!z)y(?=$)", "y", True),
        (r"(?i:a)b", "Ab", True),
        (r"(?i:a)b", "AB", False),
        ("(?i)abc", "ABC", True),
        (r"\A(?P<x>a)(?P=x)\Z", "aa", True),
        ("a(?#comment)b", "ab", True),
    ],
)
def test_what_a_pattern_matches(pattern: str, text: str, found: bool) -> None:
    assert (compile_ecma(pattern).search(text) is not None) is found


def test_flags() -> None:
    assert compile_ecma("^b$", "m").search("a\nb\nc")
    assert not compile_ecma("^b$").search("a\nb\nc")
    assert compile_ecma("^b$", "m").search("a\u2028b")
    assert compile_ecma("^.$", "s").search("\n")
    assert compile_ecma("^\\p{Lu}$", "i").search("a")


@pytest.mark.parametrize(
    ("pattern", "offset"),
    [(r"a\h", 1), ("a(?R)", 1), ("a[b", 1), (r"\b\b(", 4), ("*a", 0), ("(?P<x", 0), ("a\\", 1), (r"\u{110000}", 0)],
)
def test_what_is_no_pattern_says_where(pattern: str, offset: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_ecma(pattern)
    assert caught.value.offset == offset
