"""Text set within XML (Payload Replacement Object with an XPath target); imports lxml and elementpath."""

from __future__ import annotations

from typing import Any

import elementpath
from elementpath.xpath_nodes import AttributeNode, ElementNode, TextNode
from lxml import etree

from arazzo.errors import EvaluationError
from arazzo.expressions.xml_parsing import parse_xml
from arazzo.expressions.xpath_parsers import compile_xpath, select_nodes


def replace_in_xml(payload: Any, target: str, text: str, version: str) -> str:
    """Return XML text in which what the XPath selects (elements, attributes, texts) has the given text.

    Child elements of a selected element go.

    :raises ExpressionSyntaxError: the target cannot be read.
    :raises EvaluationError: the payload is no XML, or nothing is selected.
    """
    root = parse_xml(payload)
    namespaces = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    token = compile_xpath(target, version, tuple(sorted(namespaces.items())))
    context = elementpath.XPathContext(root.getroottree(), namespaces=namespaces)
    nodes = select_nodes(token, context)
    if not nodes:
        raise EvaluationError("it selects nothing in the payload")
    for node in nodes:
        _set(node, text)
    return etree.tostring(root, encoding="unicode")


def _set(node: Any, text: str) -> None:
    try:
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
                _set(node.parent, text)
            case _:
                raise EvaluationError("it selects neither an element nor an attribute")
    except ValueError as error:
        raise EvaluationError("the value holds characters that XML does not have") from error
