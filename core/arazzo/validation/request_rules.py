"""Rules about requests: the operations they call, what those require, and credentials."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import partial

from arazzo.document.control import merged_parameters
from arazzo.document.input_declarations import names_input
from arazzo.document.models import Action, Parameter, Step, Workflow
from arazzo.document.schemas import mapping
from arazzo.document.settings import of_source
from arazzo.errors import DocumentError, Problem, RequestError, Severity
from arazzo.expressions.navigation import declared_prefix
from arazzo.expressions.nodes import Input
from arazzo.expressions.portability import declared_name
from arazzo.expressions.templates import is_selector
from arazzo.openapi.bodies import content_type_of
from arazzo.openapi.input_needs import NeededInput, call_readings, needed_readings
from arazzo.openapi.media import matching
from arazzo.openapi.operation import Operation, ParameterSpec, SecurityScheme
from arazzo.openapi.operation_lookup import UnresolvedOperation, portable_reference
from arazzo.openapi.request_building import no_place
from arazzo.openapi.servers import describe, server_of
from arazzo.validation.expression_index import uses
from arazzo.validation.validation_context import Subject, Target

_KEY = re.compile(r"api[-_]?key|(?:access|auth)[-_]?token|client[-_]?secret", re.IGNORECASE)
#: Header parameters that OpenAPI ignores, since the request has them anyway.
_OWN_HEADERS = frozenset({"accept", "content-type", "authorization"})


def check_sources(subject: Subject) -> Iterator[Problem]:
    """Find source descriptions that cannot be read."""
    yield from subject.broken_sources


def check_operations(subject: Subject) -> Iterator[Problem]:
    """Find steps whose operation does not exist; a broken source is not judged by what it might contain."""
    for _, step in subject.steps():
        error = subject.unresolved(step)
        if isinstance(error, DocumentError):
            yield from error.problems
        elif isinstance(error, UnresolvedOperation) and not subject.broken_sources:
            field = "operationId" if step.operation_id is not None else "operationPath"
            yield subject.problem("unknown-operation", f"{step.at}/{field}", error.message, _near(subject, error))
        operation = subject.operation(step)
        if operation is not None:
            description = subject.descriptions[operation.source]
            at = ("references", operation.source, operation.pointer)
            yield from subject.once(at, partial(description.problems, operation))
            yield from _loosely_named(subject, step)
        if subject.is_asyncapi(step):
            message = f"step '{step.step_id}' sends or receives a message (AsyncAPI), which is planned but not run"
            yield subject.problem("asyncapi-step", f"{step.at}/stepId", message)


def _near(subject: Subject, error: UnresolvedOperation) -> str | None:
    known = sum(len(description.endpoints()) for description in subject.descriptions.values())
    return error.hint if subject.hints.spend(known) else None


def _loosely_named(subject: Subject, step: Step) -> Iterator[Problem]:
    """Find references to operations that only the lenient dialect understands."""
    portable = portable_reference(step.operation_id, step.operation_path, subject.descriptions)
    if portable is not None:
        named = step.operation_id is not None
        written = step.operation_id if named else step.operation_path
        message = f"only the lenient dialect finds an operation by '{written}'"
        at = f"{step.at}/{'operationId' if named else 'operationPath'}"
        yield subject.problem("loose-reference", at, message, f"write {portable}")


def check_parameters(subject: Subject) -> Iterator[Problem]:
    """Find parameters that an operation requires and a step leaves out, and parameters that it does not have."""
    for workflow, step in subject.steps():
        operation = subject.operation(step)
        if operation is None:
            continue
        given = merged_parameters(workflow, step)
        keeps_cookies = bool(subject.settings(workflow, step).cookies)
        for spec in operation.parameters:
            known = _is_given(spec, given) or (keeps_cookies and spec.location == "cookie")
            if spec.required and not known and not _is_credential(spec, operation):
                message = (
                    f"{_name(operation)} requires {spec.location} parameter '{spec.name}', which the step leaves out"
                )
                yield subject.problem("missing-parameter", f"{step.at}/stepId", message)
        if operation.body_required and step.request_body is None and not any(p.location == "body" for p in given):
            message = f"{_name(operation)} requires a request body, which the step leaves out"
            yield subject.problem("missing-parameter", f"{step.at}/stepId", message)
        yield from _missing_members(subject, step, operation)
        for parameter in step.parameters:
            yield from _undeclared(subject, parameter, operation)


def _missing_members(subject: Subject, step: Step, operation: Operation) -> Iterator[Problem]:
    """Find body members that the operation requires and a payload object leaves out."""
    body = step.request_body
    if body is None or not isinstance(body.payload, dict) or is_selector(body.payload) or body.replacements:
        return
    spec = matching(operation.bodies, body.content_type or content_type_of(operation, body.payload))
    for name in spec.required if spec is not None else ():
        if name not in body.payload:
            message = f"{_name(operation)} requires member '{name}' of the body, which the step leaves out"
            yield subject.problem("missing-parameter", f"{body.at}/payload", message)


def _undeclared(subject: Subject, parameter: Parameter, operation: Operation) -> Iterator[Problem]:
    header = parameter.location == "header" or parameter.location is None
    known = operation.parameter(parameter.name, parameter.location) is not None
    if known or parameter.location in ("body", "querystring") or (header and parameter.name.lower() in _OWN_HEADERS):
        return
    if any(scheme.type == "apiKey" and _sent(scheme, (parameter,)) for need in operation.security for scheme in need):
        return
    where = f" {parameter.location}" if parameter.location else ""
    message = f"{_name(operation)} has no{where} parameter '{parameter.name}'"
    if (other := operation.parameter(parameter.name)) is not None:
        hint: str | None = f"it is a {other.location} parameter"
    else:
        hint = subject.near(parameter.name, [spec.name for spec in operation.parameters])
    yield subject.problem("undeclared-parameter", f"{parameter.at}/name", message, hint)


def check_places(subject: Subject) -> Iterator[Problem]:
    """Find path parameters of a workflow for which the path of a step's operation has no place."""
    for workflow, step in subject.steps():
        operation = subject.operation(step)
        if operation is None:
            continue
        for parameter in merged_parameters(workflow, step)[len(step.parameters) :]:
            if parameter.location == "path" and no_place(operation, parameter.name, "path"):
                message = f"path parameter '{parameter.name}' of the workflow has no place in {describe(operation)}"
                hint = "give it to the steps that have a place for it"
                yield subject.problem("homeless-parameter", f"{step.at}/stepId", message, hint)


