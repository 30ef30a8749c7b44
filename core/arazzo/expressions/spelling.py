"""Near matches: the root, field or name that was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from arazzo.expressions.nodes import FixedName

#: Roots of the grammar that a dot follows.
ROOTS: Final = (
    "inputs",
    "outputs",
    "steps",
    "workflows",
    "request",
    "response",
    "message",
    "sourceDescriptions",
    "components",
)
#: Expressions that are complete by themselves.
FIXED: Final[dict[str, FixedName]] = {"url": "url", "method": "method", "statusCode": "statusCode", "self": "self"}
_FOREIGN: Final = re.compile(r"\$(?:\.|\{\s*)((?:inputs|steps|workflows)\.[A-Za-z0-9_\[\]'./#-]*[A-Za-z0-9_\]])")
#: Characters that nobody sees, as in a class of a pattern: no expression without braces goes on over one.
UNSEEN: Final = r"\s\x85\xa0\xad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff"
#: Those of them without width, with which no name is written.
HIDDEN: Final = re.compile(r"[\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_WORD: Final = re.compile(r"\$([A-Za-z][A-Za-z_-]*)(\.[A-Za-z0-9_\[\]'./#-]*[A-Za-z0-9_\]])?")


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that a misspelled word is nearest to, ignoring case; None if none is near."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.75)
    return by_lower[near[0]] if near else None


def nearest_root(word: str) -> str | None:
    """Return the root (``$inputs``, ``$statusCode``) that a misspelled one is nearest to."""
    if (fixed := _fixed(word)) is not None:
        return f"${fixed}"
    near = nearest(word, ROOTS)
    return f"${near}" if near else None


def misspelled_root(text: str) -> str | None:
    """Return the spelling that was probably meant of the first ``$word`` in text that resembles a root but is not one.

    ``$input.name`` gives ``$inputs.name`` and ``$statuscode`` gives ``$statusCode``; ``$pageSize`` gives None, since
    only a word with a dot after it can be a misspelled ``$inputs``, and only another case a misspelled ``$statusCode``.

    :param text: any string of a document, which the lenient dialect takes literally.
    """
    for match in _WORD.finditer(text):
        word, rest = match[1], match[2] or ""
        if word in ROOTS or word in FIXED:
            continue
        if not rest and (fixed := _fixed(word)):
            return f"${fixed}"
        if rest and (near := nearest(word, ROOTS)):
            return f"${near}{rest}"
    return None


def foreign_root(text: str) -> str | None:
    """Return our spelling of the first expression in text that is ``$.inputs.a`` or ``${inputs.a}``, as elsewhere."""
    found = _FOREIGN.search(text)
    return f"${found[1]}" if found else None


def _fixed(word: str) -> str | None:
    plain = re.sub("[_-]", "", word).lower()
    return next((name for name in FIXED if name.lower() == plain), None)
