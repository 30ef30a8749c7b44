"""The RFC 9535 environment: the library's, with regular expressions that give up after a second."""

from __future__ import annotations

from typing import ClassVar, Literal

from iregexp_check import check
from jsonpath_rfc9535 import JSONPathEnvironment
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.regular_expressions import SECONDS, compile_pattern


class BoundedPattern(FilterFunction):
    """``match`` or ``search`` of RFC 9535 with a time limit; a pattern that is no I-Regexp matches nothing."""

    arg_types: ClassVar[list[ExpressionType]] = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL

    def __init__(self, method: Literal["fullmatch", "search"]) -> None:
        self.method = method

    def __call__(self, string: object, pattern: object) -> bool:
        """Tell whether the string matches.

        :raises TimeoutError: if the pattern backtracks for longer than a second.
        """
        if not isinstance(string, str) or not isinstance(pattern, str) or not check(pattern):
            return False
        try:
            compiled = compile_pattern(python_pattern(pattern))
        except ExpressionSyntaxError:
            return False
        return getattr(compiled, self.method)(string, timeout=SECONDS) is not None


class BoundedEnvironment(JSONPathEnvironment):
    """RFC 9535 with bounded ``match`` and ``search``."""

    max_recursion_depth = 200

    def setup_function_extensions(self) -> None:
        """Replace the two functions that run regular expressions."""
        super().setup_function_extensions()
        self.function_extensions["match"] = BoundedPattern("fullmatch")
        self.function_extensions["search"] = BoundedPattern("search")


def python_pattern(pattern: str) -> str:
    """Write an I-Regexp (RFC 9485) as a Python pattern: its dot is neither line feed nor carriage return."""
    parts, escaped, inside = [], False, False
    for char in pattern:
        if not escaped and char in "[]":
            inside = char == "["
        parts.append("[^\\r\\n]" if char == "." and not escaped and not inside else char)
        escaped = char == "\\" and not escaped
    return "".join(parts)
