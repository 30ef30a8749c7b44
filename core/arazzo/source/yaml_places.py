"""Where everything is in YAML text: noted event by event, while reading or in a second pass."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import partial
from typing import Any

import yaml

from arazzo.source.locations import Node


class YamlPlaces:
    """The values of a text in order, keys included, with a number each. What a value contains comes right behind it."""

    def __init__(self) -> None:
        self.starts, self.ends, self.behind = array("q"), array("q"), array("q")
        self.styles: list[str] = []
        self.texts: list[str] = []
        self.aliases: dict[int, int] = {}
        self._anchors: dict[str, int] = {}
        self._opened: list[int] = []

    def note(self, event: Any) -> None:
        """Note where the value of an event is."""
        number, style = len(self.styles), _NODES.get(type(event))
        if style is None:
            done = self._opened.pop()
            self.ends[done], self.behind[done] = event.end_mark.index, number
            return
        if style == "*":
            self.aliases[number] = self._anchors.get(event.anchor, 0)
        elif event.anchor:
            self._anchors[event.anchor] = number
        text = ""
        if not style:
            style, text = event.style or "", event.value
        elif style != "*":
            self._opened.append(number)
        self.starts.append(event.start_mark.index)
        self.ends.append(event.end_mark.index)
        self.behind.append(number + 1)
        self.styles.append(style)
        self.texts.append(text)

    def node(self, number: int = 0) -> Node:
        """Return where a value is; an alias stands where its anchor does."""
        number = self.aliases.get(number, number)
        style = self.styles[number]
        inside = partial(self._inside, number) if style in ("{", "[") else None
        return Node(self.starts[number], self.ends[number], style, inside)

    def _inside(self, number: int) -> dict[str, tuple[Node, Node]] | list[Node]:
        if self.styles[number] == "[":
            return [self.node(item) for item in self._items(number)]
        return {name: (self.node(key), self.node(value)) for name, (key, value) in self._members(number).items()}

    def _items(self, number: int) -> Iterator[int]:
        item = number + 1
        while item < self.behind[number]:
            yield item
            item = self.behind[item]

    def _members(self, number: int) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        items = self._items(number)
        for key, value in zip(items, items, strict=True):
            bases = self._bases(value) if self.texts[key] == "<<" and self.styles[key] == "" else ()
            for base in bases:
                found = self._members(base) | found
            if not bases:
                found[self.texts[self.aliases.get(key, key)]] = (key, value)
        return found

    def _bases(self, number: int) -> tuple[int, ...]:
        """Return the maps that a merge key takes over, the same ones as in the reader."""
        named = self.aliases.get(number, number)
        if self.styles[named] == "{" and named != number:
            return (named,)
        items = tuple(self._items(named)) if self.styles[named] == "[" else ()
        bases = tuple(self.aliases[item] for item in items if item in self.aliases)
        whole = len(bases) == len(items) and all(self.styles[base] == "{" for base in bases)
        return bases if whole else ()


#: What stands for a value, and how a container is written.
_NODES = {yaml.ScalarEvent: "", yaml.AliasEvent: "*", yaml.MappingStartEvent: "{", yaml.SequenceStartEvent: "["}
