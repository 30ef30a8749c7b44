"""XML as text: parsed with nothing in reach but the text (no entities, no network, no files), XPath applied to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import elementpath
from lxml import etree

from arazzo.errors import EvaluationError, GaveUpError
from arazzo.exact_numbers import read_decimal
from arazzo.expressions.xpath_parsers import compile_xpath, run_xpath
from arazzo.expressions.xpath_texts import begin, spend
from arazzo.limits import current_limits


def evaluate_xpath(expression: str, data: Any, version: str) -> Any:
    """Evaluate; see :func:`arazzo.expressions.selectors.xpath`."""
    root = parse_xml(data)
    namespaces = tuple(sorted((prefix, uri) for prefix, uri in _declared(root).items()))
    token = compile_xpath(expression, version, namespaces)
    found = run_xpath(token, elementpath.XPathContext(root.getroottree(), namespaces=dict(namespaces)))
    if not isinstance(found, list):
        return _plain(found)
    values = []
    begin()
    for item in found:
        values.append(_plain(item))
        spend(len(values[-1]) if isinstance(values[-1], str) else 0)
    return values


def parse_xml(data: Any) -> etree._Element:
    """Parse XML without entities, DTD or network.

    :raises EvaluationError: if the data is no XML text, or declares entities.
    """
    root = read_xml(data)
    if next(root.iter(etree.Entity), None) is not None:
        raise EvaluationError("XML with entities is not read")
    return root


def read_xml(data: Any) -> etree._Element:
    """Read XML in which entities may be left.

    :raises EvaluationError: if the data is no XML text.
    """
    if not isinstance(data, (str, bytes)):
        raise EvaluationError("XPath needs XML text")
    encoding = "utf-8" if isinstance(data, str) else None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding=encoding
    )
    try:
        raw = data.encode() if isinstance(data, str) else data
        return etree.fromstring(raw.strip(), parser)
    except (etree.XMLSyntaxError, UnicodeError, ValueError) as error:
        raise EvaluationError("XPath needs XML text, and this is not well-formed") from error


def _declared(root: etree._Element) -> dict[str, str]:
    """Return the prefixes that the XML declares anywhere, the outermost declaration of each."""
    found: dict[str, str] = {}
    for element in root.iter(etree.Element):
        for prefix, uri in element.nsmap.items():
            if prefix:
                found.setdefault(prefix, uri)
    return found


def _plain(item: Any) -> Any:
    """Return an item as a JSON value; what JSON has no number for as text."""
    match item:
        case float() if not math.isfinite(item):
            return "NaN" if math.isnan(item) else "Infinity" if item > 0 else "-Infinity"
        case float() if item.is_integer():
            return int(item)
        case int() if abs(item) >= 10 ** (most := current_limits().number_digits):
            raise GaveUpError(f"the XPath expression yields a number of more than {most:,} digits (number_digits)")
        case bool() | int() | float() | str() | None:
            return item
        case Decimal():
            return int(item) if item == item.to_integral_value() else read_decimal(str(item))
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
