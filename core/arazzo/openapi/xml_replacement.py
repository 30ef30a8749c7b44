"""Text set within XML (Payload Replacement Object with an XPath target); imports elementpath."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import ElementTree

import elementpath
from elementpath.xpath_nodes import AttributeNode, ElementNode, TextNode

from arazzo.errors import EvaluationError
from arazzo.expressions.xml_tree import parse_xml, written_xml, xml_text
from arazzo.expressions.xpath_parsers import compile_xpath, select_nodes


def replace_in_xml(payload: Any, target: str, text: str, version: str) -> str:
    """Return XML text with a text put into whatever the XPath selects (elements, attributes, texts).

    Child elements of a selected element are removed.

    :raises ExpressionSyntaxError: if the target cannot be read.
    :raises EvaluationError: if the payload is not XML, or nothing is selected.
    """
    root = parse_xml(payload)
    namespaces = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    token = compile_xpath(target, version, tuple(sorted(namespaces.items())))
    context = elementpath.XPathContext(ElementTree(root), namespaces=namespaces)
    nodes = select_nodes(token, context)
    if not nodes:
        raise EvaluationError("it selects nothing in the payload")
    for node in nodes:
        _set(node, xml_text(text))
    return written_xml(root)


def _set(node: Any, text: str) -> None:
    match node:
        case ElementNode():
            element: Any = node.value
            for child in list(element):
                element.remove(child)
            element.text = text
        case AttributeNode():
            owner: Any = node.parent
            owner.value.set(node.name, text)
        case TextNode():
            _set_text(node, text)
        case _:
            raise EvaluationError("it selects neither an element nor an attribute")


def _set_text(node: TextNode, text: str) -> None:
    """Set one text of an element: the one before its children, or the one after a child."""
    holder: Any = node.parent
    before = None
    for child in holder.children:
        if child is node:
            break
        before = child
    if before is None:
        holder.value.text = text
    else:
        before.value.tail = text
