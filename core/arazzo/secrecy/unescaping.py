"""Finds a text however it is escaped: escapes are undone layer by layer, and what is found is replaced in the original.

Whoever writes a URL, JSON, HTML or a string of a program decides which characters to escape, and how, once or several
times: there are more spellings than anybody can list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

Find = Callable[[str], Iterable[tuple[int, int]]]
"""Yields where in a text something is: start and end."""

#: Layers of escapes that are undone: JSON in JSON in a URL has three.
LAYERS = 5
_ESCAPE = re.compile(
    r"[%\\&](?:"  # first of all, so that the rest of a long text is passed over quickly
    r"(?<=%)(?P<url>[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*)|(?<!&)(?P<utf16>u[0-9A-Fa-f]{4}(?:[\\%]u[0-9A-Fa-f]{4})*)"
    r"|(?<=\\)(?:U(?P<utf32>[0-9A-Fa-f]{8})|u\{(?P<braced>[0-9A-Fa-f]{1,6})\}|x(?P<hex>[0-9A-Fa-f]{2})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<char>[bfnrt]|[^\w\s]))"
    r"|(?<=&)(?:#0*(?P<decimal>[0-9]{1,7});?|#[xX]0*(?P<number>[0-9A-Fa-f]{1,6});?"
    r"|(?P<entity>[A-Za-z][A-Za-z0-9]{1,31};|amp|lt|gt|quot)))",
    re.ASCII,
)
_BASES = {"decimal": 10, "octal": 8}
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

Piece = tuple[str, int]
"""What an escape stands for, and how many characters it takes."""


def replace_escaped(text: str, find: Find, instead: str) -> str:
    """Return the text with ``instead`` for whatever ``find`` finds in it after undoing escapes, however often.

    What is found in the text as it is, is replaced too. Escapes are those of URLs, JSON, HTML and programs.
    """
    layers = _layers(text)
    found = list(map(list, map(find, layers)))
    if not any(found):
        return text
    spans: list[tuple[int, int]] = []
    starts, ends = list(range(len(text))), list(range(1, len(text) + 1))
    for number, places in enumerate(found):
        if number:
            starts, ends = _placed(layers[number - 1], starts, ends)
        spans += [(starts[start], ends[end - 1]) for start, end in places if end > start]
    return _replaced(text, spans, instead)


def unescaped(text: str) -> str:
    """Return a text with all layers of its escapes undone."""
    return _layers(text)[-1]


def _layers(text: str) -> list[str]:
    """Return a text, followed by the results of undoing one more layer of escapes at a time."""
    layers = [text]
    while len(layers) <= LAYERS:
        undone = _ESCAPE.sub(lambda found: "".join(part for part, _ in _pieces(found)), layers[-1])
        if undone == layers[-1]:
            break
        layers.append(undone)
    return layers


def _placed(layer: str, starts: list[int], ends: list[int]) -> tuple[list[int], list[int]]:
    """Return where the characters of the next layer stand in the original, given the same for this layer."""
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for found in _ESCAPE.finditer(layer):
        new_starts += starts[at : found.start()]
        new_ends += ends[at : found.start()]
        at = found.start()
        for part, length in _pieces(found):
            new_starts += [starts[at]] * len(part)
            new_ends += [ends[at + length - 1]] * len(part)
            at += length
    return new_starts + starts[at:], new_ends + ends[at:]


def _pieces(found: re.Match[str]) -> Iterator[Piece]:
    """Yield what an escape stands for: each character by itself if it is a run of them."""
    match found.lastgroup:
        case "url":
            for char in bytes.fromhex(found[0].replace("%", "")).decode(errors="surrogateescape"):
                yield char, 3 * len(char.encode(errors="surrogateescape"))
        case "utf16":
            units = bytes.fromhex(re.sub(r"[\\%]u", "", found[0]))
            for char in units.decode("utf-16-be", errors="surrogatepass"):
                yield char, 6 * (1 + (ord(char) > 0xFFFF))
        case "char":
            yield _CONTROLS.get(found["char"], found["char"]), len(found[0])
        case "entity":
            import html  # its table of names takes a while to load

            yield html.unescape(found[0]), len(found[0])
        case _:
            code = int(found[found.lastgroup or 0], _BASES.get(found.lastgroup or "", 16))
            yield chr(code) if code <= 0x10FFFF else found[0], len(found[0])


def _replaced(text: str, spans: Iterable[tuple[int, int]], instead: str) -> str:
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            parts += [text[at:start], instead]
        at = max(at, end)
    return "".join([*parts, text[at:]])
