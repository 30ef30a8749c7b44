"""A cursor over the text of a condition: white space, quoted strings, numbers, and where a runtime expression ends."""

from __future__ import annotations

import re
from typing import NoReturn

from arazzo.errors import ExpressionSyntaxError
from arazzo.exact_numbers import Beyond, read_decimal, read_integer
from arazzo.expressions.spelling import UNSEEN
from arazzo.limits import current_limits

SPACE = re.compile(r"\s*")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.-])", re.ASCII)
WORD = re.compile(r"\w[\w-]*(?:\.\w[\w-]*)*")
ROOT = re.compile(
    r"\$(?:inputs|outputs|steps|workflows|sourceDescriptions|components|response|request|message"
    r"|url|method|statusCode|self)\b"
)
SINGLE = re.compile(r"'((?:[^']|'')*)'")
ESCAPED = {"'": re.compile(r"'((?:[^'\\]|\\.|'')*)'", re.DOTALL), '"': re.compile(r'"((?:[^"\\]|\\.|"")*)"', re.DOTALL)}
BRACED = re.compile(r"\{\s*(\$[^{}]*?)\s*\}")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_CONTROL = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BRACKET = re.compile(r"""\[(?:[0-9]+|'[^']*'|"[^"]*"|[A-Za-z_][^\[\]\s'"$*?=<>]*)\]""")
_STOP = re.compile(rf"""[{UNSEEN}()\[\]{{}},='"<>]|&&|\|\||!=""")


def unescape(text: str, quote: str) -> str:
    """Return the meaning of a quoted text with backslash escapes, or doubled quotes."""

    def replace(found: re.Match[str]) -> str:
        code = found[1]
        return chr(int(code[1:], 16)) if code[0] == "u" and len(code) == 5 else _CONTROL.get(code, code)

    return _ESCAPE.sub(replace, text.replace(quote * 2, quote))


class Scanner:
    """A position in a text; ``depth`` guards the stack against deeply nested text."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def fail(self, message: str, at: int | None = None, hint: str | None = None) -> NoReturn:
        """Raise a syntax error here, or at ``at``."""
        raise ExpressionSyntaxError(message, self.text, self.at if at is None else at, hint)

    def space(self) -> None:
        """Move over white space."""
        found = SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Move over what the pattern matches here, if it does."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def sees(self, literal: str) -> bool:
        """Return whether the text continues with a literal."""
        return self.text.startswith(literal, self.at)

    def take(self, literal: str) -> bool:
        """Move over a literal text, if it is here."""
        if not self.sees(literal):
            return False
        self.at += len(literal)
        return True

    def deeper(self) -> None:
        """Go one level down; the caller comes up again with ``depth -= 1``."""
        self.depth += 1
        most = current_limits().condition_depth
        if self.depth > most:
            self.fail(f"the condition is nested more than {most} levels deep (condition_depth)")

    def number(self) -> int | float | None:
        """Read a number, if one is here."""
        found = self.match(NUMBER)
        if not found:
            return None
        number = read_decimal(found[0]) if re.search("[.eE]", found[0]) else read_integer(found[0])
        if isinstance(number, Beyond):
            self.fail(number.limit, found.start())
        return number

    def runtime_text(self) -> str:
        """Read the text of the runtime expression that starts here, up to white space, an operator or a bracket.

        ``[0]``, ``['name']`` and ``[name]`` belong to it. Names with blanks or parentheses in them need braces.
        """
        start = self.at
        while self.at < len(self.text):
            bracket = _BRACKET.match(self.text, self.at)
            if bracket:
                self.at = bracket.end()
            elif _STOP.match(self.text, self.at):
                break
            else:
                self.at += 1
        return self.text[start : self.at]
