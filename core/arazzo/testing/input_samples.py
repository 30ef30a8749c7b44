"""Inputs to try a workflow with, made from their schema and from what the workflow uses them for.

The same plan gives the same inputs. Most input schemas give only a type. What an operation says about the parameter or
body member that an input becomes (an example, an enumeration, a format, a range) is better.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from arazzo.document.models import Parameter
from arazzo.document.schema_checks import schema_errors
from arazzo.document.schemas import items_of, mapping, properties_of, sequence
from arazzo.errors import EvaluationError, ExpressionSyntaxError, GaveUpError
from arazzo.expressions.context import Dialect
from arazzo.expressions.nodes import Input
from arazzo.expressions.portability import declared_name
from arazzo.expressions.templates import parse_template
from arazzo.flow import Plan, PlannedStep, workflow_key
from arazzo.frozen import dataclass
from arazzo.openapi.description import Description
from arazzo.openapi.operation import Operation, ParameterSpec
from arazzo.openapi.schema_slices import Follows, folded
from arazzo.pointer import escape, tokens_of
from arazzo.testing.sample_values import Values

#: Keywords that say more about a value than its type.
_TELLING: Final = frozenset(
    (
        *("example", "examples", "const", "default", "enum", "format", "pattern", "minLength", "maxLength"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "oneOf", "anyOf", "allOf"),
    )
)
#: What an ``Authorization`` parameter is made of: API descriptions do not describe it.
_AUTHORIZATION: Final = {"basic": "Basic bG9naW46cGFzc3dvcmQ="}

Path = tuple[str, ...]
"""An input's name, and the members that follow from it."""


class _Inlined:
    """The source of input schemas, whose references are already written out."""

    def follow(self, value: Any) -> dict[str, Any]:
        return mapping(value)


@dataclass(frozen=True)
class _Use:
    """What an input becomes: a schema, and the description that it comes from."""

    path: Path
    schema: dict[str, Any]
    origin: Follows


def sample_inputs(
    plan: Plan, descriptions: Mapping[str, Description] | None = None, *, seed: int = 1, optional: bool = True
) -> dict[str, Any]:
    """Return inputs that a workflow accepts, if there are any.

    An example, default or enumeration of the inputs' own schema comes first, then what the operations say about the
    parameters that use the inputs, then a value by type. Optional inputs that a request needs are always included.

    :param plan: the plan of the workflow.
    :param descriptions: its API descriptions by source name, which contain the examples; without them, only types,
        formats and enumerations of parameters are known.
    :param seed: determines numbers and texts that nothing describes.
    :param optional: whether to include inputs that the workflow does not require.
    """
    values = Values(_Inlined(), seed, hidden="readOnly")
    schema = mapping(plan.inputs)
    uses = tuple(_uses(plan, descriptions or {}))
    made = values.value(schema, "inputs") if schema else {}
    inputs = dict(made) if isinstance(made, dict) else {}
    passed_on = {item.name: item.schema_ for item in plan.passed_on if item.name not in inputs}
    inputs.update({name: values.value(mapping(item), name) for name, item in passed_on.items()})
    inputs.update({need.input: need.input for need in plan.needed_inputs if need.input not in inputs})
    for use in uses:
        value = Values(use.origin, seed, hidden="readOnly").value(use.schema, use.path[-1])
        if not _tells(_own(schema, use.path)) and value not in (None, "", {}, []):
            inputs = _improved(plan.inputs, inputs, use.path, value)
    if optional:
        return inputs
    kept = {*plan.taken.required, *(need.input for need in plan.needed_inputs)}
    return {name: value for name, value in inputs.items() if name in kept}


def _tells(schema: Any) -> bool:
    """Tell whether a schema says more than types and names."""
    found = mapping(schema)
    if not _TELLING.isdisjoint(found) or found.get("properties"):
        return True
    return "items" in found and _tells(found["items"])


