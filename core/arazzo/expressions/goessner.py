"""The parser of Goessner's dialect: the library's, with numbers exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonpath_ng.ext.parser import ExtendedJsonPathLexer, ExtendedJsonPathParser

from arazzo.exact_numbers import Beyond, read_decimal

_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?![\w.])")


class ExactLexer(ExtendedJsonPathLexer):
    """The library's lexer, which knows no exponents, and would read every number with a fraction as a ``float``."""

    def tokenize(self, string: str) -> Iterator[Any]:
        """Yield the tokens of a query.

        :raises ValueError: for a number beyond a limit.
        """
        end = 0
        for token in super().tokenize(string):
            if token.lexpos < end:
                continue  # the exponent, which is a token or more to the library
            if token.type in ("NUMBER", "FLOAT") and (found := _DECIMAL.match(string, token.lexpos)):
                token.type, token.value, end = "FLOAT", read_decimal(found[0]), found.end()
                if isinstance(token.value, Beyond):
                    raise ValueError(token.value.limit)
            yield token


def parse_goessner(query: str) -> Any:
    """Return the library's tree of a query; its errors are those of the library."""
    return ExtendedJsonPathParser(lexer_class=ExactLexer).parse(query)
