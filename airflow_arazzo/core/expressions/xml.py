"""XPath 1.0 to 3.1 over XML text, with nothing in reach but the text: no entities, no network, no files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

import elementpath
from elementpath.datatypes import Integer
from elementpath.tdop import Parser
from elementpath.xpath30 import XPath30Parser
from elementpath.xpath31 import XPath31Parser
from lxml import etree

from airflow_arazzo.core.errors import EvaluationError, ExpressionSyntaxError

MAX_EXPRESSION = 8192
MAX_ITEMS = 100_000
PARSERS: dict[str, Any] = {
    "xpath-10": elementpath.XPath1Parser,
    "xpath-20": elementpath.XPath2Parser,
    "xpath-30": XPath30Parser,
    "xpath-31": XPath31Parser,
}
#: Functions that read something other than the data, or run text as code.
FORBIDDEN = frozenset(
    {
        "available-environment-variables",
        "collection",
        "doc",
        "doc-available",
        "environment-variable",
        "function-lookup",
        "json-doc",
        "load-xquery-module",
        "parse-xml",
        "parse-xml-fragment",
        "transform",
        "unparsed-text",
        "unparsed-text-available",
        "unparsed-text-lines",
        "uri-collection",
    }
)
_FORBIDDEN_CALL = re.compile(rf"(?<![\w.-])({'|'.join(sorted(FORBIDDEN))})\s*[#(]")
Namespaces = tuple[tuple[str, str], ...]


def evaluate_xpath(expression: str, data: Any, version: str) -> Any:
    """Evaluate; see :func:`airflow_arazzo.core.expressions.selectors.xpath`."""
    root = parse_xml(data)
    namespaces = tuple(sorted((prefix, uri) for prefix, uri in _declared(root).items()))
    token = compile_xpath(expression, version, namespaces)
    context = elementpath.XPathContext(root.getroottree(), namespaces=dict(namespaces))
    try:
        found = token.get_results(context)
    except (elementpath.ElementPathError, ArithmeticError, RecursionError, TypeError, ValueError, LookupError) as error:
        reason = (error.code if isinstance(error, elementpath.ElementPathError) else None) or type(error).__name__
        raise EvaluationError(f"the XPath expression cannot be evaluated over this value ({reason})") from None
    return [_plain(item) for item in found] if isinstance(found, list) else _plain(found)


def parse_xml(data: Any) -> etree._Element:
    """Parse XML without entities, DTD or network.

    :raises EvaluationError: if the data is no XML text, or declares entities.
    """
    if not isinstance(data, (str, bytes)):
        raise EvaluationError("XPath needs XML text")
    raw = data.encode() if isinstance(data, str) else data
    encoding = "utf-8" if isinstance(data, str) else None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding=encoding
    )
    try:
        root = etree.fromstring(raw.strip(), parser)
    except (etree.XMLSyntaxError, UnicodeError, ValueError) as error:
        raise EvaluationError("XPath needs XML text, and this is not well-formed") from error
    if next(root.iter(etree.Entity), None) is not None:
        raise EvaluationError("XML with entities is not read")
    return root


@lru_cache(maxsize=256)
def compile_xpath(expression: str, version: str, namespaces: Namespaces) -> Any:
    """Compile an XPath expression.

    :raises ExpressionSyntaxError: if it cannot be read, or calls a function that reaches out of the data.
    """
    if len(expression) > MAX_EXPRESSION:
        raise ExpressionSyntaxError(f"an XPath expression is at most {MAX_EXPRESSION} characters long", expression)
    if call := _FORBIDDEN_CALL.search(expression):
        raise ExpressionSyntaxError(f"function {call[1]}() is not available", expression, call.start())
    try:
        token = _parse(PARSERS[version](namespaces=dict(namespaces)), expression)
    except RecursionError as error:
        raise ExpressionSyntaxError("the XPath expression is nested too deeply", expression) from error
    except (elementpath.ElementPathError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise ExpressionSyntaxError(f"no XPath {version[-2]}.{version[-1]}: {error}", expression) from error
    for part in token.iter():
        if part.symbol in FORBIDDEN:
            raise ExpressionSyntaxError(f"function {part.symbol}() is not available", expression)  # name(: comment :)()
        if part.symbol == "to":
            part.evaluate = partial(_range, part)
    return token


def _parse(parser: Any, expression: str) -> Any:
    """Parse without the static evaluation that ends the library's own ``parse``: nothing runs before it is checked."""
    if parser.tokenizer is None:
        parser.tokenizer = parser.create_tokenizer(parser.symbol_table)
    return Parser.parse(parser, expression)


def _range(token: Any, context: Any = None) -> list[int]:
    """Evaluate a range expression (``1 to n``) that has at most 100,000 members."""
    first, last = token.get_operands(context, cls=Integer)
    if first is None or last is None:
        return []
    if last - first >= MAX_ITEMS:
        raise ValueError(f"a range has at most {MAX_ITEMS} members")
    return list(range(first, last + 1))


def _declared(root: etree._Element) -> dict[str, str]:
    """Return the prefixes that the XML declares anywhere, the outermost declaration of each."""
    found: dict[str, str] = {}
    for element in root.iter(etree.Element):
        for prefix, uri in element.nsmap.items():
            if prefix:
                found.setdefault(prefix, uri)
    return found


def _plain(item: Any) -> Any:
    """Return an item as a JSON value."""
    match item:
        case float() if item.is_integer():
            return int(item)
        case bool() | int() | float() | str() | None:
            return item
        case Decimal():
            return int(item) if item == item.to_integral_value() else float(item)
        case etree._ElementTree():
            return _plain(item.getroot())
        case etree._Element():
            return _element(item)
        case _:
            return str(item)


def _element(element: etree._Element) -> str:
    if isinstance(element.tag, str) and next(_children(element), None) is not None:
        return etree.tostring(element, encoding="unicode", with_tail=False)
    return "".join(map(str, element.itertext())) if isinstance(element.tag, str) else element.text or ""


def _children(element: etree._Element) -> Iterator[etree._Element]:
    return element.iterchildren(etree.Element)
