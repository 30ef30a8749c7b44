"""The boolean dialect: expressions over JSON paths that public documents write as conditions of type jsonpath.

``$.scan_status == "pending" || $.scan_status == "in-progress"``, ``$.items.length > 0``. A condition that is not an
RFC 9535 query is read so. The dialect adds to the shared grammar: JSON paths with filters, unquoted words, and ``@``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from arazzo.criteria.grammar import Grammar
from arazzo.criteria.scanner import ROOT
from arazzo.criteria.syntax_tree import (
    Condition,
    Filter,
    Key,
    Literal,
    Node,
    Path,
    Segment,
    Selector,
    Slice,
    Wildcard,
)

_MEMBER = re.compile(r"[@$]?[\w-]+")
_SLICE = re.compile(r"\s*(-?[0-9]{1,16})?\s*:\s*(-?[0-9]{1,16})?\s*(?::\s*(-?[0-9]{1,16})?\s*)?")


@lru_cache(maxsize=1024)
def parse_boolean(text: str) -> Condition:
    """Parse a condition of the boolean dialect.

    :param text: the condition.
    :raises ExpressionSyntaxError: with offset and, where there is one, a hint.
    """
    return BooleanGrammar(text, "lenient").read()


class BooleanGrammar(Grammar):
    """The boolean dialect's grammar; ``filters`` counts the filters around the position."""

    bare_words = True
    operand_hint = "name values by JSON paths, such as $.status"
    filters = 0

    def operand(self) -> Node:
        """Read a JSON path, or a word."""
        return self.path() if self.sees("$") or self.sees("@") else super().operand()

    def path(self) -> Path:
        """Read a JSON path from ``$`` or ``@``."""
        start = self.at
        relative = self.sees("@")
        if relative and not self.filters:
            self.fail("'@' is allowed only in a filter", hint="the root is written '$'")
        self.at += 1
        segments: list[Segment] = []
        length = ""
        while self.sees(".") or self.sees("["):
            if length:
                segments.append(Segment((Key(Literal(length, length)),)))
            length = self.length()
            if not length:
                segments.append(self.segment())
        if self.at < len(self.text) and re.match(r"[\w$@({]", self.text[self.at]):
            self.fail(f"unexpected '{self.text[self.at]}' in a JSON path", hint=self.path_hint())
        return Path(tuple(segments), self.text[start : self.at], relative, length)

    def path_hint(self) -> str | None:
        """Return what may have been meant by the text after a path."""
        if self.sees("("):
            return "only length() and size() can be called"
        return (
            None
            if self.text[self.at - 1] not in "$@"
            else f"{self.text[self.at - 1]}.{self.text[self.at :].split()[0]}"
        )

    def length(self) -> str:
        """Read ``.length`` or ``.size``, with or without parentheses; only the data tells whether it is a member."""
        found = self.match(re.compile(r"\.(length|size)(?![\w-])(\(\))?"))
        return found[1] if found else ""

    def segment(self) -> Segment:
        """Read ``.name``, ``.*``, ``[...]``, or any of them after ``..``."""
        deep = self.take("..")
        if self.take("["):
            return Segment(self.selectors(), deep)
        if not deep:
            self.take(".")
        if self.take("*"):
            return Segment((Wildcard(),), deep)
        if ROOT.match(self.text, self.at):
            self.fail("a runtime expression as the name of a member needs brackets", hint="[$inputs.name]")
        found = self.match(_MEMBER)
        if found is None:
            self.fail("the name of a member was expected")
        return Segment((Key(Literal(found[0], found[0])),), deep)

    def selectors(self) -> tuple[Selector, ...]:
        """Read what is between brackets."""
        start = self.at - 1
        selectors = [self.selector()]
        self.space()
        while self.take(","):
            selectors.append(self.selector())
            self.space()
        self.close("]", start)
        return tuple(selectors)

    def selector(self) -> Selector:
        self.space()
        if self.take("*"):
            return Wildcard()
        if self.take("?"):
            return self.filter()
        found = self.match(_SLICE)
        if found:
            return Slice(*(int(part) if part else None for part in found.groups()))
        start = self.at
        self.deeper()  # it may be a path with brackets of its own
        key = self.primary()
        self.depth -= 1
        if isinstance(key, Literal) and not isinstance(key.value, (int, str)):
            self.fail(f"{key.text} is neither a name nor an index", start)
        if isinstance(key, Literal) and isinstance(key.value, bool):
            key = Literal(key.text, key.text)
        return Key(key)

    def filter(self) -> Filter:
        """Read the condition of a filter, with or without parentheses around it."""
        self.filters += 1
        self.space()
        start = self.at
        condition = self.truth(self.nested(), start)
        self.filters -= 1
        return Filter(condition)
