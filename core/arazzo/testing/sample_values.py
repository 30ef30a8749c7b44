"""Values for what a description leaves open: its examples, or values that fit the schema.

The same seed gives the same values. Nothing is random, so a failed test fails again.
"""

from __future__ import annotations

import hashlib
import math
import string
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from arazzo.document.schemas import properties_of
from arazzo.errors import ExpressionSyntaxError, GaveUpError
from arazzo.expressions.ecma_patterns import compile_ecma
from arazzo.expressions.regular_expressions import finds
from arazzo.frozen import dataclass, field
from arazzo.openapi.schema_slices import Follows, merged

#: From this depth on, objects have only their required members, and arrays are as short as possible.
_SHALLOW: Final = 5
#: From this depth on there is nothing: the schema contains itself.
_DEEPEST: Final = 12
#: How many parts a value has at most, and characters a text: a schema of a few lines can ask for any number.
_MOST_PARTS: Final = 10_000
_LONGEST: Final = 100_000
_FORMATS: Final = {
    "date-time": "2026-01-15T09:30:00Z",
    "date": "2026-01-15",
    "time": "09:30:00Z",
    "duration": "PT15M",
    "email": "person@example.com",
    "idn-email": "person@example.com",
    "hostname": "host.example.com",
    "ipv4": "192.0.2.10",
    "ipv6": "2001:db8::10",
    "uri": "https://example.com/resource",
    "url": "https://example.com/resource",
    "uri-reference": "/resource",
    "byte": "bW9jaw==",
    "binary": "mock",
    "password": "mock-password",
}


