"""The rule about the list of cookies that an answer sets: no text holds several, wherever the list comes from."""

from __future__ import annotations

from collections.abc import Iterator

from arazzo.document.models import Step
from arazzo.errors import ExpressionSyntaxError, Problem, Severity
from arazzo.expressions import Expression, Message, Output, StepOutput, WorkflowValue, declared_name, parse_template
from arazzo.validation.expression_index import texts
from arazzo.validation.validation_context import Subject, Target


def check_cookies(subject: Subject) -> Iterator[Problem]:
    """Find texts that embed the list of cookies that an answer sets, directly or through outputs."""
    for text in texts(subject) if subject.dialect == "lenient" else ():
        if text.text.lstrip()[:1] in ("{", "[") and text.at.endswith("/payload"):
            continue  # JSON text, where the list may be a whole value
        try:
            template = parse_template(text.text, subject.dialect)
        except ExpressionSyntaxError:
            continue
        for part, offset in zip(template.parts, template.offsets, strict=False):
            if len(template.parts) == 1 or isinstance(part, str | Message):
                continue
            if _is_cookies(Target(subject, text.workflow), text.step, part, ()):
                message = (
                    f"'{part.text}' is the list of cookies that an answer sets, and not text that a string can embed"
                )
                hint = "take one of them: {$steps.<id>.outputs.<name>#/0}; or let x-airflow: {cookies: true} send them"
                yield subject.problem("unreadable-expression", Severity.ERROR, text.at, message, hint, offset=offset)


def _is_cookies(here: Target, step: Step | None, expression: Expression, seen: tuple[object, ...]) -> bool:
    """Tell whether an expression is that list, directly or through what it reads.

    :param step: the step that contains it; None for an output of the workflow.
    :param seen: what was followed on the way here.
    """
    if getattr(expression, "pointer", None):
        return False
    if isinstance(expression, Message):
        return str(expression).lower() == "$response.header.set-cookie"
    there: tuple[Target | None, Step | None] = None, None
    match expression:
        case StepOutput(step=name) if here.workflow.has_step(name):
            there = here, here.workflow.step(name)
        case Output() if step is not None:
            there = here.subject.called(step), None
        case WorkflowValue(workflow=reference, field="outputs"):
            there = here.subject.named(reference), None
    target, inner = there
    if target is None or (key := (target.workflow.at, inner and inner.step_id, expression)) in seen:
        return False
    outputs = target.workflow.outputs if inner is None else inner.outputs
    declared = declared_name(expression, outputs)
    if declared is None and inner is not None and inner.workflow_id is not None:  # an output of a workflow it calls
        return _is_cookies(target, inner, Output(getattr(expression, "name", "")), (*seen, key))
    return declared is not None and _sole_is_cookies(target, inner, outputs[declared], (*seen, key))


def _sole_is_cookies(target: Target, step: Step | None, value: object, seen: tuple[object, ...]) -> bool:
    """Tell whether an output is that list: a single expression that is."""
    try:
        template = parse_template(value, target.subject.dialect) if isinstance(value, str) else None
    except ExpressionSyntaxError:
        return False
    found = template.parts if template is not None else ()
    return len(found) == 1 and not isinstance(found[0], str) and _is_cookies(target, step, found[0], seen)
