"""JSON to values and back: numbers exactly, to any depth, with no more recursion than the library's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from arazzo.exact_numbers import Beyond, BeyondValue, ExactNumber, read_decimal, read_integer
from arazzo.limits import Limits, current_limits
from arazzo.pointer import escape

_SPACE = re.compile(r"[ \t\n\r]*")
#: Integers of up to so many digits are read by the library itself.
_PLAIN_DIGITS = 4300
Pairs = Callable[[list[tuple[str, Any]]], Any]


def refuse_constant(constant: str) -> NoReturn:
    """Refuse a constant that the library reads although JSON does not have it.

    :raises ValueError: always.
    """
    raise ValueError(f"{constant} is not JSON")


_ANY = json.JSONDecoder(parse_constant=refuse_constant, parse_float=read_decimal, parse_int=read_integer)
_LINE = json.JSONEncoder(ensure_ascii=False, default=str)
_QUICK = json.JSONDecoder(parse_constant=refuse_constant, parse_float=read_decimal)


def read_json_value(text: str) -> Any:
    """Return the value of JSON text; what exceeds a limit of depth or of numbers becomes a :class:`Beyond` there.

    :raises ValueError: if it is not JSON.
    """
    return _to_depth(read_own_json(text), current_limits())


def read_own_json(text: str) -> Any:
    """Return the value of JSON text that :func:`write_json` has written, of any depth.

    :raises ValueError: if it is not JSON.
    """
    try:
        quick = _QUICK if current_limits().number_digits >= _PLAIN_DIGITS else _ANY
        return quick.decode(text)
    except JSONDecodeError:
        raise
    except (ValueError, RecursionError):  # an integer of many digits, a constant, or deep nesting
        return _without_recursion(text)


def write_json(value: Any, *, ascii_only: bool = False, default: Callable[[Any], Any] | None = None) -> str:
    """Return compact JSON text.

    :param ascii_only: whether characters outside of ASCII are escaped.
    :param default: what is written for a value that JSON does not have.
    :raises GaveUpError: if a value in it is beyond a limit.
    :raises TypeError, ValueError: for a value that JSON does not have, NaN and infinity included.
    """
    if is_plain(value):
        with suppress(RecursionError):
            return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False, default=default)
    return "".join(_pieces(value, ascii_only, default))


def json_report(value: Any, *, ascii_only: bool = False) -> str:
    """Return JSON text for people: indented, unless it has a number that no float holds."""
    if is_plain(value):
        with suppress(RecursionError):
            return json.dumps(value, ensure_ascii=ascii_only, indent=2, allow_nan=False)
    return write_json(value, ascii_only=ascii_only)


def json_line(value: Any) -> str:
    """Return JSON text for people in one line; what JSON does not have becomes text."""
    try:
        return _LINE.encode(value)
    except RecursionError:
        return write_json(value, default=str)


def is_plain(value: Any) -> bool:
    """Return whether a value holds neither a number that no float holds nor one beyond a limit.

    :raises GaveUpError: if a value in it is beyond a limit.
    """
    waiting = [value]
    plain = True
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if kind is dict:
            waiting.extend(item.values())
        elif kind is list or kind is tuple:
            waiting.extend(item)
        elif kind is ExactNumber:
            plain = False
        elif isinstance(item, Beyond):
            item.give_up()
    return plain


def as_json(value: Any) -> Any:
    """Return a value with tuples turned into lists at any depth; the value itself is changed."""
    root = [value]
    waiting: list[Any] = [root]
    while waiting:
        holder = waiting.pop()
        for place, item in list(holder.items()) if type(holder) is dict else enumerate(holder):
            inner = list(item) if type(item) is tuple else item
            if type(inner) is dict or type(inner) is list:
                waiting.append(inner)
            holder[place] = inner
    return root[0]


class _Raw(str):
    """A piece of JSON text that is written as it is."""


def leaves(value: Any, *, names: bool = False) -> list[Any]:
    """Return everything in a value, at any depth, that is neither an object nor an array, in order.

    :param names: whether to include the names of members, each before its member.
    """
    found, waiting = [], [value]
    while waiting:
        item = waiting.pop()
        match item:
            case dict():
                parts = [part for pair in item.items() for part in pair] if names else list(item.values())
                waiting.extend(reversed(parts))
            case list() | tuple():
                waiting.extend(reversed(item))
            case _:
                found.append(item)
    return found


def texts_in(value: Any) -> Iterator[str]:
    """Yield everything in a JSON value that can be read, names of members included."""
    return map(str, leaves(value, names=True))


def values_in(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a JSON value and all values in it, each with the JSON pointer to it, in document order.

    :param at: pointer to the value.
    """
    waiting = [(at, value)]
    while waiting:
        at, item = waiting.pop()
        yield at, item
        if isinstance(item, (dict, list, tuple)):
            members = item.items() if isinstance(item, dict) else enumerate(item)
            waiting += reversed([(f"{at}/{escape(str(name))}", member) for name, member in members])


