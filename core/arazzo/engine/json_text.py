"""Payloads that are JSON text: what they embed must leave them JSON.

Text inside a string is escaped. An array or object in quotes, ``"products": "{$inputs.products}"``, is to the letter a
string that contains JSON. Authors mean the array, and write quotes so that the text is JSON even before it is filled
in. So in lenient the quotes are removed, unless the operation's schema asks for a string there. They are removed around
null, too; and a member whose value is absent is left out, quoted or not.
"""

from __future__ import annotations

import re
from typing import Any

from arazzo.absent import ABSENT
from arazzo.document.schemas import items_of, property_of, type_of
from arazzo.expressions.context import Context, Dialect
from arazzo.expressions.evaluation import Gap, evaluate_value, to_json_text, to_text
from arazzo.json_values import read_json_value

_WHERE = "request body"
#: Marks a structure in a string until the text has been read: no text of a document contains it.
_MARK = re.compile("\x00([0-9]{1,6})\x00")


def fill_json_text(payload: str, schema: Any, context: Context, dialect: Dialect) -> Any:
    """Return a payload with its values embedded: text, or a JSON value if it embeds structures or nothing in quotes.

    :param schema: of the request body, as far as it is known.
    :raises EvaluationError: if an expression inside a longer string, or for an element of an array, is absent or null.
    """
    whole: list[Any] = []

    def embedded(value: Any, quote: str | None) -> str:
        if quote != '"' or not isinstance(value, (dict, list, tuple)):
            return to_json_text(value, quote)
        return _marked(whole, value)

    def gap(value: Any, quote: str | None) -> str | None:
        if quote is None:
            return "null" if value is None else f'"{_marked(whole, value)}"'
        return _marked(whole, value) if quote == '"' else None

    def filled(gap: Gap) -> Any:
        return evaluate_value(payload, context, dialect, where=_WHERE, convert=embedded, gap=gap)

    def in_text(value: Any, quote: str | None) -> str | None:
        return None if len(whole) == missing else gap(value, quote)

    text = filled(gap)
    if not whole or not isinstance(text, str):
        return text
    try:
        return _restored(read_json_value(text), schema, whole)
    except _InTextError as error:
        missing = error.index
        whole.clear()
        return filled(in_text)  # which says what is missing
    except (ValueError, RecursionError):
        return evaluate_value(payload, context, dialect, where=_WHERE, convert=to_json_text)


def _marked(whole: list[Any], value: Any) -> str:
    whole.append(value)
    return f"\\u0000{len(whole) - 1}\\u0000"


class _InTextError(Exception):
    """Something absent or null is part of a text, or absent in an array: the value with this index."""

    def __init__(self, index: int) -> None:
        self.index = index


def _restored(value: Any, schema: Any, whole: list[Any]) -> Any:
    match value:
        case dict():
            members = {
                _with_text(name, whole): _restored(item, property_of(schema, name), whole)
                for name, item in value.items()
            }
            return {name: item for name, item in members.items() if item is not ABSENT}
        case list():
            for index in (_mark(item, whole) for item in value):
                if index is not None and whole[index] is ABSENT:
                    raise _InTextError(index)
            return [_restored(item, items_of(schema), whole) for item in value]
        case str():
            if (index := _mark(value, whole)) is not None:
                found = whole[index]
                if found is ABSENT or found is None or type_of(schema) != "string":
                    return found
            return _with_text(value, whole)
    return value


def _mark(value: Any, whole: list[Any]) -> int | None:
    """Return the index of the value that a text stands for as a whole; None for any other text."""
    found = _MARK.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found and int(found[1]) < len(whole) else None


def _with_text(text: str, whole: list[Any]) -> str:
    def written(mark: re.Match[str]) -> str:
        if int(mark[1]) >= len(whole):
            return mark[0]
        if (found := whole[int(mark[1])]) is ABSENT or found is None:
            raise _InTextError(int(mark[1]))
        return to_text(found)

    return _MARK.sub(written, text)
