"""Text to node: the ABNF of Arazzo 1.1.0, and what the lenient dialect reads besides.

Names may be anything up to a pointer in lenient, since 1.0.1 had ``name = *( CHAR )``: ``filter[name]`` and
``Employee object (full details)`` are names that people use. Braces never occur in an expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.context import Dialect
from arazzo.expressions.navigation import trail_tokens
from arazzo.expressions.nodes import (
    ComponentReference,
    Expression,
    Fixed,
    Input,
    Message,
    Output,
    SourceReference,
    StepOutput,
    WorkflowValue,
)
from arazzo.expressions.spelling import FIXED, HIDDEN, ROOTS, nearest, nearest_root
from arazzo.limits import current_limits
from arazzo.pointer import to_pointer

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9._-]+")
_IDENTIFIER_STRICT: Final = re.compile(r"[A-Za-z0-9_-]+")
#: All outputs of a step; the step's id has no dot, or this would be a name.
_ALL_OUTPUTS: Final = re.compile(r"\$steps\.([A-Za-z0-9_-]+)\.outputs")
_POINTER: Final = re.compile(r"(?:/(?:[^/~{}]|~[01])*)*")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CHARS: Final = re.compile(r'(?:[^\x00-\x1f"\\{}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_LOOSE_NAME: Final = re.compile(r"""(?:\['[^'{}]*'\]|\["[^"{}]*"\]|[\w.$()\[\],:;/@+*%~<>|&=?'!^{}-]| (?=\S))+""")
_ESCAPE: Final = re.compile(r'\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4}))')
_UNESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@lru_cache(maxsize=16_384)
def parse_expression(text: str, dialect: Dialect = "lenient") -> Expression:
    """Parse a runtime expression (Arazzo 1.1.0, Runtime Expressions); nothing may follow it.

    :param text: the expression, without braces.
    :param dialect: ``strict`` for the grammar to the letter.
    :raises ExpressionSyntaxError: with the offset of what is wrong and, where one comes to mind, the right spelling.
    """
    return _ExpressionReader(text, dialect).read()


def parse_context(text: str, dialect: Dialect = "lenient") -> Expression:
    """Parse the context of a criterion or a selector; in lenient it may be all inputs, or all outputs.

    Elsewhere these are not an expression: a payload would send every input, and the grammar calls them text.

    :raises ExpressionSyntaxError: as :func:`parse_expression`.
    """
    text = text.strip() if dialect == "lenient" else text
    if dialect == "lenient":
        if text in ("$inputs", "$outputs"):
            return (Input if text == "$inputs" else Output)("", loose=True, text=text)
        if found := _ALL_OUTPUTS.fullmatch(text):
            return StepOutput(found[1], "", loose=True, text=text)
    return parse_expression(text, dialect)


def is_strict(text: str) -> bool:
    """Return whether text is a runtime expression to the letter."""
    try:
        parse_expression(text, "strict")
    except ExpressionSyntaxError:
        return False
    return True


class _ExpressionReader:
    """A text being read: each method reads one rule of the grammar from an offset to the end."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text, self.dialect, self.lenient = text, dialect, dialect == "lenient"

    def read(self) -> Expression:
        """Read the root and dispatch."""
        most = current_limits().expression_characters
        if len(self.text) > most:
            raise self.wrong(f"an expression is at most {most} characters long (expression_characters)", 0)
        if self.lenient and (hidden := HIDDEN.search(self.text)):
            message = f"an expression holds a character that nobody sees (U+{ord(hidden[0]):04X})"
            raise self.wrong(message, hidden.start(), "delete it")
        match = re.match(r"\$([A-Za-z_]*)", self.text)
        if match is None:
            raise self.wrong("a runtime expression begins with '$'", 0)
        root, end = match[1], match.end()
        if root in FIXED and end == len(self.text):
            return Fixed(FIXED[root], text=self.text)
        if root not in ROOTS:
            raise self.unknown_root(root, end)
        if self.text[end : end + 1] != ".":
            raise self.wrong(f"'${root}' is followed by '.'", end)
        return _RULES[root](self, root, end + 1)

    def unknown_root(self, root: str, end: int) -> ExpressionSyntaxError:
        """Return an error that says which root was meant."""
        if root in FIXED:
            return self.wrong(f"nothing follows '${root}'", end)
        near = nearest_root(root)
        hint = f"did you mean '{near}{self.text[end:]}'?" if near else None
        return self.wrong(f"no runtime expression begins with '${root}'", 0, hint)

    def wrong(self, message: str, offset: int, hint: str | None = None) -> ExpressionSyntaxError:
        """Return an error with its place."""
        return ExpressionSyntaxError(message, self.text, min(offset, len(self.text)), hint)

    def message(self, side: Any, start: int) -> Message:
        """Read ``source``: the part of a request, response or message."""
        match = re.compile(r"[A-Za-z]*").match(self.text, start)
        part: Any = match[0] if match else ""
        end = start + len(part)
        if part in ("body", "payload"):
            return self.body(side, part, end)
        if part == "headers" and self.lenient:
            part = "header"
        if part not in ("header", "query", "path"):
            near = nearest(part, ("header", "query", "path", "body", "payload"))
            hint = "did you mean '$statusCode'?" if part.lower().startswith("status") else None
            hint = f"did you mean '${side}.{near}{self.text[end:]}'?" if near else hint
            raise self.wrong(f"'${side}.' is followed by header, query, path, body or payload", start, hint)
        if self.text[end : end + 1] != ".":
            raise self.wrong(f"'${side}.{part}' is followed by '.' and a name", end)
        if part == "header":
            return Message(side, part, self.match(_TOKEN, end + 1, "a header name"), text=self.text)
        name = self.chars(end + 1)
        return Message(side, part, name, loose=self.lenient and "[" in name, text=self.text)

    def body(self, side: Any, part: Any, start: int) -> Message:
        """Read what may follow ``body``: nothing, a pointer, or in lenient dots and brackets."""
        rest = self.text[start:]
        if not rest or rest[0] == "#":
            pointer = self.pointer(start, slashless=self.lenient)
            loose = self.lenient and pointer is not None and "%" in pointer
            return Message(side, part, pointer=pointer, loose=loose, text=self.text)
        tokens = trail_tokens(rest)
        fragment = rest if rest[0] == "/" else to_pointer(tokens) if tokens else None
        hint = f"write '${side}.{part}#{fragment}'" if fragment else None
        if tokens is None or not self.lenient:
            raise self.wrong(f"'${side}.{part}' is followed by nothing or '#' and a JSON pointer", start, hint)
        return Message(side, part, trail=rest, loose=True, text=self.text)

    def named(self, start: int) -> tuple[str, str | None, bool]:
        """Read an identifier and its pointer up to the end, and tell whether they are loose."""
        fragment = self.text.find("#", start)
        end = len(self.text) if fragment < 0 else fragment
        pointer = None if fragment < 0 else self.pointer(fragment)
        name = self.text[start:end]
        if not _IDENTIFIER.fullmatch(name):
            if not self.lenient or not _LOOSE_NAME.fullmatch(name):
                raise self.wrong_name(name, start)
            return name, pointer, True
        loose = "." in name or (pointer is not None and "%" in pointer)
        return name, pointer, self.lenient and loose

    def wrong_name(self, name: str, start: int) -> ExpressionSyntaxError:
        """Return an error that says what a name cannot contain, and how to write a trail."""
        good = _IDENTIFIER.match(name)
        offset = good.end() if good else 0
        if offset == len(name):
            return self.wrong("a name is missing", start)
        head = re.split(r"[.\[]", name, maxsplit=1)[0]
        tokens = trail_tokens(name[len(head) :])
        trail = tokens and _IDENTIFIER_STRICT.fullmatch(head)
        hint = f"write '{self.text[:start]}{head}#{to_pointer(tokens or ())}'" if trail else None
        hint = "put expressions that are embedded in text in braces" if not trail and "$" in name else hint
        if self.lenient and name.endswith(" "):
            return self.wrong("a name does not end in a space", start + len(name))
        return self.wrong(f"{name[offset]!r} cannot stand in a name", start + offset, hint)

    def pointer(self, start: int, *, slashless: bool = False) -> str | None:
        """Read ``["#" json-pointer]`` to the end.

        :param slashless: read a pointer without its slash, ``#token``, as ``#/token``.
        """
        if start == len(self.text):
            return None
        begins = start + 1
        slash = "/" if slashless and self.text[begins : begins + 1] not in ("", "/") else ""
        match = _POINTER.match(slash + self.text[begins:])
        end = begins + (match.end() if match else 0) - len(slash)
        if end == len(self.text):
            return slash + self.text[begins:]
        if end == begins and not slash:
            raise self.wrong("a JSON pointer begins with '/'", end, f"write '#/{self.text[end:]}'")
        bad = self.text[end]
        raise self.wrong(f"'{bad}' cannot stand in a JSON pointer", end, "'~' is written '~0'" if bad == "~" else None)

    def between(self, start: int, *fields: str) -> tuple[str, str, int]:
        """Read ``id.field.``: the id, the field and where what follows begins."""
        identifier = r"[A-Za-z0-9_-]+" if not self.lenient else r"[^{}#\n]+?"
        match = re.compile(rf"({identifier})\.({'|'.join(fields)})\.").match(self.text, start)
        if match is not None:
            return match[1], match[2], match.end()
        parts = self.text[start:].split(".", 2)
        head = self.text[:start] + parts[0]
        near = nearest(parts[1], fields) if len(parts) > 2 else None
        rest = parts[2] if near and len(parts) > 2 else ".".join(parts[1:]) or "name"
        whole = parts[1:] in ([field] for field in fields)
        hint = f"name one: '{self.text}.name'" if whole else f"did you mean '{head}.{near or fields[-1]}.{rest}'?"
        message = f"'{head}' is followed by '.{' or .'.join(fields)}.' and a name"
        raise self.wrong(message, start + len(parts[0]), hint if parts[0] else None)

    def chars(self, start: int) -> str:
        """Read ``name = *( CHAR )`` to the end, JSON escapes resolved."""
        raw = self.match(_CHARS, start, "a name")
        return _ESCAPE.sub(_resolve, raw) if "\\" in raw else raw

    def match(self, pattern: re.Pattern[str], start: int, what: str, end: int | None = None) -> str:
        """Read one pattern that must reach the end."""
        end = len(self.text) if end is None else end
        match = pattern.match(self.text, start, end)
        if match is not None and match.end() == end:
            return match[0]
        offset = match.end() if match else start
        found = f"'{self.text[offset]}' cannot stand in {what}" if offset < end else f"{what} is missing"
        raise self.wrong(found, offset)


