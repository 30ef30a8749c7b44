"""Inputs are checked before the first request: against their JSON Schema, and for what requests will need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from arazzo.absent import Absent
from arazzo.document.input_declarations import names_input, with_defaults
from arazzo.document.schema_checks import schema_errors
from arazzo.document.shape import near
from arazzo.errors import EvaluationError, GaveUpError, InputError
from arazzo.flow import InputNeed, Plan
from arazzo.secrecy.sensitive_names import is_sensitive


def check_inputs(plan: Plan, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a run with the defaults of their schema, as :func:`inputs_of_call` does.

    :raises InputError: also if checking them meets a limit, since nothing has been sent.
    """
    try:
        return inputs_of_call(plan, inputs)
    except GaveUpError as error:
        raise InputError([f"inputs cannot be checked: {error}"]) from None


def inputs_of_call(plan: Plan, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with the defaults of their schema, at every depth.

    The schema is JSON Schema 2020-12 (Arazzo 1.1.0, Workflow Object, ``inputs``). In lenient, an input is refused that
    neither the schema names nor an expression reads. An optional input without default that a request needs on every
    path is asked for here, and not half-way. An input that is only passed on to a workflow that comes first has its
    default from there, as in the form of a DAG, and is checked by that workflow.

    :param plan: the plan of the workflow.
    :param inputs: values by name; a missing name is an input that is not given, and so is null for an optional one
        without default. A kind of absent is not given either, and stays as it is if there is no default.
    :raises InputError: with a sentence for each finding, which never shows a value.
    :raises GaveUpError: if checking them meets a limit.
    """
    unknown = [name for name in inputs if plan.dialect == "lenient" and not plan.takes(name)]
    taken = {name: value for name, value in inputs.items() if name not in unknown and not _is_empty(plan, name, value)}
    messages = [_unknown(plan, name) for name in unknown]
    nothing = {name: value for name, value in taken.items() if isinstance(value, Absent)}
    taken = {name: value for name, value in taken.items() if name not in nothing}
    given = {**plan.taken.defaults, **taken}
    try:
        given = with_defaults(plan.inputs, given)
        messages += _schema_findings(plan, given)
    except EvaluationError as error:
        messages.append(f"inputs cannot be checked: {error}")
    messages += list(dict.fromkeys(str(need) for need in _asked(plan) if given.get(need.input) is None))
    if messages:
        raise InputError(messages)
    return {**nothing, **given}


def value_findings(plan: Plan, given: Mapping[str, Any]) -> list[str]:
    """Return the schema's objections to single inputs, a sentence each that shows no secret.

    Its objections to the inputs as a whole, such as a missing one, are not included.
    """
    foreign = {"properties": {item.name: item.schema_ for item in plan.passed_on}}
    schemas = [plan.inputs] if isinstance(plan.inputs, dict) else []
    try:
        found = [error for schema in (*schemas, foreign) for error in schema_errors(schema, dict(given), missing=False)]
    except EvaluationError as error:
        return [f"inputs cannot be checked: {error}"]
    return list(dict.fromkeys(_finding(plan, error) for error in found if error.absolute_path))


def _asked(plan: Plan) -> Iterator[InputNeed]:
    """Yield what is required at the start, except what a connection adds anyway or says may be missing."""
    for need in plan.input_needs:
        if not need.always:
            continue
        step = plan.step(need.step)
        added = need.header and need.header in step.added
        if not added and not (need.required and step.settings.required == "send"):
            yield need


def _is_empty(plan: Plan, name: str, value: Any) -> bool:
    return value is None and name not in plan.taken.required and name not in plan.taken.defaults


def _unknown(plan: Plan, name: str) -> str:
    known = list(plan.taken.schemas)
    hint = near(name, known) or (f"there are {', '.join(map(repr, known))}" if known else "there are none")
    return f"there is no input '{name}': {hint}"


def _schema_findings(plan: Plan, given: Mapping[str, Any]) -> list[str]:
    if not isinstance(plan.inputs, dict | bool):
        return []
    foreign = {item.name for item in plan.passed_on if not names_input(plan.inputs, item.name)}
    own = {name: value for name, value in given.items() if name not in foreign}
    found = schema_errors(plan.inputs, own)
    return list(dict.fromkeys(_finding(plan, error) for error in found if not _is_wanted(plan, error)))


def _is_wanted(plan: Plan, error: Any) -> bool:
    """Say whether the finding is about a null that is the schema's own default."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    return plan.dialect == "lenient" and error.instance is None and schema.get("default", False) is None


def _finding(plan: Plan, error: Any) -> str:
    path = [str(part) for part in error.absolute_path]
    name = ".".join(path)
    whole = f"input '{name}'" if path else "the whole of the inputs"
    match error.validator:
        case None:
            return f"the schema allows no value of {whole}" if path else "the schema of the inputs allows none"
        case "required":
            missing = [item for item in error.validator_value if item not in error.instance]
            subject = f"input '{name}' lacks" if path else "required input"
            return f"{subject} {', '.join(map(repr, missing))}" + ("" if path else " is missing")
        case "type":
            wanted = error.validator_value
            kind = wanted if isinstance(wanted, str) else " or ".join(wanted)
            return f"{whole} must be {kind}, not {kind_of(error.instance)}"
        case "enum":
            return f"{whole} must be one of {', '.join(map(repr, error.validator_value))}"
    if path and len(error.message) < 200 and _is_public(plan, path, error.instance):
        return f"input '{name}': {error.message}"
    if not path and error.validator in ("additionalProperties", "unevaluatedProperties", "dependentRequired"):
        return f"inputs: {error.message}"  # which contains only names
    return (
        f"input '{name}' does not satisfy '{error.validator}' of its schema"
        if path
        else (f"the inputs do not satisfy '{error.validator}' of their schema")
    )


def _is_public(plan: Plan, path: list[str], value: Any) -> bool:
    """Say whether a message may show a value: a scalar with nothing secret on the path to it."""
    hidden = plan.secret_inputs
    secret = any(part in hidden or is_sensitive(part, plan.sensitive) for part in path)
    return not secret and not isinstance(value, dict | list)


def kind_of(value: Any) -> str:
    """Return the name of a value's type in JSON Schema."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"