@dataclass(frozen=True)
class Values:
    """Makes values for the schemas of one description.

    :param hidden: which members to leave out: ``writeOnly`` in answers, ``readOnly`` in requests.
    """

    description: Follows
    seed: int = 1
    hidden: str = "writeOnly"
    _made: list[str] = field(default_factory=list, repr=False, compare=False)

    def media(self, media: dict[str, Any], example: str | None = None) -> Any:
        """Return a value for a Media Type Object: the requested example, its first one, or a value by its schema."""
        examples = media.get("examples") or {}
        if example in examples:
            return examples[example].get("value", examples[example].get("dataValue"))
        if "example" in media:
            return media["example"]
        for found in examples.values():
            if "value" in found or "dataValue" in found:
                return found.get("value", found.get("dataValue"))
        if "itemSchema" in media and "schema" not in media:
            return [self.value(media["itemSchema"])]
        return self.value(media.get("schema", {}))

    def value(self, schema: Any, name: str = "value", depth: int = 0) -> Any:
        """Return a value that fits a schema.

        :param name: its name there, from which texts are made.
        """
        if depth == 0:
            self._made.clear()
        self._made.append(name)
        if depth > _DEEPEST or len(self._made) > _MOST_PARTS:
            return None
        found = self.description.follow(schema)
        for key in ("example", "const", "default"):
            if key in found:
                return found[key]
        for key in ("examples", "enum"):
            if isinstance(found.get(key), list) and found[key]:
                return found[key][0]
        whole = self._folded(found, depth)
        if whole is not found:
            return self.value(whole, name, depth + 1)
        return self._typed(found, name, depth)

    def _folded(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """Return a schema merged with its parts and its first alternative; itself if it has none."""
        parts = [self.description.follow(part) for part in schema.get("allOf") or ()]
        for key in ("oneOf", "anyOf"):
            options = [self.description.follow(option) for option in schema.get(key) or ()]
            parts += [option for option in options if option.get("type") != "null"][:1]
        if not parts:
            return schema
        own = {key: item for key, item in schema.items() if key not in ("allOf", "oneOf", "anyOf")}
        self._made.extend([""] * len(parts))
        deeper = depth < _DEEPEST and len(self._made) <= _MOST_PARTS
        wholes = [self._folded(part, depth + 1) if deeper else part for part in (own, *parts)]
        required = [name for whole in wholes for name in whole.get("required") or ()]
        laid = merged(reversed(wholes))
        return {**laid, "required": required} if properties_of(laid) else laid

    def _typed(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        match self._type(schema):
            case "object":
                return dict(self._members(schema, depth))
            case "array":
                return self._items(schema, name, depth)
            case "string":
                return self._text(schema, name)
            case "integer" | "number" as kind:
                return self._number(schema, name, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
        return {}

    @staticmethod
    def _type(schema: dict[str, Any]) -> str | None:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        if kind is None:
            for member, implied in (("properties", "object"), ("items", "array"), ("pattern", "string")):
                if member in schema:
                    return implied
        return kind if isinstance(kind, str) else None

    def _members(self, schema: dict[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
        required = schema.get("required") or ()
        properties = properties_of(schema)
        for name, part in properties.items():
            if part is False:
                continue  # there must be no such member
            found = self.description.follow(part)
            if not found.get(self.hidden) and (depth < _SHALLOW or name in required):
                yield name, self.value(part, name, depth + 1)
        for name in required:
            if name not in properties:
                yield name, self.value(schema.get("additionalProperties") or {"type": "string"}, name, depth + 1)
        more = schema.get("additionalProperties")
        if not properties and isinstance(more, dict) and depth < _SHALLOW:
            yield "key", self.value(more, "key", depth + 1)

    def _items(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        least = int(schema.get("minItems") or 0)
        count = max(least, 1 if depth < _SHALLOW and schema.get("maxItems") != 0 else 0)
        singular = name[:-1] if name.endswith("s") else name
        items = [self.value(schema.get("items", {}), singular, depth + 1) for _ in range(min(count, 100))]
        if schema.get("uniqueItems") and len(items) > 1:
            return [f"{item}-{number}" if isinstance(item, str) else number for number, item in enumerate(items)]
        return items

    def _text(self, schema: dict[str, Any], name: str) -> str:
        kind = schema.get("format")
        if kind == "uuid":
            digest = self._digest(name)
            return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
        text = _FORMATS.get(str(kind), f"{name}-{self.seed}")
        least, most = int(schema.get("minLength") or 0), schema.get("maxLength")
        if isinstance(schema.get("pattern"), str):
            return matching_text(schema["pattern"], min(least, 1000)) or text
        text = text.ljust(min(least, _LONGEST), "x")
        return text[: int(most)] if most is not None else text

    def _number(self, schema: dict[str, Any], name: str, *, whole: bool) -> float:
        low, high = schema.get("minimum"), schema.get("maximum")
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        step = schema.get("multipleOf") or (1 if whole else 0.5)
        if isinstance(above, (int, float)) and not isinstance(above, bool):
            low = above + step
        elif above is True and low is not None:
            low += step
        if isinstance(below, (int, float)) and not isinstance(below, bool):
            high = below - step
        elif below is True and high is not None:
            high -= step
        start = int(self._digest(name)[:4], 16) % 100 if low is None else low
        number = min(start, high) if high is not None else start
        with suppress(OverflowError):
            number = math.ceil(number / step) * step
        return int(number) if whole else number

    def _digest(self, name: str) -> str:
        return hashlib.sha256(f"{self.seed}:{name}".encode()).hexdigest()


_CLASSES: Final = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "h": "a"}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_USUAL: Final = string.ascii_lowercase + string.ascii_uppercase + string.digits + "-_. /:@#"


@lru_cache(maxsize=1024)
def matching_text(pattern: str, least: int = 0) -> str | None:
    """Return a text that matches a pattern, always the same one; None if none is found.

    :param pattern: a regular expression that need only match somewhere (JSON Schema 2020-12, ``pattern``).
    :param least: how long the text must be at least.
    """
    for repeats in dict.fromkeys((1, 2, least)):
        try:
            text = _PatternReader(pattern, repeats).read()
        except (IndexError, ValueError, RecursionError):
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
    """Reads a pattern from left to right and writes a match; ``repeats`` is how often ``+`` and ``*`` repeat."""

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
            times = self._times()
            if len(text) + len(atom) * times > _LONGEST:
                raise ValueError("the text is too long")
            text += atom * times
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
        """Return how often to write the atom before."""
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
