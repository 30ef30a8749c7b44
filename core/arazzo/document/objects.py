"""The readers of the specification's objects, and the rules that connect the fields of one object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from arazzo.document.components import COMPONENT_KINDS, reusable
from arazzo.document.meta_schema import check_schema
from arazzo.document.models import (
    Action,
    Components,
    Criterion,
    Document,
    ExpressionType,
    FailureAction,
    Info,
    Parameter,
    PayloadReplacement,
    RequestBody,
    Selector,
    SourceDescription,
    Step,
    SuccessAction,
    Uri,
    Workflow,
)
from arazzo.document.paging import paged_outputs
from arazzo.document.shape import (
    BROKEN,
    Broken,
    DocumentReader,
    Kind,
    describe,
    filled_text,
    listed,
    make,
    mapped,
    one_of,
    read_fields,
    shape_of,
)
from arazzo.pointer import escape, tokens_of

OUTPUT_NAME = re.compile(r"[a-zA-Z0-9.\-_]+")
_URI_SAFE = "!#$%&'()*+,/:;=?@[]~"
_URI = re.compile(rf"(?:%[0-9A-Fa-f]{{2}}|[A-Za-z0-9._\-{re.escape(_URI_SAFE.replace('%', ''))}])+")
IDENTIFIER = re.compile(r"[A-Za-z0-9_\-]+")
_CALLS = ("operationId", "operationPath", "channelPath", "workflowId")
_VERSIONS = {
    "jsonpath": ("rfc9535", "draft-goessner-dispatch-jsonpath-00"),
    "xpath": ("xpath-31", "xpath-30", "xpath-20", "xpath-10"),
    "jsonpointer": ("rfc6901",),
}


def _expression_type(reader: DocumentReader, value: Any, at: str) -> ExpressionType | Broken:
    fields = read_fields(reader, value, at, _EXPRESSION_TYPE)
    if isinstance(fields, Broken):
        return BROKEN
    allowed = _VERSIONS[fields["type"]]
    if fields.setdefault("version", allowed[0]) not in allowed:
        message = f"version '{fields['version']}' of {fields['type']} is not known, only {', '.join(allowed)}"
        return reader.error("invalid-value", f"{at}/version", message)
    if "version" not in value:
        message = "an expression type needs the field 'version'"
        reader.lenient("missing-version", at, message, f"write 'version: {allowed[0]}'")
    return ExpressionType.model_construct(**fields)


def _criterion(reader: DocumentReader, value: Any, at: str) -> Criterion | Broken:
    if isinstance(value, str):
        reader.lenient("bare-condition", at, "a criterion is a map, and this is text", "write 'condition: ' before it")
        return Criterion.model_construct(at=at, condition=value)
    fields = read_fields(reader, value, at, _CRITERION)
    return BROKEN if isinstance(fields, Broken) else Criterion.model_construct(**fields)


def _criteria(*, filled: bool) -> Kind:
    return listed(_criterion, wanted=filled, alone=(dict, str))


def _payload_parameter(reader: DocumentReader, value: Any, at: str) -> Parameter | Broken:
    fields = read_fields(reader, value, at, _PARAMETER)
    if isinstance(fields, Broken):
        return BROKEN
    if fields.get("location") in ("body", "formData"):
        reader.lenient("body-parameter", f"{at}/in", "there are no parameters in the body", "use 'requestBody'")
        fields["location"] = "body"
    if fields.get("location") == "querystring" and reader.version < "1.1":
        message = f"'in: querystring' came with Arazzo 1.1.0, and this document says {reader.version}"
        reader.lenient("newer-field", f"{at}/in", message, "write 'arazzo: 1.1.0'")
    return Parameter.model_construct(**fields)


def _request_body(reader: DocumentReader, value: Any, at: str) -> RequestBody | Broken:
    fields = read_fields(reader, value, at, _REQUEST_BODY)
    if isinstance(fields, Broken):
        return BROKEN
    return RequestBody.model_construct(**fields, has_payload="payload" in value)


def _check_name(reader: DocumentReader, noun: str, at: str) -> None:
    """Note a key of outputs or components that no expression can contain."""
    name = tokens_of(at)[-1]
    if not OUTPUT_NAME.fullmatch(name):
        message = f"{noun} '{name}' has characters other than letters, digits, '.', '-' and '_'"
        reader.lenient("odd-name", at, message, key=True)


def _components(kind: Kind) -> Kind:
    """Return the kind that reads a map of components."""

    def read(reader: DocumentReader, value: Any, at: str) -> Any:
        _check_name(reader, "component name", at)
        return kind(reader, value, at)

    return mapped(read)


def _output(reader: DocumentReader, value: Any, at: str) -> Any:
    _check_name(reader, "output name", at)
    match value:
        case str():
            return value
        case {"selector": _} | {"context": _}:
            return BROKEN if _selector(reader, value, at) is BROKEN else value
        case _:
            message = f"an output is a runtime expression or a Selector Object, and this is {describe(value)}"
            reader.lenient("constant-output", at, message)
            return value


def _outputs(reader: DocumentReader, value: Any, at: str) -> dict[str, Any] | Broken:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        reader.lenient("not-a-map", at, "outputs are a map of names, and this is a list", "leave the '- ' out")
        read = [mapped(_output)(reader, item, f"{at}/{index}") for index, item in enumerate(value)]
        return BROKEN if BROKEN in read else {name: item for one in read for name, item in one.items()}
    outputs: dict[str, Any] | Broken = mapped(_output)(reader, value, at)
    return outputs


def _action(model: type[Action], noun: str, types: tuple[str, ...], other: str | None) -> Kind:
    shape = shape_of(model, noun, _KINDS, "name")

    def read(reader: DocumentReader, value: Any, at: str) -> Any:
        if not isinstance(value, dict):
            return reader.error("wrong-type", at, f"an action is a map, and this is {describe(value)}")
        raw = dict(value)
        lone = _lone_condition(reader, raw, at)
        if raw.get("name") is None and "type" in raw:
            raw["name"] = _made_up_name(raw, at)
            reader.lenient("missing-name", at, "an action needs the field 'name'", f"such as 'name: {raw['name']}'")
        fields = read_fields(reader, raw, at, shape)
        if isinstance(fields, Broken) or lone is BROKEN:
            return BROKEN
        for parameter in fields.get("parameters", ()):
            _refuse_place(reader, parameter, fields["name"])
        if fields["type"] not in types:
            hint = "put it under onFailure, or go back with goto"
            reader.lenient("success-retry", f"{at}/type", f"a success action has no type '{other}'", hint)
        if lone is not None:
            fields["criteria"] = (lone,)
        return BROKEN if _check_action(reader, raw, at) else model.model_construct(**fields)

    return read


def _refuse_place(reader: DocumentReader, parameter: Parameter, name: str) -> None:
    if parameter.location is not None:
        message = f"parameter '{parameter.name}' of action '{name}' is an input of a workflow and has no place"
        reader.lenient("needless-in", f"{parameter.at}/in", message, "leave 'in' out", key=True)


def _made_up_name(raw: dict[str, Any], at: str) -> str:
    """Return a name for an action without one, different from its neighbours' names."""
    target, place = raw.get("stepId") or raw.get("workflowId"), at.rpartition("/")[2]
    parts = [raw["type"], target, int(place) + 1 if place.isdecimal() and place != "0" else None]
    return "-".join(str(part) for part in parts if part is not None)


