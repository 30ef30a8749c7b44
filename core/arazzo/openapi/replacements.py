"""Values set within a payload (Payload Replacement Object)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal

from arazzo.absent import ABSENT
from arazzo.document.models import ExpressionType
from arazzo.errors import EvaluationError, ExpressionSyntaxError, RequestError
from arazzo.expressions.selectors import jsonpath_places, read_pointer, selector_version
from arazzo.frozen import dataclass
from arazzo.json_values import read_json_value
from arazzo.openapi.encoding import scalar_text
from arazzo.openapi.media import is_xml
from arazzo.pointer import array_index, tokens_of

SelectorType = Literal["jsonpath", "xpath", "jsonpointer"]
Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Replacement:
    """One replacement with its value evaluated.

    :param target: a JSON pointer, a JSONPath or an XPath into the payload.
    :param value: a JSON value; ABSENT replaces nothing.
    :param selector_type: the type of the target; None to tell it by the content type.
    """

    target: str
    value: Any
    selector_type: SelectorType | ExpressionType | None = None


def apply_replacements(payload: Any, replacements: Sequence[Replacement], content_type: str | None) -> Any:
    """Return the payload with values set, in order; the given payload is not changed.

    Text is read as JSON or XML, as its targets require. A target without a type is an XPath under an XML content type,
    and otherwise a JSON pointer, or a JSONPath if it begins with ``$``. A pointer's last token may be new: a member,
    ``-``, or the index after the last.

    :raises RequestError: if a target leads nowhere, or the payload is not of the kind that it needs.
    """
    for replacement in replacements:
        if replacement.value is ABSENT:
            continue
        kind, version = target_kind(replacement.target, replacement.selector_type, content_type)
        try:
            if kind == "xpath":
                payload = _replace_in_xml(payload, replacement, version)
            else:
                payload = _replace_in_json(payload, replacement, kind, version)
        except (ExpressionSyntaxError, EvaluationError) as error:
            raise RequestError(f"replacement target '{replacement.target}': {error}") from error
    return payload


def target_kind(
    target: str, given: SelectorType | ExpressionType | None, content_type: str | None
) -> tuple[str, str | None]:
    """Return the type of a target, as given or as the content type implies, and its version if one is given."""
    if isinstance(given, ExpressionType):
        return given.type, given.version
    if given is not None:
        return given, None
    if content_type and is_xml(content_type):
        return "xpath", None
    return ("jsonpath" if target.startswith("$") else "jsonpointer"), None


def _replace_in_json(payload: Any, replacement: Replacement, kind: str, version: str | None) -> Any:
    if isinstance(payload, str):
        try:
            payload = read_json_value(payload)
        except ValueError as error:
            raise EvaluationError("the payload is not JSON text") from error
    if kind == "jsonpath":
        locations = jsonpath_places(replacement.target, payload, version)
    else:
        pointer = read_pointer(replacement.target)
        locations = [tuple(tokens_of(pointer))]
    if not locations:
        raise EvaluationError("it selects nothing in the payload")
    payload = copy.deepcopy(payload)
    for location in locations:
        payload = _set(payload, location, replacement.value)
    return payload


def _set(payload: Any, location: Location, value: Any) -> Any:
    """Set a value in a payload that is ours to change."""
    if not location:
        return copy.deepcopy(value)
    holder = payload
    for token in location[:-1]:
        holder = holder[_key(holder, token, adding=False)]
    key = _key(holder, location[-1], adding=True)
    if isinstance(holder, list) and key == len(holder):
        holder.append(None)
    holder[key] = copy.deepcopy(value)
    return payload


def _key(holder: Any, token: str | int, *, adding: bool) -> Any:
    if isinstance(holder, dict) and (adding or token in holder):
        return token
    if isinstance(holder, list):
        if adding and token == "-":  # noqa: S105
            return len(holder)
        index = array_index(str(token))
        if index is not None and index < len(holder) + adding:
            return index
    raise EvaluationError(f"there is no place '{token}' in the payload")


def _replace_in_xml(payload: Any, replacement: Replacement, version: str | None) -> str:
    from arazzo.openapi.xml_replacement import replace_in_xml

    return replace_in_xml(
        payload, replacement.target, scalar_text(replacement.value), selector_version("xpath", version)
    )
