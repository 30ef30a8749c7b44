"""XPath applied to XML that is text."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ElementTree

import elementpath

from arazzo.errors import GaveUpError
from arazzo.exact_numbers import read_decimal
from arazzo.expressions.xml_tree import XmlElement, parse_xml, text_of, written_xml
from arazzo.expressions.xpath_parsers import compile_xpath, run_xpath
from arazzo.expressions.xpath_texts import begin, spend
from arazzo.limits import current_limits


def evaluate_xpath(expression: str, data: Any, version: str) -> Any:
    """Evaluate; see :func:`arazzo.expressions.selectors.xpath`."""
    root = parse_xml(data)
    namespaces = tuple(sorted((prefix, uri) for prefix, uri in _declared(root).items()))
    token = compile_xpath(expression, version, namespaces)
    found = run_xpath(token, elementpath.XPathContext(ElementTree(root), namespaces=dict(namespaces)))
    if not isinstance(found, list):
        return _plain(found)
    values = []
    begin()
    for item in found:
        values.append(_plain(item))
        spend(len(values[-1]) if isinstance(values[-1], str) else 0)
    return values


def _declared(root: XmlElement) -> dict[str, str]:
    """Return the prefixes that the XML declares anywhere, the outermost declaration of each."""
    found: dict[str, str] = {}
    for element in root.iter():
        for prefix, uri in element.nsmap.items() if isinstance(element, XmlElement) else ():
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
        case ElementTree():
            return _plain(item.getroot())
        case XmlElement() if any(isinstance(child, XmlElement) for child in item):
            return written_xml(item)
        case Element():
            return text_of(item)
        case _:
            return str(item)
