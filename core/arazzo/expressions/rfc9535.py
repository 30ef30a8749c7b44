"""The RFC 9535 environment: the library's, with exact numbers, any depth, and bounded regular expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

from iregexp_check import check
from jsonpath_rfc9535 import JSONPathEnvironment
from jsonpath_rfc9535.exceptions import JSONPathSyntaxError
from jsonpath_rfc9535.filter_expressions import Expression, FloatLiteral, IntegerLiteral
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.node import JSONPathNode
from jsonpath_rfc9535.parse import Parser
from jsonpath_rfc9535.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath_rfc9535.tokens import Token, TokenStream

from arazzo.errors import ExpressionSyntaxError
from arazzo.exact_numbers import Beyond, read_decimal, read_integer
from arazzo.expressions.regular_expressions import compile_pattern, search_within_time


class BoundedPattern(FilterFunction):
    """``match`` or ``search`` of RFC 9535 with a time limit; a pattern that is not an I-Regexp matches nothing."""

    arg_types: ClassVar[list[ExpressionType]] = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL

    def __init__(self, method: Literal["fullmatch", "search"]) -> None:
        self.method = method

    def __call__(self, string: object, pattern: object) -> bool:
        """Tell whether the string matches.

        :raises GaveUpError: if the pattern takes too long.
        """
        if not isinstance(string, str) or not isinstance(pattern, str) or not check(pattern):
            return False
        try:
            compiled = compile_pattern(python_pattern(pattern))
        except ExpressionSyntaxError:
            return False
        match = getattr(compiled, self.method)
        return search_within_time(lambda timeout: match(string, timeout=timeout) is not None)


class ExactParser(Parser):
    """The library's parser, which by itself reads every number as a ``float``."""

    def parse_query(self, stream: TokenStream, *, in_filter: bool = False) -> Iterable[JSONPathSegment]:
        """Parse the segments of a query."""
        for segment in super().parse_query(stream, in_filter=in_filter):
            if isinstance(segment, JSONPathRecursiveDescentSegment):
                yield Descendants(env=segment.env, token=segment.token, selectors=segment.selectors)
            else:
                yield segment

    def parse_integer_literal(self, stream: TokenStream) -> Expression:
        """Parse an integer, exponent included, after the library has checked it."""
        super().parse_integer_literal(stream)
        token = stream.current
        plain = token.value.lstrip("-").isdigit()
        return IntegerLiteral(token, _number(token, read_integer(token.value) if plain else read_decimal(token.value)))

    def parse_float_literal(self, stream: TokenStream) -> Expression:
        """Parse a number with a fraction or a negative exponent."""
        super().parse_float_literal(stream)
        return FloatLiteral(stream.current, _number(stream.current, read_decimal(stream.current.value)))


def _number(token: Token, number: Any) -> Any:
    if isinstance(number, Beyond):
        raise JSONPathSyntaxError(number.limit, token=token)
    return number


class Descendants(JSONPathRecursiveDescentSegment):
    """``..`` without recursion."""

    def _visit(self, node: JSONPathNode, depth: int = 1) -> Iterator[JSONPathNode]:
        waiting = [node]
        while waiting:
            node = waiting.pop()
            yield node
            value = node.value
            inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            below = [node.new_child(each, key, node) for key, each in inner if isinstance(each, (dict, list))]
            waiting.extend(reversed(below))


class BoundedEnvironment(JSONPathEnvironment):
    """RFC 9535 with exact numbers and bounded ``match`` and ``search``."""

    parser_class = ExactParser

    def setup_function_extensions(self) -> None:
        """Replace the two functions that run regular expressions."""
        super().setup_function_extensions()
        self.function_extensions["match"] = BoundedPattern("fullmatch")
        self.function_extensions["search"] = BoundedPattern("search")


def python_pattern(pattern: str) -> str:
    """Write an I-Regexp (RFC 9485) as a Python pattern: its dot matches neither line feed nor carriage return."""
    parts, escaped, inside = [], False, False
    for char in pattern:
        if not escaped and char in "[]":
            inside = char == "["
        parts.append("[^\\r\\n]" if char == "." and not escaped and not inside else char)
        escaped = char == "\\" and not escaped
    return "".join(parts)
