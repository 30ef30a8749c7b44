"""Which files mean to be Arazzo documents, told without reading them as YAML or JSON."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from arazzo.limits import current_limits

_NAME = re.compile(r".*\.arazzo\.(?:yaml|yml|json)", re.DOTALL)
_LINE = re.compile(r"[^\r\n]+")
_KEY = re.compile(r"""^( *)(["']?)arazzo\2[ \t]*:""", re.MULTILINE)
#: What matters in maps in braces: quoted texts, brackets, and the key without quotes. An unclosed text ends with the
#: file, so that each character is looked at once.
_PIECE = re.compile(
    r"""(?<![^\s{\[,:])(?:"(?:[^"\\]|\\.)*(?:"|\\?\Z)|'[^']*(?:'|\Z))|[{}\[\]]|(?<![^\s{,])arazzo(?=\s*:)""", re.DOTALL
)
_COLON = re.compile(r"\s*:")


def is_named(path: Path) -> bool:
    """Say whether a file's name says that it is a document."""
    return _NAME.fullmatch(path.name) is not None


def text_of(path: Path) -> str:
    """Return a file's text, whatever its encoding; nothing if it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(current_limits().file_characters)
    except OSError:
        return ""
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return raw.decode("utf-16" if wide else "utf-8", errors="replace").removeprefix("\ufeff")


def looks_like_document(text: str) -> bool:
    """Say whether ``arazzo`` is among the outermost keys of a text, even if the whole cannot be read."""
    if "arazzo" not in text:
        return False
    for line in _LINE.finditer(text):
        content = line[0].lstrip(" ")
        if content.startswith("---"):
            content = content[3:].lstrip()
        if content.startswith("{"):
            return _in_braces(text, line.end() - len(content))
        if content.strip() and content[0] not in "#%":
            indent = len(line[0]) - len(content)
            return any(len(key[1]) == indent for key in _KEY.finditer(text, line.start()))
    return False


def _in_braces(text: str, start: int) -> bool:
    depth = 0
    for piece in _PIECE.finditer(text, start):
        if piece[0] in ("{", "["):
            depth += 1
        elif piece[0] in ("}", "]"):
            depth -= 1
        elif depth == 1 and piece[0].strip("\"'") == "arazzo" and _COLON.match(text, piece.end()):
            return True
    return False
