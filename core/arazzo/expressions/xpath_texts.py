"""The functions of XPath that make text, and count it: a text that is doubled thirty times fills any memory.

All text that one evaluation makes is counted together, in its thread; a text is counted before it is joined.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from elementpath.datatypes import AnyURI

from arazzo.errors import GaveUpError
from arazzo.limits import current_limits


class _Made(threading.local):
    characters = 0


_made = _Made()


def begin() -> None:
    """Start counting again, for the evaluation that this thread begins."""
    _made.characters = 0


def spend(characters: int) -> None:
    """Count characters.

    :raises GaveUpError: if that is too many.
    """
    _made.characters += characters
    most = current_limits().xpath_characters
    if _made.characters > most:
        raise GaveUpError(f"the XPath expression makes more than {most:,} characters of text (xpath_characters)")


def _concat(token: Any, context: Any = None) -> str:
    """Evaluate ``fn:concat`` and ``||``."""
    context = getattr(token, "context", None) or context  # an operator has no context of its own
    parts = []
    for place in range(len(token)):
        parts.append(token.string_value(token.get_argument(context, index=place)))
        spend(len(parts[-1]))
    return "".join(parts)


def _string_join(token: Any, context: Any = None) -> str:
    """Evaluate ``fn:string-join``; before 3.1 its items are texts."""
    context = token.context or context
    if token.parser.version >= "3.1":
        items = [token.string_value(item) for item in token[0].select(context)]
    else:
        found = enumerate(token[0].atomization(context))
        items = [str(token.validated_value(item, cls=str, promote=AnyURI, index=place)) for place, item in found]
    between = str(token.get_argument(context, 1, required=True, cls=str)) if len(token) > 1 else ""
    spend(sum(map(len, items)) + len(between) * len(items))
    return between.join(items)


def _counted(evaluate: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def counted(token: Any, context: Any = None) -> Any:
        made = evaluate(token, context)
        spend(_length(made))
        return made

    return counted


def _counted_each(select: Callable[[Any, Any], Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def counted(token: Any, context: Any = None) -> Iterator[Any]:
        for item in select(token, context):
            spend(_length(item))
            yield item

    return counted


def _length(item: Any) -> int:
    value = getattr(item, "value", item)
    return len(value) if isinstance(value, (str, bytes)) else 0


#: Functions whose text is at most a few times as long as another, so that it can be counted once it is there.
_SINGLE: Final = (
    *("string", "substring", "substring-before", "substring-after", "normalize-space", "normalize-unicode"),
    *("translate", "upper-case", "lower-case", "encode-for-uri", "iri-to-uri", "escape-html-uri"),
    *("codepoints-to-string", "serialize", "format-number", "replace"),
    *("untypedAtomic", "anyURI", "normalizedString", "token", "language", "hexBinary", "base64Binary"),
    *("Name", "NCName", "NMTOKEN", "ID", "IDREF", "ENTITY"),
)


def counting(symbols: Any) -> dict[str, dict[str, Any]]:
    """Return, by symbol, the methods that replace a parser's own."""
    replaced: dict[str, dict[str, Any]] = {
        name: {"evaluate": _counted(symbols[name].evaluate)} for name in _SINGLE if name in symbols
    }
    if "data" in symbols:
        replaced["data"] = {"select": _counted_each(symbols["data"].select)}
    own = {"concat": _concat, "||": _concat, "string-join": _string_join}
    return replaced | {name: {"evaluate": method} for name, method in own.items() if name in symbols}
