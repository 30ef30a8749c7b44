"""The XPath parsers, versions 1.0 to 3.1: nothing in reach but the data, and bounded.

A runaway pattern, or a range or product without end, must not stop whoever evaluates it: the triggerer, say, with all
its tasks. What the library does in Python is interrupted when its time is up. What it would leave to ``re``, which
nobody can interrupt, goes to a library that keeps time itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from copy import copy
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import elementpath
from elementpath.datatypes import Integer, UntypedAtomic
from elementpath.regex import RegexError, translate_pattern
from elementpath.tdop import Parser
from elementpath.xpath30 import XPath30Parser
from elementpath.xpath31 import XPath31Parser
from elementpath.xpath_nodes import XPathNode

from arazzo.errors import EvaluationError, ExpressionSyntaxError, GaveUpError
from arazzo.exact_numbers import Beyond, read_integer
from arazzo.expressions.interruption import within_time
from arazzo.expressions.regular_expressions import compile_pattern, finds, search_within_time
from arazzo.expressions.xpath_texts import begin, counting, spend
from arazzo.limits import current_limits

#: Functions that read something other than the data, or run text as code, or patterns that cannot be bounded.
FORBIDDEN = frozenset(
    {
        "analyze-string",
        "available-environment-variables",
        "collection",
        "doc",
        "doc-available",
        "environment-variable",
        "function-lookup",
        "json-doc",
        "load-xquery-module",
        "parse-xml",
        "parse-xml-fragment",
        "transform",
        "unparsed-text",
        "unparsed-text-available",
        "unparsed-text-lines",
        "uri-collection",
    }
)
_FORBIDDEN_CALL = re.compile(rf"(?<![\w.-])({'|'.join(sorted(FORBIDDEN))})\s*[#(]")
_NUMBER = re.compile(r"[ \t\r\n]*-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[ \t\r\n]*")
#: A class, an escape, or white space, which flag x takes out of a pattern, but not out of a class.
_WRITTEN_WIDE = re.compile(r"(\[(?:\\.|[^\]\\])*\])|(\\)[ \t\r\n]*(.)|[ \t\r\n]+", re.DOTALL)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, "<": lt, ">": gt, "<=": le, ">=": ge}
#: By function the place of an argument, and how large it may be: digits to round to, a number to write in Roman.
_LIMITS = {"round": (1, 1000), "round-half-to-even": (1, 1000), "format-integer": (0, 10**9)}
Namespaces = tuple[tuple[str, str], ...]


@lru_cache(maxsize=256)
def compile_xpath(expression: str, version: str, namespaces: Namespaces) -> Any:
    """Compile an XPath expression.

    :raises ExpressionSyntaxError: if it cannot be read, or calls a function that reaches beyond the data.
    :raises GaveUpError: if reading it takes too long.
    """
    most = current_limits().selector_characters
    if len(expression) > most:
        message = f"an XPath expression is at most {most} characters long (selector_characters)"
        raise ExpressionSyntaxError(message, expression)
    if call := _FORBIDDEN_CALL.search(expression):
        raise ExpressionSyntaxError(f"function {call[1]}() is not available", expression, call.start())
    try:
        parser = _PARSERS[version](namespaces=dict(namespaces))
        token = within_time("the XPath expression", lambda: _parse(parser, expression))
    except RecursionError as error:
        raise ExpressionSyntaxError("the XPath expression is nested too deeply", expression) from error
    except LIBRARY_ERRORS as error:
        raise ExpressionSyntaxError(f"no XPath {version[-2]}.{version[-1]}: {error}", expression) from error
    for part in token.iter():
        if part.symbol in FORBIDDEN:
            raise ExpressionSyntaxError(f"function {part.symbol}() is not available", expression)  # name(: comment :)()
    return token


def run_xpath(token: Any, context: elementpath.XPathContext) -> Any:
    """Return what a compiled expression yields: a scalar, or a list.

    :raises EvaluationError: if the data makes it fail.
    :raises GaveUpError: if it meets a limit.
    """
    return _run(token.get_results, context)


def select_nodes(token: Any, context: elementpath.XPathContext) -> list[Any]:
    """Return the library's nodes that a compiled expression selects; raises as :func:`run_xpath`."""
    nodes: list[Any] = _run(lambda where: list(token.select(where)), context)
    return nodes


def _run(evaluate: Callable[[elementpath.XPathContext], Any], context: elementpath.XPathContext) -> Any:
    begin()
    try:
        return within_time("the XPath expression", lambda: evaluate(context))
    except (RecursionError, MemoryError):
        raise GaveUpError("the value is nested too deep, or too large, for the XPath expression") from None
    except LIBRARY_ERRORS as error:
        reason = (error.code if isinstance(error, elementpath.ElementPathError) else None) or type(error).__name__
        raise EvaluationError(f"the XPath expression cannot be evaluated over this value ({reason})") from None


