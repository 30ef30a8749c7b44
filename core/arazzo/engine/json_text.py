"""Payloads that are JSON as text: what they embed must leave them JSON.

Text in a string is escaped. An array or object in quotes, ``"products": "{$inputs.products}"``, is to the letter a
string that holds JSON. Authors write it for the array: without the values the text is JSON, too, which it would not be
without the quotes. So leniently the quotes go, unless the operation's schema asks for a string there.
"""

from __future__ import annotations

import re
from typing import Any

from arazzo.expressions import Context, Dialect, evaluate_value, to_json_text, to_text
from arazzo.json_values import read_json_value
from arazzo.openapi.schema_slices import property_of, type_of

_WHERE = "request body"
#: What stands for a structure in a string until the text has been read: no text of a document has it.
_MARK = re.compile("\x00([0-9]{1,6})\x00")


def fill_json_text(payload: str, schema: Any, context: Context, dialect: Dialect) -> Any:
    """Return a payload with values embedded: text, or a JSON value if it embeds structures in quotes.

    :param schema: of the request body, as far as it is known.
    :raises EvaluationError: if an embedded expression is absent.
    """
    structures: list[Any] = []

    def embedded(value: Any, quote: str | None) -> str:
        if quote != '"' or not isinstance(value, (dict, list, tuple)):
            return to_json_text(value, quote)
        structures.append(value)
        return f"\\u0000{len(structures) - 1}\\u0000"

    text = evaluate_value(payload, context, dialect, where=_WHERE, convert=embedded)
    if not structures or not isinstance(text, str):
        return text
    try:
        return _restored(read_json_value(text), schema, structures)
    except (ValueError, RecursionError):
        return evaluate_value(payload, context, dialect, where=_WHERE, convert=to_json_text)


def _restored(value: Any, schema: Any, structures: list[Any]) -> Any:
    match value:
        case dict():
            return {
                _with_text(name, structures): _restored(item, property_of(schema, name), structures)
                for name, item in value.items()
            }
        case list():
            items = schema.get("items") if isinstance(schema, dict) else None
            return [_restored(item, items, structures) for item in value]
        case str():
            mark = _MARK.fullmatch(value)
            if mark and int(mark[1]) < len(structures) and type_of(schema) != "string":
                return structures[int(mark[1])]
            return _with_text(value, structures)
    return value


def _with_text(text: str, structures: list[Any]) -> str:
    def written(mark: re.Match[str]) -> str:
        return to_text(structures[int(mark[1])]) if int(mark[1]) < len(structures) else mark[0]

    return _MARK.sub(written, text)
