"""The grammar that simple conditions and the boolean dialect share, read by recursive descent.

    condition  = or
    or         = and *( "||" and )
    and        = comparison *( "&&" comparison )
    comparison = unary [ ( "==" / "!=" / "<" / "<=" / ">" / ">=" ) unary ]
    unary      = "!" unary / postfix
    postfix    = primary *( "." name / "[" or "]" )
    primary    = "(" or ")" / string / number / true / false / null / runtime expression / what the dialect adds

What an author cannot mean is refused although it could be evaluated: a string or number where a truth value belongs
(``$statusCode == 200 || 201`` would always hold), and a word compared with a constant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from arazzo.criteria.scanner import BRACED, ESCAPED, ROOT, SINGLE, WORD, Scanner, unescape
from arazzo.criteria.syntax_tree import (
    And,
    Comparison,
    Condition,
    Item,
    Literal,
    Node,
    Not,
    Or,
    Remark,
    Runtime,
    Text,
)
from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Expression
from arazzo.expressions.parser import parse_expression
from arazzo.expressions.spelling import FIXED, HIDDEN, ROOTS, nearest
from arazzo.expressions.templates import parse_template, scan_expression

_OPERATOR = re.compile(r"==|!=|<=|>=|<|>")
_WRONG = {
    "===": "did you mean '=='?",
    "!==": "did you mean '!='?",
    "=~": "a pattern is a criterion of type regex",
    "=": "did you mean '=='?",
    "<>": "did you mean '!='?",
    "&": "did you mean '&&'?",
    "|": "did you mean '||'?",
    "and": "did you mean '&&'?",
    "or": "did you mean '||'?",
    "not": "did you mean '!'?",
    "is": "did you mean '=='?",
    "eq": "did you mean '=='?",
    "ne": "did you mean '!='?",
    "in": "compare with each value and join the comparisons with '||'",
    "contains": "use a criterion of type regex or jsonpath to test whether something is contained",
    "matches": "a pattern is a criterion of type regex",
    "+": "there is no arithmetic in conditions",
    "-": "there is no arithmetic in conditions",
    "*": "there is no arithmetic in conditions",
    "/": "there is no arithmetic in conditions",
    "?": "there is no '? :' in conditions",
}
_LEFTOVER = re.compile(r"[=!<>~&|+*/?-]+|\w+")
_CONSTANTS = {"true": True, "false": False, "null": None}
#: How other languages write constants, and how they are written here; None if JSON has no such constant.
_FOREIGN = {
    "true": "true",
    "false": "false",
    "null": "null",
    "none": "null",
    "nil": "null",
    "undefined": "null",
    "nan": None,
}
_LENGTH = re.compile(r"\.(length|size)$")
_ROOT_ONLY = re.compile(r"\$\w+|\$steps\.[^.]*\.outputs|\$workflows\.[^.]*\.(in|out)puts")
_POSTFIX = re.compile(r"(\.[\w-]+|\[[^\[\]]*\])$")
_NAME = re.compile(r"[^\W\d][\w-]*")


class Grammar(Scanner):
    """The shared grammar over one text; ``remarks`` collects what can be read but is not portable."""

    #: Whether words without quotes are strings.
    bare_words = False
    #: How a condition refers to values, for hints.
    operand_hint = "name values by runtime expressions, such as $statusCode or $response.body#/status"

    def __init__(self, text: str, dialect: Dialect) -> None:
        super().__init__(text)
        self.dialect: Dialect = dialect
        self.remarks: list[Remark] = []

    @property
    def lenient(self) -> bool:
        return self.dialect == "lenient"

    def read(self) -> Condition:
        """Read the whole text.

        :raises ExpressionSyntaxError: with the offset, and a hint where there is one.
        """
        self.space()
        if self.at == len(self.text):
            self.fail("the condition is empty")
        start = self.at
        node = self.truth(self.disjunction(), start)
        self.close("", start)
        return Condition(node, tuple(self.remarks))

    def remark(self, offset: int, message: str, hint: str | None = None) -> None:
        """Note something that other tools will not read."""
        self.remarks.append(Remark(offset, message, hint))

    def close(self, bracket: str, start: int) -> None:
        """Move over the bracket that ends a condition, or to the end of the text, where nothing else may follow."""
        self.space()
        if self.at == len(self.text) and bracket:
            self.fail(f"'{self.text[start]}' is never closed", start)
        if self.at < len(self.text) and not (bracket and self.take(bracket)):
            self.unexpected()

    def unexpected(self) -> NoReturn:
        """Fail because of what follows a complete condition."""
        found = _LEFTOVER.match(self.text, self.at)
        word = found[0] if found else self.text[self.at]
        hint = _WRONG.get(word) or _WRONG.get(word.lower())
        if word in (")", "]") and not self.depth:
            self.fail(f"'{word}' closes nothing")
        if HIDDEN.match(word):
            self.fail(f"here is a character that nobody sees (U+{ord(word[0]):04X})", hint="delete it")
        self.fail(f"unexpected '{word}' where an operator or the end was expected", hint=hint)

    def disjunction(self) -> Node:
        operands = self._joined("||", self.conjunction)
        return operands[0] if len(operands) == 1 else Or(operands)

    def conjunction(self) -> Node:
        operands = self._joined("&&", self.comparison)
        return operands[0] if len(operands) == 1 else And(operands)

    def _joined(self, operator: str, operand: Callable[[], Node]) -> tuple[Node, ...]:
        self.space()
        start = self.at
        nodes = [operand()]
        self.space()
        while self.take(operator):
            if len(nodes) == 1:
                self.truth(nodes[0], start)
            self.space()
            start = self.at
            nodes.append(self.truth(operand(), start))
            self.space()
        return tuple(nodes)

    def truth(self, node: Node, start: int) -> Node:
        """Refuse a constant where a truth value belongs: it would always hold, or never."""
        if isinstance(node, Text) or (isinstance(node, Literal) and not isinstance(node.value, bool)):
            foreign = isinstance(node, Literal) and node.bare and node.text.lower() in ("true", "false")
            hint = (
                f"did you mean '{node.text.lower()}'?"
                if foreign
                else "compare it: every side of && and || is a condition"
            )
            self.fail(f"{node.text} by itself is not a condition", start, hint)
        return node

    def comparison(self) -> Node:
        self.space()
        start, negated = self.at, self.sees("!")
        left = self.unary()
        denied = self.text[start + 1 : self.at].strip()
        self.space()
        found = self.match(_OPERATOR)
        if not found:
            return left
        if self.sees("=") or (found[0] == "<" and self.sees(">")):
            wrong = found[0] + self.text[self.at]
            self.fail(f"unexpected '{wrong}'", found.start(), _WRONG.get(wrong, f"did you mean '{found[0]}'?"))
        self.space()
        right_start = self.at
        node = Comparison(found[0], left, self.unary())
        self._refuse_constants(node, start, right_start)
        if negated:
            meant = f"!({denied} {found[0]} {self.text[right_start : self.at].strip()})"
            self.fail("'!' applies only to the value after it, and the result is compared", start, f"write '{meant}'")
        self.space()
        again = _OPERATOR.match(self.text, self.at)
        if again:
            self.fail("comparisons cannot be chained", hint="join two comparisons with '&&'")
        return node

    def _refuse_constants(self, node: Comparison, start: int, right_start: int) -> None:
        sides = (node.left, node.right)
        for side, at in zip(sides, (start, right_start), strict=True):
            if isinstance(side, Literal) and side.bare and side.text.lower() in _FOREIGN:
                self.fail(f"'{side.text}' is not a value", at, self._hint_for_word(side.text))
        words = [side for side in sides if isinstance(side, Literal) and side.bare]
        if words and all(isinstance(side, (Literal, Text)) for side in sides):
            self.fail(f"'{words[0].text}' is a word, not a value", start, f"did you mean '$.{words[0].text}'?")

    def unary(self) -> Node:
        self.space()
        if self.sees("!") and not self.sees("!="):
            self.at += 1
            start = self.at
            self.deeper()
            node = Not(self.truth(self.unary(), start))
            self.depth -= 1
            return node
        return self.postfix()

    def postfix(self) -> Node:
        """Read an operand and the members and elements taken from it (``.`` and ``[]``)."""
        start, depth = self.at, self.depth
        node = self.primary()
        while not isinstance(node, (Literal, Text)):
            if self.sees("[") and self.text[self.at + 1 : self.at + 2] != "?":
                opened = self.at
                self.at += 1
                key = self.nested()
                self.close("]", opened)
            elif self.sees(".") and (name := _NAME.match(self.text, self.at + 1)):
                self.at = name.end()
                key = Literal(name[0], name[0])
            else:
                break
            self.deeper()  # each contains the one before
            node = Item(node, key, self.text[start : self.at])
        self.depth = depth
        return node

    def nested(self) -> Node:
        """Read a condition one level down."""
        self.deeper()
        node = self.disjunction()
        self.depth -= 1
        return node

    def primary(self) -> Node:
        self.space()
        start = self.at
        if self.take("("):
            node = self.nested()
            self.close(")", start)
            return node
        if self.sees("'") or self.sees('"'):
            return self.string()
        if self.sees("{"):
            return self.braced()
        if ROOT.match(self.text, self.at):
            return self.runtime()
        if (number := self.number()) is not None:
            return Literal(number, self.text[start : self.at])
        return self.operand()

    def operand(self) -> Node:
        """Read what only one of the dialects has: here, words."""
        start = self.at
        found = self.match(WORD)
        if found is None:
            self.missing()
        if found[0] in _CONSTANTS:
            return Literal(_CONSTANTS[found[0]], found[0])
        if not self.bare_words:
            self.fail(f"'{found[0]}' is not a value", start, self._hint_for_word(found[0]))
        return Literal(found[0], found[0], bare=True)

    def _hint_for_word(self, word: str) -> str:
        if word.lower() in _FOREIGN:
            meant, quoted = _FOREIGN[word.lower()], f"a string is written '{word}' in single quotes"
            return f"did you mean '{meant}'? {quoted}" if meant else f"JSON has no such number; {quoted}"
        after = self.text[self.at :].lstrip()
        return f"a string is written '{word}' in single quotes" if not _OPERATOR.match(after) else self.operand_hint

    def missing(self) -> NoReturn:
        """Fail because an operand is missing."""
        if self.at >= len(self.text):
            self.fail("the condition ends where a value was expected")
        self.fail(f"unexpected '{self.text[self.at]}' where a value was expected", hint=self._hint_for_dollar())

    def _hint_for_dollar(self) -> str | None:
        if not self.sees("$"):
            return None
        word = re.match(r"\w*", self.text[self.at + 1 :])
        near = nearest(word[0], (*ROOTS, *FIXED)) if word else None
        return f"did you mean '${near}'?" if near else self.operand_hint

    def string(self) -> Node:
        """Read a quoted string; in lenient it may be double-quoted and embed runtime expressions."""
        start, quote = self.at, self.text[self.at]
        simple = quote == "'" and not self.bare_words
        found = self.match(SINGLE if simple else ESCAPED[quote])
        if found is None:
            self.fail("the string is never closed", start, f"a literal {quote} inside is written {quote * 2}")
        value = found[1].replace("''", "'") if simple else unescape(found[1], quote)
        node = self.embedding(value, found[0], start)
        if quote == '"' and not self.bare_words and isinstance(node, Literal):
            self.double_quoted(start, value)
        return node

    def double_quoted(self, start: int, value: str) -> None:
        """Say that simple conditions quote with single quotes."""
        portable = "'" + value.replace("'", "''") + "'"
        if not self.lenient:
            self.fail("strings are written in single quotes", start, portable)
        self.remark(start, "strings are written in single quotes", portable)

    def embedding(self, value: str, text: str, start: int) -> Node:
        """Return the string, or a template if it embeds runtime expressions."""
        if not self.lenient or "$" not in value:
            return Literal(value, text)
        try:
            template = parse_template(value, self.dialect)
        except ExpressionSyntaxError as error:
            self.fail(error.message, start + 1 + error.offset, error.hint)
        if all(isinstance(part, str) for part in template.parts):
            return Literal(value, text)
        if not self.bare_words:
            hint = template.expressions[0].text if len(template.parts) == 1 else None
            self.remark(start, "a string in a simple condition cannot embed runtime expressions", hint)
        return Text(template, text)

    def braced(self) -> Node:
        """Read a runtime expression in braces, as an operand."""
        start = self.at
        found = self.match(BRACED)
        if found is None:
            self.fail("unexpected '{'", hint="runtime expressions are written without braces in conditions")
        if not self.bare_words:
            if not self.lenient:
                self.fail("runtime expressions in simple conditions have no braces", start, found[1])
            self.remark(start, "runtime expressions in simple conditions have no braces", found[1])
        return Runtime(self.parsed(found[1], found.start(1)), found[1])

    def runtime(self) -> Node:
        """Read a runtime expression with the dots and brackets that follow it."""
        start = self.at
        text = self._runtime_text()
        if not self.lenient:
            return self._strict_runtime(text, start)
        owner = None
        found = _LENGTH.search(text)
        if found:
            owner = self._owner(text[: found.start()])
            self.take("()")
            hint = "a criterion of type jsonpath with the RFC 9535 function length()"
            self.remark(start + found.start(), f"'.{found[1]}' is the name of a member in the specification", hint)
        return Runtime(self.parsed(text, start), self.text[start : self.at], owner)

    def _runtime_text(self) -> str:
        """Read the text of the runtime expression here, which ends where an unbraced one ends in any string."""
        start = self.at
        found = scan_expression(self.text, start, "lenient")
        if found is None:
            return self.runtime_text()
        self.at = found[1]
        return self.text[start : self.at]

    def _owner(self, text: str) -> Expression | None:
        """Return what ``.length`` may be the length of; None if that is a name in a fixed place of the grammar."""
        if ".header." in text or _ROOT_ONLY.fullmatch(text):
            return None
        try:
            return parse_expression(text, self.dialect)
        except ExpressionSyntaxError:
            return None

    def _strict_runtime(self, text: str, start: int) -> Node:
        """Separate a runtime expression to the letter from the ``.`` and ``[]`` that a condition applies to it."""
        end = len(text)
        while (found := _POSTFIX.search(text[:end])) and not self._parses(text[:end]):
            end = found.start()
        expression = self.parsed(text[:end] if self._parses(text[:end]) else text, start)
        self.at = start + end
        return Runtime(expression, text[:end])

    def _parses(self, text: str) -> bool:
        try:
            parse_expression(text, self.dialect)
        except ExpressionSyntaxError:
            return False
        return True

    def parsed(self, text: str, start: int) -> Expression:
        """Parse a runtime expression that is at ``start``."""
        try:
            return parse_expression(text, self.dialect)
        except ExpressionSyntaxError as error:
            self.fail(error.message, start + error.offset, error.hint)
