"""XML to objects, by the names in the schema (XML Object): the reverse of :mod:`arazzo.openapi.xml_bodies`.

JSON pointers and paths lead into this where an answer is XML. An element that no schema mentions has its child
elements as members, repeated ones as an array, or else its text. Prefixes are dropped.
"""

from __future__ import annotations

from typing import Any

from arazzo.document.schemas import items_of, properties_of, type_of
from arazzo.errors import EvaluationError
from arazzo.expressions.xml_tree import XmlElement, parse_xml, text_of
from arazzo.openapi.typed_values import converted
from arazzo.openapi.xml_bodies import is_attribute, is_wrapped, xml_facts

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def read_xml_answer(text: str, schema: Any) -> Any:
    """Return the object or array that an XML answer stands for.

    The root element is the value itself if the schema names the root, its members or its elements; otherwise it is the
    only member of an object, as in :func:`~arazzo.openapi.xml_bodies.write_xml`.

    :raises EvaluationError: if it is not XML that can be read, or is an HTML page.
    """
    root = parse_xml(text)
    name = _local(root)
    if name.lower() == "html":
        raise EvaluationError("a web page does not count as XML")
    members = properties_of(schema)
    if type_of(schema) == "array":
        return [_value(items_of(schema), child) for child in _children(root)]
    if "name" not in xml_facts(schema):
        member = next((key for key in members if _written(key, members[key]) == name), None if members else name)
        if member is not None:
            return {member: _value(members.get(member, True), root)}
    return _object(schema, root)


def _value(schema: Any, element: XmlElement) -> Any:
    if element.get(_NIL) in ("true", "1"):
        return None
    kind = type_of(schema)
    if kind == "array":
        return [_value(items_of(schema), child) for child in _children(element)]
    text = text_of(element)
    if _children(element) or (kind == "object" and (element.attrib or not text.strip())):
        return _object(schema, element)
    read = converted(schema, text.strip())
    return text if isinstance(read, str) else read


def _object(schema: Any, element: XmlElement) -> dict[str, Any]:
    """Return an element's members: those that the schema names, then the others."""
    elements: dict[str, list[XmlElement]] = {}
    for child in _children(element):
        elements.setdefault(_local(child), []).append(child)
    attributes = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    found: dict[str, Any] = {}
    for key, part in properties_of(schema).items():
        name = _written(key, part)
        if is_attribute(part):
            if name in attributes:
                found[key] = converted(part, attributes[name])
        elif name in elements:
            found[key] = _member(part, elements.pop(name))
    for name, several in elements.items():
        values = [_value(True, item) for item in several]
        found.setdefault(name, values if len(values) > 1 else values[0])
    return found


def _member(schema: Any, elements: list[XmlElement]) -> Any:
    """Return a member; each element of an array is an item, unless the schema declares one around the items."""
    if type_of(schema) == "array" and not is_wrapped(schema):
        return [_value(items_of(schema), element) for element in elements]
    values = [_value(schema, element) for element in elements]
    return values if len(values) > 1 else values[0]


def _written(key: str, schema: Any) -> str:
    """Return the name of a member's element or attribute; for an array that is not wrapped, its items' name."""
    name = xml_facts(schema).get("name")
    if type_of(schema) == "array" and not is_wrapped(schema):
        name = xml_facts(items_of(schema)).get("name") or name
    return str(name or key).rpartition(":")[2]


def _children(element: XmlElement) -> list[XmlElement]:
    return [child for child in element if isinstance(child, XmlElement)]


def _local(element: XmlElement) -> str:
    return element.tag.rpartition("}")[2]
