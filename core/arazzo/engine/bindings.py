"""From a frame to values: the context of its expressions, a step's request, its outputs, the workflow's outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from arazzo.absent import ABSENT, Unreadable
from arazzo.criteria.xpath_condition import missed
from arazzo.document.models import Parameter, RequestBody, Step
from arazzo.engine.embedding import embedding_in, in_xml, json_as_written, without_cdata
from arazzo.engine.json_text import fill_json_text
from arazzo.engine.required_values import require_values
from arazzo.engine.state import Frame
from arazzo.errors import AbsentError, EvaluationError, RequestError
from arazzo.exchange import Exchange, Request
from arazzo.expressions.context import Context, ignore_warning
from arazzo.expressions.evaluation import evaluate_output, evaluate_value, known_kind, to_text
from arazzo.expressions.nodes import Input
from arazzo.expressions.selectors import selector_version
from arazzo.expressions.templates import find_expressions, is_selector, parse_template
from arazzo.flow import Plan, PlannedStep
from arazzo.frozen import replace
from arazzo.openapi.bodies import Body, loses_element, losing_member
from arazzo.openapi.forms import read_form
from arazzo.openapi.media import FORM, is_json, matching, plain, preferred
from arazzo.openapi.operation import Operation
from arazzo.openapi.replacements import Replacement, apply_replacements
from arazzo.openapi.request_building import Argument, build_request
from arazzo.openapi.typed_values import converted

Workflows = Mapping[str, Mapping[str, Any]]


def frame_context(
    plan: Plan,
    frame: Frame,
    workflows: Workflows,
    exchange: Exchange | None = None,
    warn: Callable[[str], None] = ignore_warning,
) -> Context:
    """Return what the expressions of a frame's workflow are evaluated against."""
    return Context(
        inputs=frame.inputs,
        steps=frame.outputs,
        workflows=workflows,
        sources=plan.sources,
        components=plan.components,
        self_uri=plan.document.get("self") or None,
        newer=plan.newer,
        exchange=exchange,
        dialect=plan.dialect,
        warn=warn,
    )


def step_request(plan: Plan, planned: PlannedStep, operation: Operation, context: Context) -> Request:
    """Build the request of a step.

    :raises RequestError: if a value that it needs is absent; the message names step, place and expression.
    """
    step = planned.step
    try:
        arguments = [_argument(parameter, operation, plan, context) for parameter in step.parameters]
        body = _body(step.request_body, operation, plan, context) if step.request_body else None
        if plan.dialect == "lenient":
            arguments = [_typed(argument, operation) for argument in arguments]
        _keep_elements(step, operation, arguments, body)
        require_values(planned, operation, arguments, body, plan.dialect)
        request = build_request(
            operation,
            arguments,
            body,
            server_url=planned.server,
            server_variables=planned.settings.server_variables,
            timeout=step.timeout / 1000 if step.timeout is not None else None,
        )
    except (EvaluationError, RequestError) as error:
        raise RequestError(f"step '{step.step_id}': {error}; nothing was sent") from error
    settings = planned.settings
    return replace(
        request,
        step=step.step_id,
        idempotency_key=settings.idempotency_key,
        redirects=settings.redirects,
        kept_redirects=planned.kept_redirects,
        resend=settings.resend or False,
    )


def _argument(parameter: Parameter, operation: Operation, plan: Plan, context: Context) -> Argument:
    name, place = parameter.name, parameter.location
    credential = operation.is_credential(name, place)
    optional = credential and _is_from_inputs(parameter.value, plan)
    where = f"{place or 'parameter'} '{name}'"
    convert = scalar_only if credential else to_text
    try:
        value = evaluate_value(parameter.value, context, plan.dialect, where=where, convert=convert)
    except AbsentError:
        if not optional:
            raise
        value = ABSENT
    if (value is ABSENT or value is None) and not optional:
        state = f"needs {spelled(parameter.value)}, which is {'absent' if value is ABSENT else 'null'}"
        if place == "path" or (place is None and operation.parameter(name, "path")):
            raise EvaluationError(f"path parameter '{name}' {state}")
        if credential:
            raise EvaluationError(f"{where} {state}, but it is a credential")
    if credential and isinstance(value, (dict, list)):
        raise EvaluationError(f"{where} needs {spelled(parameter.value)}, which is an array or object, and not text")
    return Argument(name=name, location=place, value=value)