def check_servers(subject: Subject) -> Iterator[Problem]:
    """Find descriptions whose server cannot be called as written; one problem for each."""
    seen: set[str] = set()
    for workflow, step in subject.steps():
        operation = subject.operation(step)
        if operation is None or operation.source in seen:
            continue
        settings = subject.settings(workflow, step)
        server = of_source(settings.server, operation.source)
        try:
            server_of(operation, server_url=server, server_variables=settings.server_variables)
        except RequestError as error:
            seen.add(operation.source)
            source = subject.sources.named(operation.source)
            at = f"{source.at}/name" if source is not None else f"{step.at}/stepId"
            yield subject.problem("uncallable-server", at, f"{error}; without one, a run sends nothing")


def _is_given(spec: ParameterSpec, given: tuple[Parameter, ...]) -> bool:
    def same(parameter: Parameter) -> bool:
        if spec.location == "header":
            return parameter.name.lower() == spec.name.lower()
        return parameter.name == spec.name

    return any(same(parameter) and parameter.location in (None, spec.location) for parameter in given) or (
        spec.location == "query" and any(parameter.location == "querystring" for parameter in given)
    )


def _is_credential(spec: ParameterSpec, operation: Operation) -> bool:
    if spec.location == "header" and spec.name.lower() in _OWN_HEADERS:
        return True
    return any(
        scheme.type == "apiKey" and (scheme.location, scheme.name.lower()) == (spec.location, spec.name.lower())
        for need in operation.security
        for scheme in need
    )


def check_calls(subject: Subject) -> Iterator[Problem]:
    """Find inputs that a workflow requires and no step or action gives, and given ones that it does not declare."""
    for workflow, step in subject.steps():
        target = subject.called(step)
        if target is not None:
            yield from _call(
                subject, target, merged_parameters(workflow, step), step.parameters, f"{step.at}/workflowId"
            )
    for workflow, _, action in subject.actions():
        if action.workflow_id is None or action.type == "end":
            continue
        target = subject.named(action.workflow_id)
        if target is not None:
            yield from _undeclared_inputs(subject, target, action.parameters)
            yield from _unfed_inputs(subject, workflow, target, action)


def _unfed_inputs(subject: Subject, workflow: Workflow, target: Target, action: Action) -> Iterator[Problem]:
    given: Container[str] = {parameter.name for parameter in action.parameters}
    source = "its parameters do not pass, and only those count"
    if not action.parameters:
        given, source = subject.taken_inputs(workflow).known or (), f"workflow '{workflow.workflow_id}' does not have"
    for missing in _required(target):
        if missing not in given:
            name = target.workflow.workflow_id
            message = f"{action.type} leads to workflow '{name}', which requires input '{missing}', which {source}"
            yield subject.problem("unfed-workflow", f"{action.at}/workflowId", message)


def _call(
    subject: Subject, target: Target, given: tuple[Parameter, ...], own: tuple[Parameter, ...], at: str
) -> Iterator[Problem]:
    names = {parameter.name for parameter in given}
    for missing in _required(target):
        if missing not in names:
            message = f"workflow '{target.workflow.workflow_id}' requires input '{missing}', which is left out"
            yield subject.problem("missing-input", at, message)
    yield from _undeclared_inputs(subject, target, own)


def _required(target: Target) -> list[str]:
    inputs = target.subject.taken_inputs(target.workflow)
    known = inputs.known or {}
    return [name for name in sorted(inputs.required) if "default" not in mapping(known.get(name))]


