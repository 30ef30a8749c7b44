"""YAML 1.2 to values, event by event: like PyYAML's own constructor, but with the core schema and limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from arazzo.exact_numbers import Beyond, read_decimal, read_integer
from arazzo.source.locations import Node
from arazzo.source.reading import NO_NUL, NUL, Read, Reading
from arazzo.source.yaml_places import YamlPlaces


def read_yaml(text: str, name: str, *, located: bool = False) -> Read:
    """Return the value of YAML text; DocumentError with one located problem.

    :param located: whether to note on the way where everything is, which takes a seventh longer; else a second look
        does, when somebody asks for a place.
    """
    return _YamlReading(text, name, YamlPlaces() if located else None).yaml()


def locate_yaml(text: str, name: str) -> Node:
    """Return where everything is in YAML text that can be read; one without a value is at its start."""
    root = read_yaml(text, name, located=True).root if text.strip() else None
    return root or Node(0, 0, "")


def _start(event: Any) -> int:
    return int(event.start_mark.index)


class _Open:
    """A mapping or sequence that is being read.

    :ivar bases: the maps of a list that contains only aliases of maps; None once it contains anything else.
    """

    __slots__ = ("anchor", "bases", "count", "mapping", "merged", "merging", "name", "value")

    def __init__(self, anchor: str | None, count: int, *, mapping: bool) -> None:
        self.mapping, self.anchor, self.count = mapping, anchor, count
        self.value: Any = {} if mapping else []
        self.name: str | None = None
        self.merging: int | None = None
        self.merged: set[str] = set()
        self.bases: list[Read] | None = []

    def merge(self, bases: Iterable[Read]) -> None:
        """Take over the members of maps whose names are not there yet."""
        for base in bases:
            for name, value in base.value.items():
                if name not in self.value:
                    self.value[name] = value
                    self.merged.add(name)


class _YamlReading(Reading):
    """A reading of YAML; an anchor is None until what it names is complete."""

    def __init__(self, text: str, name: str, places: YamlPlaces | None) -> None:
        super().__init__(text, name)
        self.anchors: dict[str, Read | None] = {}
        self.places = places

    def yaml(self) -> Read:
        parser = CParser(self.text)
        try:
            return self._document(parser.get_event)
        except yaml.reader.ReaderError as error:
            before = self.text.encode()[: error.position].decode(errors="ignore")
            self.fail("yaml-syntax", len(before), "this character is not allowed in YAML")
        except yaml.MarkedYAMLError as error:
            offset, message, hint = _explain(error, self.text)
            self.fail("yaml-syntax", offset, message, hint)
        finally:
            parser.dispose()

    def _document(self, next_event: Callable[[], Any]) -> Read:
        next_event()
        if isinstance(next_event(), yaml.StreamEndEvent):
            self.fail("yaml-syntax", 0, "the file is empty")
        read = self._value(next_event)
        next_event()
        another = next_event()
        if not isinstance(another, yaml.StreamEndEvent):
            self.fail("yaml-syntax", another.start_mark.index, "a second document starts here; a file holds one")
        root = None if self.places is None else self.places.node()
        return read._replace(merges=tuple(self.merges), unfit=self.unfit, root=root)

    def _value(self, next_event: Callable[[], Any]) -> Read:
        stack: list[_Open] = []
        note = None if self.places is None else self.places.note
        while True:
            event = next_event()
            if note is not None:
                note(event)
            kind = type(event)
            bases: tuple[Read, ...] = ()
            if kind is yaml.ScalarEvent:
                named = bool(stack) and stack[-1].mapping and stack[-1].name is None
                value, key = self._scalar(event, named), event.value
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                stack.append(self._open(event, len(stack) + 1, mapping=kind is yaml.MappingStartEvent))
                continue
            else:
                read = self._alias(event, len(stack)) if kind is yaml.AliasEvent else self._close(stack.pop())
                value, key, bases = read.value, read.key, read.bases
            if not stack:
                return Read(value, key)
            self._put(stack[-1], value, key, bases, event)

    def _spend(self, size: int, depth: int, event: Any) -> None:
        if (too_much := self.spend(size, depth)) is not None:
            self.fail("yaml-limits", _start(event), too_much)

    def _open(self, event: Any, depth: int, *, mapping: bool) -> _Open:
        self._spend(1, depth, event)
        if event.tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._refuse_tag(event)
        if event.anchor:
            self.anchors[event.anchor] = None
        return _Open(event.anchor, self.count, mapping=mapping)

    def _close(self, done: _Open) -> Read:
        read = Read(done.value, None, 1 + self.count - done.count, tuple(done.bases or ()))
        if done.anchor:
            self.anchors[done.anchor] = read._replace(bases=(read,)) if done.mapping else read
        return read

    def _alias(self, event: Any, depth: int) -> Read:
        if event.anchor not in self.anchors:
            message = f"alias *{event.anchor} names an anchor that is not set before it"
            self.fail("yaml-syntax", _start(event), message)
        target = self.anchors[event.anchor]
        if target is None:
            self.fail("yaml-syntax", _start(event), f"alias *{event.anchor} is inside of what it names")
        self._spend(target.size, depth, event)
        return target

    def _scalar(self, event: Any, named: bool) -> Any:
        """Return the value of a scalar; what stands for the name of a member (``named``) stays text."""
        text = event.value
        size = 1 + (len(text) >> 5)
        self.count += size
        if self.count > self.limits.file_values:
            self._spend(0, 0, event)  # which refuses it; it is as deep as what it is in, which was let in
        if self.unfit is None and NUL in text:
            self.unfit = _start(event), NO_NUL
        value: Any = text
        if event.tag is not None and event.tag != "!":
            value = self._tagged(event)
        elif text[:1] in _TYPED and event.implicit[0] and (event.anchor or not named):
            value = _resolve(text)
            if value is text and text[0] in _NUMERIC and self.unfit is None and _NO_NUMBER.fullmatch(text):
                self.unfit = _start(event), f"{text} is a number that JSON does not have; text stands in quotes"
        if value is not text and isinstance(value, Beyond):
            self.fail("yaml-limits", _start(event), value.limit, "text stands in quotes")
        if event.anchor:
            self.anchors[event.anchor] = Read(value, text, size)
        return value

    def _tagged(self, event: Any) -> Any:
        kind = event.tag.removeprefix("tag:yaml.org,2002:")
        if kind == "str":
            return event.value
        value = _resolve(event.value)
        if kind == "float" and type(value) is int:
            return read_decimal(f"{value}.0")
        if kind not in _TAGS or not isinstance(value, _TAGS[kind]) or (kind == "int" and isinstance(value, bool)):
            self._refuse_tag(event)
        return value

    def _refuse_tag(self, event: Any) -> NoReturn:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        hint = "leave the tag out; a document holds text, numbers, true, false, null, lists and maps"
        self.fail("yaml-syntax", _start(event), f"tag {tag} does not fit a JSON value here", hint)

    def _put(self, into: _Open, value: Any, key: str | None, bases: tuple[Read, ...], event: Any) -> None:
        """Put a value in its place; ``bases`` are the maps that it gives to a merge key."""
        if not into.mapping:
            into.value.append(value)
            if not isinstance(event, yaml.AliasEvent) or not isinstance(value, dict):
                into.bases = None
            elif into.bases is not None:
                into.bases += bases
        elif into.name is None:
            self._put_name(into, key, event)
        elif into.merging is not None and bases:
            self.merges.append(into.merging)
            into.merge(bases)
            into.name = None
        else:
            into.value[into.name] = value
            into.merged.discard(into.name)
            into.name = None

    def _put_name(self, into: _Open, name: str | None, event: Any) -> None:
        if name is None:
            self.fail("yaml-syntax", _start(event), "a key must be text, not a list or a map")
        if name in into.value and name not in into.merged:
            self.fail("duplicate-key", _start(event), f"key '{name}' is given twice in this map")
        into.name = name
        plain = name == "<<" and type(event) is yaml.ScalarEvent and not event.style
        into.merging = _start(event) if plain else None


_NUMERIC = frozenset("-+.0123456789")
_TYPED = _NUMERIC | frozenset("tTfFnN~") | {""}
_NULL = ("", "~", "null", "Null", "NULL")
_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_WORDS: dict[str, bool | None] = dict.fromkeys(_NULL) | dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
#: Numbers of the core schema (YAML 1.2.2, 10.3.2). JSON lacks the last kind: text in a description, else an error.
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASES = re.compile(r"0o[0-7]{1,999}|0x[0-9a-fA-F]{1,999}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TAGS: dict[str, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}


def _resolve(text: str) -> Any:
    """Return what a plain scalar means in the core schema, with exact numbers; :class:`Beyond` for one too large."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return read_integer(text)
    if _BASES.fullmatch(text):
        return int(text, 0)
    return read_decimal(_as_json(text)) if _FLOAT.fullmatch(text) else text


