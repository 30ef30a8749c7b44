"""Where a document uses runtime expressions: each text that may contain some, and each expression in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from arazzo import criteria
from arazzo.document.models import Criterion, Step, Workflow
from arazzo.document.step_parts import When, merged_step, step_criteria, step_values
from arazzo.errors import ExpressionSyntaxError, Severity
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Expression
from arazzo.expressions.portability import declared_name
from arazzo.expressions.templates import Template, is_selector, parse_selected, parse_template
from arazzo.pointer import escape
from arazzo.validation.validation_context import Subject


class IndexedText(NamedTuple):
    """One text that may contain expressions.

    :param text: as it is written.
    :param at: where it is.
    :param when: when its value is needed.
    :param context: whether it is the context of a selector, which may be all inputs or all outputs.
    """

    text: str
    at: str
    when: When
    workflow: Workflow
    step: Step | None = None
    context: bool = False

    def template(self, dialect: Dialect) -> Template:
        """Read it; raises as :func:`parse_template`."""
        return (parse_selected if self.context else parse_template)(self.text, dialect)


class Use(NamedTuple):
    """One expression where it is used; ``offset`` is its place in the text."""

    expression: Expression
    offset: int
    at: str
    when: When
    workflow: Workflow
    step: Step | None = None

    @property
    def width(self) -> int:
        return max(1, len(self.expression.text))


class IndexedValue(NamedTuple):
    """One value whose texts may contain expressions."""

    value: Any
    at: str
    when: When
    workflow: Workflow
    step: Step | None = None


def values(subject: Subject) -> tuple[IndexedValue, ...]:
    """Return every value of a document that may contain expressions, without conditions."""
    return subject.once("values", lambda: tuple(_values(subject)))


def _values(subject: Subject) -> Iterator[IndexedValue]:
    for workflow in subject.workflows:
        for step in workflow.steps:
            for value, at, when in step_values(merged_step(workflow, step)):
                yield IndexedValue(value, at, when, workflow, step)
        for name, value in workflow.outputs.items():
            yield IndexedValue(value, f"{workflow.at}/outputs/{escape(name)}", "end", workflow)


def texts(subject: Subject) -> tuple[IndexedText, ...]:
    """Return every text in those values."""
    return subject.once("texts", lambda: tuple(_texts(subject)))


def _texts(subject: Subject) -> Iterator[IndexedText]:
    for value in values(subject):
        for at, text, context in _strings(value.value, value.at):
            yield IndexedText(text, at, value.when, value.workflow, value.step, context)


def uses(subject: Subject) -> tuple[Use, ...]:
    """Return every readable expression, including those of conditions, in document order by step."""
    return subject.once("uses", lambda: tuple(_uses(subject)))


def _uses(subject: Subject) -> Iterator[Use]:
    for text in texts(subject):
        yield from _in_text(text, subject)
    for workflow, step in subject.steps():
        for criterion in step_criteria(merged_step(workflow, step)):
            yield from _in_criterion(criterion, workflow, step, subject)


def findings(subject: Subject, criterion: Criterion) -> tuple[criteria.Finding, ...]:
    """Return the findings about a criterion by itself, found once for all criteria that say the same."""
    found: tuple[criteria.Finding, ...] = subject.once(
        ("findings", *criterion.said), lambda: criteria.check(criterion, subject.dialect)
    )
    return found


def _strings(value: Any, at: str) -> Iterator[tuple[str, str, bool]]:
    match value:
        case str():
            yield at, value, False
        case dict():
            selector = is_selector(value)
            for name, item in value.items():
                if selector and name == "context":
                    yield f"{at}/context", item, True
                else:
                    yield from _strings(item, f"{at}/{escape(name)}")
        case list():
            for index, item in enumerate(value):
                yield from _strings(item, f"{at}/{index}")


def _in_text(text: IndexedText, subject: Subject) -> Iterator[Use]:
    """Yield the expressions of a text; of two readings, the one that a run takes by what is declared."""
    try:
        template = text.template(subject.dialect)
    except ExpressionSyntaxError:
        return
    whole, names = template.whole, None
    if whole is not None and template.split is not None:
        names = subject.names_for(whole, text.workflow)
    if whole is not None and names is not None and declared_name(whole, names) is not None:
        yield Use(whole, text.text.find("$"), text.at, text.when, text.workflow, text.step)
        return
    for offset, part in zip(template.offsets, template.parts, strict=False):
        if not isinstance(part, str):
            yield Use(part, offset, text.at, text.when, text.workflow, text.step)


def _in_criterion(criterion: Criterion, workflow: Workflow, step: Step, subject: Subject) -> Iterator[Use]:
    if any(finding.severity is Severity.ERROR for finding in findings(subject, criterion)):
        return
    for field, offset, expression in criteria.expressions(criterion, subject.dialect):
        yield Use(expression, offset, f"{criterion.at}/{field}", "response", workflow, step)
