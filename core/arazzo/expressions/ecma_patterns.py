r"""Patterns of ECMA-262, with its flag ``u``, for the library ``regex``: in schemas and in criteria.

What differs is written out: ``\d``, ``\w`` and ``\b`` are ASCII, ``$`` is the end and not before a last line feed, the
dot has four line ends, ``[]`` and ``[^]`` are classes, a brace that repeats nothing is a brace (Annex B). What only
other languages have, and what the library would do differently, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.regular_expressions import compile_pattern, require_bounded

LOOKS_BEHIND = ("(?<=", "(?<!")


@dataclass(eq=False)
class Group:
    """A group of a pattern, or the pattern itself.

    :ivar begin, end: its first and last character.
    :ivar branches: whether it contains alternatives.
    :ivar optional, repeated: whether it may be left out, and whether it may occur several times.
    """

    parent: Group | None
    begin: int
    opening: str = ""
    end: int = -1
    branches: bool = False
    optional: bool = False
    repeated: bool = False

    def within(self) -> Iterator[Group]:
        """Yield the group and the groups around it, from the inside out."""
        group: Group | None = self
        while group is not None:
            yield group
            group = group.parent


def forgets(group: Group, at: int) -> bool:
    """Return whether a back reference may see what an earlier round of a repetition captured.

    In ECMA-262 each round of a repeated group begins without the captures in it, and a round that matches nothing does
    not count; the library ``regex`` remembers them. Only a back reference can tell the difference.

    :param at: where the reference is.
    """
    skipped = backwards = False
    for outer in group.within():
        backwards = backwards or outer.opening in LOOKS_BEHIND
        skipped = skipped or (outer is not group and outer.branches)
        if outer.repeated and (skipped or backwards or not group.end < at < outer.end):
            return True
        skipped = skipped or outer.optional
    return False


_LAST: Final = 0x10FFFF
_Ranges = tuple[tuple[int, int], ...]
_DIGITS: Final[_Ranges] = ((0x30, 0x39),)
_WORD: Final[_Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Final[_Ranges] = (
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_CONTROLS: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "0": "\0"}
_LINE_ENDS: Final = r"\n\r\u2028\u2029"
_HYPHEN: Final = r"\U0000002d"
_FLAGS: Final = frozenset("ims")
#: What other languages write, and what ECMA-262 has instead.
_HINTS: Final = {
    "(?P<": "(?<name>...)",
    "(?P=": r"\k<name>",
    r"\A": "^",
    r"\Z": "$",
    r"\z": "$",
    "(?#": "leave the comment out",
    **{f"(?{flag})": f"(?{flag}:...)" for flag in "ims"},
}
_TOKEN: Final = re.compile(
    r"""\\u\{(?P<braced>[0-9A-Fa-f]{1,6})\}
      | \\u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})
      | \\u(?P<four>[0-9A-Fa-f]{4}) | \\x(?P<two>[0-9A-Fa-f]{2}) | \\c(?P<control>[A-Za-z])
      | \\(?P<property>[pP]\{[^{}]*\}) | \\k<(?P<recall>[^<>]+)> | \\(?P<number>[1-9][0-9]?) | \\(?P<escaped>.)
      | \(\?<(?P<name>[^=!<>][^<>]*)>
      | \(\?(?P<on>[a-z]*)(?:-(?P<off>[a-z]+))?: | (?P<open>\((?:\?(?:=|!|<=|<!)|(?!\?)))
      | (?P<times>[*+?]|\{(?P<least>[0-9]+)(?P<comma>,(?P<most>[0-9]*))?\}) | (?P<char>.)""",
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=512)
def compile_ecma(pattern: str, flags: str = "") -> Any:
    """Compile an ECMA-262 pattern with the library ``regex``, whose methods take a ``timeout``.

    :param pattern: the pattern, without slashes.
    :param flags: of the letters ``i``, ``m`` and ``s``.
    :raises ExpressionSyntaxError: if it is not a regular expression, or too large to be one.
    """
    require_bounded(pattern)
    pieces = list(_Translation(pattern, frozenset(flags)).pieces())
    try:
        return compile_pattern("".join(text for _, text in pieces), "i" * ("i" in flags))
    except ExpressionSyntaxError as error:
        raise ExpressionSyntaxError(error.message, pattern, _origin(pieces, error.offset), error.hint) from error


def _origin(pieces: list[tuple[int, str]], offset: int) -> int:
    """Return where in the pattern a character of its translation comes from."""
    for at, text in pieces:
        if offset < len(text):
            return at
        offset -= len(text)
    return pieces[-1][0] if pieces else 0


class _Translation:
    """One pass over a pattern; ``scopes`` holds the flags of the open groups, the last of which is ``group``."""

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        self.pattern, self.at = pattern, 0
        self.scopes = [flags]
        self.group = Group(None, -1)
        self.captures: dict[str, Group] = {}
        self.references: list[tuple[str, int]] = []
        self.last: Group | str = ""

    def pieces(self) -> Iterator[tuple[int, str]]:
        """Yield the library's pattern in pieces, each with the offset of what it translates."""
        while self.at < len(self.pattern):
            start, token = self.at, self._token()
            yield start, self._outside(token)
        for name, at in self.references:
            if name in self.captures and forgets(self.captures[name], at):
                raise self._refusal(f"group '{name}' is in a repetition, each round of which forgets it", at)

    def _token(self) -> re.Match[str]:
        token = _TOKEN.match(self.pattern, self.at)
        if token is None:
            raise self._refusal("a backslash ends it", self.at)
        if token["char"] == "(":
            raise self._refusal("'(?' begins no group of ECMA-262", self.at)
        self.at = token.end()
        return token

    def _refusal(self, reason: str, at: int) -> ExpressionSyntaxError:
        hint = next((hint for text, hint in _HINTS.items() if self.pattern.startswith(text, at)), None)
        return ExpressionSyntaxError(f"no regular expression: {reason}", self.pattern, at, hint)

    def _outside(self, token: re.Match[str]) -> str:
        if token["times"] is not None:
            return self._times(token)
        self.last = "^" if token[0] in ("^", "$", r"\b", r"\B") else "a"
        if token["char"] is not None:
            return self._class() if token["char"] == "[" else self._plain(token[0], token.start())
        if (recalled := token["recall"] or token["number"]) is not None:
            self.references.append((recalled, token.start()))
            known = recalled if token["number"] else _group_name(recalled)
            back = rf"\{known}" if token["number"] else f"(?P={known})"
            return f"(?:(?({known}){back}))"  # a group that took no part is empty
        if token["name"] is None and token["open"] is None and token["on"] is None:
            return self._escape(token)
        return self._opened(token)

    def _times(self, token: re.Match[str]) -> str:
        """Translate a repetition, including the question mark that makes it lazy."""
        if self.last == "^" or (isinstance(self.last, Group) and self.last.opening in LOOKS_BEHIND):
            raise self._refusal("there is nothing to repeat", token.start())
        if self.last == "?" or (self.last == "*" and token[0] != "?"):
            raise self._refusal("a repetition is repeated, or is possessive", token.start())
        if isinstance(self.last, Group):
            group, most = self.last, token["most"] if token["comma"] else token["least"]
            group.optional = token[0] in "*?" or int(token["least"] or 1) == 0
            group.repeated = token[0] in "*+" or (token["least"] is not None and (not most or int(most) > 1))
        self.last = "?" if self.last == "*" else "*"
        return token[0]

    def _plain(self, text: str, at: int) -> str:
        flags = self.scopes[-1]
        match text:
            case ")" if self.group.parent is not None:
                self.scopes.pop()
                self.last, self.group.end, self.group = self.group, at, self.group.parent
            case "|":
                self.group.branches = True
            case ".":
                return "(?s:.)" if "s" in flags else f"[^{_LINE_ENDS}]"
            case "^":
                return rf"(?:\A|(?<=[{_LINE_ENDS}]))" if "m" in flags else "^"
            case "$":
                return rf"(?=[{_LINE_ENDS}]|\Z)" if "m" in flags else r"\Z"
            case "{" | "}" | "]":
                return f"\\{text}"
        return text

    def _opened(self, token: re.Match[str]) -> str:
        """Translate the beginning of a group."""
        self.group = Group(self.group, token.start(), token[0])
        name = token["name"]
        if name in self.captures:
            raise self._refusal(f"two groups have the name '{name}'", token.start())
        if name is not None or token[0] == "(":
            number = 1 + sum(each.isdigit() for each in self.captures)
            self.captures |= {str(number): self.group} | ({name: self.group} if name is not None else {})
        on, off = token["on"] or "", token["off"] or ""
        if not _FLAGS.issuperset(on + off) or len(set(on + off)) < len(on + off):
            raise self._refusal(f"'{token[0]}' sets flags other than i, m and s, or one twice", token.start())
        self.scopes.append((self.scopes[-1] | set(on)) - set(off))
        if name is not None:
            return f"(?P<{_group_name(name)}>"
        return token["open"] or f"(?{'i' * ('i' in on)}{'-i' * ('i' in off)}:"

    def _escape(self, token: re.Match[str]) -> str:
        match token["escaped"]:
            case "b" | "B" as letter:
                word = _written(_WORD)
                edge = rf"(?<=[{word}])(?![{word}])|(?<![{word}])(?=[{word}])"
                return f"(?:{edge})" if letter == "b" else f"(?!{edge})"
            case "d" | "D" | "w" | "W" | "s" | "S" as letter:
                return f"[{_written(_ranges(letter))}]"
        return f"\\{token['property']}" if token["property"] else re.escape(self._character(token))

    def _character(self, token: re.Match[str]) -> str:
        """Return the character that an escape stands for."""
        digits = token["braced"] or token["four"] or token["two"]
        if digits is not None:
            if int(digits, 16) > _LAST:
                raise self._refusal(f"there is no character {digits}", token.start())
            return chr(int(digits, 16))
        if token["high"] is not None:
            return chr(0x10000 + (int(token["high"], 16) - 0xD800) * 0x400 + int(token["low"], 16) - 0xDC00)
        if token["control"] is not None:
            return chr(ord(token["control"]) % 32)
        letter = token["escaped"] or ""
        if letter == "0" and self.pattern[self.at : self.at + 1].isdigit():
            raise self._refusal("a character is not spelled by octal digits", token.start())
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if not letter or (letter.isascii() and letter.isalnum()):
            raise self._refusal(f"'{token[0]}' means nothing", token.start())
        return letter

    def _class(self) -> str:
        """Translate a class whose opening bracket has been read."""
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        members = list(self._members())
        if not members:
            return "(?s:.)" if negated else "(?!)"
        parts: list[str] = []
        begins = False  # whether what came before may begin a range
        for index, (text, single) in enumerate(members):
            ends = index + 1 < len(members) and members[index + 1][1]
            if text == _HYPHEN and begins and ends:
                parts.append("-")
                begins = False
                continue
            begins = single and parts[-1:] != ["-"]
            parts.append(text)
        return f"[{'^' * negated}{''.join(parts)}]"

    def _members(self) -> Iterator[tuple[str, bool]]:
        """Yield the members of a class up to its closing bracket, each with whether it is a single character."""
        begin = self.at - 1
        while (char := self.pattern[self.at : self.at + 1]) != "]":
            if not char:
                raise self._refusal("a class has no end", begin)
            if char == "\\":
                yield self._escaped_member(self._token())
                continue
            self.at += 1
            yield (char if char.isalnum() else _code(ord(char))), True
        self.at += 1

    def _escaped_member(self, token: re.Match[str]) -> tuple[str, bool]:
        escaped = token["escaped"]
        if token["property"]:
            return f"\\{token['property']}", False
        if escaped is not None and escaped in "dDwWsS":
            return _written(_ranges(escaped)), False
        return _code(ord("\b" if escaped == "b" else self._character(token))), True


def _group_name(name: str) -> str:
    return "".join(char if char.isidentifier() or char.isdecimal() else f"_{ord(char):x}_" for char in name)


def _ranges(letter: str) -> _Ranges:
    ranges = {"d": _DIGITS, "w": _WORD, "s": _SPACES}[letter.lower()]
    if letter.islower():
        return ranges
    edges = [-1, *(edge for pair in ranges for edge in pair), _LAST + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((low + 1, high - 1) for low, high in gaps if low + 1 <= high - 1)


def _written(ranges: _Ranges) -> str:
    return "".join(_code(low) if low == high else f"{_code(low)}-{_code(high)}" for low, high in ranges)


def _code(code: int) -> str:
    return chr(code) if chr(code).isascii() and chr(code).isalnum() else f"\\U{code:08x}"