def _undeclared_inputs(subject: Subject, target: Target, own: tuple[Parameter, ...]) -> Iterator[Problem]:
    known, name = target.subject.taken_inputs(target.workflow).known or {}, target.workflow.workflow_id
    for parameter in own:
        if parameter.name in known or names_input(target.workflow.inputs, parameter.name):
            continue
        message, severity = f"workflow '{name}' declares no input '{parameter.name}'", None
        if subject.dialect == "lenient" and not _reads(target, parameter.name):
            message, severity = f"{message} and reads none, so it will refuse it", Severity.ERROR
        hint = subject.near(parameter.name, known)
        yield subject.problem("undeclared-input", f"{parameter.at}/name", message, hint, severity=severity)


def _reads(target: Target, name: str) -> bool:
    """Say whether an expression of a workflow reads an input of that name, or all inputs."""
    read = (use.expression for use in uses(target.subject) if use.workflow is target.workflow)
    names = (expression.name for expression in read if isinstance(expression, Input))
    return any(not each or declared_prefix(each, (name,)) for each in names)


def check_input_needs(subject: Subject) -> Iterator[Problem]:
    """Find optional inputs without a default that a request or a called workflow cannot do without."""
    for workflow, step in subject.steps():
        for reading in _readings(subject, workflow, step):
            name = _optional_input(subject, workflow, reading.expression)
            if name is not None:
                operation = subject.operation(step)
                of = f" of {_name(operation)}" if operation else ""
                allowed = f"; allowed are {', '.join(map(str, reading.allowed))}" if reading.allowed else ""
                message = f"{reading.place}{of} needs input '{name}', which is optional"
                hint = f"list it under 'required', or give it a default{allowed}"
                yield subject.problem("path-need" if reading.in_path else "input-need", reading.at, message, hint)


def _readings(subject: Subject, workflow: Workflow, step: Step) -> Iterator[NeededInput]:
    parameters, operation = merged_parameters(workflow, step), subject.operation(step)
    if operation is not None:
        required = subject.settings(workflow, step).required != "send"
        yield from needed_readings(parameters, step.request_body, operation, subject.dialect, required=required)
    elif (target := subject.called(step)) is not None:
        inputs = target.subject.taken_inputs(target.workflow)
        needed = (name for name in inputs.required if "default" not in mapping((inputs.known or {}).get(name)))
        yield from call_readings(parameters, needed, subject.dialect)


def _optional_input(subject: Subject, workflow: Workflow, expression: Input) -> str | None:
    """Return the input that an expression names, if it is declared, optional and without a default."""
    inputs = subject.declared_inputs(workflow)
    known = inputs.known or {}
    name = declared_name(expression, known)
    return None if name is None or name in inputs.required or "default" in mapping(known.get(name)) else name


def check_credentials(subject: Subject) -> Iterator[Problem]:
    """Find sources whose secured operations are called without a credential; one problem for each."""
    bare: dict[str, list[tuple[Workflow, Step, Operation]]] = {}
    for workflow, step in subject.steps():
        operation = subject.operation(step)
        if operation is None or not operation.security or not all(operation.security):
            continue
        given = merged_parameters(workflow, step)
        settings = subject.settings(workflow, step)
        if settings.connection is None and not any(
            _sent(scheme, given) or _passes_key(given) for need in operation.security for scheme in need
        ):
            bare.setdefault(operation.source, []).append((workflow, step, operation))
    for source in subject.loaded.document.source_descriptions:
        if (steps := bare.get(source.name)) is None:
            continue
        names = list(dict.fromkeys(f"'{step.step_id}'" for _, step, _ in steps))
        schemes = list(dict.fromkeys(scheme.key for *_, op in steps for need in op.security for scheme in need))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        message = f"step {shown} calls" if len(names) == 1 else f"steps {shown} call"
        message += f" secured operations of '{source.name}' ({', '.join(schemes)}) without a credential"
        hint = f"connection '{source.name}' must have it"
        yield subject.problem("missing-credential", f"{source.at}/name", message, hint)


def _passes_key(given: tuple[Parameter, ...]) -> bool:
    """Tell whether one of the parameters is a credential by its name, whatever the description calls it."""
    return any(
        _KEY.search(parameter.name) or (parameter.location == "header" and parameter.name.lower() == "authorization")
        for parameter in given
        if parameter.location != "path"
    )


def _sent(scheme: SecurityScheme, given: tuple[Parameter, ...]) -> bool:
    """Tell whether one of the parameters is the credential of a scheme, or may contain it."""
    place, name = ("header", "Authorization") if scheme.type != "apiKey" else (scheme.location, scheme.name)
    whole = {"query": ("querystring", None), "cookie": ("header", "cookie")}.get(place)
    for parameter in given:
        own = parameter.name.lower() if place == "header" else parameter.name
        if parameter.location in (None, place) and own == (name.lower() if place == "header" else name):
            return True
        if whole and parameter.location == whole[0] and whole[1] in (None, parameter.name.lower()):
            return True
    return False


def _name(operation: Operation) -> str:
    return operation.operation_id or f"{operation.method} {operation.path}"
