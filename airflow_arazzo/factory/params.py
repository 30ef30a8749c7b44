"""The inputs of a workflow as the Params of a DAG: what the trigger form asks for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from airflow.providers.common.compat.sdk import Param

from airflow_arazzo.factory.param_schemas import param_schema
from airflow_arazzo.factory.task_ids import without_nul
from airflow_arazzo.operators.run_inputs import input_schemas
from airflow_arazzo.protocol.secret_ledger import is_sensitive
from arazzo.document.schemas import mapping
from arazzo.flow import Plan
from arazzo.secrecy.sensitive_names import sensitive_members

#: Not marked up as code: in Airflow's form that would lie on the line above.
_VISIBLE = (
    "What you type here stays readable in the run's configuration and in the audit log. Bind this input instead:\n\n"
    "x-airflow: {{inputs: {{{name}: '{{{{ conn.CONNECTION.password }}}}'}}}}"
)
#: What the form shows of a schema.
_SHOWN = ("title", "description_md", "examples", "format", "$defs")
#: Keywords that may refuse null whatever the type is.
_COMBINED = frozenset({"const", "anyOf", "oneOf", "allOf", "$ref", "not", "if"})
#: Keywords of a schema without a type that mention objects and arrays.
_HOLDING = frozenset({"properties", "items", "prefixItems"})


def workflow_params(plan: Plan, bound: Collection[str] = ()) -> dict[str, Param]:
    """Return a Param for each input that is not bound, in document order, also for workflows that come first.

    A required input without default has none here either, so that the form asks for it. An optional one may stay empty,
    which is null in Airflow and means "not given" in the workflow.
    """
    required = set(plan.taken.required)
    secret = plan.secret_inputs
    return {
        name: _param(
            plan, name, schema, required=name in required, secret=name in secret or _asks_for_secret(plan, name)
        )
        for name, schema in input_schemas(plan).items()
        if name not in bound
    }


def _asks_for_secret(plan: Plan, name: str) -> bool:
    return is_sensitive(name) or sensitive_members(input_schemas(plan)[name], plan.inputs)


def _param(plan: Plan, name: str, schema: Any, *, required: bool, secret: bool) -> Param:
    declared = mapping(schema)
    needs = [need for need in plan.needed_inputs if need.input == name]
    fields = param_schema(declared)
    allowed = list(dict.fromkeys(without_nul(str(value)) for need in needs for value in need.allowed))
    if allowed and "enum" not in fields:
        fields["examples"] = [*fields.get("examples", ()), *allowed]
    if secret and fields.get("type", "string") == "string" and not _HOLDING & fields.keys():
        fields.setdefault("format", "password")
    notes = [str(declared.get("description", "")), *map(_need_note, needs), _origin_note(plan, name)]
    notes.append(_VISIBLE.format(name=name) if secret else "")
    if text := without_nul("\n\n".join(note for note in notes if note)):
        fields["description_md"] = text
    if "default" in declared:
        return Param(declared["default"], schema=_optional(fields))
    if required:
        return Param(schema={**_typed(fields), **(_no_null(fields) if None in fields.get("enum", ()) else {})})
    return Param(None, schema=_optional(fields))


def _origin_note(plan: Plan, name: str) -> str:
    origin = next((item.workflow for item in plan.passed_on if item.name == name), "")
    return f"For workflow '{origin}', which runs first." if origin and name not in plan.declared.schemas else ""


def _need_note(need: Any) -> str:
    values = f" ({', '.join(map(str, need.allowed))})" if need.allowed else ""
    return f"Needed by step '{need.step}' for {need.place}{values}."


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that also allows an empty field, which the form sends as null."""
    if not {"type", "enum"} & schema.keys() and not _COMBINED & schema.keys():
        return schema
    if _COMBINED & schema.keys():
        shown = {key: value for key, value in schema.items() if key in _SHOWN}
        return {**shown, **_no_null(schema), "anyOf": [schema, {"type": "null"}]}
    types, values = schema.get("type", ["null"]), schema.get("enum", [None])
    types = [types] if isinstance(types, str) else types
    optional = dict(schema)
    if "null" not in types:
        optional["type"] = [*types, "null"]
    if None not in values:
        optional["enum"] = [*values, None]
    return {**optional, **_no_null(schema)}


def _no_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the text for an empty field in a list of choices, where the form would show ``null``."""
    return {"values_display": {"null": "(empty)"}} if "enum" in schema else {}


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a required input with the type of its choices, without which the form does not mark it."""
    if "type" in schema or "enum" not in schema:
        return schema
    return {**schema, "type": "string"} if all(isinstance(value, str) for value in schema["enum"]) else schema
