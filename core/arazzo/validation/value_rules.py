"""Rules about values as they are written: expressions that YAML read as maps, what other tools would fill in,
selectors that nobody can read, bodies that may be empty, lists of cookies in texts, and secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from arazzo.criteria.interpolation import fill, placeholder
from arazzo.document.control import merged_parameters
from arazzo.document.models import ExpressionType, Step, Workflow
from arazzo.document.schemas import mapping
from arazzo.document.settings import EXTENSION
from arazzo.document.step_parts import When
from arazzo.errors import ExpressionSyntaxError, Problem
from arazzo.expressions.nodes import Expression, Input, Message, Output, StepOutput, WorkflowValue
from arazzo.expressions.parser import parse_expression
from arazzo.expressions.portability import declared_name
from arazzo.expressions.selectors import check_selector
from arazzo.expressions.spelling import FIXED, ROOTS, nearest_root
from arazzo.expressions.templates import is_selector, parse_selected, parse_template
from arazzo.json_values import read_json_value, values_in
from arazzo.openapi.bodies import content_type_of
from arazzo.openapi.media import matching, preferred
from arazzo.openapi.operation import Operation
from arazzo.openapi.replacements import target_kind
from arazzo.pointer import escape
from arazzo.source.written_secrets import is_written_secret
from arazzo.validation.expression_index import texts, values
from arazzo.validation.validation_context import Subject, Target

#: What starts like a call or a path in another tool's language, and any word after a brace that opens an expression.
_FOREIGN = re.compile(r"^\s*(\$[A-Za-z_][\w-]*(?=[.(])[^\s{}]*)|\{(\$[A-Za-z_][\w-]*[^\s{}]*)\}")
#: Words that other tools fill in although nothing follows them.
_GENERATED = re.compile(r"^\s*(\$(?:date|datetime|guid|now|random\w*|timestamp|today|uuid))\s*$", re.IGNORECASE)
_FOREIGN_EXTENSION = re.compile(r"x-(?:security|auth|authentication|credentials)(?:-.*)?")


def check_unquoted(subject: Subject) -> Iterator[Problem]:
    """Find maps that are expressions in braces without quotes: YAML reads ``{$inputs.a}`` as a map with a null."""
    for at, item, _ in _parts(subject):
        nulls = (str(name) for name, member in item.items() if member is None) if isinstance(item, dict) else ()
        if (name := next(filter(_is_expression, nulls), None)) is not None:
            message = f"without quotes this is a map with the null member '{name}', and not an expression"
            yield subject.problem("unquoted-expression", at, message, f"write '{name}', or \"{{{name}}}\" in text")


def _parts(subject: Subject) -> Iterator[tuple[str, Any, When]]:
    """Yield what the values of a document contain, each place once, although many steps may share a component."""
    seen: set[str] = set()
    for value in values(subject):
        for at, item in values_in(value.value, value.at):
            if at not in seen:
                seen.add(at)
                yield at, item, value.when


def _is_expression(name: str) -> bool:
    try:
        parse_expression(name, "lenient")
    except ExpressionSyntaxError:
        return False
    return True


def check_foreign(subject: Subject) -> Iterator[Problem]:
    """Find what other tools would fill in and we send as written, and their extensions for credentials."""
    seen: set[str] = set()
    for text in texts(subject):
        if text.at not in seen and (found := foreign_text(text.text)):
            seen.add(text.at)
            message = f"'{found}' is not a runtime expression; it is sent as text"
            yield subject.problem("foreign-expression", text.at, message, "make it an input of the workflow")
    yield from _extensions(subject)


def foreign_text(text: str) -> str | None:
    """Return what another tool would fill in of a text; None if there is nothing."""
    for pattern in (_FOREIGN, _GENERATED):
        for match in pattern.finditer(text):
            found = next(filter(None, match.groups()))
            word = re.match(r"\$([A-Za-z_]+)", found)
            if word and word[1] not in ROOTS and word[1] not in FIXED and nearest_root(word[1]) is None:
                return str(found)
    return None


def _extensions(subject: Subject) -> Iterator[Problem]:
    """Find extensions by which other tools authenticate; here connections do."""
    for item in (*subject.loaded.document.source_descriptions, *subject.holders()):
        for name in item.extensions:
            if _FOREIGN_EXTENSION.fullmatch(name):
                message = f"'{name}' is an extension of another tool, and does nothing here"
                hint = "credentials come from the connection of the source description"
                yield subject.problem("foreign-extension", f"{item.at}/{escape(name)}", message, hint)


def check_newer_values(subject: Subject) -> Iterator[Problem]:
    """Find values that Arazzo 1.1 evaluates, and that are literals in a document of version 1.0."""
    if not subject.loaded.document.arazzo.startswith("1.0"):
        return
    for at, item, _ in _parts(subject):
        own = isinstance(item, str) and item.strip().strip("{}") == "$self"
        if own or is_selector(item):
            found = "'$self'" if own else "a Selector Object"
            message = f"{found} came with Arazzo 1.1.0; in this document it is sent as it is written"
            yield subject.problem("newer-value", at, message, "write 'arazzo: 1.1.0'")


def check_selectors(subject: Subject) -> Iterator[Problem]:
    """Find selectors that nobody can read; an output with one stops only what uses it."""
    for at, selector, when in _parts(subject) if not subject.loaded.document.arazzo.startswith("1.0") else ():
        if is_selector(selector):
            yield from _unreadable(subject, selector["selector"], selector["type"], f"{at}/selector", when)
            yield from _no_context(subject, selector["context"], f"{at}/context", when)
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
            yield subject.problem("unreadable-selector", f"{item.at}/target", error.message, error.hint)


def _no_context(subject: Subject, text: str, at: str, when: When) -> Iterator[Problem]:
    try:
        found = parse_selected(text, subject.dialect).expressions
    except ExpressionSyntaxError:
        return  # the rules about expressions report it
    if not found:
        message = f"'{text}' is not a runtime expression, but the context of a selector must be one"
        yield subject.unreadable("unreadable-selector", at, message, None, when)


def _unreadable(subject: Subject, text: str, given: Any, at: str, when: When) -> Iterator[Problem]:
    kind, version = given, None
    if isinstance(given, ExpressionType):
        kind, version = given.type, given.version
    elif isinstance(given, dict):
        kind, version = given["type"], given.get("version")
    try:
        template = parse_template(text, subject.dialect) if kind == "jsonpath" else parse_template(text, "strict")
        check_selector(fill(template, placeholder), kind, version)
    except ExpressionSyntaxError as error:
        yield subject.unreadable("unreadable-selector", at, error.message, error.hint, when)


_REPLACING = ("PUT", "PATCH")
#: A braced expression in place of a value in JSON text, quoted or not; before that, any other string.
_BRACED = re.compile(r'("?)\{(\$[^{}"]*)\}\1|"(?:[^"\\]|\\.)*"')


def check_empty_bodies(subject: Subject) -> Iterator[Problem]:
    """Find bodies of PUT and PATCH whose members may all be absent: an empty body would be sent."""
    for workflow, step in subject.steps():
        operation, body = subject.operation(step), step.request_body
        if operation is None or body is None or body.replacements or operation.method.upper() not in _REPLACING:
            continue
        content_type = body.content_type or content_type_of(operation, body.payload)
        members = _members(body.payload)
        certain = _required(subject, workflow, step, operation, content_type)
        if members and not any(
            name in certain or _is_there(subject, workflow, value) for name, value in members.items()
        ):
            message = f"every member of this body may be absent; then {operation.method.upper()} sends an empty body"
            hint = "list an input under 'required', or add a member that is always there"
            yield subject.problem("empty-body", f"{body.at}/payload", message, hint)


def _members(payload: Any) -> Mapping[str, Any]:
    """Return the members of a payload that is an object, also as JSON text; none for anything else."""
    if isinstance(payload, str) and payload.lstrip()[:1] == "{":
        try:
            payload = read_json_value(_BRACED.sub(lambda found: f'"{found[2]}"' if found[2] else found[0], payload))
        except (ValueError, RecursionError):
            return {}
    return payload if isinstance(payload, Mapping) and not is_selector(payload) else {}


def _required(
    subject: Subject, workflow: Workflow, step: Step, operation: Operation, content_type: str
) -> tuple[str, ...]:
    """Return the members without which the request is not sent."""
    spec = matching(operation.bodies, content_type)
    return spec.required if spec is not None and subject.settings(workflow, step).required != "send" else ()


def _is_there(subject: Subject, workflow: Workflow, value: Any) -> bool:
    """Say whether a member is always in the body; only one that is a single expression may be left out."""
    if not isinstance(value, str):
        return not is_selector(value)
    try:
        sole = parse_template(value, subject.dialect).sole
    except ExpressionSyntaxError:
        return True
    if isinstance(sole, Input):
        inputs = subject.declared_inputs(workflow)
        return sole.name in inputs.required or "default" in mapping((inputs.known or {}).get(sole.name))
    return not isinstance(sole, (Message, StepOutput, WorkflowValue))


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
                yield subject.problem("unreadable-expression", text.at, message, hint, offset=offset)


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


def check_secrets(subject: Subject) -> Iterator[Problem]:
    """Find secrets that are written into a document; the problem does not reveal them."""
    seen: set[str] = set()
    for name, value, at in _values(subject):
        for inner, text, where in _texts(name, value, at):
            if where not in seen and is_written_secret(inner, text):
                seen.add(where)
                message = f"'{inner}' holds a secret, and everybody who can read this document can read it"
                hint = "make it an input and bind it to a connection, or leave it to the source's connection"
                problem = subject.problem("written-secret", where, message, hint)
                yield replace(problem, place=replace(problem.place, excerpt=""))


def _values(subject: Subject) -> Iterator[tuple[str, Any, str]]:
    """Yield named values that may contain one."""
    for workflow, step in subject.steps():
        for parameter in merged_parameters(workflow, step):
            yield parameter.name, parameter.value, f"{parameter.at}/value"
        if step.request_body is not None:
            yield "payload", step.request_body.payload, f"{step.at}/requestBody/payload"
            for change in step.request_body.replacements:
                yield change.target.rpartition("/")[2], change.value, f"{change.at}/value"
    for workflow in subject.workflows:
        for name, schema in (subject.declared_inputs(workflow).known or {}).items():
            if "default" in mapping(schema):
                secret = f"{name} password" if schema.get("format") == "password" else name
                yield secret, schema["default"], f"{workflow.at}/inputs/properties/{escape(name)}/default"
    for item in subject.holders():
        settings = item.extensions.get(EXTENSION)
        bound = settings.get("inputs") if isinstance(settings, dict) else None
        for name, value in (bound if isinstance(bound, dict) else {}).items():
            yield name, value, f"{item.at}/{EXTENSION}/inputs/{escape(name)}"


def _texts(name: str, value: Any, at: str) -> Iterator[tuple[str, str, str]]:
    match value:
        case str():
            yield name, value, at
        case dict():
            for key, item in value.items():
                yield from _texts(key, item, f"{at}/{escape(key)}")
        case list():
            for index, item in enumerate(value):
                yield from _texts(name, item, f"{at}/{index}")
