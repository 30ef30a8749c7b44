"""What can be told about an RFC 9535 query without data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from arazzo.criteria.syntax_tree import Remark

_ROOT_FILTER = re.compile(r"\s*\$\s*\[\s*\?")

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery


def filters_root(text: str) -> bool:
    """Return whether a query is a filter on the root's members that looks at nothing but ``@``.

    Such a filter (``$[?@.status == 'x']``) is often written for an object as root that should pass the filter itself. A
    filter that looks at ``$`` would then see another root, so its result stands.
    """
    from jsonpath_rfc9535.filter_expressions import RootFilterQuery
    from jsonpath_rfc9535.segments import JSONPathChildSegment
    from jsonpath_rfc9535.selectors import FilterSelector

    segments = _compiled(text).segments
    if not segments or not isinstance(segments[0], JSONPathChildSegment):
        return False
    selectors = segments[0].selectors
    if not all(isinstance(selector, FilterSelector) for selector in selectors):
        return False
    return not any(isinstance(part, RootFilterQuery) for part in _parts(_compiled(text)))


def misleading(text: str, written: str) -> Iterator[Remark]:
    """Yield what a query says that its author probably did not mean.

    ``count(@.products)`` counts nodes, at most one, and never elements; ``.length`` is the name of a member.

    :param text: the query, values put in.
    :param written: the query as written, for the places.
    """
    from jsonpath_rfc9535.filter_expressions import FilterQuery, FunctionExtension
    from jsonpath_rfc9535.selectors import NameSelector

    for part in _parts(_compiled(text)):
        if isinstance(part, FunctionExtension) and part.name == "count":
            query = part.args[0]
            if isinstance(query, FilterQuery) and query.query.singular_query():
                yield _count_of_one(written)
        elif isinstance(part, NameSelector) and part.name in ("length", "size"):
            found = re.search(rf"\.{part.name}\b", written)
            if found:
                message = f"'.{part.name}' selects a member of that name in an RFC 9535 query, not a length"
                yield Remark(found.start(), message, "use length(@.name) in a filter to get a length")


def misleading_draft(text: str, written: str) -> Iterator[Remark]:
    """Yield what a query of Goessner's draft says that its author probably did not mean; parameters as above.

    In that dialect a filter on the root is evaluated as written, and so never applied to an object as root itself.
    """
    if _ROOT_FILTER.match(text):
        message = "a filter on the root looks at the members of an object, never at the object itself, in this dialect"
        yield Remark(max(written.find("["), 0), message, "with rfc9535, the lenient dialect also looks at the object")


def _count_of_one(written: str) -> Remark:
    found = re.search(r"count\(\s*([^()]*?)\s*\)", written)
    inner = found[1] if found else "@"
    message = f"count({inner}) counts nodes: it is 0 or 1, however many elements there are"
    hint = f"length({inner}) is the number of elements; {inner} by itself tells whether there is one"
    return Remark(found.start() if found else 0, message, hint)


def _parts(query: JSONPathQuery) -> Iterator[Any]:
    """Yield the selectors and filter expressions of a query, with those inside them."""
    waiting: list[Any] = [query]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(list(_inside(part))))


def _inside(part: Any) -> Iterator[Any]:
    for name in ("segments", "selectors", "args"):
        yield from getattr(part, name, ())
    for name in ("query", "expression", "left", "right"):
        inner = getattr(part, name, None)
        if inner is not None:
            yield inner


@lru_cache(maxsize=512)
def _compiled(text: str) -> JSONPathQuery:
    from jsonpath_rfc9535 import JSONPathEnvironment

    return JSONPathEnvironment().compile(text.strip())
