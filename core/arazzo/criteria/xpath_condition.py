"""Conditions of type xpath (Arazzo 1.1.0, Criterion Object, XPath Conditions)."""

from __future__ import annotations

import re
from typing import Any

from arazzo.criteria.interpolation import braced, embeds, fill, original_offset, present
from arazzo.criteria.syntax_tree import Remark
from arazzo.errors import EvaluationError, ExpressionSyntaxError
from arazzo.expressions.context import Context, Dialect
from arazzo.expressions.evaluation import to_text
from arazzo.expressions.nodes import Expression, Fixed
from arazzo.expressions.selectors import check_selector, xpath
from arazzo.expressions.templates import Template, parse_template

#: Names of elements without a prefix, outside of strings: no attributes, functions, axes or variables.
_NAME = re.compile(r"\"[^\"]*\"|'[^']*'|(?<![\w.:@$-])(?!\d)(?P<name>[\w-][\w.-]*)(?!\s*[(:]|[\w.-])")


def check_xpath(condition: str, version: str, dialect: Dialect) -> Remark | None:
    """Compile an XPath expression, with a 0 for each embedded expression; return what is not portable in it.

    :raises ExpressionSyntaxError: if it cannot be read.
    """
    template = read_xpath(condition, dialect)
    try:
        check_selector(fill(template, _placeholder), "xpath", version)
    except ExpressionSyntaxError as error:
        offset = original_offset(template, _placeholder, error.offset)
        raise ExpressionSyntaxError(error.message, condition, offset, error.hint) from error
    return braced(template)


def holds_xpath(condition: str, value: Any, version: str, context: Context, dialect: Dialect) -> bool:
    """Return the effective boolean value of an XPath expression over XML text, by the rules of the version.

    :raises ExpressionSyntaxError: if it cannot be read.
    :raises EvaluationError: if the value is not XML text, if what it embeds is absent, or if evaluation fails.
    """
    check_xpath(condition, version, dialect)
    template = read_xpath(condition, dialect)
    text = fill(template, lambda part, quote, _: _embedded(part, quote, version, context))
    if not embeds(template):
        return _boolean(text, value, version)
    try:
        check_selector(text, "xpath", version)
        return _boolean(text, value, version)
    except ExpressionSyntaxError as error:
        raise EvaluationError("with the values put in, the condition is not an XPath expression") from error
    except EvaluationError as error:
        raise EvaluationError(str(error).replace(text, condition)) from error


def missed(condition: str, value: Any, version: str) -> str:
    """Say which element the condition names without the namespace that it has; nothing if it does not."""
    from arazzo.expressions.xml_tree import XmlElement, parse_xml

    names = {found["name"] for found in _NAME.finditer(condition)} - {None}
    for element in parse_xml(value).iter():
        if isinstance(element, XmlElement) and element.nsmap.get(None) and element.written in names:
            any_ = f"*[local-name()='{element.written}']" if version == "xpath-10" else f"*:{element.written}"
            return f", where '{element.written}' has a namespace: write {any_}"
    return ""


def read_xpath(condition: str, dialect: Dialect) -> Template:
    """Read the embedded expressions; ``$url`` without braces is a variable of XPath, ``$inputs.min`` is not."""
    template = parse_template(condition, dialect)
    variables = any(isinstance(template.parts[index], Fixed) for index in template.unbraced)
    return parse_template(condition, "strict") if variables else template


def _boolean(expression: str, value: Any, version: str) -> bool:
    """Let XPath find the effective boolean value."""
    return bool(
        xpath(f"boolean({expression})" if version == "xpath-10" else f"boolean(({expression}))", value, version)
    )


def _placeholder(_: Expression, __: str, ___: str) -> str:
    return "0"


def _embedded(expression: Expression, quote: str, version: str, context: Context) -> str:
    """Return the text of a value, escaped so that it cannot end a quoted string."""
    text = to_text(present(expression, context, text=True))
    if quote and quote in text:
        if version == "xpath-10":
            raise EvaluationError(f"{expression.text} has a quote in it, which XPath 1.0 cannot write")
        return text.replace(quote, quote * 2)
    return text
