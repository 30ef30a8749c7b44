"""Selectors: JSONPath (RFC 9535 and Goessner), XPath 1.0 to 3.1 and JSON Pointer applied to a value.

The libraries are imported on first use, compiled selectors are cached, and evaluation is bounded: a selector in a
document, or a value put into one, must not stop whoever evaluates it. Errors of evaluation quote neither the selector
nor the data, since both may hold secrets by then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from arazzo.absent import ABSENT, Unreadable
from arazzo.errors import EvaluationError, ExpressionSyntaxError, GaveUpError
from arazzo.expressions.navigation import apply_pointer
from arazzo.limits import current_limits

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery

#: The draft's script for the last element, ``[(@.length-1)]``; other scripts are not run.
_FROM_THE_END = re.compile(r"\[\(\s*@\.length\s*-\s*([1-9][0-9]{0,8})\s*\)\]")
#: A step of a query's skeleton that asks for several nodes.
_SEVERAL = re.compile(r"\.\.|\.\s*\*|\[[^][.]*[*:,]")
RFC9535 = "rfc9535"
GOESSNER = "draft-goessner-dispatch-jsonpath-00"
RFC6901 = "rfc6901"
#: Versions by selector type, the default first (Expression Type Object).
VERSIONS: dict[str, tuple[str, ...]] = {
    "jsonpath": (RFC9535, GOESSNER),
    "xpath": ("xpath-31", "xpath-30", "xpath-20", "xpath-10"),
    "jsonpointer": (RFC6901,),
}


def select(value: Any, selector: str, kind: str, version: str | None = None) -> Any:
    """Apply a selector to a value (Selector Object).

    A JSONPath query that enumerates (wildcard, slice, several selectors, ``..``) yields an array, empty only if there
    is something to enumerate. Any other yields the one node it finds, and an array only if a filter finds several.
    XPath likewise yields one item or an array. Nothing found is ABSENT.

    :param value: the context; ABSENT stays ABSENT, and what is unreadable stays so.
    :param selector: the query, expression or pointer.
    :param kind: ``jsonpath``, ``xpath`` or ``jsonpointer``.
    :param version: of the Expression Type Object; None for the default of the type.
    :raises ExpressionSyntaxError: if the selector cannot be read.
    :raises EvaluationError: if the selector cannot be applied to the value.
    :raises GaveUpError: if evaluation meets a limit.
    """
    version = selector_version(kind, version)
    if value is ABSENT or isinstance(value, Unreadable):
        return value
    match kind:
        case "jsonpath":
            query = jsonpath_rfc9535 if version == RFC9535 else jsonpath_goessner
            nodes = query(selector, value)
            if not enumerates(selector):
                return _single(nodes)
            if nodes:
                return nodes
            enumerated = query(_stem(selector), value)
            return nodes if any(isinstance(node, (dict, list)) for node in enumerated) else ABSENT
        case "xpath":
            found = xpath(selector, value, version)
            return _single(found) if isinstance(found, list) else found
        case _:
            return apply_pointer(value, read_pointer(selector))


def selector_version(kind: str, version: str | None) -> str:
    """Return the version meant: the given one, or the default of the type.

    :raises ExpressionSyntaxError: for a type or version that the Expression Type Object does not have.
    """
    versions = VERSIONS.get(kind)
    if versions is None:
        raise ExpressionSyntaxError(f"unknown selector type '{kind}'", kind, hint=f"use {', '.join(VERSIONS)}")
    if version is None:
        return versions[0]
    if version not in versions:
        raise ExpressionSyntaxError(
            f"unknown version '{version}' of {kind}", version, hint=f"use {', '.join(versions)}"
        )
    return version


def check_selector(selector: str, kind: str, version: str | None = None) -> None:
    """Compile a selector without applying it.

    :raises ExpressionSyntaxError: if it cannot be read. XPath prefixes count as declared: only the data declares them.
    """
    version = selector_version(kind, version)
    match kind, version:
        case "jsonpath", "rfc9535":
            _rfc9535(selector)
        case "jsonpath", _:
            _goessner(selector)
        case "xpath", _:
            from arazzo.expressions.xpath_parsers import compile_xpath

            prefixes = re.findall(r"(?<![\w.:-])([A-Za-z_][\w.-]*):(?=[A-Za-z_*])", selector)
            compile_xpath(selector, version, tuple((prefix, f"urn:{prefix}") for prefix in sorted(set(prefixes))))
        case _:
            read_pointer(selector)


def read_pointer(pointer: str) -> str:
    """Check a JSON pointer (RFC 6901); a ``#`` before it makes it a URI fragment, which is decoded.

    :raises ExpressionSyntaxError: if it neither is empty nor begins with a slash, or has a tilde without 0 or 1.
    """
    plain = unquote(pointer[1:]) if pointer.startswith("#") else pointer
    if plain and not plain.startswith("/"):
        raise ExpressionSyntaxError(
            "a JSON pointer is empty or begins with '/'", pointer, hint=f"/{plain.lstrip('$.')}"
        )
    if bad := re.search(r"~(?![01])", plain):
        raise ExpressionSyntaxError("'~' is written '~0' in a JSON pointer", pointer, pointer.find("~", bad.start()))
    return plain


def jsonpath_rfc9535(query: str, data: Any) -> list[Any]:
    """Return the values of the nodes that an RFC 9535 query selects, in order.

    :param query: the query, ``$`` first; spaces around it, which RFC 9535 forbids, are let through.
    :param data: a JSON value.
    :raises ExpressionSyntaxError: if it is not a well-formed and well-typed query.
    :raises GaveUpError: if it selects too many nodes, takes too long, or looks into what is beyond a limit.
    """
    return [node.value for node in _rfc9535_nodes(query, data)]


def jsonpath_goessner(query: str, data: Any) -> list[Any]:
    """Return the values that a query of ``draft-goessner-dispatch-jsonpath-00`` selects, in order.

    :param query: the query, ``$`` first.
    :param data: a JSON value.
    :raises ExpressionSyntaxError: if it is not a query of that dialect.
    :raises EvaluationError: if the data makes it fail.
    :raises GaveUpError: as above, and if the data is nested too deeply for the library.
    """
    return [node.value for node in _goessner_nodes(query, data)]


def jsonpath_places(query: str, data: Any, version: str | None = None) -> list[tuple[str | int, ...]]:
    """Return the places of the nodes that a JSONPath query selects: names and indices from the root, in order.

    :raises ExpressionSyntaxError: if it is not a query of that version.
    :raises EvaluationError: as above.
    """
    if selector_version("jsonpath", version) == RFC9535:
        return [tuple(node.location) for node in _rfc9535_nodes(query, data)]
    return [_goessner_place(node) for node in _goessner_nodes(query, data)]


def _rfc9535_nodes(query: str, data: Any) -> list[Any]:
    from jsonpath_rfc9535 import JSONPathError

    compiled = _rfc9535(query)
    try:
        return _within_bounds(query, lambda: compiled.finditer(data))
    except JSONPathError as error:
        reason = type(error).__name__
        raise EvaluationError(f"the JSONPath query cannot be evaluated over this value ({reason})") from None
    except RecursionError:
        raise GaveUpError("the value is nested too deep for the JSONPath query") from None


def _goessner_nodes(query: str, data: Any) -> list[Any]:
    from jsonpath_ng.exceptions import JSONPathError

    compiled = _goessner(query)
    try:
        return _within_bounds(query, lambda: compiled.find(data))
    except RecursionError:
        raise GaveUpError("the value is nested too deep for the JSONPath query") from None
    except (
        JSONPathError,
        ArithmeticError,
        LookupError,
        NotImplementedError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        reason = type(error).__name__
        raise EvaluationError(f"the JSONPath query cannot be evaluated over this value ({reason})") from None


def _goessner_place(node: Any) -> tuple[str | int, ...]:
    from jsonpath_ng import Fields, Index

    tokens: list[str | int] = []
    while node is not None:
        match node.path:
            case Fields(fields=(name, *_)):
                tokens.append(name)
            case Index(indices=(index, *_)):
                tokens.append(index)
        node = node.context
    return tuple(reversed(tokens))


def xpath(expression: str, data: Any, version: str | None = None) -> Any:
    """Evaluate an XPath expression over XML text.

    Prefixes are those that the XML declares. Entities, the network and files are out of reach.

    :param expression: the XPath expression.
    :param data: XML as text or bytes.
    :param version: ``xpath-31`` (default), ``xpath-30``, ``xpath-20`` or ``xpath-10``.
    :return: a bool, number or string, or the list of what was found, empty for nothing: an element without child
        elements as its text, one with child elements as XML text, an attribute or text node as its value.
    :raises ExpressionSyntaxError: if the expression cannot be read.
    :raises EvaluationError: if the data is not XML text, or evaluation fails.
    """
    from arazzo.expressions.xml_parsing import evaluate_xpath

    return evaluate_xpath(expression, data, selector_version("xpath", version))


def enumerates(query: str) -> bool:
    """Tell whether a JSONPath query asks for several nodes: wildcard, slice, several selectors or ``..``.

    Filters do not count, nor what is in them or in quotes.
    """
    outside = skeleton(query)
    return any(mark in outside for mark in ("*", "..", ":", ","))


@lru_cache(maxsize=512)
def branches(query: str) -> bool:
    """Tell whether a query can visit more than one node at one of its steps, filters included."""
    return enumerates(query) or "?" in query


def _stem(query: str) -> str:
    """Return the part of a query before its first step that asks for several nodes."""
    outside = list(_outside(query))
    found = _SEVERAL.search("".join(char for _, char in outside))
    return query[: outside[found.start()][0]] if found else query


@lru_cache(maxsize=512)
def skeleton(query: str) -> str:
    """Return a query without its quoted names and its filters; if it is not a query, the text outside of these."""
    return "".join(char for _, char in _outside(query))


def _outside(query: str) -> Iterator[tuple[int, str]]:
    """Yield the characters of a query outside of quoted names and filters, with their places."""
    depth, quote, previous = 0, "", ""
    for at, char in enumerate(query):
        if quote:
            quote = "" if char == quote and previous != "\\" else quote
            previous = "" if previous == "\\" else char
            continue
        if char in "'\"":
            quote = char
        elif depth or (char == "?" and previous == "["):
            depth += {"[": 1, "?": int(not depth), "]": -1}.get(char, 0)
        else:
            yield at, char
        previous = previous if char.isspace() else char


def _within_bounds(query: str, find: Callable[[], Iterable[Any]]) -> list[Any]:
    """Find nodes: not more than there may be, and with a time limit if the query can branch."""
    from arazzo.expressions.interruption import within_time

    most = current_limits().selected_nodes

    def first() -> list[Any]:
        return list(islice(find(), most + 1))

    nodes = within_time("the JSONPath query", first) if branches(query) else first()
    if len(nodes) > most:
        raise GaveUpError(f"the JSONPath query selects more than {most:,} nodes (selected_nodes)")
    return nodes


def _single(nodes: Sequence[Any]) -> Any:
    return list(nodes) if len(nodes) > 1 else nodes[0] if nodes else ABSENT


def _check_length(selector: str) -> None:
    most = current_limits().selector_characters
    if len(selector) > most:
        message = f"a selector is at most {most} characters long (selector_characters)"
        raise ExpressionSyntaxError(message, selector[:80] + "...")


@lru_cache(maxsize=1)
def _environment() -> Callable[[str], JSONPathQuery]:
    from arazzo.expressions.rfc9535 import BoundedEnvironment

    return BoundedEnvironment().compile


@lru_cache(maxsize=512)
def _rfc9535(query: str) -> JSONPathQuery:
    from jsonpath_rfc9535 import JSONPathError

    _check_length(query)
    try:
        return _environment()(query.strip())
    except JSONPathError as error:
        offset = min(max(error.token.index, 0), len(query)) if error.token else 0
        message = str(error.args[0]) if error.args else "no JSONPath query"
        raise ExpressionSyntaxError(f"no JSONPath of RFC 9535: {message}", query, offset) from error
    except RecursionError as error:
        raise ExpressionSyntaxError("the JSONPath query is nested too deeply", query) from error
    except OverflowError as error:
        raise ExpressionSyntaxError("the JSONPath query holds a number that is out of range", query) from error


@lru_cache(maxsize=512)
def _goessner(query: str) -> Any:
    from jsonpath_ng import Index, Slice
    from jsonpath_ng.exceptions import JSONPathError

    from arazzo.expressions.goessner import parse_goessner

    _check_length(query)
    try:
        parsed = parse_goessner(_FROM_THE_END.sub(r"[-\1]", query.strip()))
    except JSONPathError as error:
        raise ExpressionSyntaxError(f"no JSONPath of Goessner's draft: {error}", query) from error
    except (RecursionError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ExpressionSyntaxError("no JSONPath of Goessner's draft", query) from error
    if any(map(_is_foreign, _parts(parsed))):
        message = (
            "no JSONPath of Goessner's draft: it has no arithmetic, no regular expressions and no functions on text"
        )
        raise ExpressionSyntaxError(message, query)
    for part in _parts(parsed):
        if isinstance(part, Index):
            part.find = partial(_elements, part)  # type: ignore[method-assign]
        elif isinstance(part, Slice):
            part.find = partial(_slice, part, part.find)  # type: ignore[method-assign]
    return parsed


def _slice(part: Any, find: Callable[[Any], list[Any]], datum: Any) -> list[Any]:
    """Return what a slice or a wildcard in brackets selects.

    Up to 1.8 the library takes an object or a constant for a list of one.
    """
    from jsonpath_ng import DatumInContext, Fields

    datum = DatumInContext.wrap(datum)
    found = find(datum)
    if len(found) != 1 or found[0].value is not datum.value:
        return found
    whole = isinstance(datum.value, dict) and part.start is part.end is part.step is None
    members = datum.value.items() if whole else ()
    return [DatumInContext(value, path=Fields(name), context=datum) for name, value in members]


def _elements(index: Any, datum: Any) -> list[Any]:
    """Return the elements that an index of a query names.

    Up to 1.8 the library takes characters of strings for elements, and fails on an index before the first.
    """
    from jsonpath_ng import DatumInContext, Index

    array = DatumInContext.wrap(datum)
    size = len(array.value) if isinstance(array.value, list) else 0
    found = (number for number in index.indices if -size <= number < size)
    return [DatumInContext(array.value[number], path=Index(number), context=array) for number in found]


def _is_foreign(part: Any) -> bool:
    """Tell whether a part of a query is an extension of the library that could run or grow without end."""
    return type(part).__name__ in ("Operation", "Sub", "Split", "Str") or getattr(part, "op", None) == "=~"


def _parts(query: Any) -> Iterator[Any]:
    """Yield the parts of a query of the library, at any depth."""
    waiting = [query]
    while waiting:
        part = waiting.pop()
        yield part
        for inner in vars(part).values():
            waiting.extend(
                item for item in (inner if isinstance(inner, list) else [inner]) if hasattr(item, "__dict__")
            )
