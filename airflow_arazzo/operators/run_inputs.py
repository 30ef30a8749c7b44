"""From a DAG run to its workflow's inputs: Params that a person fills in, and bound inputs that nobody fills in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_arazzo.operators.asset_events import what_was_seen
from airflow_arazzo.operators.rendering import render_bound, types_of
from airflow_arazzo.protocol.channel import Channel
from airflow_arazzo.protocol.secret_ledger import Ledger, masked_parts
from airflow_arazzo.protocol.topology import Position
from airflow_arazzo.protocol.xcoms import pull_inputs
from arazzo import engine
from arazzo.errors import InputError
from arazzo.flow import Plan
from arazzo.json_values import read_json_value

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


def workflow_inputs(
    channel: Channel, plan: Plan, position: Position, bound: Mapping[str, Any], task: BaseOperator, context: Context
) -> dict[str, Any]:
    """Return the inputs of a workflow at its place: passed by another task, or given by the run.

    :param channel: of the running task, which knows the secret ones from now on.
    :param plan: the plan of the workflow.
    :param position: the workflow's place.
    :param bound: bound inputs by name, values or templates; only if the run gives the inputs.
    :param task: the running task, which renders them.
    :raises AirflowFailException: if the workflow does not accept them.
    """
    if position.inputs:
        return pull_inputs(channel, plan, position.inputs, position.role)
    require_unbound(plan, bound, task, context)
    params = run_params(plan, task, bound, context)
    return run_inputs(channel.ledger, plan, params, bound, render_bound(task, bound, context, plan))


def run_params(plan: Plan, task: BaseOperator, bound: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the Params of a run that are inputs of the workflow, or are meant to be, whatever its conf says.

    If the workflow watches, the last event says what has been seen, unless the run's conf does.

    Two kinds are not meant to be: Params that a person has declared for the DAG or the task in addition, and those that
    a template of a bound input names.
    """
    dag = task.dag.params if task.has_dag() else {}  # type: ignore[no-untyped-call]
    templates = " ".join(value for value in bound.values() if isinstance(value, str))
    foreign = {*dag, *task.params, *re.findall(r"\w+", templates)} - plan.taken.schemas.keys()
    params = {name: value for name, value in context["params"].items() if name not in foreign}
    return {**params, **what_was_seen(plan, context)}


def run_inputs(
    ledger: Ledger, plan: Plan, params: Mapping[str, Any], bound: Mapping[str, Any], rendered: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the workflow's inputs for a run, checked and with defaults; the ledger learns the secret ones.

    It also learns what Airflow's masker hides in bound inputs, such as a connection's password: the masker knows that
    only in this process.

    :param plan: the plan of the workflow.
    :param params: the run's Params, from :func:`run_params`.
    :param bound: bound inputs by name, values or templates.
    :param rendered: the result of :func:`render_bound`; it is never stored.
    :raises AirflowFailException: if the workflow does not accept them.
    """
    given = {**{name: params[name] for name in params if name not in bound}, **_from_bound(plan, bound, rendered)}
    ledger.add(part for value in rendered.values() for part in masked_parts(value))
    ledger.add_named(given, plan.secret_inputs)
    try:
        return engine.check_inputs(plan, given)
    except InputError as error:
        text = "; ".join(error.messages)
        message = f"inputs of workflow '{plan.workflow_id}' were refused: {text}; nothing was sent"
        raise AirflowFailException(message) from None


def require_unbound(plan: Plan, bound: Mapping[str, Any], task: BaseOperator, context: Context) -> None:
    """Refuse a run's value for a bound input, which nobody asks for and which would be dropped.

    A Param of the DAG may have the name of a bound input, whose template may read it.

    :raises AirflowFailException: naming the first.
    """
    asked = task.dag.params if task.has_dag() else context["params"]  # type: ignore[no-untyped-call]
    given = [name for name in bound if name in context["params"] and name not in asked]
    if given:
        raise AirflowFailException(
            f"inputs of workflow '{plan.workflow_id}' were refused: input '{given[0]}' is bound by the DAG, "
            "and the run gives it too; nothing was sent"
        )


def input_schemas(plan: Plan) -> dict[str, Any]:
    """Return the schema of each input that a run of the workflow accepts, by name."""
    return dict(plan.taken.schemas)


def _from_bound(plan: Plan, bound: Mapping[str, Any], rendered: Mapping[str, Any]) -> dict[str, Any]:
    schemas = input_schemas(plan)
    found = {}
    for name, value in bound.items():
        result = rendered[name]
        if isinstance(value, str) and isinstance(result, str) and result != value:
            result = _typed(result, schemas.get(name))
        found[name] = result
    return found


def _typed(text: str, schema: Any) -> Any:
    """Return a rendered template in the type that the schema wants; text stays text if the schema allows it."""
    wanted = types_of(schema)
    if not wanted or "string" in wanted:
        return text
    try:
        return read_json_value(text)
    except ValueError:
        return json.loads(text.lower()) if text in ("True", "False") else None if text == "None" else text
