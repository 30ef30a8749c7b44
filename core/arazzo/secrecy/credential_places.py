"""Which places of a message contain a credential, and which outputs therefore do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.nodes import Expression, Message
from arazzo.expressions.parser import parse_context
from arazzo.expressions.templates import find_expressions, is_selector
from arazzo.pointer import unescape
from arazzo.secrecy.sensitive_names import names_credential

#: A JSONPath filter, an XPath predicate, and a call: the names in them are not names of what is selected.
_NO_NAMES = re.compile(r"\[\s*[?@][^\]]*\]|[\w-]+\(\)|\[[^\]'\"]*=[^\]]*\]")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_~-]*")


def gives_credential(value: Any, given: Callable[[Expression], bool]) -> bool:
    """Tell whether an output contains a credential because of where it comes from, whatever its name is.

    :param value: as in the document: ``$response.header.Set-Cookie``, text that contains it, a Selector Object, or an
        object with one of these.
    :param given: decides this for an expression that is not part of a message.
    """
    return any(names_credential(origin) if isinstance(origin, str) else given(origin) for origin in _origins(value))


def _origins(value: Any) -> Iterator[str | Expression]:
    """Yield the names of the parts of messages that a value contains, and its other expressions."""
    match value:
        case str():
            try:
                found = [expression for _, expression in find_expressions(value)]
            except ExpressionSyntaxError:
                return  # an error of the document, reported elsewhere
            yield from (_last_name(each) if isinstance(each, Message) else each for each in found)
        case Mapping() if is_selector(value):
            yield from _selected(value)
        case Mapping():
            for item in value.values():
                yield from _origins(item)
        case list() | tuple():
            for item in value:
                yield from _origins(item)


def _selected(selector: Mapping[str, Any]) -> Iterator[str | Expression]:
    try:
        context = parse_context(selector["context"].strip())
    except ExpressionSyntaxError:
        return
    if not isinstance(context, Message):
        yield context
        return
    words = _WORD.findall(_NO_NAMES.sub("", selector["selector"]))
    yield words[-1] if words else _last_name(context)


def _last_name(message: Message) -> str:
    """Return the name of the header, parameter or member; empty for a whole body."""
    if message.name:
        return message.name
    words = _WORD.findall(unescape(unquote(message.pointer or message.trail)))
    return words[-1] if words else ""
