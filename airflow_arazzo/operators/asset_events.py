"""What asset events say about a workflow's updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, Asset

from airflow_arazzo.compat import last_event
from arazzo.absent import ABSENT, absent_names, unreadable_names
from arazzo.flow import Plan
from arazzo.json_values import write_json

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from arazzo.document.asset_settings import Watch


def what_was_seen(plan: Plan, context: Context) -> dict[str, Any]:
    """Return the inputs of a watching workflow that come from its asset's last event, and not from a person.

    Airflow's form sends all inputs, those that the person leaves alone as null or with their defaults.
    """
    watch = plan.settings.watch
    if watch is None:
        return {}
    extra, conf = last_event(_asset_of(watch)), context["dag_run"].conf or {}
    left = {name for name in watch.seen if conf.get(name) in (None, plan.taken.defaults.get(name))}
    return {name: extra[output] for name, output in watch.seen.items() if output in extra and name in left}


def require_news(
    task: BaseOperator, plan: Plan, context: Context, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> None:
    """Skip the last task of a watching workflow that has seen nothing new, so that Airflow stores no event.

    The event is all that the next run knows, so what cannot be in it must not be new every time.

    :raises AirflowSkipException: if an output has no value, or all equal their inputs.
    :raises AirflowFailException: if an output is unreadable, or the event does not contain what has been seen.
    """
    watch = plan.settings.watch
    if watch is None or (asset := _asset_of(watch)) not in task.outlets:
        return
    seen = {output: outputs[output] for output in watch.seen.values()}
    if unreadable := unreadable_names(seen):
        raise AirflowFailException(
            f"output '{unreadable[0]}', which says what has been seen, leads into an answer that cannot be read"
        )
    unknown = [*absent_names(seen), *(name for name, value in seen.items() if value is None)]
    if unknown or all(_same(inputs.get(name, ABSENT), seen[output]) for name, output in watch.seen.items()):
        text = f"output '{unknown[0]}' has no value" if unknown else "what was seen is as it was"
        raise AirflowSkipException(f"nothing new: {text}")
    if missing := [name for name in seen if name not in context["outlet_events"][asset].extra]:
        raise AirflowFailException(
            f"the event cannot hold output '{missing[0]}', which says what has been seen: it is secret, or a number "
            "that JSON has no room for"
        )


def _asset_of(watch: Watch) -> Asset:
    return Asset(watch.asset) if isinstance(watch.asset, str) else Asset(**watch.asset)


def _same(one: Any, two: Any) -> bool:
    return bool(one == two) and isinstance(one, bool) == isinstance(two, bool)


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
