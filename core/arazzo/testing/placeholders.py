"""Placeholders in a scenario's texts: ``{{path.image_name}}`` is from the request, ``{{token}}`` a new token.

Roots: ``path query header body state`` with a name (``body.user.id``, ``body./user/id``), and by themselves ``key``,
``count`` (how often this rule has answered for this key, from 1), ``token``, ``uuid``, ``now`` (UTC, RFC 3339) and
``base`` (``http://host:port`` of the mock). A text that is a single placeholder takes the type of its value; a missing
value is null, or nothing inside other text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from arazzo.json_values import texts_in

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_WITH_NAME: Final = frozenset({"path", "query", "header", "body", "state"})
_ALONE: Final = frozenset({"key", "count", "token", "uuid", "now", "base", "body"})

Lookup = Callable[[str], Any]
"""Returns the value of a placeholder, given the text between its braces; None if it is missing."""


def fill(template: Any, lookup: Lookup) -> Any:
    """Return a JSON value with its placeholders replaced."""
    match template:
        case str():
            return _fill_text(template, lookup)
        case list() | tuple():
            return [fill(item, lookup) for item in template]
        case dict():
            return {_text(_fill_text(name, lookup)): fill(item, lookup) for name, item in template.items()}
    return template


def names_in(template: Any) -> list[str]:
    """Return the texts of the placeholders in a JSON value."""
    return [found[1] for text in texts_in(template) for found in _PLACEHOLDER.finditer(text)]


def unknown_names(template: Any) -> list[str]:
    """Return the placeholders without a meaning."""
    return [name for name in names_in(template) if not _is_known(name)]


def _is_known(name: str) -> bool:
    root, dot, rest = name.partition(".")
    return (root in _WITH_NAME and bool(rest)) if dot else name in _ALONE


def _fill_text(text: str, lookup: Lookup) -> Any:
    sole = _PLACEHOLDER.fullmatch(text)
    return lookup(sole[1]) if sole else _PLACEHOLDER.sub(lambda found: _text(lookup(found[1])), text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