def _lone_condition(reader: DocumentReader, raw: dict[str, Any], at: str) -> Any:
    """Take ``condition`` and ``context`` out of an action and return the criterion that they form."""
    if "condition" not in raw or "criteria" in raw:
        return None
    parts = {name: raw.pop(name) for name in ("condition", "context") if name in raw}
    message = "a condition is used where criteria belong"
    reader.lenient("lone-condition", f"{at}/condition", message, "write 'criteria: [{condition: ...}]'", key=True)
    return _criterion(reader, parts, at)


def _check_action(reader: DocumentReader, raw: dict[str, Any], at: str) -> bool:
    """Note what does not fit together in an action; return whether it is broken."""
    targets = [name for name in ("stepId", "workflowId") if raw.get(name) is not None]
    kind, name = raw["type"], raw["name"]
    if len(targets) == 2 and kind != "end":
        message = f"action '{name}' names a step and a workflow, but control can go to only one"
        reader.error("conflicting-fields", f"{at}/workflowId", message, "keep one of the two", key=True)
        return True
    if kind == "goto" and not targets:
        reader.error("missing-field", at, f"action '{name}' of type 'goto' needs 'stepId' or 'workflowId'")
        return True
    idle = targets if kind == "end" else ["parameters"] if "parameters" in raw and "workflowId" not in targets else []
    idle += [field for field in ("retryAfter", "retryLimit") if field in raw and kind != "retry"]
    for field in idle:
        message = f"'{field}' has no effect in action '{name}' of type '{kind}'"
        reader.warn("idle-field", f"{at}/{field}", message, "leave it out", key=True)
    return False


