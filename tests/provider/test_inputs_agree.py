"""Inputs by a DAG's Params and conf, mapped and by the command: all take the same, refuse the same, make the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, ParamValidationError
from airflow.sdk.definitions.param import ParamsDict
from casebook import CASES
from hypothesis import given, reject
from hypothesis import strategies as st
from suite import drawn

from airflow_arazzo import ArazzoDag, ArazzoWorkflowOperator
from airflow_arazzo.operators.run_inputs import run_inputs, run_params
from airflow_arazzo.protocol.secret_ledger import Ledger
from arazzo.engine import check_inputs, load_plan
from arazzo.errors import DocumentError, InputError
from arazzo.flow import Plan

REFUSED = "refused"


def plan_for(folder: Path, schema: Any, read: str = "read") -> Plan:
    """Return a workflow that has such inputs, and whose one step reads one of them."""
    document = {
        "arazzo": "1.0.1",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "things", "url": str(CASES / "api.openapi.yaml"), "type": "openapi"}],
        "workflows": [
            {
                "workflowId": "w",
                "inputs": schema,
                "steps": [
                    {
                        "stepId": "a",
                        "operationId": "listThings",
                        "parameters": [{"name": "tag", "in": "query", "value": f"$inputs.{read}"}],
                    }
                ],
            }
        ],
    }
    (folder / "w.arazzo.json").write_text(json.dumps(document))
    return load_plan(folder / "w.arazzo.json")


def by_command(plan: Plan, inputs: dict[str, Any]) -> Any:
    try:
        return check_inputs(plan, inputs)
    except InputError:
        return REFUSED


def by_dag(dag: DAG, plan: Plan, conf: dict[str, Any]) -> Any:
    """Take a run's conf as Airflow does: over the Params, which it checks; then as the first task does."""
    task = dag.tasks[0]
    try:
        params = ParamsDict()
        params.update(dag.params)
        params.update(conf)
        context: Any = {"params": params.validate()}
        return run_inputs(Ledger(), plan, run_params(plan, task, {}, context), {}, {})
    except (ParamValidationError, AirflowFailException):
        return REFUSED


def mapped(plan: Plan, inputs: dict[str, Any]) -> Any:
    """Take inputs as a mapped task does, which has them from another."""
    operator = ArazzoWorkflowOperator(task_id="t", document=plan, inputs=inputs)
    try:
        return run_inputs(Ledger(), plan, {}, operator.inputs, operator.inputs)
    except AirflowFailException:
        return REFUSED


@pytest.mark.parametrize(
    ("schema", "inputs", "taken"),
    [
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2}, False),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, {"b": 2}, False),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}, {"b": "x"}, False),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}, {"b": 1}, True),
        ({"patternProperties": {"^x-": {"type": "integer"}}}, {"x-a": 1}, True),
        ({"patternProperties": {"^x-": {"type": "integer"}}}, {"x-a": "1"}, False),
        ({"properties": {"read": {}}, "propertyNames": {"maxLength": 3}}, {"read": 1}, False),
        ({"properties": {"a": {}}}, {"b": 1}, False),
        ({"properties": {"a": {}}}, {"read": [1]}, True),
        (None, {"read": 1}, True),
        (None, {"other": 1}, False),
        ({"properties": {"a": {"type": "string", "format": "time"}}}, {"a": "10:00:00Z"}, True),
        ({"properties": {"a": {"type": "string", "format": "time"}}}, {"a": "25:00"}, False),
        ({"properties": {"a": {"type": "string", "format": "date-time"}}}, {"a": "2026-02-30T00:00:00Z"}, False),
        ({"properties": {"a": {"type": "string", "pattern": r"^\d+$"}}}, {"a": "1\n"}, False),
        ({"properties": {"a": {"type": "string", "pattern": r"^[^\s]$"}}}, {"a": "\x1c"}, True),
        ({"properties": {"a": {"type": "number", "multipleOf": 0.01}}}, {"a": 19.99}, True),
        ({"properties": {"a": {"type": "number", "multipleOf": 0.01}}}, {"a": 19.999}, False),
        ({"properties": {"a": {"items": {"not": {"multipleOf": 0.1}}}}}, {"a": [0.3]}, False),
        ({"properties": {"a": {"type": "string", "format": "email"}}}, {"a": "é@b.c"}, False),
        ({"properties": {"a": {"type": "string", "format": "idn-email"}}}, {"a": "é@b.c"}, True),
        ({"properties": {"a": {"type": "string"}}}, {"a": None}, True),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"a": None}, False),
        ({"properties": {"a": {"type": "string", "default": None}}}, {"a": None}, True),
        ({"properties": {"a": {"type": "string", "default": "x"}}}, {"a": None}, False),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": 1}, True),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"read": 1}, False),
    ],
)
def test_what_is_taken(tmp_path: Path, schema: Any, inputs: dict[str, Any], taken: bool) -> None:
    plan = plan_for(tmp_path, schema)
    found = by_command(plan, inputs)
    assert (found is not REFUSED) is taken
    assert by_dag(ArazzoDag(plan), plan, inputs) == found
    assert mapped(plan, inputs) == found


def test_params_of_a_persons_own_are_no_inputs(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, {"properties": {"a": {"type": "string"}}})
    assert by_dag(ArazzoDag(plan, params={"mine": 1}), plan, {"a": "x", "mine": 2}) == {"a": "x"}


NAMES = st.sampled_from(["a", "b", "read", "x-1", "other"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 12)
    | st.sampled_from([0.3, 19.99, "", "x", "12", "12\n", "10:00:00Z", "25:00"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=4
)
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "boolean", ["string", "null"], "object", "array"]),
        "format": st.sampled_from(["time", "date", "date-time", "uri", "regex", "password"]),
        "pattern": st.sampled_from([r"^\d+$", r"^\p{L}$", r"\S", "^x?$"]),
        "enum": st.just(["x", "12", 1, None]),
        "minimum": st.integers(0, 3),
        "multipleOf": st.sampled_from([3, 0.1, 0.01]),
        "default": SCALARS,
    },
)
ITEMS = (
    LEAVES
    | st.builds(lambda leaf, name: {"type": "object", "properties": {name: leaf}}, LEAVES, NAMES)
    | st.builds(lambda leaf: {"type": "array", "items": leaf}, LEAVES)
)
SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={
        "properties": st.dictionaries(NAMES, ITEMS, max_size=3),
        "required": st.lists(NAMES, unique=True, max_size=2),
        "additionalProperties": st.booleans() | LEAVES,
        "unevaluatedProperties": st.booleans(),
        "patternProperties": st.builds(lambda leaf: {"^x-": leaf}, LEAVES),
        "propertyNames": st.just({"maxLength": 4}),
        "allOf": st.builds(lambda name, leaf: [{"properties": {name: leaf}}], NAMES, LEAVES),
        "anyOf": st.builds(lambda one, other: [{"required": [one]}, {"required": [other]}], NAMES, NAMES),
    },
)


@drawn(50)
@given(schema=SCHEMAS, inputs=st.dictionaries(NAMES, VALUES, max_size=3))
def test_all_ways_agree(tmp_path_factory: Any, schema: Any, inputs: dict[str, Any]) -> None:
    try:
        plan = plan_for(tmp_path_factory.mktemp("w"), schema)
    except DocumentError:
        reject()  # a default that its own schema refuses
    dag = ArazzoDag(plan)
    found = by_command(plan, inputs)
    assert by_dag(dag, plan, inputs) == found
    assert mapped(plan, inputs) == found
