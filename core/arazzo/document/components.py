"""Reusable Objects: a reference into the Components Object becomes the component itself.

Arazzo 1.1.0, Reusable Object: ``reference`` is a runtime expression, ``value`` replaces a parameter's value.
"""

from __future__ import annotations

import re
from typing import Any

from arazzo.document.models import Parameter
from arazzo.document.shape import BROKEN, DocumentReader, Kind, describe
from arazzo.pointer import escape

COMPONENT_KINDS = ("parameters", "successActions", "failureActions")
_EXPRESSION = re.compile(r"\$components\.([A-Za-z]+)\.(.+)")
_POINTER = re.compile(r"#/components/([A-Za-z]+)/([^/]+)")
_BRACED = re.compile(r"\{(.*)\}")


def reusable(kind: str, read: Kind) -> Kind:
    """Return the kind that reads an object or a reference to a component of it.

    :param kind: the field of the Components Object (``parameters``).
    :param read: reads the object itself.
    """

    def either(reader: DocumentReader, value: Any, at: str) -> Any:
        if not isinstance(value, dict) or not ("reference" in value or set(value) == {"$ref"}):
            return read(reader, value, at)
        return _resolve(reader, value, at, kind, read)

    return either


def _resolve(reader: DocumentReader, value: dict[str, Any], at: str, kind: str, read: Kind) -> Any:
    field = "reference" if "reference" in value else "$ref"
    name = _component_name(reader, value[field], f"{at}/{field}", kind)
    if name is None:
        return BROKEN
    place = f"/components/{kind}/{escape(name)}"
    before = len(reader.problems)
    resolved = read(reader, reader.components[kind][name], place)
    del reader.problems[before:]  # they are noted where the component itself is read
    if "value" not in value or resolved is BROKEN:
        return resolved
    if not isinstance(resolved, Parameter):
        message = "'value' has no effect here: only the value of a parameter can be replaced"
        reader.warn("idle-field", f"{at}/value", message, "leave it out", key=True)
        return resolved
    return resolved.model_copy(update={"value": value["value"], "at": at})


def _component_name(reader: DocumentReader, reference: Any, at: str, kind: str) -> str | None:
    """Return the name of the component that a reference names, None after noting a problem."""
    if not isinstance(reference, str):
        reader.error("wrong-type", at, f"a reference is a runtime expression, and this is {describe(reference)}")
        return None
    braced = _BRACED.fullmatch(reference)
    match = _EXPRESSION.fullmatch(braced[1] if braced else reference) or _POINTER.fullmatch(reference)
    if match is None:
        message = f"'{reference}' refers to no component"
        reader.error("unknown-component", at, message, f"write '$components.{kind}.<name>'")
        return None
    if match[1] != kind:
        reader.error("unknown-component", at, f"'{reference}' does not name one of {kind}, which belong here")
        return None
    name = match[2]
    if name not in reader.components[kind]:
        message = f"there is no component '{name}' among {kind}"
        reader.error("unknown-component", at, message, reader.hints.near(name, reader.components[kind]))
        return None
    portable = f"$components.{kind}.{name}"
    if reference != portable:
        message = f"'{reference}' is not a valid name for a component"
        reader.lenient("loose-reference", at, message, f"write '{portable}'")
    return name
