"""XML to objects, by the names that the schema gives (XML Object): the way back of :mod:`arazzo.openapi.xml_bodies`.

What pointers and paths for JSON lead into where an answer is XML. What no schema mentions is an element with its
child elements as members, several of one name as an array, or its text. Prefixes are dropped.
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

    The root element is the value itself where the schema names the root, its members or its elements, and else the
    only member of an object, as :func:`~arazzo.openapi.xml_bodies.write_xml` has it.

    :raises EvaluationError: if it is not XML that is read, or a page.
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
    """Return a member: of an array each element is an item, if none is declared to be around the items."""
    if type_of(schema) == "array" and not is_wrapped(schema):
        return [_value(items_of(schema), element) for element in elements]
    values = [_value(schema, element) for element in elements]
    return values if len(values) > 1 else values[0]


def _written(key: str, schema: Any) -> str:
    """Return the name of a member's element or attribute: of an array that is not wrapped, that of its items."""
    name = xml_facts(schema).get("name")
    if type_of(schema) == "array" and not is_wrapped(schema):
        name = xml_facts(items_of(schema)).get("name") or name
    return str(name or key).rpartition(":")[2]


def _children(element: XmlElement) -> list[XmlElement]:
    return [child for child in element if isinstance(child, XmlElement)]


def _local(element: XmlElement) -> str:
    return element.tag.rpartition("}")[2]