#: What the library raises for expressions and data that it is not made for.
LIBRARY_ERRORS = (
    elementpath.ElementPathError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


def _parse(parser: Any, expression: str) -> Any:
    """Parse without the static evaluation at the end of the library's own ``parse``: nothing runs before the check."""
    if parser.tokenizer is None:
        parser.tokenizer = parser.create_tokenizer(parser.symbol_table)
    return Parser.parse(parser, expression)


def _range(token: Any, context: Any = None) -> list[int]:
    """Evaluate a range expression (``1 to n``) that has at most ``xpath_items`` members."""
    first, last = token.get_operands(context, cls=Integer)
    if first is None or last is None:
        return []
    most = current_limits().xpath_items
    if last - first >= most:
        raise GaveUpError(f"a range in the XPath expression has more than {most:,} members (xpath_items)")
    return list(range(first, last + 1))


def _select_range(token: Any, context: Any = None) -> Iterator[int]:
    yield from _range(token, context)


def _pattern(token: Any, context: Any, flags_at: int) -> Any:
    """Compile the pattern of a call, with its flags, by the library that keeps time."""
    pattern = token.get_argument(context, 1, required=True, cls=str)
    letters = token.get_argument(context, flags_at, required=True, cls=str) if len(token) > flags_at else ""
    if not set(letters) <= set("smix" if token.parser.version < "3" else "smixq"):
        raise token.error("FORX0001", "invalid flag of a regular expression")
    if "q" in letters:
        return compile_pattern(re.escape(pattern), "i" * ("i" in letters))
    pattern = _WRITTEN_WIDE.sub(r"\1\2\3", pattern) if "x" in letters else pattern
    letters = "".join(sorted(set(letters) - {"x"}))
    flags = sum(getattr(re, letter.upper()) for letter in letters)
    try:
        return compile_pattern(translate_pattern(pattern, flags, token.parser.xsd_version), letters)
    except (RegexError, ExpressionSyntaxError, OverflowError) as error:
        raise token.error("FORX0002", "invalid regular expression") from error


def _matches(token: Any, context: Any = None) -> bool:
    """Evaluate ``fn:matches``."""
    context = token.context or context
    text = token.get_argument(context, default="", cls=str)
    return finds(_pattern(token, context, 2), text)


def _matches_of(pattern: Any, text: str) -> list[Any]:
    return search_within_time(lambda timeout: list(pattern.finditer(text, timeout=timeout)))


def _replace(token: Any, context: Any = None) -> str:
    """Evaluate ``fn:replace``: in the replacement ``$1`` is a group, ``\\$`` a dollar."""
    context = token.context or context
    text = token.get_argument(context, default="", cls=str)
    pattern = _not_empty(token, _pattern(token, context, 3))
    replacement = token.get_argument(context, 2, required=True, cls=str)
    if "q" in (token.get_argument(context, 3, cls=str) or "" if len(token) > 3 else ""):
        parts = [replacement]
    elif re.fullmatch(r"(?:[^\\$]|\\[\\$]|\$[0-9]+)*", replacement, re.DOTALL):
        parts = re.split(r"(\\[\\$]|\$[0-9]+)", replacement)
    else:
        raise token.error("FORX0004", "invalid replacement string")

    def fill(match: Any) -> str:
        filled = "".join(_part(part, match) for part in parts) if len(parts) > 1 else replacement
        spend(len(filled))
        return filled

    pieces: list[str] = []
    start = 0
    for match in _matches_of(pattern, text):
        pieces += (text[start : match.start()], fill(match))
        start = match.end()
    return "".join((*pieces, text[start:]))


def _part(part: str, match: Any) -> str:
    """Return what a part of a replacement stands for: of ``$12`` the longest number that is a group counts."""
    if part[:1] == "\\":
        return part[1:]
    if part[:1] != "$":
        return part
    digits = len(part) - 1
    while digits > 1 and int(part[1 : digits + 1]) > match.re.groups:
        digits -= 1
    number = int(part[1 : digits + 1])
    return ((match[number] or "") if number <= match.re.groups else "") + part[digits + 1 :]


def _tokenize(token: Any, context: Any = None) -> list[str]:
    """Evaluate ``fn:tokenize``; what its groups match is not a token."""
    context = token.context or context
    text = token.get_argument(context, cls=str)
    if text is None:
        return []
    if len(token) == 1:
        return list(text.split())
    pattern = _not_empty(token, _pattern(token, context, 2))
    tokens, start = [], 0
    for match in _matches_of(pattern, text):
        tokens.append(text[start : match.start()])
        start = match.end()
    return [*tokens, text[start:]] if text else []


def _not_empty(token: Any, pattern: Any) -> Any:
    if finds(pattern, ""):
        raise token.error("FORX0003", "the regular expression matches the empty string")
    return pattern


def _limited(evaluate: Callable[[Any, Any], Any], place: int, most: int) -> Callable[..., Any]:
    """Return a function that refuses numbers beyond a limit, with which the library would never finish."""

    def limited(token: Any, context: Any = None) -> Any:
        number = token.get_argument(token.context or context, place, default=0) if len(token) > place else 0
        if isinstance(number, int) and abs(number) > most:
            raise token.error("FOCA0001", "a number is too large")
        return evaluate(token, context)

    return limited


def _compare_1(token: Any, context: Any = None) -> bool:
    """Compare as XPath 1.0 does (3.4 Booleans), where the library does not make numbers of nodes."""
    compare, ordered = _COMPARISONS[token.symbol], token.symbol not in ("=", "!=")
    left, right = (list(operand.select(copy(context))) for operand in token)
    nodes = [not side or isinstance(side[0], XPathNode) for side in (left, right)]
    if True in (nodes[0] is False and isinstance(left[0], bool), nodes[1] is False and isinstance(right[0], bool)):
        one, two = (_truth(side) for side in (left, right))
        return compare(float(one), float(two))
    values = [[item.string_value if isinstance(item, XPathNode) else item for item in side] for side in (left, right)]
    numbers = ordered or any(isinstance(value, (int, float)) for side in values for value in side)
    if numbers:
        values = [[_number(value) for value in side] for side in values]
    return any(compare(one, two) for one in values[0] for two in values[1])


def _truth(side: list[Any]) -> bool:
    if not side or isinstance(side[0], XPathNode):
        return bool(side)
    value = side[0]
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def _number(value: Any) -> int | float:
    """Return what ``number()`` of XPath 1.0 makes of a value, integers exactly; NaN of text that is no number."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return math.nan
        return float(value) if "." in value else _integer(value)
    return value if isinstance(value, int) else float(value)


def _integer(text: str) -> int:
    number = read_integer(text.strip())
    if isinstance(number, Beyond):
        number.give_up()
    return number


def _compared(token: type[Any]) -> Callable[[Any, Any], Iterator[Any]]:
    """Return how a token pairs what it compares: an integer and text that spells one are compared as integers."""

    def pairs(self: Any, context: Any) -> Iterator[Any]:
        for left, right in token.iter_comparison_data(self, context):
            yield _beside(left, right), _beside(right, left)

    return pairs


def _number_of(evaluate: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return ``number()`` for comparisons: integers that no double holds stay as they are."""

    def number(token: Any, context: Any = None) -> Any:
        found = evaluate(token, context)
        if not isinstance(found, float) or not math.isfinite(found) or abs(found) < 2**53:
            return found
        item = token.get_argument(token.context or context, default_to_context=True)
        text = item.string_value if isinstance(item, XPathNode) else str(item)
        return _integer(text) if _NUMBER.fullmatch(text) and "." not in text else found

    return number


def _beside(value: Any, other: Any) -> Any:
    integer = isinstance(other, int) and not isinstance(other, bool)
    text = str(value.value) if integer and isinstance(value, UntypedAtomic) else ""
    return _integer(text) if _NUMBER.fullmatch(text) and "." not in text else value


def _bounded(parser: Any) -> Any:
    """Return a parser whose ranges and patterns are bounded, and whose comparisons are those of its version."""
    replaced: dict[str, dict[str, Any]] = {
        **counting(parser.symbol_table),
        "to": {"evaluate": _range, "select": _select_range},
        "matches": {"evaluate": _matches},
        "replace": {"evaluate": _replace},
        "tokenize": {"evaluate": _tokenize},
    }
    replaced["number"] = replaced.get("number", {}) | {"evaluate": _number_of(parser.symbol_table["number"].evaluate)}
    for name, (place, most) in _LIMITS.items():
        if name in parser.symbol_table:
            replaced[name] = {"evaluate": _limited(parser.symbol_table[name].evaluate, place, most)}
    if parser.version == "1.0":
        kept = counting(parser.symbol_table) | {"number": replaced["number"]}
        replaced = kept | {symbol: {"evaluate": _compare_1} for symbol in _COMPARISONS}
    else:
        for symbol in _COMPARISONS:
            replaced[symbol] = replaced.get(symbol, {}) | {
                "iter_comparison_data": _compared(parser.symbol_table[symbol])
            }
    bounded: Any = type(f"Bounded{parser.__name__}", (parser,), {})
    for symbol, methods in replaced.items():
        token = bounded.symbol_table[symbol]
        bounded.symbol_table[symbol] = type(token.__name__, (token,), methods)
    return bounded


_PARSERS: dict[str, Any] = {
    "xpath-10": _bounded(elementpath.XPath1Parser),
    "xpath-20": _bounded(elementpath.XPath2Parser),
    "xpath-30": _bounded(XPath30Parser),
    "xpath-31": _bounded(XPath31Parser),
}