def _improved(schema: Any, inputs: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return the inputs with a better value if they accept it, as it is or as text."""
    valid = _is_valid(schema, inputs)
    for form in (value, json.dumps(value)) if isinstance(value, (bool, int, float)) else (value,):
        better = _placed(inputs, path, form)
        if better is not None and (not valid or _is_valid(schema, better)):
            return better
    return inputs


def _own(schema: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Return what the inputs' own schema says about an input or one of its members."""
    for name in path:
        schema = mapping(properties_of(schema).get(name))
    return schema


def _placed(inputs: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any] | None:
    """Return the inputs with a value at a path; None if there is no such input, or the value does not fit."""
    name, *rest = path
    if name not in inputs:
        return None
    if not rest:
        return {**inputs, name: value}
    inner = inputs[name]
    if not isinstance(inner, dict):
        return None
    placed = _placed({rest[0]: None, **inner}, tuple(rest), value)
    return None if placed is None else {**inputs, name: placed}


def _is_valid(schema: Any, inputs: Mapping[str, Any]) -> bool:
    if not isinstance(schema, dict):
        return True
    try:
        return not schema_errors(schema, dict(inputs))
    except (EvaluationError, GaveUpError):
        return False


def _uses(plan: Plan, descriptions: Mapping[str, Description]) -> Iterator[_Use]:
    """Yield what the inputs of a workflow become, the first use of each first."""
    for key in plan.depends_on:
        child = plan.children[key]
        names = child.declared.schemas
        passed = [Parameter.model_construct(name=name, value=f"$inputs.{name}") for name in names]
        yield from _passed(plan, child, passed, descriptions)
    for planned in plan.steps:
        if planned.operation is not None:
            yield from _sent(plan, planned, planned.operation, descriptions.get(planned.operation.source))
        if planned.workflow is not None:
            yield from _passed(plan, plan.children[planned.workflow], planned.step.parameters, descriptions)
        for action in (*planned.step.on_success, *planned.step.on_failure):
            child_key = workflow_key(action.workflow_id) if action.workflow_id else None
            if child_key in plan.children:
                yield from _passed(plan, plan.children[child_key], action.parameters, descriptions)


def _sent(plan: Plan, planned: PlannedStep, operation: Operation, description: Description | None) -> Iterator[_Use]:
    """Yield the inputs that become parameters or members of the body."""
    origin: Follows = description or _Inlined()
    for parameter in planned.step.parameters:
        spec = operation.parameter(parameter.name, parameter.location)
        path = _input_path(plan, parameter.value)
        if path is not None and spec is not None:
            yield _Use(path, _parameter_schema(description, operation, spec), origin)
        elif path is not None and parameter.name.lower() == "authorization":
            kinds = [scheme.scheme for need in operation.security for scheme in need]
            yield _Use(path, {"example": _AUTHORIZATION.get(next(iter(kinds), ""), "Bearer token")}, origin)
    body = planned.step.request_body
    if body is None or not operation.bodies:
        return
    wanted = (body.content_type or "").partition(";")[0]
    taken = next((item for item in operation.bodies if item.content_type == wanted), operation.bodies[0])
    schema = description.request_schemas(operation)[taken.content_type] if description else taken.schema_
    yield from _members(plan, body.payload, schema, origin)
    for item in body.replacements:
        path, pointer = _input_path(plan, item.value), item.target
        if path is not None and pointer.startswith("/") and "~" not in pointer:
            part: Any = schema
            for name in pointer[1:].split("/"):
                part = properties_of(folded(origin, part)).get(name)
            yield _Use(path, mapping(part), origin)


def _members(plan: Plan, payload: Any, schema: Any, origin: Follows) -> Iterator[_Use]:
    found = folded(origin, schema)
    match payload:
        case str():
            path = _input_path(plan, payload)
            if path is not None:
                yield _Use(path, found, origin)
        case dict():
            properties = properties_of(found)
            for name, item in payload.items():
                yield from _members(plan, item, properties.get(name), origin)
        case list():
            for item in payload:
                yield from _members(plan, item, items_of(found), origin)


def _passed(
    plan: Plan, child: Plan, parameters: Iterable[Parameter], descriptions: Mapping[str, Description]
) -> Iterator[_Use]:
    """Yield the inputs that become inputs of another workflow, with what that one uses them for."""
    inner = tuple(_uses(child, descriptions))
    properties = child.declared.schemas
    for parameter in parameters:
        path = _input_path(plan, parameter.value)
        if path is None:
            continue
        if parameter.name in properties:
            yield _Use(path, mapping(properties[parameter.name]), _Inlined())
        for use in inner:
            if use.path[0] == parameter.name:
                yield _Use((*path, *use.path[1:]), use.schema, use.origin)


def _input_path(plan: Plan, value: Any) -> Path | None:
    """Return the input that a value is; None if it is not one, or more than one."""
    sole = _sole(value, plan.dialect)
    if not isinstance(sole, Input) or not sole.name:
        return None
    name = declared_name(sole, plan.declared.schemas) or sole.name
    rest = [part for part in sole.name[len(name) :].split(".") if part] if sole.name.startswith(name) else []
    return (name, *rest, *tokens_of(sole.pointer or ""))


def _sole(value: Any, dialect: Dialect) -> Any:
    """Return the only expression of a value, in braces or not; the value itself if it is more than that."""
    try:
        parts = parse_template(value, dialect).parts if isinstance(value, str) else ()
    except ExpressionSyntaxError:
        return None
    return parts[0] if len(parts) == 1 else None


def _parameter_schema(description: Description | None, operation: Operation, spec: ParameterSpec) -> dict[str, Any]:
    """Return the schema of a parameter with its example; Swagger 2.0 has both in one object."""
    for holder in (operation.pointer, f"/paths/{escape(operation.path)}") if description else ():
        entries = sequence(mapping(description.find(holder)).get("parameters")) if description else []
        for entry in map(description.follow, entries) if description else ():
            if (entry.get("name"), entry.get("in")) == (spec.name, spec.location):
                schema = description.follow(entry["schema"]) if description and "schema" in entry else entry
                return {**schema, **_example(description, entry)}
    return mapping(spec.schema_)


def _example(description: Description | None, entry: Mapping[str, Any]) -> dict[str, Any]:
    if "example" in entry:
        return {"example": entry["example"]}
    examples = mapping(entry.get("examples"))
    first = description.follow(next(iter(examples.values()))) if description and examples else {}
    return {"example": first["value"]} if "value" in first else {}