def _is_from_inputs(value: Any, plan: Plan) -> bool:
    """Tell whether a value comes only from inputs; if such a value is missing, the connection's credential is sent."""
    return all(isinstance(expression, Input) for _, expression in find_expressions(value, plan.dialect))


def _typed(argument: Argument, operation: Operation) -> Argument:
    """Return a parameter with its text turned into the type that the operation's schema asks for."""
    spec = operation.parameter(argument.name, argument.location)
    value = argument.value if spec is None else converted(spec.schema_, argument.value)
    return argument if value is argument.value else replace(argument, value=value)


def _keep_elements(step: Step, operation: Operation, arguments: Iterable[Argument], body: Body | None) -> None:
    """Refuse a request in which a null element would be left out of an array.

    :raises EvaluationError: naming the place and, for a parameter, the expression.
    """
    for parameter, argument in zip(step.parameters, arguments, strict=True):
        if loses_element(operation, argument.name, argument.location, argument.value):
            where = f"{argument.location or 'parameter'} '{argument.name}'"
            raise EvaluationError(f"{where} needs {spelled(parameter.value)}, in which a value is null")
    if (name := losing_member(operation, body)) is not None:
        where = f"member '{name}' of the body" if name else "the body"
        raise EvaluationError(f"{where} has an array with an element that is null")


def _body(body: RequestBody, operation: Operation, plan: Plan, context: Context) -> Body:
    payload = ABSENT
    content_type = body.content_type or preferred([spec.content_type for spec in operation.bodies])
    if body.has_payload:
        payload = _payload(body.payload, content_type, operation, plan, context)
    replacements = []
    for item in body.replacements:
        where = f"replacement of '{item.target}'"
        value = evaluate_value(item.value, context, plan.dialect, where=where)
        if value is ABSENT or (value is None and content_type and not is_json(content_type)):
            state = "absent" if value is ABSENT else "null"
            raise EvaluationError(f"{where} needs {spelled(item.value)}, which is {state}")
        replacements.append(Replacement(item.target, value, item.target_selector_type))
    if replacements:
        payload = read_form(payload) if content_type and plain(content_type) == FORM else payload
        payload = apply_replacements(payload, replacements, content_type)
    lenient = plan.dialect == "lenient"
    return Body(body.content_type, payload, is_value=_is_value(body.payload, plan), convert=lenient)


def _is_value(payload: Any, plan: Plan) -> bool:
    """Tell whether a payload is a single expression: text from it is a value, whatever it contains."""
    if not isinstance(payload, str):
        return is_selector(payload)
    template = parse_template(payload, plan.dialect)
    return len(template.parts) == 1 and bool(template.expressions)


def _payload(payload: Any, content_type: str | None, operation: Operation, plan: Plan, context: Context) -> Any:
    if isinstance(payload, str) and plan.dialect == "lenient" and _is_value(payload, plan):
        payload = payload.strip().removeprefix("{").removesuffix("}")
    if not _is_json_text(payload, content_type):
        convert = embedding_in(content_type, plan.dialect) if isinstance(payload, str) else to_text
        if convert is in_xml:
            payload = without_cdata(payload)
        return evaluate_value(payload, context, plan.dialect, where="request body", convert=convert)
    if plan.dialect == "strict":
        return evaluate_value(payload, context, plan.dialect, where="request body", convert=json_as_written)
    spec = matching(operation.bodies, content_type) if content_type else None
    return fill_json_text(payload, spec.schema_ if spec else True, context, plan.dialect)


