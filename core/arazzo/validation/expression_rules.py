"""Rules about expressions and conditions: who can read them, and whether what they name exists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from arazzo.document.control import merged_parameters
from arazzo.document.models import Parameter, Step
from arazzo.document.schemas import mapping
from arazzo.document.step_parts import merged_step, step_criteria
from arazzo.errors import ExpressionSyntaxError, Problem
from arazzo.expressions.nodes import (
    ComponentReference,
    Expression,
    Fixed,
    Input,
    Message,
    Output,
    SourceReference,
    StepOutput,
    WorkflowValue,
    reads_all,
)
from arazzo.expressions.portability import declared_name, find_loose
from arazzo.expressions.spelling import foreign_root, misspelled_root
from arazzo.openapi.media import is_xml
from arazzo.pointer import unescape
from arazzo.validation.expression_index import IndexedText, Use, findings, texts, uses
from arazzo.validation.validation_context import Subject
from arazzo.validation.value_rules import foreign_text

_OUTPUT = re.compile(r".*/outputs/[^/]+")
_QUOTED = re.compile(r'"\{\$inputs\.(?P<name>[A-Za-z0-9_-]+)\}"')


def check_expressions(subject: Subject) -> Iterator[Problem]:
    """Find texts with expressions that nobody can read, or only the lenient dialect."""
    seen: set[str] = set()
    for text in texts(subject):
        if text.at in seen:
            continue  # a component, or a parameter of the workflow
        seen.add(text.at)
        try:
            template = text.template(subject.dialect)
        except ExpressionSyntaxError as error:
            rule = "unreadable-expression"
            yield subject.unreadable(rule, text.at, error.message, error.hint, text.when, error.offset)
            continue
        if reads_all(template.sole):
            message = f"only the lenient dialect reads '{text.text.strip()}' as a context"
            yield subject.problem("non-portable-expression", text.at, message, f"name one: '{text.text.strip()}.name'")
            continue
        yield from _loose(subject, text)
        before = [(at, template.parts[at - 1]) for at in sorted(template.unbraced) if at]
        for at, part in before:
            if isinstance(part, str) and part.endswith("{"):
                message = "the brace before this expression is not closed; it is used as plain text"
                hint = f"write '{{{template.parts[at]}}}'"
                yield subject.problem(
                    "misspelled-expression", text.at, message, hint, offset=template.offsets[at] - 1, width=1
                )
        meant = misspelled_root(text.text) or foreign_root(text.text)
        if meant is not None:
            message = "this looks like a runtime expression but is not one; it is used as plain text"
            yield subject.problem("misspelled-expression", text.at, message, f"did you mean '{meant}'?")
        elif (
            _OUTPUT.fullmatch(text.at)
            and text.text.strip()
            and not template.expressions
            and not foreign_text(text.text)
        ):
            yield subject.problem("constant-output", text.at, "this output is a text without an expression", None)


def _loose(subject: Subject, text: IndexedText) -> Iterator[Problem]:
    def declared(expression: Expression) -> Iterable[str] | None:
        return subject.names_for(expression, text.workflow)

    try:
        found = find_loose(text.text, declared)  # type: ignore[arg-type]
    except ExpressionSyntaxError:
        return
    for loose in found:
        if loose.portable is None:
            continue
        message = f"only the lenient dialect reads '{loose.expression.text}' here"
        yield subject.problem(
            "non-portable-expression",
            text.at,
            message,
            f"write '{loose.portable}'",
            offset=loose.offset,
            width=max(1, len(loose.expression.text)),
        )


def check_quoted(subject: Subject) -> Iterator[Problem]:
    """Find arrays and objects that JSON text embeds in quotes, where they would be strings to the letter."""
    for workflow, step in subject.steps() if subject.dialect == "lenient" else ():
        body = step.request_body
        if body is None or not isinstance(body.payload, str) or body.payload.lstrip()[:1] not in ("{", "["):
            continue
        known = subject.declared_inputs(workflow).known or {}
        for found in _QUOTED.finditer(body.payload):
            kind = mapping(known.get(found["name"])).get("type")
            if kind in ("array", "object"):
                yield subject.problem(
                    "non-portable-expression",
                    f"{body.at}/payload",
                    f"only the lenient dialect takes this string for the {kind} that input '{found['name']}' is",
                    f"without the quotes: {found[0][1:-1]}",
                    offset=found.start(),
                    width=len(found[0]),
                )


def check_conditions(subject: Subject) -> Iterator[Problem]:
    """Find criteria that nobody can read, or only the lenient dialect."""
    seen: set[str] = set()
    for workflow, step in subject.steps():
        for criterion in step_criteria(merged_step(workflow, step)):
            if criterion.at in seen:
                continue
            seen.add(criterion.at)
            for finding in findings(subject, criterion):
                yield subject.problem(
                    finding.rule,
                    f"{criterion.at}/{finding.field}",
                    finding.message,
                    finding.hint,
                    severity=finding.severity,
                    offset=finding.offset,
                    width=1 if finding.offset else None,
                )


def check_names(subject: Subject) -> Iterator[Problem]:
    """Find expressions that name what does not exist."""
    for use in uses(subject):
        match use.expression:
            case StepOutput():
                yield from _step_output(subject, use, use.expression)
            case Input(name=name) if name:
                yield from _declared(subject, use, "input", use.workflow.workflow_id)
            case Output(name=name) if name and (use.step is None or use.step.workflow_id is None):
                yield from _declared(subject, use, "output", use.workflow.workflow_id)
            case WorkflowValue():
                yield from _workflow_value(subject, use, use.expression)
            case SourceReference(source=source):
                yield from _source(subject, use, source)
            case Message(side="request", part="path" | "query") if use.step is not None:
                yield from _request_value(subject, use, use.step, use.expression)
            case ComponentReference(kind="parameters", name=name):
                known = subject.loaded.document.components.parameters
                if name not in known:
                    message = f"there is no component '{name}' among parameters"
                    yield _at(subject, use, "unknown-component", message, subject.near(name, known))
            case _:
                pass


def check_times(subject: Subject) -> Iterator[Problem]:
    """Find what is read before it exists, and calls and workflows that read a response, which they do not have."""
    for use in uses(subject):
        if isinstance(use.expression, Output) and _is_before_outputs(use, use.expression):
            message = f"'{use.expression.text}' is not known here; it is always absent"
            yield _at(subject, use, "early-expression", message, "read what that output reads")
        own = isinstance(use.expression, Message) or use.expression in (Fixed("url"), Fixed("method"))
        if own and use.when != "request" and use.step is not None and use.step.workflow_id is not None:
            message = f"'{use.expression.text}' has no value in a step that calls a workflow"
            yield _at(subject, use, "early-expression", message, "make it an output of that workflow: $outputs.<name>")
        if (own or use.expression == Fixed("statusCode")) and use.when == "end":
            message = f"'{use.expression.text}' has no value in an output of a workflow; it is always absent"
            hint = "make it an output of a step: $steps.<id>.outputs.<name>"
            yield _at(subject, use, "early-expression", message, hint)
        early = use.when == "request" and isinstance(use.expression, Message) and use.expression.side == "response"
        early = early or (use.when == "request" and use.expression == Fixed("statusCode"))
        if early:
            message = f"'{use.expression.text}' is used in the request, when there is no response yet"
            hint = "make it an output of an earlier step: $steps.<id>.outputs.<name>"
            yield _at(subject, use, "early-expression", message, hint)


def _is_before_outputs(use: Use, expression: Output) -> bool:
    """Return whether an output is read where it is not known.

    Outputs of the workflow are known to those that stand after them; those of a called one to its step, afterwards.
    """
    if use.step is not None:
        return use.step.workflow_id is None or use.when in ("request", "call")
    names = list(use.workflow.outputs)
    own = unescape(use.at.removeprefix(f"{use.workflow.at}/outputs/").split("/")[0])
    return declared_name(expression, names[names.index(own) :]) is not None


def check_xml(subject: Subject) -> Iterator[Problem]:
    """Find JSON pointers into answers that are always XML."""
    for use in uses(subject) if subject.dialect == "lenient" else ():
        match use.expression:
            case Message(side="response", part="body") as body if body.pointer or body.trail:
                operation = subject.operation(use.step) if use.step is not None else None
                if operation is not None and operation.accepts and all(map(is_xml, operation.accepts)):
                    message = f"the answer is XML, in which only the lenient dialect reads '{body.text}'"
                    hint = "select with XPath: {context: $response.body, type: xpath, selector: ...}"
                    yield _at(subject, use, "non-portable-expression", message, hint)


def _at(subject: Subject, use: Use, rule: str, message: str, hint: str | None) -> Problem:
    return subject.problem(rule, use.at, message, hint, offset=use.offset, width=use.width)


def _step_output(subject: Subject, use: Use, expression: StepOutput) -> Iterator[Problem]:
    workflow = use.workflow
    step = workflow.step(expression.step) if workflow.has_step(expression.step) else None
    if step is None:
        message = f"this reads step '{expression.step}', which workflow '{workflow.workflow_id}' does not have"
        hint = subject.near(expression.step, (item.step_id for item in workflow.steps))
        yield _at(subject, use, "unknown-step", message, hint)
    elif not expression.name:
        pass  # all of them
    elif declared_name(expression, step.outputs) is None and (name := _passed(subject, step, expression)):
        message = f"only the lenient dialect reads output '{name}' of the workflow that step '{expression.step}' calls"
        hint = f"declare it on the step: outputs: {{{name}: $outputs.{name}}}"
        yield _at(subject, use, "non-portable-expression", message, hint)
    elif declared_name(expression, step.outputs) is None:
        message = f"step '{expression.step}' declares no output '{expression.name}'; it is always null"
        short = ".outputs." not in expression.text and use.when in ("request", "call")
        rule = "unreadable-expression" if short else "undeclared-output"
        yield _at(subject, use, rule, message, subject.near(expression.name, step.outputs))


def _request_value(subject: Subject, use: Use, step: Step, expression: Message) -> Iterator[Problem]:
    """Find a value of the request that no parameter gives."""
    given = [each for each in merged_parameters(use.workflow, step) if each.location != "body"]
    places = {expression.part, "querystring" if expression.part == "query" else expression.part, None}
    if step.workflow_id or any(each.location in places and _gives(each, expression.name) for each in given):
        return
    message = f"the step gives no {expression.part} parameter '{expression.name}', so this is always absent"
    other = next((each.location for each in given if each.name == expression.name), None)
    hint = f"it is a {other} parameter" if other else subject.near(expression.name, [each.name for each in given])
    yield _at(subject, use, "undeclared-parameter", message, hint)


def _gives(parameter: Parameter, name: str) -> bool:
    return parameter.location == "querystring" or name in (parameter.name, re.sub(r"[+*]$|:.*$", "", parameter.name))


def _passed(subject: Subject, step: Step, expression: StepOutput) -> str | None:
    """Return the output that an expression means of the workflow that a step calls; None if it means none."""
    target = subject.named(step.workflow_id) if step.workflow_id and subject.dialect == "lenient" else None
    return declared_name(expression, target.workflow.outputs) if target else None


def _declared(subject: Subject, use: Use, noun: str, workflow_id: str) -> Iterator[Problem]:
    names = subject.names_for(use.expression, use.workflow)
    name = getattr(use.expression, "name", "")
    if names is not None and declared_name(use.expression, names) is None:
        message = f"workflow '{workflow_id}' declares no {noun} '{name}'"
        yield _at(subject, use, f"undeclared-{noun}", message, subject.near(name, names))


def _workflow_value(subject: Subject, use: Use, expression: WorkflowValue) -> Iterator[Problem]:
    if subject.named(expression.workflow) is None:
        others = (each.name for each in subject.loaded.document.source_descriptions if each.type == "arazzo")
        if any(subject.named(f"{name}.{expression.workflow}") for name in others):
            message = f"workflow '{expression.workflow}' belongs to another document, which '$workflows' does not read"
            hint = "read the outputs of the step that calls it: $steps.<id>.outputs.<name>"
            yield _at(subject, use, "undeclared-output", message, hint)
            return
        known = [workflow.workflow_id for workflow in subject.workflows]
        message = f"this reads workflow '{expression.workflow}', which does not exist"
        yield _at(subject, use, "unknown-workflow", message, subject.near(expression.workflow, known))
        return
    yield from _declared(subject, use, expression.field.removesuffix("s"), expression.workflow)


def _source(subject: Subject, use: Use, name: str) -> Iterator[Problem]:
    known = [source.name for source in subject.loaded.document.source_descriptions]
    if name not in known:
        message = f"there is no source description '{name}'"
        yield _at(subject, use, "unknown-source", message, subject.near(name, known))
