"""The rule about selectors, in Selector Objects and in targets of replacements: whether they can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arazzo.criteria.interpolation import fill
from arazzo.document.models import ExpressionType, Step
from arazzo.errors import ExpressionSyntaxError, Problem, Severity
from arazzo.expressions import is_selector, parse_selected, parse_template
from arazzo.expressions.selectors import check_selector
from arazzo.json_values import values_in
from arazzo.openapi.media import preferred
from arazzo.openapi.replacements import target_kind
from arazzo.validation.expression_index import values
from arazzo.validation.validation_context import Subject


def check_selectors(subject: Subject) -> Iterator[Problem]:
    """Find selectors that nobody can read; an output with one stops only what uses it."""
    seen: set[str] = set()
    for value in values(subject) if not subject.loaded.document.arazzo.startswith("1.0") else ():
        output = value.when in ("response", "end") and subject.dialect == "lenient"
        for at, selector in values_in(value.value, value.at):
            if at not in seen and is_selector(selector):
                seen.add(at)
                yield from _unreadable(subject, selector["selector"], selector["type"], f"{at}/selector", output)
                yield from _no_context(subject, selector["context"], f"{at}/context", output)
    for _, step in subject.steps():
        yield from _targets(subject, step)


def _targets(subject: Subject, step: Step) -> Iterator[Problem]:
    """Find targets of replacements that cannot be read; nothing is embedded in them."""
    body, operation = step.request_body, subject.operation(step)
    if body is None or operation is None:
        return
    content_type = body.content_type or preferred([spec.content_type for spec in operation.bodies])
    for item in body.replacements:
        try:
            check_selector(item.target, *target_kind(item.target, item.target_selector_type, content_type))
        except ExpressionSyntaxError as error:
            yield subject.error("unreadable-selector", f"{item.at}/target", error.message, error.hint)


def _no_context(subject: Subject, text: str, at: str, output: bool) -> Iterator[Problem]:
    try:
        found = parse_selected(text, subject.dialect).expressions
    except ExpressionSyntaxError:
        return  # the rules about expressions report it
    if not found:
        message = f"'{text}' is not a runtime expression, but the context of a selector must be one"
        message = f"{message}; whatever uses the output fails" if output else message
        severity = Severity.WARNING if output else Severity.ERROR
        yield subject.problem("unreadable-selector", severity, at, message)


def _unreadable(subject: Subject, text: str, given: Any, at: str, output: bool) -> Iterator[Problem]:
    kind, version = given, None
    if isinstance(given, ExpressionType):
        kind, version = given.type, given.version
    elif isinstance(given, dict):
        kind, version = given["type"], given.get("version")
    try:
        template = parse_template(text, subject.dialect) if kind == "jsonpath" else parse_template(text, "strict")
        check_selector(fill(template, lambda _, quote, before: _placeholder(quote, before)), kind, version)
    except ExpressionSyntaxError as error:
        message = f"{error.message}; whatever uses the output fails" if output else error.message
        severity = Severity.WARNING if output else Severity.ERROR
        yield subject.problem("unreadable-selector", severity, at, message, error.hint)


def _placeholder(quote: str, before: str) -> str:
    return "x" if quote or before.endswith(".") else "0"
