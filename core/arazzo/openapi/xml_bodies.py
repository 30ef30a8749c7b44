"""Objects to XML, by the names in the schema (XML Object)."""

from __future__ import annotations

import re
from typing import Any

from arazzo.document.schemas import items_of, mapping, property_of
from arazzo.errors import EvaluationError
from arazzo.expressions.xml_tree import ATTRIBUTE, TEXT, xml_text
from arazzo.openapi.data_url import PayloadError
from arazzo.openapi.encoding import scalar_text

_NAME = re.compile(r"[^\W\d][\w.-]*(:[^\W\d][\w.-]*)?")


def write_xml(schema: Any, payload: Any) -> str:
    """Return an object as XML.

    The root is named by the schema's ``xml.name``; without one, the object's only member is the root. Null is left out.

    :raises PayloadError: if the payload has no root, or a name that XML does not allow.
    """
    name = xml_facts(schema).get("name")
    if not name and isinstance(payload, dict) and len(payload) == 1:
        name, payload = next(iter(payload.items()))
        schema = property_of(schema, name)
    if not name:
        raise PayloadError("XML needs one root element: an object with one member, or text")
    return '<?xml version="1.0" encoding="UTF-8"?>' + _element(str(name), schema, payload)


def xml_facts(schema: Any) -> dict[str, Any]:
    """Return what a schema says about its XML."""
    return mapping(mapping(schema).get("xml"))


def _element(name: str, schema: Any, value: Any) -> str:
    facts = xml_facts(schema)
    name = _checked(f"{facts['prefix']}:{name}" if facts.get("prefix") else name)
    attributes, children = "", ""
    if facts.get("namespace"):
        declared = f"xmlns:{facts['prefix']}" if facts.get("prefix") else "xmlns"
        attributes += f' {declared}="{str(facts["namespace"]).translate(ATTRIBUTE)}"'
    if not isinstance(value, dict):
        return f"<{name}{attributes}>{_text(value).translate(TEXT)}</{name}>"
    for key, item in value.items():
        part = property_of(schema, key)
        if item is None:
            continue
        if is_attribute(part):
            attribute = _checked(str(xml_facts(part).get("name") or key))
            attributes += f' {attribute}="{_text(item).translate(ATTRIBUTE)}"'
        else:
            children += _children(key, part, item)
    return f"<{name}{attributes}>{children}</{name}>"


def is_attribute(schema: Any) -> bool:
    """Tell whether a member is an attribute."""
    return xml_facts(schema).get("attribute") is True or xml_facts(schema).get("nodeType") == "attribute"


def is_wrapped(schema: Any) -> bool:
    """Tell whether an array has an element around its items."""
    return xml_facts(schema).get("wrapped") is True or xml_facts(schema).get("nodeType") == "element"


def _children(key: str, schema: Any, value: Any) -> str:
    """Return the elements of a member: one, or one for each item of an array, wrapped or not."""
    name = str(xml_facts(schema).get("name") or key)
    if not isinstance(value, list):
        return _element(name, schema, value)
    items, wrapped = items_of(schema), is_wrapped(schema)
    item_name = str(xml_facts(items).get("name") or (key if wrapped else name))
    elements = "".join(_element(item_name, items, item) for item in value if item is not None)
    return f"<{_checked(name)}>{elements}</{_checked(name)}>" if wrapped else elements


def _text(value: Any) -> str:
    try:
        return "" if value is None else xml_text(scalar_text(value))
    except EvaluationError as error:
        raise PayloadError(str(error)) from error


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PayloadError("a member's name is not a valid name of an XML element")
    return name
