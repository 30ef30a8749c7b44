"""The sentences of a specification text that command something, each as a short mark; the text itself stays out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from suite import PUBLIC_DATA

SPECIFICATIONS = PUBLIC_DATA / "spec"
FILES = {"1.0": "arazzo-1.0.1.md", "1.1": "arazzo-1.1.0.md"}

_KEYWORD = re.compile(r"\b(MUST|REQUIRED|SHALL|SHOULD|RECOMMENDED|MAY|OPTIONAL)\b")
_CELL = re.compile(r"(?<!\\)\|")
_MARKUP = (
    (re.compile(r"<[^>]*>"), ""),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"[`*_]"), ""),
    (re.compile(r"\s+"), " "),
)
_ABBREVIATED = (("e.g.,", "eg"), ("i.e.,", "ie"))
_BETWEEN = re.compile(r"(?<=[.:])\s+(?=[A-Z])")


@dataclass(frozen=True)
class Sentence:
    """A normative sentence of one version.

    :param mark: eight hexadecimal digits, the same in every version that has the sentence in that place.
    :param version: ``1.0`` or ``1.1``.
    :param line: in the version's text.
    :param owner: the field it is about, or the heading it stands under.
    :param text: for whoever reads a failure; it is written down nowhere.
    """

    mark: str
    version: str
    line: int
    owner: str
    text: str


def sentences(version: str) -> Iterator[Sentence]:
    """Yield the normative sentences of a version's text, examples left out."""
    heading, fenced = "", False
    lines = (SPECIFICATIONS / FILES[version]).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and (found := re.match(r"#+ (.*)", line)):
            heading = heading if found[1].startswith("Fixed Fields") else found[1].strip()
        elif not fenced and _KEYWORD.search(line):
            field = re.search(r'<a name="(\w+)">', line)
            owner = field[1] if field else heading
            for text in _split(line):
                mark = hashlib.sha256(f"{owner}|{text}".encode()).hexdigest()[:8]
                yield Sentence(mark, version, number, owner, text)


def _split(line: str) -> Iterator[str]:
    for cell in _CELL.split(line):
        plain = cell
        for pattern, replacement in _MARKUP:
            plain = pattern.sub(replacement, plain)
        for long, short in _ABBREVIATED:
            plain = plain.replace(long, short)
        yield from filter(_KEYWORD.search, _BETWEEN.split(plain.strip(" -")))
