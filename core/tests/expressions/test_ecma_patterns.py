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
        (r"^(?:(['\"])\w+\1,?)*$", "'a',\"b\"", True),
        (r"^(?=a)*b$", "b", True),
        (r"^\u{99999}\u{99999}$", "\U00099999" * 2, True),
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
    [
        *(
            (r"a\h", 1),
            ("a(?R)", 1),
            ("a[b", 1),
            (r"\b\b(", 4),
            ("*a", 0),
            ("(?P<x", 0),
            ("a\\", 1),
            (r"\u{110000}", 0),
        ),
        *(("a++", 2), ("ba*+", 3), ("a?+", 2), ("a{1,2}+", 6), ("a*?+", 3), ("a**", 2), ("b^*", 2), (r"\b+", 2)),
        *(("b(?<=a)+", 7), ("a(?>b)", 1), ("a(?#b)", 1), ("(?i)a", 0), ("a(?s)b", 1), ("(?x:a)", 0), ("(?ii:a)", 0)),
        *(("(?i-i:a)", 0), ("(?P<n>a)", 0), (r"\Aa", 0), (r"a\Z", 1), (r"\01", 0), ("(?<n>a)|(?<n>b)", 8)),
        *((r"(z)((a+)?(b+)?(c))*\3", 19), (r"(?:(?<n>a)|b)*\k<n>", 14), (r"(?:\1(a))+", 3), (r"(a)*\1", 4)),
        *((r"(?:a(?:(b)|c)\1)*", 13), (r"((a)b)+\2", 7), (r"(?:(?<=(a)\1)b)+", 10)),
    ],
)
def test_what_is_no_pattern_says_where(pattern: str, offset: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_ecma(pattern)
    assert caught.value.offset == offset


def test_what_other_languages_write_is_said_in_ecma_262() -> None:
    hints = {
        "(?i)a": "(?i:...)",
        "(?s).": "(?s:...)",
        "(?m)^a": "(?m:...)",
        "(?P<n>a)": "(?<name>...)",
        r"\Aa": "^",
        r"a\Z": "$",
    }
    for pattern, hint in hints.items():
        with pytest.raises(ExpressionSyntaxError) as caught:
            compile_ecma(pattern)
        assert caught.value.hint == hint
