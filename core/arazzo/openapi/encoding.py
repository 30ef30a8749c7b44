"""Values to text, and text to what a URL may contain (RFC 3986, RFC 6570)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from arazzo.json_values import write_json

#: What reserved expansion lets through in a query; ``#``, ``[``, ``]``, ``&`` and ``+`` would change its meaning.
QUERY_RESERVED = ":/?@!$'()*,;="
#: The same in a path, where ``/``, ``?`` and ``#`` would end the segment.
SEGMENT_RESERVED = ":@!$&'()*+,;="

_TRIPLE = re.compile(r"(%[0-9A-Fa-f]{2})")


def scalar_text(value: Any) -> str:
    """Return a value as text: booleans in lower case, structures as compact JSON."""
    if isinstance(value, str):
        return value
    return json_text(value)


def json_text(value: Any) -> str:
    """Return a value as compact JSON; ValueError for numbers that JSON does not have."""
    return write_json(value)


def percent_encode(text: str, allowed: str = "") -> str:
    """Return the text with everything encoded except the unreserved characters and those allowed.

    Where reserved characters are allowed, triplets that are already encoded stay unchanged (RFC 6570, 3.2.3).
    """
    if text.isascii() and text.isalnum():
        return text
    if not allowed:
        return quote(text, safe="", errors="surrogatepass")
    return "".join(
        part if index % 2 else quote(part, safe=allowed, errors="surrogatepass")
        for index, part in enumerate(_TRIPLE.split(text))
    )


def control_character(text: str) -> str | None:
    """Return the name of the first control character other than a tab; None if there is none."""
    names = {"\r": "a carriage return", "\n": "a line break", "\0": "a null"}
    for character in text:
        if character != "\t" and (character < " " or character == "\x7f"):
            return names.get(character, "a control character")
    return None