def _resolve(match: re.Match[str]) -> str:
    return chr(int(match[2], 16)) if match[2] else _UNESCAPED.get(match[1], match[1])


def _message(reader: _ExpressionReader, root: str, start: int) -> Expression:
    return reader.message(root, start)


def _inputs(reader: _ExpressionReader, _root: str, start: int) -> Expression:
    return Input(*reader.named(start), text=reader.text)


def _outputs(reader: _ExpressionReader, _root: str, start: int) -> Expression:
    return Output(*reader.named(start), text=reader.text)


_SHORT_STEP: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)(?:#.*)?", re.DOTALL)


def _steps(reader: _ExpressionReader, _root: str, start: int) -> Expression:
    short = _SHORT_STEP.fullmatch(reader.text, start) if reader.lenient else None
    if short is not None and nearest(short[2], ("outputs",)) is None:
        return StepOutput(short[1], *reader.named(short.start(2)), text=reader.text)
    step, _, position = reader.between(start, "outputs")
    return StepOutput(step, *reader.named(position), text=reader.text)


def _workflows(reader: _ExpressionReader, _root: str, start: int) -> Expression:
    workflow, field, position = reader.between(start, "inputs", "outputs")
    return WorkflowValue(
        workflow, "inputs" if field == "inputs" else "outputs", *reader.named(position), text=reader.text
    )


def _sources(reader: _ExpressionReader, _root: str, start: int) -> Expression:
    match = _IDENTIFIER_STRICT.match(reader.text, start)
    if match is None:
        raise reader.wrong("the name of a source description is missing", start)
    end = match.end()
    if reader.lenient and reader.text[end : end + 1] == "#":
        return SourceReference(match[0], reader.chars(end), text=reader.text)
    if reader.text[end : end + 1] != ".":
        raise reader.wrong("the name of a source description is followed by '.' and an operationId or field", end)
    reference = reader.chars(end + 1)
    if not reference:
        raise reader.wrong("an operationId, workflowId or field is missing", end + 1)
    return SourceReference(match[0], reference, text=reader.text)


def _components(reader: _ExpressionReader, _root: str, start: int) -> Expression:
    kinds = ("parameters", "successActions", "failureActions", *(("inputs",) if reader.lenient else ()))
    kind: Any = reader.text[start:].split(".", 1)[0]
    position = start + len(kind) + 1
    if kind not in kinds:
        near = nearest(kind, kinds)
        hint = f"did you mean '$components.{near}{reader.text[position - 1 :]}'?" if near else None
        raise reader.wrong(f"'$components.' is followed by {', '.join(kinds)}", start, hint)
    pattern = _LOOSE_NAME if reader.lenient else _IDENTIFIER
    return ComponentReference(kind, reader.match(pattern, position, "a name"), text=reader.text)


_RULES: Final[dict[str, Callable[[_ExpressionReader, str, int], Expression]]] = {
    "request": _message,
    "response": _message,
    "message": _message,
    "inputs": _inputs,
    "outputs": _outputs,
    "steps": _steps,
    "workflows": _workflows,
    "sourceDescriptions": _sources,
    "components": _components,
}