def objects_in(value: Any, passed_over: Container[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield all objects in a JSON value, each once, in document order.

    :param passed_over: names of members to skip.
    """
    waiting, seen = [value], set[int]()
    while waiting:
        found = waiting.pop()
        if not isinstance(found, (dict, list)) or id(found) in seen:
            continue
        seen.add(id(found))  # aliases share their value
        if isinstance(found, dict):
            yield found
            waiting += reversed([item for name, item in found.items() if name not in passed_over])
        else:
            waiting += reversed(found)


def _pieces(value: Any, ascii_only: bool, default: Callable[[Any], Any] | None) -> Iterator[str]:
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        match item:
            case _Raw():
                yield item
            case dict():
                waiting.append(_Raw("}"))
                for place, (name, member) in reversed(list(enumerate(item.items()))):
                    waiting += (member, _Raw(f"{',' * (place > 0)}{json.dumps(str(name), ensure_ascii=ascii_only)}:"))
                yield "{"
            case list() | tuple():
                waiting.append(_Raw("]"))
                for place, member in reversed(list(enumerate(item))):
                    waiting += (member, _Raw("," * (place > 0)))
                yield "["
            case ExactNumber():
                yield item.text
            case _:
                yield json.dumps(item, ensure_ascii=ascii_only, allow_nan=False, default=default)


def _to_depth(value: Any, limits: Limits) -> Any:
    """Return a value in which whatever is nested too deep is marked as beyond the limit."""
    limit = f"an answer is nested more than {limits.json_depth:,} levels deep (json_depth)"
    root = [value]
    level: list[Any] = [root]
    for depth in range(limits.json_depth + 1):
        inner = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
        below = [item for item in inner if type(item) is dict or type(item) is list]
        if not below:
            return root[0]
        if depth == limits.json_depth:
            break
        level = below
    for each in level:
        for place, item in list(each.items()) if isinstance(each, dict) else list(enumerate(each)):
            if type(item) is dict or type(item) is list:
                each[place] = BeyondValue(limit)
    return root[0]


def _without_recursion(text: str) -> Any:
    """Read JSON with a stack of its own.

    :raises ValueError: if it is not JSON.
    """
    stack: list[Any] = []
    names: list[str] = []
    at = _space(text, 0)
    while True:
        value: Any
        if text[at : at + 1] in ("{", "["):
            value = {} if text[at] == "{" else []
            at = _space(text, at + 1)
            if text[at : at + 1] != ("}" if isinstance(value, dict) else "]"):
                stack.append(value)
                at = _name(text, at, names) if isinstance(value, dict) else at
                continue
            at += 1
        else:
            value, at = _scalar(text, at)
        at = _space(text, at)
        while stack:
            _put(stack[-1], names, value)
            closing = "}" if isinstance(stack[-1], dict) else "]"
            sign = text[at : at + 1]
            if sign == ",":
                at = _space(text, at + 1)
                at = _name(text, at, names) if closing == "}" else at
                break
            if sign != closing:
                raise JSONDecodeError("Expecting ',' delimiter", text, at)
            value, at = stack.pop(), _space(text, at + 1)
        else:
            if at < len(text):
                raise JSONDecodeError("Extra data", text, at)
            return value


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _name(text: str, at: int, names: list[str]) -> int:
    if text[at : at + 1] != '"':
        raise JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    name, at = scanstring(text, at + 1, True)
    at = _space(text, at)
    if text[at : at + 1] != ":":
        raise JSONDecodeError("Expecting ':' delimiter", text, at)
    names.append(name)
    return _space(text, at + 1)


def _scalar(text: str, at: int) -> tuple[Any, int]:
    try:
        value, end = _ANY.scan_once(text, at)  # type: ignore[attr-defined]
    except StopIteration:
        raise JSONDecodeError("Expecting value", text, at) from None
    return value, end


def _put(holder: Any, names: list[str], value: Any) -> None:
    if isinstance(holder, dict):
        holder[names.pop()] = value
    else:
        holder.append(value)
