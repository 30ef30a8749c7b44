"""Values embedded in text of a content type: escaped for their place, so that they stay values."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus

from arazzo.errors import EvaluationError
from arazzo.expressions.context import Dialect
from arazzo.expressions.evaluation import Convert, to_json_text, to_text
from arazzo.json_values import read_json_value
from arazzo.openapi.media import FORM, is_xml, plain

_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
#: A CDATA section that contains a value.
_CDATA = re.compile(r"<!\[CDATA\[((?:(?!\]\]>)[^$])*\$.*?)\]\]>", re.DOTALL)
#: What ends a value or a name in a form, or is read as something else.
_FORM_MARKS = re.compile(r"[&=+%;]")


def embedding_in(content_type: str | None, dialect: Dialect) -> Convert:
    """Return how to embed values in text of a content type.

    In strict they go in unchanged, and are refused if that would change what the text says.
    """
    if content_type and is_xml(content_type):
        return in_xml if dialect == "lenient" else _xml_as_written
    if content_type and plain(content_type) == FORM:
        return in_form if dialect == "lenient" else _form_as_written
    return to_text


def in_xml(value: Any, quote: str | None = None) -> str:
    """Return the text of a value for an element or attribute of XML.

    :raises EvaluationError: if it has characters that XML does not allow.
    """
    from arazzo.expressions.xml_tree import xml_text

    return xml_text(to_text(value)).translate(_XML)


def without_cdata(text: str) -> str:
    """Return XML text whose CDATA sections are written as ordinary text, in which values are escaped."""
    from arazzo.expressions.xml_tree import TEXT

    return _CDATA.sub(lambda found: found[1].translate(TEXT), text)


def in_form(value: Any, quote: str | None = None) -> str:
    return quote_plus(to_text(value))


def json_as_written(value: Any, quote: str | None = None) -> str:
    """Return a value for JSON text as the specification wants it; inside a string it is escaped.

    :raises EvaluationError: if it is text outside a string that is not a JSON value itself.
    """
    if quote != '"' and isinstance(value, str):
        try:
            read_json_value(value)
        except ValueError:
            raise EvaluationError("text is embedded in JSON without quotes, which changes what the JSON says") from None
        return value
    return to_json_text(value, quote)


def _xml_as_written(value: Any, quote: str | None = None) -> str:
    text = to_text(value)
    if re.search(r"[&<]", text) or (quote and quote in text):
        raise EvaluationError("a value that is embedded in XML holds characters that change what the XML says")
    return text


def _form_as_written(value: Any, quote: str | None = None) -> str:
    text = to_text(value)
    if _FORM_MARKS.search(text):
        raise EvaluationError("a value that is embedded in a form holds characters that change what the form says")
    return text
