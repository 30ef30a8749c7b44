"""JSON to values; a second, slower pass finds places, and what Python's ``json`` accepts although JSON does not."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from arazzo.exact_numbers import Beyond, read_decimal, read_integer
from arazzo.limits import current_limits
from arazzo.source.locations import Node
from arazzo.source.reading import NO_NUL, NUL, Read, Reading, levels


def read_json(text: str, name: str) -> Read:
    """Return the value of JSON text; DocumentError with one located problem."""
    return _JsonReading(text, name).json()


def locate_json(text: str, name: str) -> Node:
    """Return where everything is in JSON text; DocumentError if it is not JSON."""
    reading = _JsonReading(text, name)
    reading.json()
    return reading.slowly()


_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)')
#: It begins with a fixed text, which is found fast in a large file.
_SURROGATE = re.compile(
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F])"
)
_LONE = re.compile("[\ud800-\udfff]")
_NUL = "\\u0000"
_MESSAGES = {
    "Expecting value": "a value is missing here",
    "Extra data": "something follows after the end of the document",
    "Unterminated string starting at": "this text is not closed",
    "Invalid control character at": "this text contains a line break or control character; write it as \\n or \\u00XX",
    "Invalid \\escape": "this escape does not exist in JSON",
    "Expecting property name enclosed in double quotes": "a key in double quotes is missing here",
    "Illegal trailing comma before end of object": "there is a comma before the end of the object",
    "Illegal trailing comma before end of array": "there is a comma before the end of the list",
}


class _NotJsonError(ValueError):
    """Something that Python's json reads although JSON does not have it."""


class _JsonReading(Reading):
    def json(self) -> Read:
        if not self.text or self.text.isspace():
            self.fail("json-syntax", 0, "the file is empty")
        try:
            value = json.loads(self.text, object_pairs_hook=_pairs, **_HOOKS)
        except json.JSONDecodeError as error:
            self.fail("json-syntax", error.pos, _MESSAGES.get(error.msg, error.msg[:1].lower() + error.msg[1:]))
        except (_NotJsonError, RecursionError):
            self.slowly()
            self.fail("yaml-limits", 0, "values are nested too deep")
        if _NUL in self.text or _SURROGATE.search(self.text) or _too_large(value):
            self.slowly()
        return Read(value, unfit=self.unfit)

    def slowly(self) -> Node:
        """Go through JSON text token by token, for positions and for faults that ``json`` finds but does not locate."""
        root: list[Node] = []
        stack: list[Any] = []
        key: Node | None = None
        for match in _TOKEN.finditer(self.text):
            start, end, token = match.start(1), match.end(1), match[1]
            into = stack[-1] if stack else root
            if token in ("{", "["):
                if (too_much := self.spend(1, len(stack) + 1)) is not None:
                    self.fail("yaml-limits", start, too_much)
                children: Any = {} if token == "{" else []  # noqa: S105
                _attach(into, key, Node(start, start + 1, token, children.copy), self.text)
                stack.append(children)
                key = None
            elif token in ("}", "]"):
                stack.pop()
            elif token not in (",", ":"):
                node = self._scalar(token, start, end)
                if isinstance(into, dict) and key is None:
                    key = node
                    if _decoded(token) in into:
                        self.fail("duplicate-key", start, f"key '{_decoded(token)}' is given twice in this object")
                else:
                    _attach(into, key, node, self.text)
                    key = None
        return root[0]

    def _scalar(self, token: str, start: int, end: int) -> Node:
        if token[0] != '"':
            try:
                json.loads(token, **_HOOKS)
            except _NotJsonError as error:
                if token.lstrip("-").isalpha():
                    self.fail("json-syntax", start, f"{token[:20]} is not a number that JSON has")
                self.fail("yaml-limits", start, str(error))
            return Node(start, end, "")
        if self.unfit is None and _NUL in token and NUL in json.loads(token):
            self.unfit = start, NO_NUL
        if _SURROGATE.search(token) and _LONE.search(json.loads(token)):
            self.fail("json-syntax", start, "this text contains half of a surrogate pair, which is not a character")
        return Node(start, end, '"')


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotJsonError
    return members


def _no_constant(text: str) -> NoReturn:
    raise _NotJsonError(text)


def _decimal(text: str) -> float:
    return _within(read_decimal(text))


def _integer(text: str) -> int:
    number = read_integer(text)
    if isinstance(number, Beyond):
        raise _NotJsonError(number.limit)
    return number


def _within(number: float) -> float:
    if isinstance(number, Beyond):
        raise _NotJsonError(number.limit)
    return number


_HOOKS: dict[str, Any] = {"parse_constant": _no_constant, "parse_float": _decimal, "parse_int": _integer}


def _too_large(value: Any) -> bool:
    """Say whether a value exceeds the limits of depth or size."""
    count, limits = 0, current_limits()
    for depth, level in enumerate(levels(value)):
        count += sum(map(len, level))
        if depth >= limits.file_depth or count > limits.file_values:
            return True
    return False


def _decoded(token: str) -> str:
    return str(json.loads(token)) if "\\" in token else token[1:-1]


def _attach(into: Any, key: Node | None, node: Node, text: str) -> None:
    if isinstance(into, dict) and key is not None:
        into[_decoded(text[key.start : key.end])] = (key, node)
    else:
        into.append(node)