def _as_json(number: str) -> str:
    """Return a YAML number as JSON spells it: no plus, digits on both sides of the point."""
    sign, digits = ("-" if number[0] == "-" else ""), number.lstrip("+-")
    mantissa, mark, exponent = digits.lower().partition("e")
    whole, point, fraction = mantissa.partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{point}{fraction or '0' * len(point)}{mark}{exponent}"


def _explain(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str, str | None]:
    """Return where a YAML error is, what it is in plain words, and what to do."""
    mark = error.problem_mark or error.context_mark
    offset = mark.index if mark is not None else 0
    problem = error.problem or "this is not YAML"
    here = text[offset : offset + 1]
    if "cannot start any token" in problem:
        if here == "\t":
            return offset, "there is a tab where YAML wants spaces", "indent with spaces"
        return offset, f"a value cannot start with '{here}'", "put the value in quotes"
    if problem == "found unexpected end of stream" and error.context_mark is not None:
        return error.context_mark.index, "this text in quotes is not closed", None
    for part, message, hint in _YAML_MESSAGES:
        if part in problem:
            return offset, message, hint
    context = f" {error.context}" if error.context else ""
    return offset, f"{problem}{context}", None


_YAML_MESSAGES = (
    (
        "mapping values are not allowed",
        "a second colon in one line, or a line indented too far",
        "put a value that holds ': ' in quotes",
    ),
    ("did not find expected key", "this line does not fit the indentation of the lines above", None),
    ("did not find expected '-' indicator", "this line does not fit the list above", "list items start with '- '"),
    ("did not find expected ',' or", "a comma or the closing bracket is missing", None),
    ("could not find expected ':'", "this line is neither 'key: value' nor a list item", None),
    (
        "found unknown escape character",
        "this escape does not exist in YAML",
        "use single quotes, or double the backslash",
    ),
    ("found a tab character", "there is a tab where YAML wants spaces", "indent with spaces"),
    ("found undefined tag handle", "this tag is not known", "leave the tag out, or put the value in quotes"),
    ("did not find expected <document start>", "there is something after the end of the document", None),
    ("did not find expected node content", "a value is missing here", None),
    ("found duplicate %", "a directive is given twice", None),
)