def _is_json_text(payload: Any, content_type: str | None) -> bool:
    """Tell whether a payload is JSON text, in which an embedded quote must not end a string."""
    if not isinstance(payload, str) or not (content_type is None or is_json(content_type)):
        return False
    return payload.lstrip()[:1] in ("{", "[")


def call_inputs(plan: Plan, parameters: Iterable[Parameter], context: Context) -> dict[str, Any]:
    """Return the inputs that parameters pass to a workflow; an absent value means an input that is not given.

    The output of a step that did not run, failed or got no answer is passed as such (:class:`~.absent.Absent`).
    """
    found = {}
    for parameter in parameters:
        name, value = parameter.name, parameter.value
        given = evaluate_value(value, context, plan.dialect, where=f"input '{name}'")
        found[name] = known_kind(value, given, context, plan.dialect)
    return {name: value for name, value in found.items() if value is not ABSENT}


def step_outputs(plan: Plan, planned: PlannedStep, context: Context) -> dict[str, Any]:
    """Return a step's outputs by name, each with its kind: a value, null, absent or unreadable."""
    found = {}
    for name, value in planned.step.outputs.items():
        origin = f"output '{name}' of step '{planned.step_id}'"
        found[name] = evaluate_output(value, context, plan.dialect, origin=origin)
        if found[name] is ABSENT and is_selector(value) and (why := _missed_element(value, context)):
            context.warn(f"{origin} is absent: nothing is selected by {value['selector']}{why}")
    return found


def _missed_element(selector: Mapping[str, Any], context: Context) -> str:
    """Say which element of the answer an XPath names without the namespace that it has; nothing if it does not."""
    kind = selector["type"] if isinstance(selector["type"], Mapping) else {"type": selector["type"]}
    answer = context.exchange.content if context.exchange is not None else None
    if kind["type"] != "xpath" or "$response.body" not in selector["context"] or not isinstance(answer, str):
        return ""
    return missed(selector["selector"], answer, selector_version("xpath", kind.get("version")))


def workflow_outputs(
    plan: Plan,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Mapping[str, Any]],
    workflows: Workflows | None = None,
) -> dict[str, Any]:
    """Return the workflow's outputs, every key present, each with its kind; absent where a step did not run.

    ``$outputs.x`` in one of them is an output that stands before it.

    :param plan: the plan of the workflow.
    :param inputs: checked inputs.
    :param outputs: outputs of the steps that ran, by step id and name.
    :param workflows: inputs and outputs of completed workflows, by id.
    """
    steps = {step: dict(values) for step, values in outputs.items()}
    found: dict[str, Any] = {}
    context = frame_context(plan, Frame(inputs=dict(inputs), outputs=steps), workflows or {})
    context = replace(context, outputs=found)
    origin = f"of workflow '{plan.workflow_id}'"
    for name, value in plan.outputs.items():
        found[name] = evaluate_output(value, context, plan.dialect, origin=f"output '{name}' {origin}")
    return found


def unreadable_output(outputs: Mapping[str, Any]) -> str:
    """Return why a workflow that has ended fails: one of its outputs is unreadable; empty if none is."""
    return next(
        (
            f"output '{name}' of the workflow: {value}"
            for name, value in outputs.items()
            if isinstance(value, Unreadable) and not value.is_miswritten
        ),
        "",
    )


def scalar_only(value: Any, quote: str | None = None) -> str:
    """Return a value as a credential embeds it.

    :raises EvaluationError: if it is an array or an object, such as the cookies that an answer sets.
    """
    if isinstance(value, (dict, list, tuple)):
        raise EvaluationError("an array or object cannot be embedded in a credential, which is text")
    return to_text(value, quote)


def spelled(value: Any) -> str:
    """Return a value of a document as messages write it."""
    return value if isinstance(value, str) else "a selector" if is_selector(value) else "a value"