def _step(reader: DocumentReader, value: Any, at: str) -> Step | Broken:
    fields = read_fields(reader, value, at, _STEP)
    if not isinstance(value, dict):
        return BROKEN
    calls = [name for name in _CALLS if value.get(name) is not None]
    if not calls:
        return reader.error(
            "missing-field", at, f"{_STEP.title(value)} needs 'operationId', 'operationPath' or 'workflowId'"
        )
    if len(calls) > 1:
        message = f"{_STEP.title(value)} has {' and '.join(repr(name) for name in calls)}, but a step has only one"
        return reader.error("conflicting-fields", f"{at}/{calls[1]}", message, "keep one of them", key=True)
    if isinstance(fields, Broken):
        return BROKEN
    fields["outputs"] = {**fields.get("outputs", {}), **_paged(reader, fields, at)}
    if calls != ["workflowId"]:
        _check_places(reader, fields.get("parameters", ()), fields["step_id"])
    elif fields.get("timeout") is not None:
        message = f"'timeout' has no effect on step '{fields['step_id']}', which calls a workflow"
        reader.warn("idle-field", f"{at}/timeout", message, "give it to the steps of that workflow", key=True)
    return Step.model_construct(**fields)


def _paged(reader: DocumentReader, fields: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Return the outputs that a step has by its settings ``collect`` and ``next``."""
    found: dict[str, Any] = {}
    for name, (setting, value) in paged_outputs(fields["extensions"].get("x-airflow")).items():
        place = f"{at}/x-airflow/{setting}/{escape(name)}"
        if name in fields.get("outputs", {}):
            message = f"'{name}' is an output of step '{fields['step_id']}' already"
            reader.error("conflicting-fields", place, message, "give one of them another name", key=True)
        if _output(reader, value, place) is not BROKEN:
            found[name] = value
    return found


def _check_places(reader: DocumentReader, parameters: tuple[Parameter, ...], step_id: str) -> None:
    for parameter in parameters:
        if parameter.location is None:
            message = f"parameter '{parameter.name}' of step '{step_id}' does not say where it goes"
            reader.lenient("missing-in", parameter.at, message, "write 'in: path', 'query', 'header' or 'cookie'")


def identifier(noun: str) -> Kind:
    """Return the kind that reads a name, and warns if expressions could not use it."""

    def read(reader: DocumentReader, value: Any, at: str) -> str | Broken:
        name = filled_text(reader, value, at)
        if isinstance(name, str) and not IDENTIFIER.fullmatch(name):
            message = f"{noun} '{name}' has characters other than letters, digits, '-' and '_'"
            reader.warn("odd-name", at, message, "runtime expressions may not find it")
        return name

    return read


def _inputs(reader: DocumentReader, value: Any, at: str) -> Any:
    return value if check_schema(reader, value, at) else BROKEN


def _uri(reader: DocumentReader, value: Any, at: str) -> str | Broken:
    """Read a URI reference (RFC 3986, 4.1); other text is kept as it is."""
    uri = filled_text(reader, value, at)
    if isinstance(uri, str) and not _can_be_split(uri):
        return reader.error("invalid-value", at, f"'{uri}' is not a URI reference: its host cannot be read")
    if isinstance(uri, str) and not _URI.fullmatch(uri):
        message = f"'{uri}' is not a URI reference"
        reader.lenient("odd-uri", at, message, f"write '{quote(uri, _URI_SAFE)}'")
    return uri


def _can_be_split(uri: str) -> bool:
    try:
        urlsplit(uri)
    except ValueError:
        return False
    return True


def _self(reader: DocumentReader, value: Any, at: str) -> str | Broken:
    uri = "" if value == "" else _uri(reader, value, at)  # an empty text is a reference, too: to this document
    if isinstance(uri, str) and "#" in uri:
        return reader.error("invalid-value", at, "'$self' may not hold a fragment ('#...')")
    return uri


_KINDS: dict[Any, Kind] = {Uri: _uri}
_EXPRESSION_TYPE = shape_of(ExpressionType, "an expression type", _KINDS)
_KINDS[ExpressionType] = _expression_type
_selector = make(Selector, "a Selector Object", _KINDS)
_CRITERION = shape_of(Criterion, "a criterion", _KINDS)
_KINDS[tuple[Criterion, ...]] = _criteria(filled=False)
_PARAMETER = shape_of(
    Parameter,
    "a parameter",
    {**_KINDS, "in": one_of("path", "query", "querystring", "header", "cookie", "channel", "body", "formData")},
    "name",
)
_KINDS[Parameter] = reusable("parameters", _payload_parameter)
_KINDS[PayloadReplacement] = make(PayloadReplacement, "a payload replacement", _KINDS)
_REQUEST_BODY = shape_of(RequestBody, "a request body", _KINDS)
_success_action = _action(SuccessAction, "a success action", ("end", "goto"), "retry")
_failure_action = _action(FailureAction, "a failure action", ("end", "goto", "retry"), None)
_KINDS |= {
    RequestBody: _request_body,
    tuple[SuccessAction, ...]: listed(reusable("successActions", _success_action), alone=(dict,)),
    tuple[FailureAction, ...]: listed(reusable("failureActions", _failure_action), alone=(dict,)),
    dict[str, Any]: _outputs,
}
_STEP = shape_of(
    Step,
    "a step",
    {
        **_KINDS,
        "stepId": identifier("step id"),
        "dependsOn": listed(filled_text, wanted=True, alone=(str,)),
        "successCriteria": _criteria(filled=True),
    },
    "stepId",
)
_WORKFLOW_KINDS = {
    **_KINDS,
    Step: _step,
    "workflowId": identifier("workflow id"),
    "inputs": _inputs,
    "dependsOn": listed(filled_text, alone=(str,)),
}
_COMPONENT_KINDS = {
    "inputs": _components(_inputs),
    "parameters": _components(_payload_parameter),
    "successActions": _components(_success_action),
    "failureActions": _components(_failure_action),
}
_DOCUMENT_KINDS = {
    "$self": _self,
    Info: make(Info, "info", _KINDS),
    SourceDescription: make(
        SourceDescription, "a source description", {**_KINDS, "name": identifier("source name")}, "name"
    ),
    Components: make(Components, "components", _COMPONENT_KINDS),
    Workflow: make(Workflow, "a workflow", _WORKFLOW_KINDS, "workflowId"),
}
_document = make(Document, "an Arazzo document", _DOCUMENT_KINDS)


def read_document(reader: DocumentReader) -> Document | Broken:
    """Read a whole document; its problems are noted in the reader."""
    data = reader.source.data
    components = data.get("components") if isinstance(data, dict) else None
    for kind in COMPONENT_KINDS:
        named = components.get(kind) if isinstance(components, dict) else None
        reader.components[kind] = named if isinstance(named, dict) else {}
    document: Document | Broken = _document(reader, data, "")
    return document
