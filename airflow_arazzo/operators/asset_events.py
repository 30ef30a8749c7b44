"""What asset events say about a workflow's updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import Asset

from arazzo.absent import absent_names, unreadable_names
from arazzo.json_values import write_json

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


def set_event_extras(
    task: BaseOperator, context: Context, outputs: Mapping[str, Any], shown: Mapping[str, Any]
) -> None:
    """Give the events of a task's outlets the workflow's outputs as ``extra``: the known ones, without secrets.

    Binding an output that was left out to an input is an error, and does not give an empty value.

    :param outputs: the outputs as they are.
    :param shown: what people see of them.
    """
    outlets = [outlet for outlet in task.outlets if isinstance(outlet, Asset)]
    if not outlets:
        return
    nothing = {*absent_names(outputs), *unreadable_names(outputs)}
    known = {name: value for name, value in outputs.items() if name in shown and name not in nothing}
    told = {name: shown[name] for name, value in known.items() if write_json(shown[name]) == write_json(value)}
    for outlet in outlets:
        context["outlet_events"][outlet].extra.update(told)
