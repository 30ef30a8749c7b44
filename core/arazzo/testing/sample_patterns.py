"""Texts that match the patterns of JSON Schemas, as far as those are simple: no look-around, no back-references."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Final

from arazzo.errors import ExpressionSyntaxError, GaveUpError
from arazzo.expressions.ecma_patterns import compile_ecma
from arazzo.expressions.regular_expressions import finds

_CLASSES: Final = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "h": "a"}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_USUAL: Final = string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_. /:@#"


def matching_text(pattern: str, least: int = 0) -> str | None:
    """Return a text that a pattern matches, the same every time; None if none is found.

    :param pattern: a regular expression, which need match only somewhere (JSON Schema 2020-12, ``pattern``).
    :param least: how long the text must be at least.
    """
    for repeats in dict.fromkeys((1, 2, least)):
        try:
            text = _PatternReader(pattern, repeats).read()
        except (IndexError, ValueError):
            return None
        if len(text) >= least and _matches(pattern, text):
            return text
    return None


def _matches(pattern: str, text: str) -> bool:
    try:
        return finds(compile_ecma(pattern), text)
    except (ExpressionSyntaxError, GaveUpError):
        return False


@dataclass
class _PatternReader:
    """Reads a pattern from left to right and writes what it matches; ``repeats`` is what ``+`` and ``*`` become."""

    pattern: str
    repeats: int
    at: int = 0

    def read(self) -> str:
        """Return the text of the first alternative; stop at the end or at the bracket that closes the group."""
        text, others = self._sequence(), False
        while self._next() == "|":
            self.at += 1
            self._sequence()
            others = True
        return text if text or not others else ""

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _sequence(self) -> str:
        text = ""
        while self._next() not in ("", "|", ")"):
            atom = self._atom()
            text += atom * self._times()
        return text

    def _atom(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        match char:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "\\":
                return self._escape()
            case "[":
                return self._class()
            case "(":
                return self._group()
        return char

    def _escape(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        if char in "bBAzZ":
            return ""
        if char in "pP" and self._next() == "{":
            self.at = self.pattern.index("}", self.at) + 1
            return "a" if char == "p" else "1"
        if char in "ux":
            digits = self.pattern[self.at : self.at + (4 if char == "u" else 2)]
            self.at += len(digits)
            return chr(int(digits, 16))
        return _CLASSES.get(char) or _CONTROLS.get(char, char)

    def _class(self) -> str:
        """Return a character of a class: the first it names, or a usual one that it does not exclude."""
        negated = self._next() == "^"
        self.at += negated
        members = ""
        while self._next() != "]" or not members:
            char = self.pattern[self.at]
            self.at += 1
            member = self._escape() if char == "\\" else char
            if self._next() == "-" and self.pattern[self.at + 1] != "]":
                self.at += 2
                last = self.pattern[self.at - 1]
                last = self._escape() if last == "\\" else last
                members += "".join(map(chr, range(ord(member), min(ord(last), ord(member) + 200) + 1)))
            else:
                members += member
        self.at += 1
        return next(char for char in _USUAL if char not in members) if negated else members[0]

    def _group(self) -> str:
        looks = False
        if self._next() == "?":
            looks = self.pattern[self.at + 1] in "=!" or self.pattern[self.at + 1 : self.at + 3] in ("<=", "<!")
            named = self.pattern[self.at + 1] in "P<" and not looks
            self.at = self.pattern.index(">", self.at) + 1 if named else self.at + 2
        text = self.read()
        self.at += 1
        return "" if looks else text

    def _times(self) -> int:
        """Return how often the atom before is to be written."""
        times = 1
        match self._next():
            case "*" | "+":
                times = self.repeats
                self.at += 1
            case "?":
                self.at += 1
            case "{" if self._bounds() is not None:
                least, most = self._bounds() or (1, 1)
                self.at = self.pattern.index("}", self.at) + 1
                times = max(least, min(self.repeats, most))
            case _:
                return 1
        if self._next() in ("?", "+"):
            self.at += 1
        return times

    def _bounds(self) -> tuple[int, int] | None:
        least, comma, most = self.pattern[self.at + 1 :].partition("}")[0].partition(",")
        if not least.isdigit() or (most and not most.isdigit()):
            return None
        return int(least), int(most) if most else (10_000 if comma else int(least))
